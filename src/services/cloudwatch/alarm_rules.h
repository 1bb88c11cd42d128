// When an alarm is in which state. Pure.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// An alarm looks at the newest N periods that have data among N + 2 (the evaluation range). With
// fewer than N, as few missing ones as possible are filled in as TreatMissingData says. With
// "missing" and "ignore" what is there decides alone: a good one makes it OK; breaching ones only
// make it ALARM when the oldest is at least M periods old.
#pragma once

#include "services/cloudwatch/schema.h"
#include "wire/json.h"

namespace unkai::services::cloudwatch {

std::string_view state_name(AlarmState state);  // OK, ALARM, INSUFFICIENT_DATA
std::optional<AlarmState> parse_state(std::string_view name);

// A period of the evaluation range; without a value it is missing.
struct Observation {
    int64_t start = 0;  // Seconds.
    std::optional<double> value;
    double samples = 0;
};

constexpr int32_t spare_periods = 2;
inline int32_t range_periods(const StoredAlarm& alarm) {
    return alarm.evaluation_periods + spare_periods;
}
inline int32_t needed_points(const StoredAlarm& alarm) {
    return alarm.datapoints_to_alarm.value_or(alarm.evaluation_periods);
}
bool breaches(const StoredAlarm& alarm, double value);

struct Verdict {
    std::optional<AlarmState> state;     // Nothing: it stays as it is.
    std::vector<Observation> evaluated;  // With values, newest first.
    int32_t filled = 0;                  // Missing ones that counted.
};
// `range` is oldest first and has range_periods() entries.
Verdict judge(const StoredAlarm& alarm, const std::vector<Observation>& range);

// AWS's sentence and document for a verdict that changes the state.
std::string state_reason(const StoredAlarm& alarm, const Verdict& verdict);
std::string state_reason_data(const StoredAlarm& alarm, const Verdict& verdict, Time asked,
                              int32_t period);

// 5 → "5.0", as Java writes doubles.
std::string java_double(double value);
std::string java_json(const wire::Json& value);  // Compact, with doubles so.
std::string java_time(Time time);                // 2026-11-22T04:05:06.789+0000

}  // namespace unkai::services::cloudwatch
