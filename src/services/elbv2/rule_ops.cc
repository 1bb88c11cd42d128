#include "aws/paging.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/names.h"

namespace unkai::services::elbv2 {

namespace {

Rule show_rule(const RuleRecord& record) {
    Rule out;
    out.rule_arn = record.arn;
    out.priority = std::to_string(record.priority);
    out.conditions = show_conditions(record.conditions);
    out.actions = show_action(record.action);
    out.is_default = false;
    return out;
}

// The default rule has the listener's id twice.
Rule show_default(const ListenerRecord& listener) {
    Rule out;
    std::string arn = listener.arn;
    arn.replace(arn.find(":listener/"), 10, ":listener-rule/");
    out.rule_arn = arn + listener.arn.substr(listener.arn.rfind('/'));
    out.priority = "default";
    out.conditions.present = true;
    out.actions = show_action(listener.action);
    out.is_default = true;
    return out;
}

Status check_priority(int32_t priority) {
    if (priority < 1 || priority > limits::most_priority)
        return invalid("Rule priority must be between 1 and 50000");
    return ok();
}

Status refuse_transforms(const List<RuleTransform>& transforms) {
    if (transforms.empty()) return ok();
    return errors::InvalidConfigurationRequestException(
        "Unkai's load balancers do not rewrite URLs or hosts yet; leave out Transforms.");
}

}  // namespace

std::vector<RuleRecord> rules_of(aws::Call& call, const std::string& listener) {
    auto out = all(call, schema::rules);
    std::erase_if(out, [&](const RuleRecord& one) { return one.listener != listener; });
    std::sort(out.begin(), out.end(),
              [](const RuleRecord& a, const RuleRecord& b) { return a.priority < b.priority; });
    return out;
}

Result<RuleRecord> find_rule(aws::Call& call, const std::string& arn) {
    auto record = schema::rules.get(call.txn(), {call.account, call.region, arn});
    if (record) return std::move(*record);
    const auto listener =
        schema::listeners.get(call.txn(), {call.account, call.region, listener_of_rule(arn)});
    if (listener && show_default(*listener).rule_arn == arn)
        return errors::OperationNotPermittedException(
            "Default rule '" + arn + "' cannot be changed here; use ModifyListener");
    return errors::RuleNotFoundException("One or more rules not found");
}

Result<CreateRuleOutput> Elbv2::CreateRule(aws::Call& call, const CreateRuleInput& in) {
    TRY(const ListenerRecord listener, find_listener(call, in.listener_arn));
    REQUIRE(check_priority(in.priority));
    REQUIRE(refuse_transforms(in.transforms));
    const auto others = rules_of(call, listener.arn);
    for (const RuleRecord& other : others)
        if (other.priority == in.priority)
            return errors::PriorityInUseException("Priority '" + std::to_string(in.priority) +
                                                  "' is currently in use");
    size_t rules = 0;
    for (const ListenerRecord& one : listeners_of(call, listener.balancer))
        rules += rules_of(call, one.arn).size();
    if (rules >= limits::rules)
        return errors::TooManyRulesException("The maximum number of rules has been reached");
    RuleRecord record{.listener = listener.arn, .priority = in.priority};
    std::string arn = listener.arn;
    arn.replace(arn.find(":listener/"), 10, ":listener-rule/");
    record.arn = arn + "/" + call.env.random.hex(16);
    TRY(record.conditions, read_conditions(in.conditions));
    TRY(record.action, read_action(call, in.actions, listener.balancer));
    TRY(record.tags, read_tags(in.tags));
    put(call, schema::rules, record);
    REQUIRE(check_room_of(call, listener.balancer));
    return CreateRuleOutput{.rules = {show_rule(record)}};
}

Result<DeleteRuleOutput> Elbv2::DeleteRule(aws::Call& call, const DeleteRuleInput& in) {
    TRY(const RuleRecord record, find_rule(call, in.rule_arn));
    erase(call, schema::rules, record.arn);
    return DeleteRuleOutput{};
}

Result<DescribeRulesOutput> Elbv2::DescribeRules(aws::Call& call, const DescribeRulesInput& in) {
    if (in.listener_arn.has_value() != in.rule_arns.empty())
        return invalid("You must specify either listener rule ARNs or a listener ARN");
    std::vector<Rule> rules;
    if (in.listener_arn) {
        TRY(const ListenerRecord listener, find_listener(call, *in.listener_arn));
        for (const RuleRecord& record : rules_of(call, listener.arn))
            rules.push_back(show_rule(record));
        rules.push_back(show_default(listener));
    }
    for (const std::string& arn : in.rule_arns) {
        const auto listener =
            schema::listeners.get(call.txn(), {call.account, call.region, listener_of_rule(arn)});
        if (listener && show_default(*listener).rule_arn == arn) {
            rules.push_back(show_default(*listener));
            continue;
        }
        TRY(const RuleRecord record, find_rule(call, arn));
        rules.push_back(show_rule(record));
    }
    // By priority, the default one last; the key keeps that order over pages.
    auto key = [](const Rule& rule) {
        const std::string priority = rule.is_default.value_or(false) ? "99999" : *rule.priority;
        return std::string(5 - std::min<size_t>(5, priority.size()), '0') + priority +
               *rule.rule_arn;
    };
    std::sort(rules.begin(), rules.end(),
              [&key](const Rule& a, const Rule& b) { return key(a) < key(b); });
    TRY(const auto page,
        aws::page(rules, key, in.marker, static_cast<size_t>(in.page_size.value_or(limits::page))));
    DescribeRulesOutput out;
    out.rules.present = true;
    for (const Rule* rule : page.items) out.rules.push_back(*rule);
    out.next_marker = page.next;
    return out;
}

Result<ModifyRuleOutput> Elbv2::ModifyRule(aws::Call& call, const ModifyRuleInput& in) {
    TRY(RuleRecord record, find_rule(call, in.rule_arn));
    REQUIRE(refuse_transforms(in.transforms));
    if (!in.conditions.empty()) {
        TRY(record.conditions, read_conditions(in.conditions));
    }
    if (!in.actions.empty()) {
        TRY(record.action, read_action(call, in.actions, balancer_of_listener(record.listener)));
    }
    put(call, schema::rules, record);
    REQUIRE(check_room_of(call, balancer_of_listener(record.listener)));
    return ModifyRuleOutput{.rules = {show_rule(record)}};
}

Result<SetRulePrioritiesOutput> Elbv2::SetRulePriorities(aws::Call& call,
                                                         const SetRulePrioritiesInput& in) {
    std::vector<RuleRecord> changed;
    for (const RulePriorityPair& pair : in.rule_priorities) {
        TRY(RuleRecord record, find_rule(call, pair.rule_arn.value_or("")));
        record.priority = pair.priority.value_or(0);
        REQUIRE(check_priority(record.priority));
        put(call, schema::rules, record);
        changed.push_back(std::move(record));
    }
    SetRulePrioritiesOutput out;
    for (const RuleRecord& record : changed) {
        size_t same = 0;
        for (const RuleRecord& other : rules_of(call, record.listener))
            same += other.priority == record.priority ? 1 : 0;
        if (same > 1)
            return errors::PriorityInUseException("Priority '" + std::to_string(record.priority) +
                                                  "' is currently in use");
        out.rules.push_back(show_rule(record));
    }
    return out;
}

}  // namespace unkai::services::elbv2
