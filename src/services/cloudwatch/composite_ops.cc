#include <set>

#include "services/cloudwatch/alarm_support.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

// Whether `wanted` is among the alarms below `name`.
bool reaches(aws::Call& call, const std::string& name, const std::string& wanted,
             std::set<std::string>& seen) {
    if (name == wanted) return true;
    if (!seen.insert(name).second) return false;
    const auto alarm = schema::alarms.get(call.txn(), {call.account, call.region, name});
    if (!alarm || !alarm->composite) return false;
    const auto rule = CompositeRule::parse(alarm->rule);
    if (!rule) return false;
    for (const std::string& child : rule->alarms())
        if (reaches(call, child, wanted, seen)) return true;
    return false;
}

Status check_children(aws::Call& call, const std::string& name,
                      const std::vector<std::string>& children) {
    if (children.size() > limits::children)
        return fail("ValidationError", "AlarmRule names at most 100 alarms.", 400);
    for (const std::string& child : children) {
        std::set<std::string> seen;
        if (reaches(call, child, name, seen))
            return fail("ValidationError",
                        "Error in AlarmRule: circular reference through " + child + ".", 400);
        if (!schema::alarms.has(call.txn(), {call.account, call.region, child}))
            return fail(
                "ValidationError",
                "AlarmRule or ActionsSuppressor names an alarm that does not exist: " + child + ".",
                400);
    }
    return ok();
}

Status check_suppressor(const PutCompositeAlarmInput& in) {
    const bool wait = in.actions_suppressor_wait_period.has_value();
    const bool extension = in.actions_suppressor_extension_period.has_value();
    if (in.actions_suppressor.has_value() != wait || wait != extension)
        return fail("ValidationError",
                    "ActionsSuppressor, ActionsSuppressorWaitPeriod and "
                    "ActionsSuppressorExtensionPeriod must be specified together.",
                    400);
    if (wait &&
        (*in.actions_suppressor_wait_period < 0 || *in.actions_suppressor_extension_period < 0))
        return fail("ValidationError", "The suppressor's periods must not be negative.", 400);
    return ok();
}

}  // namespace

Result<PutCompositeAlarmOutput> CloudWatch::PutCompositeAlarm(aws::Call& call,
                                                              const PutCompositeAlarmInput& in) {
    REQUIRE(check_alarm_name(in.alarm_name));
    TRY(const CompositeRule rule, CompositeRule::parse(in.alarm_rule));
    REQUIRE(check_suppressor(in));
    std::vector<std::string> children = rule.alarms();
    if (in.actions_suppressor) children.push_back(alarm_name_of(*in.actions_suppressor));
    REQUIRE(check_children(call, in.alarm_name, children));
    StoredAlarm alarm{.name = in.alarm_name, .composite = true};
    alarm.rule = in.alarm_rule;
    alarm.suppressor = in.actions_suppressor;
    alarm.suppressor_wait = in.actions_suppressor_wait_period.value_or(0);
    alarm.suppressor_extension = in.actions_suppressor_extension_period.value_or(0);
    REQUIRE(store_alarm(call, alarm, common_of(in)));
    return PutCompositeAlarmOutput{};
}

}  // namespace unkai::services::cloudwatch
