#include <algorithm>

#include "aws/paging.h"
#include "services/application_autoscaling/limits.h"
#include "services/application_autoscaling/policy_alarms.h"
#include "services/application_autoscaling/scaling_rules.h"

namespace unkai::services::application_autoscaling {

namespace {

Result<ScalingPolicy> make_policy(aws::Call& call, const TargetName& name,
                                  const PutScalingPolicyInput& in, const StoredPolicy* before) {
    if (before && in.policy_type && *in.policy_type != before->shape.policy_type)
        return validation_error("The type of a scaling policy cannot be changed: delete it first.");
    ScalingPolicy out;
    if (before) out = before->shape;
    if (!before) {
        out.policy_name = in.policy_name;
        out.service_namespace = name.space;
        out.resource_id = name.resource;
        out.scalable_dimension = name.dimension;
        out.policy_type = in.policy_type.value_or("StepScaling");
        out.creation_time = call.now;
        out.policy_arn = "arn:aws:autoscaling:" + call.region + ":" + call.account +
                         ":scalingPolicy:" + call.env.random.uuid() + ":resource/" + name.space +
                         "/" + name.resource + ":policyName/" + in.policy_name;
    }
    out.step_scaling_policy_configuration = in.step_scaling_policy_configuration;
    out.target_tracking_scaling_policy_configuration =
        in.target_tracking_scaling_policy_configuration;
    if (out.policy_type == "PredictiveScaling" || in.predictive_scaling_policy_configuration)
        return validation_error(
            "Unkai has no predictive scaling: use TargetTrackingScaling or StepScaling.");
    if (out.policy_type == "StepScaling") {
        if (!out.step_scaling_policy_configuration ||
            out.target_tracking_scaling_policy_configuration)
            return validation_error(
                "A step scaling policy has a StepScalingPolicyConfiguration "
                "and no other configuration.");
        REQUIRE(check_steps(*out.step_scaling_policy_configuration));
        return out;
    }
    if (out.policy_type != "TargetTrackingScaling" ||
        !out.target_tracking_scaling_policy_configuration || out.step_scaling_policy_configuration)
        return validation_error(
            "A target tracking policy has a TargetTrackingScalingPolicyConfiguration and no other "
            "configuration.");
    return out;
}

bool wants_policy(const ScalingPolicy& policy, const DescribeScalingPoliciesInput& in) {
    const auto& names = in.policy_names;
    if (!names.empty() && std::find(names.begin(), names.end(), policy.policy_name) == names.end())
        return false;
    return (!in.resource_id || *in.resource_id == policy.resource_id) &&
           (!in.scalable_dimension || *in.scalable_dimension == policy.scalable_dimension);
}

}  // namespace

Task<Result<PutScalingPolicyOutput>> Autoscaling::PutScalingPolicy(
    aws::Call& call, const PutScalingPolicyInput& in) {
    const TargetName name = target_name(call, in);
    CO_REQUIRE(find_target(call, name));
    const auto before = schema::policies.get(call.txn(), key_of(name, in.policy_name));
    const auto all = schema::policies.list(call.txn(), name.account, name.region, name.space,
                                           name.resource, name.dimension);
    if (!before && all.size() >= limits::policies_per_target)
        co_return errors::LimitExceededException("A scalable target has at most 50 policies.");
    CO_TRY(ScalingPolicy policy, make_policy(call, name, in, before ? &*before : nullptr));
    const List<Alarm> old = policy.alarms;
    policy.alarms.clear();
    if (policy.policy_type == "TargetTrackingScaling") {
        CO_TRY(const AlarmSettings settings,
               alarm_settings(name, *policy.target_tracking_scaling_policy_configuration));
        for (auto& alarm : tracking_alarms(name, policy, settings, call.env.random)) {
            const std::string alarm_name = alarm.alarm_name;
            const auto made = co_await client_.call<api::cloudwatch::op::PutMetricAlarm>(
                scaling_caller(name), std::move(alarm));
            if (!made) {
                CO_REQUIRE(co_await delete_alarms(name, policy.alarms));
                co_return validation_error("The policy's alarm cannot be made: " +
                                           made.error().message);
            }
            policy.alarms.push_back({alarm_name, "arn:aws:cloudwatch:" + call.region + ":" +
                                                     call.account + ":alarm:" + alarm_name});
        }
    }
    schema::policies.put(call.txn(), key_of(name, in.policy_name), {policy});
    CO_REQUIRE(co_await call.commit());
    CO_REQUIRE(co_await delete_alarms(name, old));
    PutScalingPolicyOutput out{.policy_arn = policy.policy_arn, .alarms = policy.alarms};
    out.alarms.present = true;
    co_return out;
}

Task<Result<DeleteScalingPolicyOutput>> Autoscaling::DeleteScalingPolicy(
    aws::Call& call, const DeleteScalingPolicyInput& in) {
    const TargetName name = target_name(call, in);
    const auto policy = schema::policies.get(call.txn(), key_of(name, in.policy_name));
    if (!policy)
        co_return errors::ObjectNotFoundException(
            "No scaling policy found for service namespace: " + name.space +
            ", resource ID: " + name.resource + ", scalable dimension: " + name.dimension +
            ", policy name: " + in.policy_name);
    schema::policies.erase(call.txn(), key_of(name, in.policy_name));
    CO_REQUIRE(co_await call.commit());
    CO_REQUIRE(co_await delete_alarms(name, policy->shape.alarms));
    co_return DeleteScalingPolicyOutput{};
}

Result<DescribeScalingPoliciesOutput> Autoscaling::DescribeScalingPolicies(
    aws::Call& call, const DescribeScalingPoliciesInput& in) {
    std::vector<ScalingPolicy> rows;
    for (const auto& [key, policy] :
         schema::policies.list(call.txn(), call.account, call.region, in.service_namespace))
        if (wants_policy(policy.shape, in)) rows.push_back(policy.shape);
    TRY(const auto page,
        aws::page(
            rows,
            [](const ScalingPolicy& row) {
                return row.resource_id + " " + row.scalable_dimension + " " + row.policy_name;
            },
            in.next_token, static_cast<size_t>(in.max_results.value_or(limits::listed)),
            "InvalidNextTokenException"));
    DescribeScalingPoliciesOutput out;
    for (const ScalingPolicy* row : page.items) out.scaling_policies.push_back(*row);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::application_autoscaling
