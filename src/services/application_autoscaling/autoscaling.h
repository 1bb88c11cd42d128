// Application Auto Scaling: targets, policies with their alarms, scheduled actions.
//
// https://docs.aws.amazon.com/autoscaling/application/APIReference/
// Operations write records; the scaler (scaler.h) acts. Those operations wait that look for what is
// to be scaled, or make and delete CloudWatch alarms.
#pragma once

#include "api/application-autoscaling.h"
#include "aws/call.h"
#include "services/application_autoscaling/scaled.h"
#include "services/application_autoscaling/schema.h"

namespace unkai::services::application_autoscaling {

using namespace api::application_autoscaling;
namespace errors = api::application_autoscaling::errors;

class Autoscaling final : public api::application_autoscaling::Service {
public:
    Autoscaling(aws::Client& client, Scaled& scaled) : client_(client), scaled_(scaled) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define WAITING_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // target_ops.cc
    WAITING_OPERATION(RegisterScalableTarget);
    WAITING_OPERATION(DeregisterScalableTarget);
    OPERATION(DescribeScalableTargets);
    OPERATION(DescribeScalingActivities);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
    // policy_ops.cc
    WAITING_OPERATION(PutScalingPolicy);
    WAITING_OPERATION(DeleteScalingPolicy);
    OPERATION(DescribeScalingPolicies);
    // action_ops.cc
    OPERATION(PutScheduledAction);
    OPERATION(DeleteScheduledAction);
    OPERATION(DescribeScheduledActions);
#undef OPERATION
#undef WAITING_OPERATION

private:
    Task<Status> delete_alarms(TargetName name, List<Alarm> alarms);

    aws::Client& client_;
    Scaled& scaled_;
};

template <class Input>
TargetName target_name(const aws::Call& call, const Input& in) {
    return {call.account, call.region, in.service_namespace, in.resource_id, in.scalable_dimension};
}
inline Unexpected validation_error(std::string message) {
    return unexpected(errors::ValidationException(std::move(message)));
}
// Error: ObjectNotFoundException.
Result<StoredTarget> find_target(aws::Call& call, const TargetName& name);

// policy_alarms.cc: what PutMetricAlarm is given for a tracking policy, high and low; low is left
// out when scaling in is disabled. Errors: ValidationException.
struct AlarmSettings {
    std::string space, metric, statistic;
    std::vector<std::pair<std::string, std::string>> dimensions;
    std::optional<std::string> unit;
    List<TargetTrackingMetricDataQuery> queries;  // Instead of all that.
};
Result<AlarmSettings> alarm_settings(const TargetName& name,
                                     const TargetTrackingScalingPolicyConfiguration& policy);

}  // namespace unkai::services::application_autoscaling
