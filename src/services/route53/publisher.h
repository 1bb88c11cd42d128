// Records → the DNS plane's snapshot. Watches the store and the name sources, recompiles the zones
// that changed, and hands the snapshot to the server and the resolver; a change is INSYNC when they
// have it.
//
//     Publisher publisher(env, store, {&elb_names, &rds_names}, {.server = &server, .resolver =
//     &resolver}); publisher.start();          // publishes what the store holds, then every change
//     co_await publisher.stop();  // before its parts go away
//
// Changes that come together are published together; a zone of 10,000 records takes about 20 ms to
// compile. A zone that cannot be compiled (it never should) is logged and keeps its last good
// state.
#pragma once

#include <functional>
#include <set>

#include "planes/dns/resolver.h"
#include "planes/dns/server.h"
#include "rt/env.h"
#include "services/route53/schema.h"

namespace unkai::services::route53 {

struct PublisherOptions {
    planes::dns::Server* server = nullptr;      // Null: nobody answers outside of VPCs.
    planes::dns::Resolver* resolver = nullptr;  // Null: nobody answers inside.
    // Told of every snapshot before the servers have it; null: nobody else needs it.
    std::function<void(std::shared_ptr<const planes::dns::Snapshot>)> published;
    // Where our name servers are reached: the address of names like ns-1.awsdns-00.com.
    std::vector<std::string> server_addresses;
    // Below these names all that exists is in the sources (planes/dns/snapshot.h).
    std::vector<std::string> closed = {"elb.amazonaws.com", "cloudfront.net", "rds.amazonaws.com"};
    // Where this installation is, and with it all who ask: for latency and geolocation records.
    std::string region = "us-east-1";
};

class Publisher {
public:
    // The sources outlive the publisher; from now on they wake it.
    Publisher(Env& env, store::Store& store, std::vector<planes::dns::NameSource*> sources,
              PublisherOptions options);
    ~Publisher();
    Publisher(const Publisher&) = delete;

    void start();
    Task<void> stop();

    // False once every server answers from a state that holds the change. Of unknown ids: false.
    bool is_pending(const std::string& change_id) const { return pending_.contains(change_id); }
    // Returns when everything committed before the call is published.
    Task<void> settle();
    // What health checks found; answers follow within milliseconds.
    void set_health(planes::dns::Health health);
    const std::shared_ptr<const planes::dns::Snapshot>& snapshot() const { return snapshot_; }
    // A zone as it is published; null before that.
    std::shared_ptr<const planes::dns::Zone> zone(const std::string& id) const;

private:
    struct Published {
        std::shared_ptr<const planes::dns::Zone> zone;
        std::vector<std::string> vpcs;
        bool is_private = false;
        std::vector<std::string> name_servers;
    };
    static Task<void> run(Publisher& self);
    void on_change(std::span<const store::Change> changes, bool cleared);
    void compile_zone(store::Txn& txn, const std::string& id);
    void compile_all(store::Txn& txn);
    std::shared_ptr<const planes::dns::Snapshot> compile();
    Task<void> publish();

    Env& env_;
    store::Store& store_;
    std::vector<planes::dns::NameSource*> sources_;
    planes::dns::NameSource own_names_{"route53"};
    PublisherOptions options_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::string, Published> zones_;
    std::set<std::string> dirty_;
    std::set<std::string> pending_;
    std::shared_ptr<const planes::dns::Health> health_;
    bool everything_ = true;  // Compile all zones anew.
    uint64_t wanted_ = 1,
             done_ = 0;  // Turns: a publication that starts after mine was drawn covers me.
    std::shared_ptr<const planes::dns::Snapshot> snapshot_ = planes::dns::Snapshot::make({});
    Event changed_, published_;
    Stop stop_;
    Scope scope_;
};

}  // namespace unkai::services::route53
