// What operations and the evaluator do to alarms in the store: transitions with their history and
// the actions that they owe, and AWS's texts for them.
#pragma once

#include "aws/call.h"
#include "services/cloudwatch/alarm_rules.h"
#include "services/cloudwatch/cloudwatch.h"
#include "wire/json.h"

namespace unkai::services::cloudwatch {

std::string alarm_arn(const std::string& account, const std::string& region,
                      const std::string& name);

// Where an alarm lives and when this happens.
struct AlarmPlace {
    store::Txn& txn;
    Random& random;
    std::string account, region;
    Time now;
    std::string arn(const std::string& name) const;  // Of an alarm.
};
AlarmPlace place_of(aws::Call& call);

struct NewState {
    AlarmState state;
    std::string reason, data;
};
// The alarm, changed and stored, its history, and the actions that it owes: at once, or when its
// suppressor allows them (evaluator.h).
void change_state(const AlarmPlace& place, StoredAlarm& alarm, NewState to);
// Stores the actions of the alarm's present state as owed.
void owe_actions(const AlarmPlace& place, const StoredAlarm& alarm, AlarmState from);

void put_alarm(const AlarmPlace& place, const StoredAlarm& alarm);
void add_history(const AlarmPlace& place, const StoredHistory& item);
// ConfigurationUpdate: "Create", "Update", "Delete".
void add_configuration_history(const AlarmPlace& place, const StoredAlarm& alarm,
                               const std::string& type);

// alarm_text.cc
std::string alarm_subject(const StoredAlarm& alarm, const std::string& region);
std::string region_title(const std::string& region);  // US East (N. Virginia)
// What SNS publishes, and what a Lambda function gets.
wire::Json alarm_message(const AlarmPlace& place, const StoredAlarm& alarm, AlarmState from);
wire::Json lambda_event(const AlarmPlace& place, const StoredAlarm& alarm,
                        const wire::Json& before);
wire::Json state_document(const StoredAlarm& alarm);
MetricAlarm describe_metric_alarm(const AlarmPlace& place, const StoredAlarm& alarm);
CompositeAlarm describe_composite_alarm(const AlarmPlace& place, const StoredAlarm& alarm);
List<MetricDataQuery> alarm_queries(const StoredAlarm& alarm);
MetricDataQuery describe_query(const StoredQuery& query);

}  // namespace unkai::services::cloudwatch
