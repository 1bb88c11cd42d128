#include <algorithm>

#include "services/cloudwatch/alarm_support.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

// Those of these alarms that are there; AWS passes over the others in silence.
void set_actions_enabled(aws::Call& call, const List<std::string>& names, bool enabled) {
    for (const std::string& name : names) {
        auto alarm = schema::alarms.get(call.txn(), {call.account, call.region, name});
        if (!alarm || alarm->actions_enabled == enabled) continue;
        alarm->actions_enabled = enabled;
        alarm->configured = call.now;
        put_alarm(place_of(call), *alarm);
        add_configuration_history(place_of(call), *alarm, "Update");
    }
}

// A composite alarm outside of `names` that needs this one.
std::optional<std::string> parent_of(aws::Call& call, const std::string& name,
                                     const List<std::string>& names) {
    for (const auto& [key, alarm] : schema::alarms.list(call.txn(), call.account, call.region)) {
        if (!alarm.composite || std::find(names.begin(), names.end(), alarm.name) != names.end())
            continue;
        const auto rule = CompositeRule::parse(alarm.rule);
        if (!rule) continue;
        const auto children = rule->alarms();
        if (std::find(children.begin(), children.end(), name) != children.end() ||
            alarm_name_of(alarm.suppressor.value_or("")) == name)
            return alarm.name;
    }
    return std::nullopt;
}

}  // namespace

Result<DeleteAlarmsOutput> CloudWatch::DeleteAlarms(aws::Call& call, const DeleteAlarmsInput& in) {
    if (in.alarm_names.size() > limits::alarms_per_call)
        return fail("ValidationError", "DeleteAlarms takes at most 100 alarms.", 400);
    for (const std::string& name : in.alarm_names) {
        const auto alarm = schema::alarms.get(call.txn(), {call.account, call.region, name});
        // The old form takes any mixture; one that is missing fails the whole call.
        if (!alarm) {
            if (in.alarm_names.size() == 1) return DeleteAlarmsOutput{};
            return errors::ResourceNotFound("The alarm " + name + " does not exist.");
        }
        if (const auto parent = parent_of(call, name, in.alarm_names))
            return fail("ValidationError",
                        "The alarm " + name + " is used by the composite alarm " + *parent +
                            ": delete that first.",
                        400);
        schema::alarms.erase(call.txn(), {call.account, call.region, name});
        schema::composites.erase(call.txn(), {call.account, call.region, name});
        add_configuration_history(place_of(call), *alarm, "Delete");
    }
    return DeleteAlarmsOutput{};
}

Result<SetAlarmStateOutput> CloudWatch::SetAlarmState(aws::Call& call,
                                                      const SetAlarmStateInput& in) {
    auto alarm = schema::alarms.get(call.txn(), {call.account, call.region, in.alarm_name});
    if (!alarm) return errors::ResourceNotFound("Unknown alarm: " + in.alarm_name);
    const auto state = parse_state(in.state_value);
    if (!state)
        return fail(
            "ValidationError",
            "StateValue must be OK, ALARM or INSUFFICIENT_DATA, not " + in.state_value + ".", 400);
    if (in.state_reason_data && !wire::Json::parse(*in.state_reason_data))
        return errors::InvalidFormatFault("StateReasonData must be JSON.");
    change_state(place_of(call), *alarm,
                 {*state, in.state_reason, in.state_reason_data.value_or("")});
    return SetAlarmStateOutput{};
}

Result<EnableAlarmActionsOutput> CloudWatch::EnableAlarmActions(aws::Call& call,
                                                                const EnableAlarmActionsInput& in) {
    set_actions_enabled(call, in.alarm_names, true);
    return EnableAlarmActionsOutput{};
}

Result<DisableAlarmActionsOutput> CloudWatch::DisableAlarmActions(
    aws::Call& call, const DisableAlarmActionsInput& in) {
    set_actions_enabled(call, in.alarm_names, false);
    return DisableAlarmActionsOutput{};
}

}  // namespace unkai::services::cloudwatch
