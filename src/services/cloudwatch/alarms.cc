#include "services/cloudwatch/alarms.h"

namespace unkai::services::cloudwatch {

namespace {

const std::vector<std::string>& actions_of(const StoredAlarm& alarm, AlarmState state) {
    if (state == AlarmState::ok) return alarm.ok_actions;
    if (state == AlarmState::alarm) return alarm.alarm_actions;
    return alarm.insufficient_data_actions;
}

void add_state_history(const AlarmPlace& place, const StoredAlarm& alarm,
                       const wire::Json& before) {
    const std::string from = before["stateValue"].string_or("");
    wire::Json::Object data;
    data["version"] = "1.0";
    data["oldState"] = before;
    data["newState"] = state_document(alarm);
    add_history(place, {.alarm = alarm.name,
                        .type = std::string(history_item_type::state_update),
                        .summary = "Alarm updated from " + from + " to " +
                                   std::string(state_name(alarm.state)),
                        .data = java_json(wire::Json(std::move(data))),
                        .composite = alarm.composite});
}

}  // namespace

std::string alarm_arn(const std::string& account, const std::string& region,
                      const std::string& name) {
    return "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:" + name;
}

std::string AlarmPlace::arn(const std::string& name) const {
    return alarm_arn(account, region, name);
}

AlarmPlace place_of(aws::Call& call) {
    return {call.txn(), call.env.random, call.account, call.region, call.now};
}

void put_alarm(const AlarmPlace& place, const StoredAlarm& alarm) {
    schema::alarms.put(place.txn, {place.account, place.region, alarm.name}, alarm);
    if (alarm.composite)
        schema::composites.put(place.txn, {place.account, place.region, alarm.name}, {});
}

void add_history(const AlarmPlace& place, const StoredHistory& item) {
    const auto number = static_cast<int64_t>(place.random.u64() >> 1);
    schema::history.put(place.txn, {place.account, place.region, micros(place.now), number}, item);
}

void add_configuration_history(const AlarmPlace& place, const StoredAlarm& alarm,
                               const std::string& type) {
    wire::Json::Object data;
    data["version"] = "1.0";
    data["type"] = type;
    const std::string member = type == "Create"   ? "createdAlarm"
                               : type == "Update" ? "updatedAlarm"
                                                  : "deletedAlarm";
    data[member] = alarm_message(place, alarm, alarm.state)["Trigger"];
    const std::string done = type == "Create"   ? "created"
                             : type == "Update" ? "updated"
                                                : "deleted";
    add_history(place, {.alarm = alarm.name,
                        .type = std::string(history_item_type::configuration_update),
                        .summary = "Alarm \"" + alarm.name + "\" " + done,
                        .data = java_json(wire::Json(std::move(data))),
                        .composite = alarm.composite});
}

void owe_actions(const AlarmPlace& place, const StoredAlarm& alarm, AlarmState from) {
    if (!alarm.actions_enabled) return;
    for (const std::string& target : actions_of(alarm, alarm.state)) {
        wire::Json before = state_document(alarm);
        before.as_object()["stateValue"] = std::string(state_name(from));
        const wire::Json message = target.starts_with("arn:aws:lambda:")
                                       ? lambda_event(place, alarm, before)
                                       : alarm_message(place, alarm, from);
        const OwedAction action{.alarm = alarm.name,
                                .composite = alarm.composite,
                                .target = target,
                                .subject = alarm_subject(alarm, place.region),
                                .message = java_json(message),
                                .changed = alarm.state_updated,
                                .due = place.now};
        const auto number = static_cast<int64_t>(place.random.u64() >> 1);
        schema::owed.put(place.txn, {place.account, place.region, number}, action);
    }
}

void change_state(const AlarmPlace& place, StoredAlarm& alarm, NewState to) {
    const wire::Json before = state_document(alarm);
    const AlarmState from = alarm.state;
    alarm.state = to.state;
    alarm.reason = std::move(to.reason);
    alarm.reason_data = std::move(to.data);
    alarm.state_updated = place.now;
    if (from != alarm.state) {
        alarm.state_transitioned = place.now;
        add_state_history(place, alarm, before);
        if (!alarm.suppressor)
            owe_actions(place, alarm, from);
        else if (!alarm.owed_from)
            alarm.owed_from = from;  // The evaluator says when.
        else if (*alarm.owed_from == alarm.state)
            alarm.owed_from.reset();  // Back where the last actions left it.
    }
    put_alarm(place, alarm);
}

}  // namespace unkai::services::cloudwatch
