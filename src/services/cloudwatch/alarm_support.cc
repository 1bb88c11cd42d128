#include "services/cloudwatch/alarm_support.h"

#include <algorithm>

#include "base/strings.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

Unexpected validation(std::string message) {
    return fail("ValidationError", std::move(message), 400);
}

Status check_action(const aws::Call& call, const std::string& arn) {
    const auto parts = split(arn, ':');
    if (parts.size() < 6 || parts[0] != "arn") return validation("Invalid arn syntax: " + arn);
    const std::string_view service = parts[2];
    if (service != "sns" && service != "lambda" && service != "autoscaling")
        return validation(
            "Unkai's alarms act on SNS topics, Lambda functions and Application Auto "
            "Scaling policies, not on " +
            arn + ".");
    if (parts[3] != call.region)
        return validation("Invalid region " + std::string(parts[3]) + " specified. Only " +
                          call.region + " is supported.");
    return ok();
}

Status check_actions(const aws::Call& call, const List<std::string>& actions) {
    if (actions.size() > limits::actions)
        return validation("An alarm has at most 5 actions for a state.");
    for (const std::string& action : actions) REQUIRE(check_action(call, action));
    return ok();
}

}  // namespace

Status check_alarm_name(const std::string& name) {
    const bool ascii =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 32 && c < 127; });
    if (name.empty() || name.size() > limits::name_characters || !ascii)
        return validation("AlarmName must have 1 to 255 ASCII characters.");
    return ok();
}

Status add_tags(std::map<std::string, std::string>& all, const List<Tag>& tags) {
    for (const Tag& tag : tags) {
        if (tag.key.starts_with("aws:"))
            return invalid("Tag keys that begin with aws: are reserved: " + tag.key + ".");
        all[tag.key] = tag.value;
    }
    if (all.size() > limits::tags) return invalid("A resource can have no more than 50 tags.");
    return ok();
}

Status store_alarm(aws::Call& call, StoredAlarm& alarm, const AlarmCommon& common) {
    for (const auto* actions :
         {&common.ok_actions, &common.alarm_actions, &common.insufficient_data_actions})
        REQUIRE(check_actions(call, *actions));
    alarm.description = common.description;
    alarm.actions_enabled = common.actions_enabled.value_or(true);
    alarm.ok_actions = common.ok_actions;
    alarm.alarm_actions = common.alarm_actions;
    alarm.insufficient_data_actions = common.insufficient_data_actions;
    alarm.configured = call.now;
    const AlarmPlace place = place_of(call);
    const auto before = schema::alarms.get(call.txn(), {call.account, call.region, alarm.name});
    if (before) {
        if (before->composite != alarm.composite)
            return validation("An alarm of the other kind has the name " + alarm.name +
                              " already: delete it, or choose another name.");
        alarm.tags = before->tags;  // Tags are changed by TagResource only.
        alarm.state = before->state;
        alarm.reason = before->reason;
        alarm.reason_data = before->reason_data;
        alarm.state_updated = before->state_updated;
        alarm.state_transitioned = before->state_transitioned;
        if (alarm.suppressor) alarm.owed_from = before->owed_from;
    } else {
        const auto all = schema::alarms.list(call.txn(), call.account, call.region);
        if (all.size() >= limits::alarms)
            return errors::LimitExceededFault("An account has at most 5000 alarms in a region.");
        alarm.reason = "Unchecked: Initial alarm creation";
        alarm.state_updated = alarm.state_transitioned = call.now;
        REQUIRE(add_tags(alarm.tags, common.tags));
    }
    put_alarm(place, alarm);
    add_configuration_history(place, alarm, before ? "Update" : "Create");
    return ok();
}

}  // namespace unkai::services::cloudwatch
