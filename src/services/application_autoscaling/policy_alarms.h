// The CloudWatch alarms of target tracking policies, as AWS makes them.
#pragma once

#include "api/cloudwatch.h"
#include "services/application_autoscaling/autoscaling.h"

namespace unkai::services::application_autoscaling {

// AlarmHigh (3 of 3 minutes above the target) and AlarmLow (15 of 15 minutes below 90 % of it).
List<api::cloudwatch::PutMetricAlarmInput> tracking_alarms(const TargetName& name,
                                                           const ScalingPolicy& policy,
                                                           const AlarmSettings& settings,
                                                           Random& random);
// The data of the alarm's metric in the last minutes, the newest value as "result".
api::cloudwatch::GetMetricDataInput newest_data(const api::cloudwatch::MetricAlarm& alarm,
                                                Time now);

}  // namespace unkai::services::application_autoscaling
