// AWS::CloudWatch, AWS::Chatbot, AWS::ApplicationAutoScaling.
#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// ---- AWS::CloudWatch::Alarm and CompositeAlarm

Task<Result<std::string>> put_alarm_by(Work& work, const char* operation) {
    Json input = work.input;
    const std::string name = work.physical_id.empty()
                                 ? work["AlarmName"].string_or(work.generated_name(255))
                                 : work.physical_id;
    input.set("AlarmName", name);
    if (Json tags = work.tags(); tags.size() > 0 && work.physical_id.empty())
        input.set("Tags", std::move(tags));
    CO_REQUIRE(co_await work.call("cloudwatch", operation, std::move(input)));
    co_return name;
}

Task<Result<std::string>> put_alarm(Work& work) { return put_alarm_by(work, "PutMetricAlarm"); }
Task<Result<std::string>> put_composite(Work& work) {
    return put_alarm_by(work, "PutCompositeAlarm");
}

Task<Status> update_alarm(Work& work) {
    CO_REQUIRE(co_await put_alarm(work));
    co_return ok();
}

Task<Status> update_composite(Work& work) {
    CO_REQUIRE(co_await put_composite(work));
    co_return ok();
}

Task<Result<Json>> settle_alarm(Work& work) {
    co_return Json::object({{"Arn", "arn:aws:cloudwatch:" + work.caller.region + ":" +
                                        work.caller.account + ":alarm:" + work.physical_id}});
}

Task<Status> remove_alarm(Work& work) {
    return work.remove("cloudwatch", "DeleteAlarms",
                       Json::object({{"AlarmNames", Json::array({work.physical_id})}}),
                       {"ResourceNotFound"});
}

// ---- AWS::CloudWatch::Dashboard

Task<Result<std::string>> put_dashboard(Work& work) {
    const std::string name = work.physical_id.empty()
                                 ? work["DashboardName"].string_or(work.generated_name(255))
                                 : work.physical_id;
    CO_REQUIRE(co_await work.call(
        "cloudwatch", "PutDashboard",
        Json::object({{"DashboardName", name}, {"DashboardBody", work["DashboardBody"]}})));
    co_return name;
}

Task<Status> update_dashboard(Work& work) {
    CO_REQUIRE(co_await put_dashboard(work));
    co_return ok();
}

Task<Status> remove_dashboard(Work& work) {
    return work.remove("cloudwatch", "DeleteDashboards",
                       Json::object({{"DashboardNames", Json::array({work.physical_id})}}),
                       {"DashboardNotFoundError", "ResourceNotFound"});
}

// ---- AWS::Chatbot::SlackChannelConfiguration. Its API has SlackTeamId for SlackWorkspaceId.

Json prepare_channel(Json input) {
    Json made = Json::object();
    for (const auto& [name, value] : input.as_object())
        made.set(name == "SlackWorkspaceId"    ? "SlackTeamId"
                 : name == "GuardrailPolicies" ? "GuardrailPolicyArns"
                 : name == "UserRoleRequired"  ? "UserAuthorizationRequired"
                                               : name,
                 value);
    return made;
}

Task<Result<std::string>> create_channel(Work& work) {
    Json input = work.input;
    Json tags = Json::array();
    for (const auto& [key, value] : work.tag_map())
        tags.push(Json::object({{"TagKey", key}, {"TagValue", value}}));
    if (tags.size() > 0) input.set("Tags", std::move(tags));
    CO_TRY(const Json made,
           co_await work.call("chatbot", "CreateSlackChannelConfiguration", std::move(input)));
    co_return made["ChannelConfiguration"]["ChatConfigurationArn"].text();
}

Task<Result<Json>> settle_channel(Work& work) {
    co_return Json::object({{"Arn", work.physical_id}});
}

Json channel(const Work& work) {
    return Json::object({{"ChatConfigurationArn", work.physical_id}});
}

Task<Status> update_channel(Work& work) {
    Json input = channel(work);
    for (const auto& [name, value] : work.input.as_object())
        if (name != "SlackTeamId" && name != "ConfigurationName") input.set(name, value);
    CO_REQUIRE(co_await work.call("chatbot", "UpdateSlackChannelConfiguration", std::move(input)));
    co_return ok();
}

Task<Status> remove_channel(Work& work) {
    return work.remove("chatbot", "DeleteSlackChannelConfiguration", channel(work),
                       {"ResourceNotFound"});
}

// ---- AWS::ApplicationAutoScaling

Json target_of(const Json& from) {
    return Json::object({{"ServiceNamespace", from["ServiceNamespace"]},
                         {"ResourceId", from["ResourceId"]},
                         {"ScalableDimension", from["ScalableDimension"]}});
}

// Ref of a target: resource|dimension|namespace.
Json target_of_id(std::string_view id) {
    const auto parts = split(id, '|');
    if (parts.size() != 3) return Json::object();
    return Json::object({{"ResourceId", std::string(parts[0])},
                         {"ScalableDimension", std::string(parts[1])},
                         {"ServiceNamespace", std::string(parts[2])}});
}

Task<Status> put_scheduled(Work& work) {
    for (size_t i = 0; i < work["ScheduledActions"].size(); ++i) {
        Json input = work["ScheduledActions"][i];
        for (const auto& [name, value] : target_of(work.properties).as_object())
            input.set(name, value);
        CO_REQUIRE(
            co_await work.call("application-autoscaling", "PutScheduledAction", std::move(input)));
    }
    co_return ok();
}

Task<Result<std::string>> register_target(Work& work) {
    CO_REQUIRE(co_await work.call("application-autoscaling", "RegisterScalableTarget", work.input));
    co_return work["ResourceId"].text() + "|" + work["ScalableDimension"].text() + "|" +
        work["ServiceNamespace"].text();
}

Task<Result<Json>> settle_target(Work& work) {
    CO_REQUIRE(co_await put_scheduled(work));
    co_return Json::object({{"Id", work.physical_id}});
}

Task<Status> update_target(Work& work) {
    CO_REQUIRE(co_await register_target(work));
    for (size_t i = 0; i < work.previous["ScheduledActions"].size(); ++i) {
        const Json& before = work.previous["ScheduledActions"][i];
        bool stays = false;
        for (size_t j = 0; j < work["ScheduledActions"].size(); ++j)
            stays = stays || work["ScheduledActions"][j]["ScheduledActionName"] ==
                                 before["ScheduledActionName"];
        if (stays) continue;
        Json input = target_of(work.properties);
        input.set("ScheduledActionName", before["ScheduledActionName"]);
        CO_REQUIRE(co_await work.call_unless("application-autoscaling", "DeleteScheduledAction",
                                             std::move(input), {"ObjectNotFound"}));
    }
    co_return ok();
}

Task<Status> remove_target(Work& work) {
    return work.remove("application-autoscaling", "DeregisterScalableTarget",
                       target_of(work.properties), {"ObjectNotFound"});
}

Json policy_target(const Work& work) {
    return work.properties.find("ScalingTargetId") ? target_of_id(work["ScalingTargetId"].text())
                                                   : target_of(work.properties);
}

Task<Result<std::string>> put_scaling_policy(Work& work) {
    Json input = policy_target(work);
    for (const auto& [name, value] : work.input.as_object()) input.set(name, value);
    CO_TRY(const Json made,
           co_await work.call("application-autoscaling", "PutScalingPolicy", std::move(input)));
    co_return made["PolicyARN"].text();
}

Task<Result<Json>> settle_scaling_policy(Work& work) {
    co_return Json::object({{"Arn", work.physical_id}});
}

Task<Status> update_scaling_policy(Work& work) {
    CO_REQUIRE(co_await put_scaling_policy(work));
    co_return ok();
}

Task<Status> remove_scaling_policy(Work& work) {
    Json input = policy_target(work);
    input.set("PolicyName", work["PolicyName"]);
    return work.remove("application-autoscaling", "DeleteScalingPolicy", std::move(input),
                       {"ObjectNotFound"});
}

// The template says TargetTrackingScalingPolicyConfiguration as the API does, but its scheduled
// actions' times are timestamps in text, which the API takes as well.
constexpr ResourceType monitoring_types[] = {
    {.name = "AWS::CloudWatch::Alarm",
     .properties =
         "AlarmName^:s AlarmDescription ActionsEnabled OKActions AlarmActions "
         "InsufficientDataActions MetricName Namespace Statistic ExtendedStatistic Dimensions "
         "Period Unit EvaluationPeriods! DatapointsToAlarm Threshold ComparisonOperator! "
         "TreatMissingData EvaluateLowSampleCountPercentile Metrics ThresholdMetricId Tags:tags",
     .attributes = "Arn",
     .service = "cloudwatch",
     .operation = "PutMetricAlarm",
     .create = put_alarm,
     .settle = settle_alarm,
     .update = update_alarm,
     .remove = remove_alarm},
    {.name = "AWS::CloudWatch::CompositeAlarm",
     .properties = "AlarmName^:s AlarmDescription ActionsEnabled OKActions AlarmActions "
                   "InsufficientDataActions AlarmRule! ActionsSuppressor "
                   "ActionsSuppressorWaitPeriod ActionsSuppressorExtensionPeriod Tags:tags",
     .attributes = "Arn",
     .service = "cloudwatch",
     .operation = "PutCompositeAlarm",
     .create = put_composite,
     .settle = settle_alarm,
     .update = update_composite,
     .remove = remove_alarm},
    {.name = "AWS::CloudWatch::Dashboard",
     .properties = "DashboardName^:s DashboardBody!:s",
     .attributes = "",
     .service = "cloudwatch",
     .operation = "PutDashboard",
     .create = put_dashboard,
     .settle = no_attributes,
     .update = update_dashboard,
     .remove = remove_dashboard},
    {.name = "AWS::Chatbot::SlackChannelConfiguration",
     .properties = "ConfigurationName!^ SlackWorkspaceId!^ SlackChannelId! IamRoleArn! "
                   "SnsTopicArns LoggingLevel GuardrailPolicies UserRoleRequired Tags:tags",
     .attributes = "Arn",
     .service = "chatbot",
     .operation = "CreateSlackChannelConfiguration",
     .prepare = prepare_channel,
     .create = create_channel,
     .settle = settle_channel,
     .update = update_channel,
     .remove = remove_channel},
    {.name = "AWS::ApplicationAutoScaling::ScalableTarget",
     .properties = "ServiceNamespace!^ ResourceId!^ ScalableDimension!^ MinCapacity! MaxCapacity! "
                   "RoleARN SuspendedState ScheduledActions:[j]",
     .attributes = "Id",
     .service = "application-autoscaling",
     .operation = "RegisterScalableTarget",
     .create = register_target,
     .settle = settle_target,
     .update = update_target,
     .remove = remove_target},
    {.name = "AWS::ApplicationAutoScaling::ScalingPolicy",
     .properties = "PolicyName!^ PolicyType! ServiceNamespace^:s ResourceId^:s "
                   "ScalableDimension^:s ScalingTargetId^:s StepScalingPolicyConfiguration "
                   "TargetTrackingScalingPolicyConfiguration",
     .attributes = "Arn",
     .service = "application-autoscaling",
     .operation = "PutScalingPolicy",
     .create = put_scaling_policy,
     .settle = settle_scaling_policy,
     .update = update_scaling_policy,
     .remove = remove_scaling_policy},
};

}  // namespace

std::span<const ResourceType> monitoring_resources() { return monitoring_types; }

}  // namespace unkai::services::cloudformation
