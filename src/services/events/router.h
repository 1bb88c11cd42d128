// Takes events to the targets of the rules that they match, and fires rules by the clock.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
// What PutEvents took lies in the outbox (aws/deliveries.h), an entry a target, until the target
// has it or its retry policy ends (24 hours, 185 attempts unless it says otherwise); then it goes
// to the target's dead-letter queue. A refusal that trying again cannot mend goes there at once. A
// schedule that came while the program was down is made up if it is at most a minute late. An event
// that a rule passes on to another bus is not passed on from there again, as on AWS.
#pragma once

#include <unordered_map>

#include "aws/client.h"
#include "aws/deliveries.h"
#include "aws/event_pattern.h"
#include "aws/metrics.h"
#include "aws/schedule_expression.h"
#include "services/events/schema.h"
#include "wire/json.h"

namespace unkai::services::events {

struct Bus {
    std::string account, region, name;
};

class Router final : public aws::Deliverer {
public:
    Router(Env& env, store::Store& store, aws::Client& client);

    aws::Deliveries& outbox() { return outbox_; }

    // The event to all targets of matching rules, within the transaction; the ids must begin() when
    // it is committed. `passed_on`: it came from another bus.
    std::vector<int64_t> route(store::Txn& txn, const Bus& bus, const wire::Json& event,
                               bool passed_on = false);
    void begin(const std::vector<int64_t>& ids);
    Task<aws::Outcome> deliver(aws::Delivery delivery) override;
    // Fires schedules and publishes metrics, until stopped.
    Task<void> run(Stop& stop);

private:
    const aws::EventPattern* pattern(const std::string& text);
    void owe(store::Txn& txn, const RuleKey& rule, const wire::Json& event, bool passed_on,
             std::vector<int64_t>& ids);
    Task<Status> bring(OwedEvent owed, api::events::Target target, wire::Json event,
                       std::string id);
    Task<Status> to_dead_letters(const OwedEvent& owed, const api::events::Target& target,
                                 const Error& why, int64_t attempts);
    void count(const RuleKey& rule, std::string_view metric);
    Task<void> fire_schedules(Stop& stop);
    Task<Status> fire(RuleKey key, Time due);
    std::optional<Time> next_of(const StoredRule& rule) const;
    Task<void> publish_often(Stop& stop);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    aws::Deliveries outbox_;
    std::unordered_map<std::string, aws::EventPattern> patterns_;  // Compiled, by their text.
    std::map<std::pair<std::string, std::string>, aws::Metrics> metrics_;  // Account, region.
    std::unique_ptr<store::Store::Watch> watch_;
    Event rules_changed_;
    bool look_ = true;  // The rules changed since the last look.
};

std::string bus_arn(const Bus& bus);
std::string rule_arn(const RuleKey& key);
// The bus that a name or an ARN names; default for none.
std::string bus_name(const std::optional<std::string>& name_or_arn);

}  // namespace unkai::services::events
