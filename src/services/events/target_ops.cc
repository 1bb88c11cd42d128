#include <set>

#include "aws/paging.h"
#include "aws/target.h"
#include "services/events/events.h"
#include "services/events/input.h"
#include "services/events/limits.h"

namespace unkai::services::events {

namespace {

Status check_one_target(const Target& target) {
    REQUIRE(aws::check_target(target.arn));
    REQUIRE(check_input(target));
    if (target.arn.find(":cluster/") != std::string::npos && !target.ecs_parameters)
        return invalid("Parameter EcsParameters is required for target " + target.id + ".");
    const bool fifo = target.arn.starts_with("arn:aws:sqs:") && target.arn.ends_with(".fifo");
    if (fifo && (!target.sqs_parameters || !target.sqs_parameters->message_group_id))
        return invalid("Parameter(s) MessageGroupId must be specified for target: " + target.id +
                       ".");
    if (target.retry_policy) {
        const auto attempts = target.retry_policy->maximum_retry_attempts.value_or(0);
        const auto age = target.retry_policy->maximum_event_age_in_seconds.value_or(60);
        if (attempts < 0 || attempts > limits::retry_attempts || age < 60 ||
            age > limits::retry_seconds)
            return invalid("RetryPolicy: 0 to 185 attempts within 60 to 86400 seconds.");
    }
    return ok();
}

}  // namespace

Result<PutTargetsOutput> Events::PutTargets(aws::Call& call, const PutTargetsInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.rule);
    REQUIRE(find_rule(call, key));
    const auto& [account, region, bus, name] = key;
    std::set<std::string> ids;
    for (const auto& [row, target] : schema::targets.list(call.txn(), account, region, bus, name))
        ids.insert(target.id);
    PutTargetsOutput out;
    for (const Target& target : in.targets) {
        if (const Status good = check_one_target(target); !good) {
            out.failed_entries.push_back({.target_id = target.id,
                                          .error_code = good.error().code,
                                          .error_message = good.error().message});
            continue;
        }
        ids.insert(target.id);
        if (ids.size() > limits::targets)
            return errors::LimitExceededException(
                "The requested resource exceeds the maximum number allowed.");
        schema::targets.put(call.txn(), {account, region, bus, name, target.id}, target);
    }
    out.failed_entry_count = static_cast<int32_t>(out.failed_entries.size());
    return out;
}

Result<RemoveTargetsOutput> Events::RemoveTargets(aws::Call& call, const RemoveTargetsInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.rule);
    REQUIRE(find_rule(call, key));
    const auto& [account, region, bus, name] = key;
    RemoveTargetsOutput out;
    for (const std::string& id : in.ids) {
        if (schema::targets.has(call.txn(), {account, region, bus, name, id}))
            schema::targets.erase(call.txn(), {account, region, bus, name, id});
        else
            out.failed_entries.push_back({.target_id = id,
                                          .error_code = "ResourceNotFoundException",
                                          .error_message = "Rule has no target " + id + "."});
    }
    out.failed_entry_count = static_cast<int32_t>(out.failed_entries.size());
    return out;
}

Result<ListTargetsByRuleOutput> Events::ListTargetsByRule(aws::Call& call,
                                                          const ListTargetsByRuleInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.rule);
    REQUIRE(find_rule(call, key));
    const auto& [account, region, bus, name] = key;
    const auto rows = schema::targets.list(call.txn(), account, region, bus, name);
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return row.second.id; }, in.next_token,
            static_cast<size_t>(in.limit.value_or(limits::listed)), "ValidationException"));
    ListTargetsByRuleOutput out;
    for (const auto* row : page.items) out.targets.push_back(row->second);
    out.next_token = page.next;
    return out;
}

Result<ListRuleNamesByTargetOutput> Events::ListRuleNamesByTarget(
    aws::Call& call, const ListRuleNamesByTargetInput& in) {
    const std::string bus = bus_name(in.event_bus_name);
    REQUIRE(find_bus(call, bus));
    std::set<std::string> found;
    for (const auto& [key, target] :
         schema::targets.list(call.txn(), call.account, call.region, bus))
        if (target.arn == in.target_arn) found.insert(std::get<3>(key));
    const std::vector<std::string> names(found.begin(), found.end());
    TRY(const auto page,
        aws::page(
            names, [](const std::string& name) { return name; }, in.next_token,
            static_cast<size_t>(in.limit.value_or(limits::listed)), "ValidationException"));
    ListRuleNamesByTargetOutput out;
    for (const std::string* name : page.items) out.rule_names.push_back(*name);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::events
