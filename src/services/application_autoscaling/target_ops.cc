#include <algorithm>

#include "api/cloudwatch.h"
#include "aws/paging.h"
#include "base/strings.h"
#include "services/application_autoscaling/autoscaling.h"
#include "services/application_autoscaling/limits.h"

namespace unkai::services::application_autoscaling {

namespace {

std::string target_arn(const aws::Call& call) {
    return "arn:aws:application-autoscaling:" + call.region + ":" + call.account +
           ":scalable-target/" + call.env.random.hex(32);
}

Status check_capacity(const TargetName& name, const ScalableTarget& target) {
    if (target.min_capacity < 0 || target.max_capacity < target.min_capacity)
        return validation_error(
            "MinCapacity must not be below 0, nor MaxCapacity below MinCapacity.");
    if (name.space == "rds" && target.max_capacity > limits::most_readers)
        return validation_error("An Aurora cluster has at most 15 readers.");
    return ok();
}

// The target with this ARN.
Result<std::pair<TargetName, StoredTarget>> find_by_arn(aws::Call& call, const std::string& arn) {
    for (auto& [key, target] : schema::targets.list(call.txn(), call.account, call.region))
        if (target.shape.scalable_target_arn == arn)
            return std::pair{TargetName{std::get<0>(key), std::get<1>(key), std::get<2>(key),
                                        std::get<3>(key), std::get<4>(key)},
                             std::move(target)};
    return unexpected(errors::ResourceNotFoundException("The resource doesn't exist: " + arn));
}

Status add_target_tags(StoredTarget& target, const Map<std::string>& tags) {
    for (const auto& [key, value] : tags) target.tags[key] = value;
    if (target.tags.size() > limits::tags)
        return errors::TooManyTagsException("A scalable target has at most 50 tags.");
    return ok();
}

}  // namespace

Result<StoredTarget> find_target(aws::Call& call, const TargetName& name) {
    auto found = schema::targets.get(call.txn(), key_of(name));
    if (!found)
        return errors::ObjectNotFoundException(
            "No scalable target found for service namespace: " + name.space +
            ", resource ID: " + name.resource + ", scalable dimension: " + name.dimension);
    return *std::move(found);
}

Task<Result<RegisterScalableTargetOutput>> Autoscaling::RegisterScalableTarget(
    aws::Call& call, const RegisterScalableTargetInput& in) {
    const TargetName name = target_name(call, in);
    CO_REQUIRE(check_target_name(name.space, name.resource, name.dimension));
    CO_REQUIRE(co_await scaled_.capacity(name));
    auto target = schema::targets.get(call.txn(), key_of(name));
    if (!target) {
        if (!in.min_capacity || !in.max_capacity)
            co_return validation_error(
                "MinCapacity and MaxCapacity are required for a new scalable target.");
        const size_t most = name.space == "ecs" ? limits::service_targets : limits::cluster_targets;
        const auto others = schema::targets.list(call.txn(), call.account, call.region, name.space);
        if (others.size() >= most)
            co_return errors::LimitExceededException("There are " + std::to_string(most) +
                                                     " scalable targets of " + name.space +
                                                     " already, which is the most.");
        target.emplace();
        target->shape.service_namespace = name.space;
        target->shape.resource_id = name.resource;
        target->shape.scalable_dimension = name.dimension;
        target->shape.creation_time = call.now;
        target->shape.scalable_target_arn = target_arn(call);
        target->shape.role_arn =
            "arn:aws:iam::" + call.account + ":role/aws-service-role/" + name.space +
            ".application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_" +
            (name.space == "ecs" ? "ECSService" : "RDSCluster");
    }
    ScalableTarget& shape = target->shape;
    shape.min_capacity = in.min_capacity.value_or(shape.min_capacity);
    shape.max_capacity = in.max_capacity.value_or(shape.max_capacity);
    shape.role_arn = in.role_arn.value_or(shape.role_arn);
    if (!shape.suspended_state) shape.suspended_state = SuspendedState{false, false, false};
    if (in.suspended_state) {
        auto& suspended = *shape.suspended_state;
        const auto& wanted = *in.suspended_state;
        if (wanted.dynamic_scaling_in_suspended)
            suspended.dynamic_scaling_in_suspended = wanted.dynamic_scaling_in_suspended;
        if (wanted.dynamic_scaling_out_suspended)
            suspended.dynamic_scaling_out_suspended = wanted.dynamic_scaling_out_suspended;
        if (wanted.scheduled_scaling_suspended)
            suspended.scheduled_scaling_suspended = wanted.scheduled_scaling_suspended;
    }
    CO_REQUIRE(check_capacity(name, shape));
    CO_REQUIRE(add_target_tags(*target, in.tags));
    schema::targets.put(call.txn(), key_of(name), *target);
    co_return RegisterScalableTargetOutput{.scalable_target_arn = shape.scalable_target_arn};
}

Task<Status> Autoscaling::delete_alarms(TargetName name, List<Alarm> alarms) {
    for (const Alarm& alarm : alarms)
        CO_REQUIRE(co_await client_.call<api::cloudwatch::op::DeleteAlarms>(
            scaling_caller(name), {.alarm_names = {alarm.alarm_name}}));
    co_return ok();
}

// With its policies, their alarms and its scheduled actions.
Task<Result<DeregisterScalableTargetOutput>> Autoscaling::DeregisterScalableTarget(
    aws::Call& call, const DeregisterScalableTargetInput& in) {
    const TargetName name = target_name(call, in);
    CO_REQUIRE(find_target(call, name));
    List<Alarm> alarms;
    for (const auto& [key, policy] : schema::policies.list(
             call.txn(), name.account, name.region, name.space, name.resource, name.dimension)) {
        if (policy.shape.policy_type == "TargetTrackingScaling")
            alarms.insert(alarms.end(), policy.shape.alarms.begin(), policy.shape.alarms.end());
        schema::policies.erase(call.txn(), key);
    }
    for (const auto& [key, action] : schema::actions.list(
             call.txn(), name.account, name.region, name.space, name.resource, name.dimension))
        schema::actions.erase(call.txn(), key);
    schema::targets.erase(call.txn(), key_of(name));
    CO_REQUIRE(co_await delete_alarms(name, std::move(alarms)));
    co_return DeregisterScalableTargetOutput{};
}

Result<DescribeScalableTargetsOutput> Autoscaling::DescribeScalableTargets(
    aws::Call& call, const DescribeScalableTargetsInput& in) {
    std::vector<ScalableTarget> rows;
    for (const auto& [key, target] :
         schema::targets.list(call.txn(), call.account, call.region, in.service_namespace)) {
        const auto& ids = in.resource_ids;
        if (!ids.empty() && std::find(ids.begin(), ids.end(), std::get<3>(key)) == ids.end())
            continue;
        if (in.scalable_dimension && *in.scalable_dimension != std::get<4>(key)) continue;
        rows.push_back(target.shape);
    }
    TRY(const auto page,
        aws::page(
            rows,
            [](const ScalableTarget& row) {
                return row.resource_id + " " + row.scalable_dimension;
            },
            in.next_token, static_cast<size_t>(in.max_results.value_or(limits::listed)),
            "InvalidNextTokenException"));
    DescribeScalableTargetsOutput out;
    for (const ScalableTarget* row : page.items) out.scalable_targets.push_back(*row);
    out.next_token = page.next;
    return out;
}

Result<DescribeScalingActivitiesOutput> Autoscaling::DescribeScalingActivities(
    aws::Call& call, const DescribeScalingActivitiesInput& in) {
    size_t skipped = 0;
    if (in.next_token && !in.next_token->empty()) {
        TRY(const std::string text, aws::read_token(*in.next_token, "InvalidNextTokenException"));
        skipped = parse_uint(text).value_or(0);
    }
    const auto most = static_cast<size_t>(in.max_results.value_or(limits::listed));
    DescribeScalingActivitiesOutput out;
    size_t seen = 0;
    for (const auto& [key, activity] :
         schema::activities.list(call.txn(), call.account, call.region, in.service_namespace)) {
        if (in.resource_id && *in.resource_id != activity.shape.resource_id) continue;
        if (in.scalable_dimension && *in.scalable_dimension != activity.shape.scalable_dimension)
            continue;
        if (seen++ < skipped) continue;
        if (out.scaling_activities.size() == most) {
            out.next_token = aws::make_token(std::to_string(skipped + most));
            break;
        }
        out.scaling_activities.push_back(activity.shape);
    }
    return out;
}

Result<TagResourceOutput> Autoscaling::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(auto found, find_by_arn(call, in.resource_arn));
    REQUIRE(add_target_tags(found.second, in.tags));
    schema::targets.put(call.txn(), key_of(found.first), found.second);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Autoscaling::UntagResource(aws::Call& call,
                                                       const UntagResourceInput& in) {
    TRY(auto found, find_by_arn(call, in.resource_arn));
    for (const std::string& key : in.tag_keys) found.second.tags.erase(key);
    schema::targets.put(call.txn(), key_of(found.first), found.second);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Autoscaling::ListTagsForResource(
    aws::Call& call, const ListTagsForResourceInput& in) {
    TRY(const auto found, find_by_arn(call, in.resource_arn));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : found.second.tags) out.tags[key] = value;
    return out;
}

}  // namespace unkai::services::application_autoscaling
