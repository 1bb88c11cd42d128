// AWS::ApiGateway: REST APIs, their resources and methods, deployments and stages.
// The rest of the service is in apigateway_access_resources.cc.
#include <set>

#include "services/cloudformation/resources/apigateway_support.h"

namespace unkai::services::cloudformation {

Json rest_api(const Work& work) { return Json::object({{"restApiId", work["RestApiId"]}}); }

Json replacements(const Work& work,
                  std::initializer_list<std::pair<std::string_view, std::string_view>> paths) {
    Json made = Json::array();
    for (const auto& [property, path] : paths) {
        if (!work.changed(property)) continue;
        const Json& now = work[property];
        if (now.is_null()) {
            made.push(Json::object({{"op", "remove"}, {"path", path}}));
            continue;
        }
        made.push(Json::object({{"op", "replace"},
                                {"path", path},
                                {"value", now.is_scalar() ? now.text() : now.dump()}}));
    }
    return made;
}

std::string patch_name(std::string name) {
    std::string made;
    for (const char c : name) c == '~' ? made += "~0" : c == '/' ? made += "~1" : made += c;
    return made;
}

Task<Status> patch(Work& work, const char* operation, Json input, Json operations) {
    if (operations.size() == 0) co_return ok();
    input.set("patchOperations", std::move(operations));
    CO_REQUIRE(co_await work.call("apigateway", operation, std::move(input)));
    co_return ok();
}

namespace {

// ---- RestApi

Json api_of(const Work& work) { return Json::object({{"restApiId", work.physical_id}}); }

// Body of the template, or the object in S3 that BodyS3Location names; empty: none.
Task<Result<std::string>> api_body(Work& work) {
    if (const Json* body = work.properties.find("Body"))
        co_return body->is_string() ? body->as_string() : body->dump();
    if (const Json* place = work.properties.find("BodyS3Location"))
        co_return co_await work.api.object(work.caller, (*place)["Bucket"].text(),
                                           (*place)["Key"].text(), size_t{6} << 20);
    co_return std::string();
}

Task<Status> put_body(Work& work) {
    CO_TRY(const std::string body, co_await api_body(work));
    if (body.empty()) co_return ok();
    Json input = api_of(work);
    input.set("body", base64(body));
    input.set("mode", work["Mode"].string_or("overwrite"));
    input.set("failOnWarnings", work["FailOnWarnings"].bool_or(false));
    if (const Json* parameters = work.properties.find("Parameters"))
        input.set("parameters", *parameters);
    CO_REQUIRE(co_await work.call("apigateway", "PutRestApi", std::move(input)));
    co_return ok();
}

Task<Result<std::string>> create_api(Work& work) {
    Json input = work.input;
    if (!input.find("Name")) {
        CO_TRY(const std::string body, co_await api_body(work));
        if (body.empty())
            co_return validation_error("#: required key [Name] not found: give Name or a Body.");
        input.set("name", work.logical_id);  // The body's title replaces it.
    }
    if (const Json* policy = work.properties.find("Policy"))
        input.set("policy", policy->is_string() ? *policy : Json(policy->dump()));
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_TRY(const Json made, co_await work.call("apigateway", "CreateRestApi", std::move(input)));
    work.physical_id = made["id"].text();
    CO_REQUIRE(co_await put_body(work));
    co_return work.physical_id;
}

Task<Result<Json>> settle_api(Work& work) {
    CO_TRY(const Json answer, co_await work.call("apigateway", "GetRestApi", api_of(work)));
    co_return Json::object(
        {{"RestApiId", answer["id"]}, {"RootResourceId", answer["rootResourceId"]}});
}

Task<Status> update_api(Work& work) {
    Json operations =
        replacements(work, {{"Name", "/name"},
                            {"Description", "/description"},
                            {"Policy", "/policy"},
                            {"ApiKeySourceType", "/apiKeySource"},
                            {"MinimumCompressionSize", "/minimumCompressionSize"},
                            {"DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint"}});
    const auto kinds = [](const Json& from) {
        std::set<std::string> made;
        for (size_t i = 0; i < from["BinaryMediaTypes"].size(); ++i)
            made.insert(from["BinaryMediaTypes"][i].text());
        return made;
    };
    const auto before = kinds(work.previous), now = kinds(work.properties);
    for (const std::string& kind : before)
        if (!now.contains(kind))
            operations.push(Json::object(
                {{"op", "remove"}, {"path", "/binaryMediaTypes/" + patch_name(kind)}}));
    for (const std::string& kind : now)
        if (!before.contains(kind))
            operations.push(
                Json::object({{"op", "add"}, {"path", "/binaryMediaTypes/" + patch_name(kind)}}));
    CO_REQUIRE(co_await patch(work, "UpdateRestApi", api_of(work), std::move(operations)));
    if (work.changed("Body") || work.changed("BodyS3Location") || work.changed("Parameters"))
        CO_REQUIRE(co_await put_body(work));
    co_return ok();
}

Task<Status> remove_api(Work& work) {
    return work.remove("apigateway", "DeleteRestApi", api_of(work), {"NotFound"},
                       {"TooManyRequests"});
}

// ---- Resource

Task<Result<std::string>> create_resource(Work& work) {
    CO_TRY(const Json made, co_await work.call("apigateway", "CreateResource", work.input));
    co_return made["id"].text();
}

Task<Result<Json>> settle_resource(Work& work) {
    co_return Json::object({{"ResourceId", work.physical_id}});
}

Task<Status> remove_resource(Work& work) {
    Json input = rest_api(work);
    input.set("resourceId", work.physical_id);
    return work.remove("apigateway", "DeleteResource", std::move(input), {"NotFound"});
}

// ---- Method, with its integration and the responses of both

Json method(const Work& work) {
    Json made = rest_api(work);
    made.set("resourceId", work["ResourceId"]);
    made.set("httpMethod", work["HttpMethod"]);
    return made;
}

void add_members(Json& input, const Json& from, std::initializer_list<std::string_view> but) {
    for (const auto& [name, value] : from.as_object())
        if (std::find(but.begin(), but.end(), name) == but.end()) input.set(name, value);
}

Task<Status> put_integration(Work& work) {
    const Json* given = work.properties.find("Integration");
    if (!given) co_return ok();
    Json input = method(work);
    add_members(input, *given, {"IntegrationResponses", "IntegrationHttpMethod"});
    if (const Json* verb = given->find("IntegrationHttpMethod"))
        input.set("integrationHttpMethod", *verb);
    CO_REQUIRE(co_await work.call("apigateway", "PutIntegration", std::move(input)));
    const Json& responses = (*given)["IntegrationResponses"];
    for (size_t i = 0; i < responses.size(); ++i) {
        Json response = method(work);
        add_members(response, responses[i], {});
        CO_REQUIRE(co_await work.call("apigateway", "PutIntegrationResponse", std::move(response)));
    }
    co_return ok();
}

Task<Result<std::string>> put_method(Work& work) {
    if (work.again)
        CO_REQUIRE(
            co_await work.call_unless("apigateway", "DeleteMethod", method(work), {"NotFound"}));
    Json input = work.input;
    if (!input.find("AuthorizationType")) input.set("authorizationType", "NONE");
    CO_REQUIRE(co_await work.call("apigateway", "PutMethod", std::move(input)));
    for (size_t i = 0; i < work["MethodResponses"].size(); ++i) {
        Json response = method(work);
        add_members(response, work["MethodResponses"][i], {});
        CO_REQUIRE(co_await work.call("apigateway", "PutMethodResponse", std::move(response)));
    }
    CO_REQUIRE(co_await put_integration(work));
    co_return work.generated_name(128);
}

Task<Status> update_method(Work& work) {
    CO_REQUIRE(co_await work.call_unless("apigateway", "DeleteMethod", method(work), {"NotFound"}));
    CO_REQUIRE(co_await put_method(work));
    co_return ok();
}

Task<Status> remove_method(Work& work) {
    return work.remove("apigateway", "DeleteMethod", method(work), {"NotFound"});
}

// ---- Deployment

Task<Result<std::string>> create_deployment(Work& work) {
    Json input = work.input;
    if (const Json* stage = work.properties.find("StageDescription")) {
        if (const Json* variables = stage->find("Variables")) input.set("variables", *variables);
        if (const Json* text = stage->find("Description")) input.set("stageDescription", *text);
    }
    CO_TRY(const Json made, co_await work.call("apigateway", "CreateDeployment", std::move(input)));
    co_return made["id"].text();
}

Task<Result<Json>> settle_deployment(Work& work) {
    co_return Json::object({{"DeploymentId", work.physical_id}});
}

Json deployment(const Work& work) {
    Json made = rest_api(work);
    made.set("deploymentId", work.physical_id);
    return made;
}

Task<Status> update_deployment(Work& work) {
    return patch(work, "UpdateDeployment", deployment(work),
                 replacements(work, {{"Description", "/description"}}));
}

// The stage that the deployment itself made goes before it.
Task<Status> remove_deployment(Work& work) {
    if (const Json* stage = work.properties.find("StageName")) {
        Json input = rest_api(work);
        input.set("stageName", *stage);
        CO_REQUIRE(co_await work.remove("apigateway", "DeleteStage", std::move(input), {"NotFound"},
                                        {"TooManyRequests"}));
    }
    co_return co_await work.remove("apigateway", "DeleteDeployment", deployment(work), {"NotFound"},
                                   {"TooManyRequests"});
}

// ---- Stage

Json stage(const Work& work) {
    Json made = rest_api(work);
    made.set("stageName", work["StageName"].string_or(work.physical_id));
    return made;
}

// What only patches set: access logs and the methods' settings.
Json stage_patches(const Work& work) {
    Json made = Json::array();
    const auto put = [&made](const std::string& path, const Json& value) {
        made.push(Json::object({{"op", "replace"}, {"path", path}, {"value", value.text()}}));
    };
    const Json& logs = work["AccessLogSetting"];
    if (logs.is_object()) {
        if (logs.find("DestinationArn"))
            put("/accessLogSettings/destinationArn", logs["DestinationArn"]);
        if (logs.find("Format")) put("/accessLogSettings/format", logs["Format"]);
    } else if (work.previous.find("AccessLogSetting"))
        made.push(Json::object({{"op", "remove"}, {"path", "/accessLogSettings"}}));
    static constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"ThrottlingRateLimit", "throttling/rateLimit"},
        {"ThrottlingBurstLimit", "throttling/burstLimit"},
        {"MetricsEnabled", "metrics/enabled"},
        {"LoggingLevel", "logging/loglevel"},
        {"DataTraceEnabled", "logging/dataTrace"},
        {"CachingEnabled", "caching/enabled"},
        {"CacheTtlInSeconds", "caching/ttlInSeconds"},
        {"CacheDataEncrypted", "caching/dataEncrypted"}};
    for (size_t i = 0; i < work["MethodSettings"].size(); ++i) {
        const Json& setting = work["MethodSettings"][i];
        std::string path = setting["ResourcePath"].string_or("/*");
        path = path == "/*" ? "*" : patch_name(path);
        for (const auto& [name, key] : names)
            if (const Json* value = setting.find(name))
                put("/" + path + "/" + setting["HttpMethod"].string_or("*") + "/" +
                        std::string(key),
                    *value);
    }
    return made;
}

Task<Result<std::string>> create_stage(Work& work) {
    Json input = work.input;
    const std::string name = work["StageName"].string_or("Stage");
    input.set("stageName", name);
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless(
        "apigateway", "CreateStage", std::move(input),
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return name;
}

Task<Result<Json>> settle_stage(Work& work) {
    CO_REQUIRE(co_await patch(work, "UpdateStage", stage(work), stage_patches(work)));
    co_return Json::object();
}

Task<Status> update_stage(Work& work) {
    Json operations = replacements(work, {{"DeploymentId", "/deploymentId"},
                                          {"Description", "/description"},
                                          {"TracingEnabled", "/tracingEnabled"},
                                          {"DocumentationVersion", "/documentationVersion"}});
    for (const auto& [name, value] :
         Json(work["Variables"].is_object() ? work["Variables"] : Json::object()).as_object())
        operations.push(Json::object(
            {{"op", "replace"}, {"path", "/variables/" + name}, {"value", value.text()}}));
    if (const Json& before = work.previous["Variables"]; before.is_object())
        for (const auto& [name, value] : before.as_object())
            if (!work["Variables"].is_object() || !work["Variables"].find(name))
                operations.push(Json::object({{"op", "remove"}, {"path", "/variables/" + name}}));
    return patch(work, "UpdateStage", stage(work), std::move(operations));
}

Task<Status> remove_stage(Work& work) {
    return work.remove("apigateway", "DeleteStage", stage(work), {"NotFound"}, {"TooManyRequests"});
}

#define METHOD_SETTING                                                           \
    "{ResourcePath:s HttpMethod:s ThrottlingRateLimit:n ThrottlingBurstLimit:i " \
    "MetricsEnabled:b LoggingLevel:s DataTraceEnabled:b CachingEnabled:b "       \
    "CacheTtlInSeconds:i CacheDataEncrypted:b}"

constexpr ResourceType apigateway_types[] = {
    {.name = "AWS::ApiGateway::RestApi",
     .properties =
         "Name Description Version CloneFrom^ BinaryMediaTypes MinimumCompressionSize "
         "ApiKeySourceType:s EndpointConfiguration Policy:j DisableExecuteApiEndpoint Body:j "
         "BodyS3Location:{Bucket!:s Key!:s Version:s ETag:s} Parameters:m Mode:s "
         "FailOnWarnings:b Tags:tags",
     .attributes = "RestApiId RootResourceId",
     .service = "apigateway",
     .operation = "CreateRestApi",
     .create = create_api,
     .settle = settle_api,
     .update = update_api,
     .remove = remove_api},
    {.name = "AWS::ApiGateway::Resource",
     .properties = "RestApiId!^ ParentId!^ PathPart!^",
     .attributes = "ResourceId",
     .service = "apigateway",
     .operation = "CreateResource",
     .create = create_resource,
     .settle = settle_resource,
     .remove = remove_resource},
    {.name = "AWS::ApiGateway::Method",
     .properties = "RestApiId!^ ResourceId!^ HttpMethod!^ AuthorizationType AuthorizerId "
                   "ApiKeyRequired OperationName RequestParameters RequestModels "
                   "RequestValidatorId AuthorizationScopes Integration:j MethodResponses:[j]",
     .attributes = "",
     .service = "apigateway",
     .operation = "PutMethod",
     .create = put_method,
     .settle = no_attributes,
     .update = update_method,
     .remove = remove_method},
    {.name = "AWS::ApiGateway::Deployment",
     .properties = "RestApiId!^ StageName^ Description StageDescription^:{Description:s "
                   "Variables:m}",
     .attributes = "DeploymentId",
     .service = "apigateway",
     .operation = "CreateDeployment",
     .create = create_deployment,
     .settle = settle_deployment,
     .update = update_deployment,
     .remove = remove_deployment},
    {.name = "AWS::ApiGateway::Stage",
     .properties = "RestApiId!^ StageName^ DeploymentId! Description Variables "
                   "DocumentationVersion TracingEnabled CacheClusterEnabled CacheClusterSize "
                   "AccessLogSetting:{DestinationArn:s Format:s} MethodSettings:[" METHOD_SETTING
                   "] Tags:tags",
     .attributes = "",
     .service = "apigateway",
     .operation = "CreateStage",
     .create = create_stage,
     .settle = settle_stage,
     .update = update_stage,
     .remove = remove_stage},
};

}  // namespace

std::span<const ResourceType> apigateway_resources() { return apigateway_types; }

}  // namespace unkai::services::cloudformation
