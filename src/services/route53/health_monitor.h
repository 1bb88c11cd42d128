// Health checks at work: asks endpoints, adds up children, reads alarms' metrics, and tells the
// publisher, so that DNS answers follow at once.
//
//     HealthMonitor monitor(env, store, client, publisher, prober);
//     monitor.start();                     // takes up what the store holds, then every change
//     co_await monitor.stop();
//
// One checker looks, where AWS has many: more than 18 % of them is this one. A new check is asked
// at once and counts as passing until it fails as often in a row as its threshold says. What was
// found is stored when it turns, and holds over a restart. Metrics (AWS/Route53 in us-east-1) go to
// CloudWatch every ten seconds.
#pragma once

#include "aws/metrics.h"
#include "rt/event.h"
#include "services/route53/health_rules.h"
#include "services/route53/prober.h"
#include "services/route53/publisher.h"

namespace unkai::services::route53 {

struct HealthReport {
    bool healthy = true;  // As answers see it.
    std::string report;   // Of the last look; empty before the first.
    Time checked;
    std::string last_failure;
    Time last_failed;
};

class HealthMonitor {
public:
    // All outlive this.
    HealthMonitor(Env& env, store::Store& store, aws::Client& client, Publisher& publisher,
                  Prober& prober);
    HealthMonitor(const HealthMonitor&) = delete;

    void start();
    Task<void> stop();

    // nullopt: not known (yet).
    std::optional<HealthReport> find(const std::string& id) const;

private:
    struct Work {
        HealthCheckRecord record;
        Streak streak;
        HealthReport found;
        Steady due{};
        bool busy = false;
    };
    static Task<void> run(HealthMonitor& self);
    static Task<void> look(HealthMonitor& self, std::string id, int64_t version);
    static Task<void> publish_metrics(HealthMonitor& self);
    void take_up();      // From the store.
    Steady spawn_due();  // When the next is due.
    void note(Work& work, const ProbeResult& result);
    void measure(const HealthCheckRecord& check, const ProbeResult& result);
    void recompute();  // Calculated checks; tells the publisher if anything turned.
    Task<std::optional<bool>> ask_alarm(HealthCheckRecord check);
    Task<void> save(std::string id, HealthRecord record);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    Publisher& publisher_;
    Prober& prober_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::string, Work> works_;
    planes::dns::Health told_;
    std::map<std::string, aws::Metrics> metrics_;  // By account.
    bool changed_in_store_ = true;
    Event changed_;
    Stop stop_;
    Scope scope_;
};

}  // namespace unkai::services::route53
