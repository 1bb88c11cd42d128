#include "aws/target.h"

#include "api/ecs.h"
#include "api/events.h"
#include "api/lambda.h"
#include "api/logs.h"
#include "api/sns.h"
#include "api/sqs.h"
#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "wire/json.h"

namespace unkai::aws {

namespace {

struct TargetArn {
    std::string_view service, region, account, resource;
};

std::optional<TargetArn> read_target_arn(std::string_view arn) {
    const auto parts = split(arn, ':');
    if (parts.size() < 6 || parts[0] != "arn") return std::nullopt;
    size_t before = 0;
    for (size_t i = 0; i < 5; ++i) before += parts[i].size() + 1;
    return TargetArn{parts[2], parts[3], parts[4], arn.substr(before)};
}

Task<Status> call_queue(Client& client, TargetCall target, TargetArn arn) {
    api::sqs::SendMessageInput in{.message_body = std::move(target.input)};
    in.queue_url = "https://sqs." + std::string(arn.region) + ".amazonaws.com/" +
                   std::string(arn.account) + "/" + std::string(arn.resource);
    if (!target.group.empty()) in.message_group_id = target.group;
    if (in.queue_url.ends_with(".fifo")) {
        in.message_deduplication_id = target.id;
        if (!in.message_group_id)
            co_return fail("InvalidParameterValue",
                           "A FIFO queue needs SqsParameters with a MessageGroupId.", 400);
    }
    CO_REQUIRE(co_await client.call<api::sqs::op::SendMessage>(target.caller, std::move(in)));
    co_return ok();
}

Task<Status> call_logs(Client& client, Env& env, TargetCall target, TargetArn arn) {
    namespace logs = api::logs;
    std::string_view group = arn.resource;
    if (group.starts_with("log-group:")) group.remove_prefix(10);
    if (group.ends_with(":*")) group.remove_suffix(2);
    const std::string stream = target.caller.principal.service + "/" + target.id;
    const auto made = co_await client.call<logs::op::CreateLogStream>(
        target.caller, {.log_group_name = std::string(group), .log_stream_name = stream});
    if (!made && !made.error().is("ResourceAlreadyExistsException")) co_return made.error();
    logs::PutLogEventsInput in{.log_group_name = std::string(group), .log_stream_name = stream};
    in.log_events.push_back({.timestamp = millis(env.now()), .message = std::move(target.input)});
    CO_REQUIRE(co_await client.call<logs::op::PutLogEvents>(target.caller, std::move(in)));
    co_return ok();
}

std::optional<std::string> given(const wire::Json& value) {
    return value.is_string() ? std::optional(value.as_string()) : std::nullopt;
}

Task<Status> call_cluster(Client& client, TargetCall target) {
    namespace ecs = api::ecs;
    const auto parsed = wire::Json::parse(target.ecs_parameters);
    if (!parsed || !(*parsed)["TaskDefinitionArn"].is_string())
        co_return fail("ValidationException",
                       "A cluster as the target needs EcsParameters with a TaskDefinitionArn.",
                       400);
    const wire::Json& parameters = *parsed;
    ecs::RunTaskInput in{.cluster = target.arn,
                         .count = static_cast<int32_t>(parameters["TaskCount"].int_or(1)),
                         .group = given(parameters["Group"]),
                         .launch_type = given(parameters["LaunchType"]),
                         .platform_version = given(parameters["PlatformVersion"]),
                         .propagate_tags = given(parameters["PropagateTags"]),
                         .started_by = "events-rule/" + target.id.substr(0, 24),
                         .task_definition = parameters["TaskDefinitionArn"].as_string()};
    if (!in.launch_type) in.launch_type = "FARGATE";
    const wire::Json& network = parameters["NetworkConfiguration"]["awsvpcConfiguration"];
    if (network.is_object()) {
        ecs::AwsVpcConfiguration out;
        for (const char* name : {"Subnets", "SecurityGroups"})
            if (network[name].is_array())
                for (const wire::Json& item : network[name].as_array())
                    (name[1] == 'u' ? out.subnets : out.security_groups).push_back(item.text());
        out.assign_public_ip = given(network["AssignPublicIp"]);
        in.network_configuration = ecs::NetworkConfiguration{.awsvpc_configuration = out};
    }
    // An input that is an override changes the task; an event that is none does not.
    if (const auto input = wire::Json::parse(target.input);
        input && ((*input)["containerOverrides"].is_array() || (*input)["taskRoleArn"].is_string()))
        CO_REQUIRE(protocol::from_json(in.overrides.emplace(), target.input));
    CO_TRY(const auto run, co_await client.call<ecs::op::RunTask>(target.caller, std::move(in)));
    if (run.failures.empty()) co_return ok();
    co_return fail("RunTaskFailed", run.failures.front().reason.value_or("The task did not start."),
                   503);
}

Task<Status> call_bus(Client& client, TargetCall target) {
    api::events::PutEventsInput in;
    in.entries.push_back({.source = target.source,
                          .detail_type = target.detail_type,
                          .detail = std::move(target.input),
                          .event_bus_name = target.arn});
    CO_TRY(const auto put,
           co_await client.call<api::events::op::PutEvents>(target.caller, std::move(in)));
    if (put.failed_entry_count.value_or(0) == 0) co_return ok();
    co_return fail(put.entries.front().error_code.value_or("PutEventsFailed"),
                   put.entries.front().error_message.value_or(""), 400);
}

}  // namespace

Status check_target(std::string_view arn) {
    const auto parts = read_target_arn(arn);
    if (!parts)
        return fail("ValidationException",
                    "Parameter " + std::string(arn) +
                        " is not valid. "
                        "Reason: Provided Arn is not in correct format.",
                    400);
    for (const std::string_view known : {"lambda", "sqs", "sns", "logs"})
        if (parts->service == known) return ok();
    if (parts->service == "ecs" && parts->resource.starts_with("cluster/")) return ok();
    if (parts->service == "events" && parts->resource.starts_with("event-bus/")) return ok();
    const std::string name =
        parts->service == "states" ? "Step Functions" : std::string(parts->service);
    return fail("ValidationException",
                "Unkai does not have " + name +
                    " as a target. Use a Lambda function, an SQS queue, "
                    "an SNS topic, an ECS cluster, a log group or an event bus, not " +
                    std::string(arn) + ".",
                400);
}

Task<Status> call_target(Client& client, Env& env, TargetCall target) {
    const std::string text = target.arn;  // What `arn` views.
    const auto arn = read_target_arn(text);
    if (!arn) co_return check_target(text);
    target.caller.region = arn->region;
    if (arn->service == "lambda") {
        CO_REQUIRE(co_await client.call<api::lambda::op::Invoke>(
            target.caller, {.function_name = target.arn,
                            .invocation_type = "Event",
                            .payload = std::move(target.input)}));
        co_return ok();
    }
    if (arn->service == "sns") {
        CO_REQUIRE(co_await client.call<api::sns::op::Publish>(
            target.caller, {.topic_arn = target.arn, .message = std::move(target.input)}));
        co_return ok();
    }
    if (arn->service == "sqs") co_return co_await call_queue(client, std::move(target), *arn);
    if (arn->service == "logs") co_return co_await call_logs(client, env, std::move(target), *arn);
    if (arn->service == "ecs") co_return co_await call_cluster(client, std::move(target));
    if (arn->service == "events") co_return co_await call_bus(client, std::move(target));
    co_return check_target(text);
}

bool may_pass(const Error& error) {
    return error.status >= 500 || error.status == 429 || error.is("OverLimit") ||
           error.is("ThrottlingException");
}

}  // namespace unkai::aws
