// Amazon CloudWatch: metrics, alarms, dashboards.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
// Series lie in the store (schema.h, series.h). Service principals may publish to AWS's own
// namespaces; nobody else may. Alarms are
// judged by the evaluator (evaluator.h) and act through the notifier (notifier.h). Operations never
// wait.
#pragma once

#include "api/cloudwatch.h"
#include "aws/call.h"
#include "services/cloudwatch/schema.h"

namespace unkai::services::cloudwatch {

using namespace api::cloudwatch;
namespace errors = api::cloudwatch::errors;

class CloudWatch final : public api::cloudwatch::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // put_ops.cc
    OPERATION(PutMetricData);
    // data_ops.cc
    OPERATION(GetMetricData);
    OPERATION(GetMetricStatistics);
    OPERATION(ListMetrics);
    // metric_alarm_ops.cc, composite_ops.cc
    OPERATION(PutMetricAlarm);
    OPERATION(PutCompositeAlarm);
    // alarm_state_ops.cc
    OPERATION(DeleteAlarms);
    OPERATION(SetAlarmState);
    OPERATION(EnableAlarmActions);
    OPERATION(DisableAlarmActions);
    // describe_ops.cc
    OPERATION(DescribeAlarms);
    OPERATION(DescribeAlarmsForMetric);
    OPERATION(DescribeAlarmHistory);
    // dashboard_ops.cc
    OPERATION(PutDashboard);
    OPERATION(GetDashboard);
    OPERATION(ListDashboards);
    OPERATION(DeleteDashboards);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
#undef OPERATION
};

// Shared by the operations' files.
inline Error invalid(std::string message) {
    return errors::InvalidParameterValueException(std::move(message));
}

}  // namespace unkai::services::cloudwatch
