// AWS::Lambda: functions, layers, versions, aliases, permissions, event sources, URLs.
#include "services/cloudformation/resource_type.h"
#include "services/cloudformation/resources/inline_code.h"

namespace unkai::services::cloudformation {

namespace {

Json named(const Work& work) { return Json::object({{"FunctionName", work.physical_id}}); }
Json function_of_work(const Work& work) {
    return Json::object({{"FunctionName", work["FunctionName"]}});
}

// ---- Function

// A template's Code: text in ZipFile is a source file, index.js or index.py.
Result<Json> code_of(const Work& work) {
    Json made = Json::object();
    for (const auto& [name, value] : work["Code"].as_object()) {
        if (name == "ZipFile")
            made.set(name, inline_code(value.text(), work["Runtime"].text()));
        else
            made.set(name, value);
    }
    return made;
}

Task<Result<Json>> wait_active(Work& work) {
    const auto active = [](const Json& answer) -> Result<bool> {
        const std::string state = answer["State"].text(), last = answer["LastUpdateStatus"].text();
        if (state == "Failed")
            return fail("NotStabilized", answer["StateReason"].string_or("The function failed."));
        if (last == "Failed")
            return fail("NotStabilized",
                        answer["LastUpdateStatusReason"].string_or("The update failed."));
        return state != "Pending" && last != "InProgress";
    };
    return work.wait_until("lambda", "GetFunctionConfiguration", named(work), active);
}

Task<Result<std::string>> create_function(Work& work) {
    Json input = work.input;
    const std::string name = work["FunctionName"].string_or(work.generated_name(64));
    input.set("FunctionName", name);
    CO_TRY(Json code, code_of(work));
    input.set("Code", std::move(code));
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("Tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless(
        "lambda", "CreateFunction", std::move(input),
        work.again ? std::vector<std::string>{"ResourceConflict"} : std::vector<std::string>{}));
    co_return name;
}

Task<Result<Json>> settle_function(Work& work) {
    CO_TRY(const Json answer, co_await wait_active(work));
    if (const Json* most = work.properties.find("ReservedConcurrentExecutions")) {
        Json input = named(work);
        input.set("ReservedConcurrentExecutions", *most);
        CO_REQUIRE(co_await work.call("lambda", "PutFunctionConcurrency", std::move(input)));
    }
    co_return Json::object({{"Arn", answer["FunctionArn"]}});
}

Task<Status> update_function_code(Work& work) {
    CO_TRY(Json input, code_of(work));
    input.set("FunctionName", work.physical_id);
    if (const Json* machines = work.properties.find("Architectures"))
        input.set("Architectures", *machines);
    CO_REQUIRE(co_await work.call("lambda", "UpdateFunctionCode", std::move(input)));
    CO_REQUIRE(co_await wait_active(work));
    co_return ok();
}

Task<Status> update_function(Work& work) {
    if (work.changed("Code") || work.changed("Architectures"))
        CO_REQUIRE(co_await update_function_code(work));
    Json input = work.input;
    input.set("FunctionName", work.physical_id);
    for (const auto& [name, empty] :
         {std::pair{"Layers", Json::array()},
          std::pair{"Environment", Json::object({{"Variables", Json::object()}})},
          std::pair{"Description", Json("")}})
        if (work.previous.find(name) && !work.properties.find(name)) input.set(name, empty);
    CO_REQUIRE(co_await work.call("lambda", "UpdateFunctionConfiguration", std::move(input)));
    if (work.previous.find("ReservedConcurrentExecutions") &&
        !work.properties.find("ReservedConcurrentExecutions"))
        CO_REQUIRE(co_await work.call("lambda", "DeleteFunctionConcurrency", named(work)));
    co_return ok();
}

Task<Status> remove_function(Work& work) {
    return work.remove("lambda", "DeleteFunction", named(work), {"ResourceNotFound"});
}

// ---- LayerVersion

Task<Result<std::string>> publish_layer(Work& work) {
    Json input = work.input;
    if (!input.find("LayerName")) input.set("LayerName", work.generated_name(64));
    CO_TRY(const Json made, co_await work.call("lambda", "PublishLayerVersion", std::move(input)));
    co_return made["LayerVersionArn"].text();
}

Task<Result<Json>> settle_layer(Work& work) {
    co_return Json::object({{"LayerVersionArn", work.physical_id}});
}

Task<Status> remove_layer(Work& work) {
    const size_t colon = work.physical_id.rfind(':');
    return work.remove("lambda", "DeleteLayerVersion",
                       Json::object({{"LayerName", work.physical_id.substr(0, colon)},
                                     {"VersionNumber", work.physical_id.substr(colon + 1)}}),
                       {"ResourceNotFound"});
}

// ---- Version

Task<Result<std::string>> publish_version(Work& work) {
    CO_TRY(const Json made, co_await work.call("lambda", "PublishVersion", work.input));
    co_return made["FunctionArn"].text();
}

Task<Result<Json>> settle_version(Work& work) {
    const size_t colon = work.physical_id.rfind(':');
    co_return Json::object(
        {{"FunctionArn", work.physical_id}, {"Version", work.physical_id.substr(colon + 1)}});
}

Task<Status> remove_version(Work& work) {
    return work.remove("lambda", "DeleteFunction", named(work), {"ResourceNotFound"},
                       {"ResourceConflict"});
}

// ---- Alias

Json alias_input(const Work& work) {
    Json input = work.input;
    if (const Json* routing = work.properties.find("RoutingConfig")) {
        Json weights = Json::object();
        for (const Json& one : (*routing)["AdditionalVersionWeights"].as_array())
            weights.set(one["FunctionVersion"].text(), one["FunctionWeight"]);
        input.set("RoutingConfig", Json::object({{"AdditionalVersionWeights", weights}}));
    }
    return input;
}

Task<Result<std::string>> create_alias(Work& work) {
    CO_TRY(const Json made, co_await work.call("lambda", "CreateAlias", alias_input(work)));
    co_return made["AliasArn"].text();
}

Task<Result<Json>> settle_alias(Work& work) {
    co_return Json::object({{"AliasArn", work.physical_id}});
}

Task<Status> update_alias(Work& work) {
    Json input = alias_input(work);
    if (!input.find("RoutingConfig")) input.set("RoutingConfig", Json::object());
    CO_REQUIRE(co_await work.call("lambda", "UpdateAlias", std::move(input)));
    co_return ok();
}

Task<Status> remove_alias(Work& work) {
    Json input = function_of_work(work);
    input.set("Name", work["Name"]);
    return work.remove("lambda", "DeleteAlias", std::move(input), {"ResourceNotFound"});
}

// ---- Permission

Task<Result<std::string>> add_permission(Work& work) {
    Json input = work.input;
    const std::string id = work.generated_name(100);
    input.set("StatementId", id);
    CO_REQUIRE(co_await work.call_unless(
        "lambda", "AddPermission", std::move(input),
        work.again ? std::vector<std::string>{"ResourceConflict"} : std::vector<std::string>{}));
    co_return id;
}

Task<Status> remove_permission(Work& work) {
    Json input = function_of_work(work);
    input.set("StatementId", work.physical_id);
    return work.remove("lambda", "RemovePermission", std::move(input), {"ResourceNotFound"});
}

// ---- EventSourceMapping

Task<Result<std::string>> create_mapping(Work& work) {
    Json input = work.input;
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("Tags", std::move(tags));
    CO_TRY(const Json made,
           co_await work.call("lambda", "CreateEventSourceMapping", std::move(input)));
    co_return made["UUID"].text();
}

Task<Result<Json>> settle_mapping(Work& work) {
    const auto stable = [](const Json& answer) -> Result<bool> {
        const std::string state = answer["State"].text();
        return state == "Enabled" || state == "Disabled";
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("lambda", "GetEventSourceMapping",
                                    Json::object({{"UUID", work.physical_id}}), stable));
    co_return Json::object(
        {{"Id", work.physical_id}, {"EventSourceMappingArn", answer["EventSourceMappingArn"]}});
}

Task<Status> update_mapping(Work& work) {
    Json input = Json::object({{"UUID", work.physical_id}});
    for (const auto& [name, value] : work.input.as_object())
        if (name != "EventSourceArn") input.set(name, value);
    CO_REQUIRE(co_await work.call("lambda", "UpdateEventSourceMapping", std::move(input)));
    co_return ok();
}

Task<Status> remove_mapping(Work& work) {
    return work.remove("lambda", "DeleteEventSourceMapping",
                       Json::object({{"UUID", work.physical_id}}), {"ResourceNotFound"},
                       {"ResourceInUse"});
}

// ---- Url

Json url_input(const Work& work, bool whole) {
    Json input = whole ? work.input : Json::object();
    input.set("FunctionName", work["TargetFunctionArn"]);
    if (const Json* qualifier = work.properties.find("Qualifier"))
        input.set("Qualifier", *qualifier);
    return input;
}

Task<Result<std::string>> create_url(Work& work) {
    CO_TRY(const Json made,
           co_await work.call("lambda", "CreateFunctionUrlConfig", url_input(work, true)));
    co_return made["FunctionArn"].text();
}

Task<Result<Json>> settle_url(Work& work) {
    CO_TRY(const Json answer,
           co_await work.call("lambda", "GetFunctionUrlConfig", url_input(work, false)));
    co_return Json::object(
        {{"FunctionArn", answer["FunctionArn"]}, {"FunctionUrl", answer["FunctionUrl"]}});
}

Task<Status> update_url(Work& work) {
    CO_REQUIRE(co_await work.call("lambda", "UpdateFunctionUrlConfig", url_input(work, true)));
    co_return ok();
}

Task<Status> remove_url(Work& work) {
    return work.remove("lambda", "DeleteFunctionUrlConfig", url_input(work, false),
                       {"ResourceNotFound"});
}

// ---- EventInvokeConfig

Task<Result<std::string>> put_invoke_config(Work& work) {
    CO_REQUIRE(co_await work.call("lambda", "PutFunctionEventInvokeConfig", work.input));
    co_return work["FunctionName"].text() + "|" + work["Qualifier"].text();
}

Task<Status> update_invoke_config(Work& work) {
    CO_REQUIRE(co_await put_invoke_config(work));
    co_return ok();
}

Task<Status> remove_invoke_config(Work& work) {
    Json input = function_of_work(work);
    input.set("Qualifier", work["Qualifier"]);
    return work.remove("lambda", "DeleteFunctionEventInvokeConfig", std::move(input),
                       {"ResourceNotFound"});
}

#define FUNCTION_CODE "{ZipFile:s S3Bucket:s S3Key:s S3ObjectVersion:s ImageUri:s}"
#define ROUTING "{AdditionalVersionWeights:[{FunctionVersion!:s FunctionWeight!:n}]}"

constexpr ResourceType lambda_types[] = {
    {.name = "AWS::Lambda::Function",
     .properties = "FunctionName^:s Code!:" FUNCTION_CODE
                   " Runtime Role! Handler Description Timeout MemorySize VpcConfig PackageType^ "
                   "DeadLetterConfig Environment KMSKeyArn TracingConfig Layers ImageConfig "
                   "Architectures:[s] EphemeralStorage SnapStart LoggingConfig FileSystemConfigs "
                   "ReservedConcurrentExecutions:i Tags:tags",
     .attributes = "Arn",
     .service = "lambda",
     .operation = "CreateFunction",
     .create = create_function,
     .settle = settle_function,
     .update = update_function,
     .remove = remove_function},
    {.name = "AWS::Lambda::LayerVersion",
     .properties = "LayerName^ Description^ Content!^ CompatibleArchitectures^ "
                   "CompatibleRuntimes^ LicenseInfo^",
     .attributes = "LayerVersionArn",
     .service = "lambda",
     .operation = "PublishLayerVersion",
     .create = publish_layer,
     .settle = settle_layer,
     .remove = remove_layer},
    {.name = "AWS::Lambda::Version",
     .properties = "FunctionName!^ CodeSha256^ Description^",
     .attributes = "FunctionArn Version",
     .service = "lambda",
     .operation = "PublishVersion",
     .create = publish_version,
     .settle = settle_version,
     .remove = remove_version},
    {.name = "AWS::Lambda::Alias",
     .properties = "FunctionName!^ Name!^ FunctionVersion! Description RoutingConfig:" ROUTING,
     .attributes = "AliasArn",
     .service = "lambda",
     .operation = "CreateAlias",
     .create = create_alias,
     .settle = settle_alias,
     .update = update_alias,
     .remove = remove_alias},
    {.name = "AWS::Lambda::Permission",
     .properties = "FunctionName!^ Action!^ Principal!^ SourceArn^ SourceAccount^ "
                   "EventSourceToken^ FunctionUrlAuthType^ InvokedViaFunctionUrl^ PrincipalOrgID^",
     .attributes = "Id",
     .service = "lambda",
     .operation = "AddPermission",
     .create = add_permission,
     .settle = id_attribute,
     .remove = remove_permission},
    {.name = "AWS::Lambda::EventSourceMapping",
     .properties = "EventSourceArn^ FunctionName! Enabled BatchSize FilterCriteria ScalingConfig "
                   "MaximumBatchingWindowInSeconds ParallelizationFactor StartingPosition^ "
                   "StartingPositionTimestamp^ DestinationConfig MaximumRecordAgeInSeconds "
                   "BisectBatchOnFunctionError MaximumRetryAttempts TumblingWindowInSeconds "
                   "Topics^ Queues^ SourceAccessConfigurations FunctionResponseTypes Tags:tags",
     .attributes = "Id EventSourceMappingArn",
     .service = "lambda",
     .operation = "CreateEventSourceMapping",
     .create = create_mapping,
     .settle = settle_mapping,
     .update = update_mapping,
     .remove = remove_mapping},
    {.name = "AWS::Lambda::Url",
     .properties = "TargetFunctionArn!^:s Qualifier^:s AuthType! Cors InvokeMode",
     .attributes = "FunctionArn FunctionUrl",
     .service = "lambda",
     .operation = "CreateFunctionUrlConfig",
     .create = create_url,
     .settle = settle_url,
     .update = update_url,
     .remove = remove_url},
    {.name = "AWS::Lambda::EventInvokeConfig",
     .properties = "FunctionName!^ Qualifier!^ MaximumRetryAttempts MaximumEventAgeInSeconds "
                   "DestinationConfig",
     .attributes = "",
     .service = "lambda",
     .operation = "PutFunctionEventInvokeConfig",
     .create = put_invoke_config,
     .settle = no_attributes,
     .update = update_invoke_config,
     .remove = remove_invoke_config},
};

}  // namespace

std::span<const ResourceType> lambda_resources() { return lambda_types; }

}  // namespace unkai::services::cloudformation
