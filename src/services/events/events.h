// Amazon EventBridge: buses, rules, targets, events.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/
// Operations write the store; events that match go into the router's outbox with the same
// transaction (router.h). No operation waits.
#pragma once

#include "services/events/router.h"

namespace unkai::services::events {

using namespace api::events;
namespace errors = api::events::errors;

class Events final : public api::events::Service {
public:
    explicit Events(Router& router) : router_(router) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // bus_ops.cc
    OPERATION(CreateEventBus);
    OPERATION(DescribeEventBus);
    OPERATION(UpdateEventBus);
    OPERATION(DeleteEventBus);
    OPERATION(ListEventBuses);
    OPERATION(PutPermission);
    OPERATION(RemovePermission);
    // rule_ops.cc
    OPERATION(PutRule);
    OPERATION(DescribeRule);
    OPERATION(ListRules);
    OPERATION(EnableRule);
    OPERATION(DisableRule);
    OPERATION(DeleteRule);
    // target_ops.cc
    OPERATION(PutTargets);
    OPERATION(RemoveTargets);
    OPERATION(ListTargetsByRule);
    OPERATION(ListRuleNamesByTarget);
    // event_ops.cc
    OPERATION(PutEvents);
    OPERATION(TestEventPattern);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
#undef OPERATION

private:
    Router& router_;
};

// Shared by the operations' files.
Unexpected invalid(std::string message);  // ValidationException
// ResourceNotFoundException. The default bus is always there.
Result<StoredBus> find_bus(aws::Call& call, const std::string& name);
Result<StoredRule> find_rule(aws::Call& call, const RuleKey& key);
RuleKey rule_key(const aws::Call& call, const std::optional<std::string>& bus,
                 const std::string& name);

}  // namespace unkai::services::events
