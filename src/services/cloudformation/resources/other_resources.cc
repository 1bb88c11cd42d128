// AWS::Logs, AWS::SSM, AWS::CloudFormation, AWS::CDK.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// ---- AWS::Logs::LogGroup

Json group(const Work& work) { return Json::object({{"logGroupName", work.physical_id}}); }

Task<Result<std::string>> create_log_group(Work& work) {
    const std::string name = work["LogGroupName"].string_or(work.generated_name(512));
    Json input = work.input;
    input.set("logGroupName", name);
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless("logs", "CreateLogGroup", std::move(input),
                                         work.again
                                             ? std::vector<std::string>{"ResourceAlreadyExists"}
                                             : std::vector<std::string>{}));
    co_return name;
}

Task<Result<Json>> settle_log_group(Work& work) {
    if (const Json* days = work.properties.find("RetentionInDays")) {
        Json input = group(work);
        input.set("retentionInDays", *days);
        CO_REQUIRE(co_await work.call("logs", "PutRetentionPolicy", std::move(input)));
    }
    co_return Json::object(
        {{"Arn", "arn:aws:logs:" + work.caller.region + ":" + work.caller.account +
                     ":log-group:" + work.physical_id + ":*"}});
}

Task<Status> update_log_group(Work& work) {
    if (work.previous.find("RetentionInDays") && !work.properties.find("RetentionInDays"))
        CO_REQUIRE(co_await work.call("logs", "DeleteRetentionPolicy", group(work)));
    co_return ok();
}

Task<Status> remove_log_group(Work& work) {
    return work.remove("logs", "DeleteLogGroup", group(work), {"ResourceNotFound"});
}

// ---- AWS::SSM::Parameter

Task<Result<std::string>> put_parameter(Work& work) {
    Json input = work.input;
    const std::string name = work["Name"].string_or("CFN-" + work.logical_id + "-" + work.token);
    input.set("Name", name);
    Json tags = Json::array();
    if (work["Tags"].is_object())
        for (const auto& [key, value] : work["Tags"].as_object())
            tags.push(Json::object({{"Key", key}, {"Value", value}}));
    if (tags.size() > 0) input.set("Tags", tags);
    CO_REQUIRE(co_await work.call_unless("ssm", "PutParameter", std::move(input),
                                         work.again
                                             ? std::vector<std::string>{"ParameterAlreadyExists"}
                                             : std::vector<std::string>{}));
    co_return name;
}

Task<Result<Json>> settle_parameter(Work& work) {
    co_return Json::object({{"Type", work["Type"]}, {"Value", work["Value"]}});
}

Task<Status> update_parameter(Work& work) {
    Json input = work.input;
    input.set("Name", work.physical_id);
    input.set("Overwrite", true);
    CO_REQUIRE(co_await work.call("ssm", "PutParameter", std::move(input)));
    co_return ok();
}

Task<Status> remove_parameter(Work& work) {
    return work.remove("ssm", "DeleteParameter", Json::object({{"Name", work.physical_id}}),
                       {"ParameterNotFound"});
}

// ---- AWS::CloudFormation::WaitConditionHandle: without a WaitCondition it waits for nothing.

Task<Result<std::string>> create_handle(Work& work) { co_return work.generated_name(255); }

constexpr ResourceType other_types[] = {
    {.name = "AWS::Logs::LogGroup",
     .properties = "LogGroupName^:s RetentionInDays:i LogGroupClass^ KmsKeyId^ Tags:tags",
     .attributes = "Arn",
     .service = "logs",
     .operation = "CreateLogGroup",
     .create = create_log_group,
     .settle = settle_log_group,
     .update = update_log_group,
     .remove = remove_log_group},
    {.name = "AWS::SSM::Parameter",
     .properties =
         "Name^:s Type!^ Value! Description AllowedPattern Tier DataType^ Policies Tags:m",
     .attributes = "Type Value",
     .service = "ssm",
     .operation = "PutParameter",
     .create = put_parameter,
     .settle = settle_parameter,
     .update = update_parameter,
     .remove = remove_parameter},
    // What CDK says of itself in every stack.
    {.name = "AWS::CDK::Metadata",
     .properties = "Analytics:s",
     .attributes = "",
     .create = create_handle,
     .settle = no_attributes,
     .update = [](Work&) -> Task<Status> { co_return ok(); },
     .remove = nothing_to_remove},
    {.name = "AWS::CloudFormation::WaitConditionHandle",
     .properties = "",
     .attributes = "",
     .create = create_handle,
     .settle = no_attributes,
     .remove = nothing_to_remove},
};

}  // namespace

std::span<const ResourceType> other_resources() { return other_types; }

}  // namespace unkai::services::cloudformation
