#include "aws/paging.h"
#include "services/events/events.h"
#include "services/events/limits.h"

namespace unkai::services::events {

RuleKey rule_key(const aws::Call& call, const std::optional<std::string>& bus,
                 const std::string& name) {
    return {call.account, call.region, bus_name(bus), name};
}

Result<StoredRule> find_rule(aws::Call& call, const RuleKey& key) {
    REQUIRE(find_bus(call, std::get<2>(key)));
    auto rule = schema::rules.get(call.txn(), key);
    if (!rule)
        return errors::ResourceNotFoundException(
            "Rule " + std::get<3>(key) + " does not exist on EventBus " + std::get<2>(key) + ".");
    return *std::move(rule);
}

static Status check_rule(const PutRuleInput& in, const RuleKey& key) {
    if (!in.event_pattern && !in.schedule_expression)
        return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (in.event_pattern && !in.event_pattern->empty()) {
        if (in.event_pattern->size() > limits::pattern)
            return errors::InvalidEventPatternException(
                "Event pattern is not valid. Reason: it is longer than 2048 characters.");
        const auto pattern = aws::EventPattern::compile(std::string_view(*in.event_pattern));
        if (!pattern) return errors::InvalidEventPatternException(pattern.error().message);
    }
    if (in.schedule_expression && !in.schedule_expression->empty()) {
        if (std::get<2>(key) != "default")
            return invalid("ScheduleExpression is supported only on the default event bus.");
        const auto schedule = aws::ScheduleExpression::parse(*in.schedule_expression);
        if (!schedule || schedule->kind() == aws::ScheduleExpression::Kind::at)
            return invalid("Parameter ScheduleExpression is not valid. " +
                           (schedule ? "It is rate(…) or cron(…)." : schedule.error().message));
    }
    return ok();
}

Result<PutRuleOutput> Events::PutRule(aws::Call& call, const PutRuleInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.name);
    REQUIRE(find_bus(call, std::get<2>(key)));
    REQUIRE(check_rule(in, key));
    auto rule = schema::rules.get(call.txn(), key);
    if (!rule) {
        if (schema::rules.list(call.txn(), call.account, call.region, std::get<2>(key)).size() >=
            limits::rules)
            return errors::LimitExceededException(
                "The requested resource exceeds the maximum number allowed.");
        rule = StoredRule{.created = call.now};
        for (const Tag& tag : in.tags) rule->tags[tag.key] = tag.value;
    }
    // What PutRule leaves out is removed, as on AWS.
    rule->pattern = in.event_pattern.value_or("");
    rule->schedule = in.schedule_expression.value_or("");
    rule->state = in.state.value_or("ENABLED");
    rule->description = in.description.value_or("");
    rule->role = in.role_arn.value_or("");
    rule->fired = call.now;  // Nothing from before is made up.
    schema::rules.put(call.txn(), key, *rule);
    return PutRuleOutput{.rule_arn = rule_arn(key)};
}

static std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

Result<DescribeRuleOutput> Events::DescribeRule(aws::Call& call, const DescribeRuleInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.name);
    TRY(const StoredRule rule, find_rule(call, key));
    return DescribeRuleOutput{.name = in.name,
                              .arn = rule_arn(key),
                              .event_pattern = unless_empty(rule.pattern),
                              .schedule_expression = unless_empty(rule.schedule),
                              .state = rule.state,
                              .description = unless_empty(rule.description),
                              .role_arn = unless_empty(rule.role),
                              .event_bus_name = std::get<2>(key),
                              .created_by = call.account};
}

Result<ListRulesOutput> Events::ListRules(aws::Call& call, const ListRulesInput& in) {
    const std::string bus = bus_name(in.event_bus_name);
    REQUIRE(find_bus(call, bus));
    auto rows = schema::rules.list(call.txn(), call.account, call.region, bus);
    std::erase_if(rows, [&](const auto& row) {
        return !std::get<3>(row.first).starts_with(in.name_prefix.value_or(""));
    });
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return std::get<3>(row.first); }, in.next_token,
            static_cast<size_t>(in.limit.value_or(limits::listed)), "ValidationException"));
    ListRulesOutput out;
    for (const auto* row : page.items)
        out.rules.push_back({.name = std::get<3>(row->first),
                             .arn = rule_arn(row->first),
                             .event_pattern = unless_empty(row->second.pattern),
                             .state = row->second.state,
                             .description = unless_empty(row->second.description),
                             .schedule_expression = unless_empty(row->second.schedule),
                             .role_arn = unless_empty(row->second.role),
                             .event_bus_name = bus});
    out.next_token = page.next;
    return out;
}

static Status set_state(aws::Call& call, const RuleKey& key, const char* state) {
    TRY(StoredRule rule, find_rule(call, key));
    rule.state = state;
    rule.fired = call.now;
    schema::rules.put(call.txn(), key, rule);
    return ok();
}

Result<EnableRuleOutput> Events::EnableRule(aws::Call& call, const EnableRuleInput& in) {
    REQUIRE(set_state(call, rule_key(call, in.event_bus_name, in.name), "ENABLED"));
    return EnableRuleOutput{};
}

Result<DisableRuleOutput> Events::DisableRule(aws::Call& call, const DisableRuleInput& in) {
    REQUIRE(set_state(call, rule_key(call, in.event_bus_name, in.name), "DISABLED"));
    return DisableRuleOutput{};
}

Result<DeleteRuleOutput> Events::DeleteRule(aws::Call& call, const DeleteRuleInput& in) {
    const RuleKey key = rule_key(call, in.event_bus_name, in.name);
    REQUIRE(find_bus(call, std::get<2>(key)));
    const auto& [account, region, bus, name] = key;
    if (!schema::targets.list(call.txn(), account, region, bus, name).empty())
        return invalid("Rule can't be deleted since it has targets.");
    schema::rules.erase(call.txn(), key);
    return DeleteRuleOutput{};
}

}  // namespace unkai::services::events
