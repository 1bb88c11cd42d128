// AWS::ApiGateway: who may call an API, under which name, and what it answers then.
#include "services/cloudformation/resources/apigateway_support.h"

namespace unkai::services::cloudformation {

namespace {

// What an API holds under an id or name of its own: created, patched and deleted alike.
struct ApiPart {
    const char* member;  // Of the inputs: "authorizerId".
    const char* answer;  // Of the answer to the creation: "id".
    const char* create;
    const char* update;
    const char* remove;
    const char* attribute;  // Of Fn::GetAtt; empty: none.
};
constexpr ApiPart authorizer{"authorizerId",     "id",
                             "CreateAuthorizer", "UpdateAuthorizer",
                             "DeleteAuthorizer", "AuthorizerId"};
constexpr ApiPart validator{"requestValidatorId",     "id",
                            "CreateRequestValidator", "UpdateRequestValidator",
                            "DeleteRequestValidator", "RequestValidatorId"};
constexpr ApiPart model{"modelName", "name", "CreateModel", "UpdateModel", "DeleteModel", ""};
constexpr ApiPart gateway_response{"responseType",          "responseType",
                                   "PutGatewayResponse",    "UpdateGatewayResponse",
                                   "DeleteGatewayResponse", "Id"};

Json part_of_api(const Work& work, const ApiPart& part) {
    Json made = rest_api(work);
    made.set(part.member, work.physical_id);
    return made;
}

Task<Result<std::string>> create_part(Work& work, const ApiPart& part, Json input) {
    CO_TRY(const Json made, co_await work.call("apigateway", part.create, std::move(input)));
    co_return made[part.answer].text();
}

Task<Result<Json>> settle_part(Work& work, const ApiPart& part) {
    Json made = Json::object();
    if (*part.attribute) made.set(part.attribute, work.physical_id);
    co_return made;
}

Task<Status> remove_part(Work& work, const ApiPart& part) {
    return work.remove("apigateway", part.remove, part_of_api(work, part), {"NotFound"});
}

Task<Result<std::string>> create_authorizer(Work& work) {
    return create_part(work, authorizer, work.input);
}
Task<Result<Json>> settle_authorizer(Work& work) { return settle_part(work, authorizer); }
Task<Status> update_authorizer(Work& work) {
    return patch(
        work, authorizer.update, part_of_api(work, authorizer),
        replacements(work, {{"Name", "/name"},
                            {"AuthorizerUri", "/authorizerUri"},
                            {"AuthorizerCredentials", "/authorizerCredentials"},
                            {"IdentitySource", "/identitySource"},
                            {"IdentityValidationExpression", "/identityValidationExpression"},
                            {"AuthorizerResultTtlInSeconds", "/authorizerResultTtlInSeconds"}}));
}
Task<Status> remove_authorizer(Work& work) { return remove_part(work, authorizer); }

Task<Result<std::string>> create_validator(Work& work) {
    return create_part(work, validator, work.input);
}
Task<Result<Json>> settle_validator(Work& work) { return settle_part(work, validator); }
Task<Status> update_validator(Work& work) {
    return patch(work, validator.update, part_of_api(work, validator),
                 replacements(work, {{"ValidateRequestBody", "/validateRequestBody"},
                                     {"ValidateRequestParameters", "/validateRequestParameters"}}));
}
Task<Status> remove_validator(Work& work) { return remove_part(work, validator); }

Task<Result<std::string>> create_model(Work& work) {
    Json input = work.input;
    if (!input.find("Name")) {
        std::string name;
        for (const char c : work.logical_id + work.token)
            if (isalnum(static_cast<unsigned char>(c))) name += c;
        input.set("name", name);
    }
    if (!input.find("ContentType")) input.set("contentType", "application/json");
    if (const Json* schema = work.properties.find("Schema"))
        input.set("schema", schema->is_string() ? *schema : Json(schema->dump()));
    return create_part(work, model, std::move(input));
}
Task<Result<Json>> settle_model(Work& work) { return settle_part(work, model); }
Task<Status> update_model(Work& work) {
    return patch(work, model.update, part_of_api(work, model),
                 replacements(work, {{"Description", "/description"}, {"Schema", "/schema"}}));
}
Task<Status> remove_model(Work& work) { return remove_part(work, model); }

Task<Result<std::string>> put_gateway_response(Work& work) {
    return create_part(work, gateway_response, work.input);
}
Task<Result<Json>> settle_gateway_response(Work& work) {
    return settle_part(work, gateway_response);
}
Task<Status> update_gateway_response(Work& work) {
    CO_REQUIRE(co_await put_gateway_response(work));
    co_return ok();
}
Task<Status> remove_gateway_response(Work& work) { return remove_part(work, gateway_response); }

// ---- DomainName and BasePathMapping

Json domain(const Work& work) { return Json::object({{"domainName", work.physical_id}}); }

Task<Result<std::string>> create_domain(Work& work) {
    Json input = work.input;
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless(
        "apigateway", "CreateDomainName", std::move(input),
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return work["DomainName"].text();
}

Task<Result<Json>> settle_domain(Work& work) {
    const auto available = [](const Json& answer) -> Result<bool> {
        return answer["domainNameStatus"].string_or("AVAILABLE") == "AVAILABLE";
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("apigateway", "GetDomainName", domain(work), available));
    Json made = Json::object();
    for (const auto& [attribute, member] :
         {std::pair{"RegionalDomainName", "regionalDomainName"},
          std::pair{"RegionalHostedZoneId", "regionalHostedZoneId"},
          std::pair{"DistributionDomainName", "distributionDomainName"},
          std::pair{"DistributionHostedZoneId", "distributionHostedZoneId"},
          std::pair{"DomainNameArn", "domainNameArn"}})
        if (const Json* value = answer.find(member)) made.set(attribute, *value);
    co_return made;
}

Task<Status> update_domain(Work& work) {
    return patch(work, "UpdateDomainName", domain(work),
                 replacements(work, {{"CertificateArn", "/certificateArn"},
                                     {"RegionalCertificateArn", "/regionalCertificateArn"},
                                     {"SecurityPolicy", "/securityPolicy"}}));
}

Task<Status> remove_domain(Work& work) {
    return work.remove("apigateway", "DeleteDomainName", domain(work), {"NotFound"},
                       {"TooManyRequests"});
}

Json mapping(const Work& work) {
    return Json::object(
        {{"domainName", work["DomainName"]}, {"basePath", work["BasePath"].string_or("(none)")}});
}

Task<Result<std::string>> create_base_path(Work& work) {
    CO_REQUIRE(co_await work.call_unless(
        "apigateway", "CreateBasePathMapping", work.input,
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return work["DomainName"].text() + "|" + work["BasePath"].string_or("(none)");
}

Task<Status> update_base_path(Work& work) {
    return patch(work, "UpdateBasePathMapping", mapping(work),
                 replacements(work, {{"RestApiId", "/restapiId"}, {"Stage", "/stage"}}));
}

Task<Status> remove_base_path(Work& work) {
    return work.remove("apigateway", "DeleteBasePathMapping", mapping(work), {"NotFound"});
}

// ---- Account: the role by which API Gateway writes logs. Deleting the resource leaves it.

Task<Status> set_account(Work& work) {
    Json operations = Json::array({Json::object({{"op", "replace"},
                                                 {"path", "/cloudwatchRoleArn"},
                                                 {"value", work["CloudWatchRoleArn"].text()}})});
    return patch(work, "UpdateAccount", Json::object(), std::move(operations));
}

Task<Result<std::string>> create_account(Work& work) {
    if (work.properties.find("CloudWatchRoleArn")) CO_REQUIRE(co_await set_account(work));
    co_return work.generated_name(128);
}

// ---- ApiKey, UsagePlan, UsagePlanKey

Task<Result<std::string>> create_api_key(Work& work) {
    Json input = work.input;
    if (!input.find("Name")) input.set("name", work.generated_name(1024));
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_TRY(const Json made, co_await work.call("apigateway", "CreateApiKey", std::move(input)));
    co_return made["id"].text();
}

Json api_key(const Work& work) { return Json::object({{"apiKey", work.physical_id}}); }

Task<Result<Json>> settle_api_key(Work& work) {
    co_return Json::object({{"APIKeyId", work.physical_id}});
}

Task<Status> update_api_key(Work& work) {
    return patch(work, "UpdateApiKey", api_key(work),
                 replacements(work, {{"Description", "/description"},
                                     {"Enabled", "/enabled"},
                                     {"CustomerId", "/customerId"}}));
}

Task<Status> remove_api_key(Work& work) {
    return work.remove("apigateway", "DeleteApiKey", api_key(work), {"NotFound"});
}

Task<Result<std::string>> create_usage_plan(Work& work) {
    Json input = work.input;
    if (const Json* name = work.properties.find("UsagePlanName"))
        input.set("name", *name);
    else
        input.set("name", work.generated_name(1024));
    if (Json tags = work.tag_object(); tags.size() > 0) input.set("tags", std::move(tags));
    CO_TRY(const Json made, co_await work.call("apigateway", "CreateUsagePlan", std::move(input)));
    co_return made["id"].text();
}

Json usage_plan(const Work& work) { return Json::object({{"usagePlanId", work.physical_id}}); }

Task<Result<Json>> settle_usage_plan(Work& work) {
    co_return Json::object({{"Id", work.physical_id}});
}

std::string stage_of_plan(const Json& stage) {
    return stage["ApiId"].text() + ":" + stage["Stage"].text();
}

Task<Status> update_usage_plan(Work& work) {
    Json operations =
        replacements(work, {{"UsagePlanName", "/name"}, {"Description", "/description"}});
    const auto replace = [&](std::string_view property, std::string_view member,
                             std::string_view path) {
        const Json& now = work[property][member];
        if (now == work.previous[property][member] || now.is_null()) return;
        operations.push(Json::object({{"op", "replace"}, {"path", path}, {"value", now.text()}}));
    };
    replace("Throttle", "RateLimit", "/throttle/rateLimit");
    replace("Throttle", "BurstLimit", "/throttle/burstLimit");
    replace("Quota", "Limit", "/quota/limit");
    replace("Quota", "Offset", "/quota/offset");
    replace("Quota", "Period", "/quota/period");
    const auto each_missing = [&operations](const Json& of, const Json& in, const char* verb) {
        for (size_t i = 0; i < of.size(); ++i) {
            bool there = false;
            for (size_t j = 0; j < in.size(); ++j)
                there = there || stage_of_plan(in[j]) == stage_of_plan(of[i]);
            if (!there)
                operations.push(Json::object(
                    {{"op", verb}, {"path", "/apiStages"}, {"value", stage_of_plan(of[i])}}));
        }
    };
    each_missing(work.previous["ApiStages"], work["ApiStages"], "remove");
    each_missing(work["ApiStages"], work.previous["ApiStages"], "add");
    return patch(work, "UpdateUsagePlan", usage_plan(work), std::move(operations));
}

// The stages leave the plan first, as API Gateway wants it.
Task<Status> remove_usage_plan(Work& work) {
    Json operations = Json::array();
    for (size_t i = 0; i < work["ApiStages"].size(); ++i)
        operations.push(Json::object({{"op", "remove"},
                                      {"path", "/apiStages"},
                                      {"value", stage_of_plan(work["ApiStages"][i])}}));
    if (operations.size() > 0) {
        Json input = usage_plan(work);
        input.set("patchOperations", std::move(operations));
        CO_REQUIRE(co_await work.call_unless("apigateway", "UpdateUsagePlan", std::move(input),
                                             {"NotFound"}));
    }
    co_return co_await work.remove("apigateway", "DeleteUsagePlan", usage_plan(work), {"NotFound"});
}

Task<Result<std::string>> create_plan_key(Work& work) {
    CO_REQUIRE(co_await work.call_unless(
        "apigateway", "CreateUsagePlanKey", work.input,
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return work["KeyId"].text() + ":" + work["UsagePlanId"].text();
}

Task<Status> remove_plan_key(Work& work) {
    return work.remove(
        "apigateway", "DeleteUsagePlanKey",
        Json::object({{"usagePlanId", work["UsagePlanId"]}, {"keyId", work["KeyId"]}}),
        {"NotFound"});
}

constexpr ResourceType apigateway_access_types[] = {
    {.name = "AWS::ApiGateway::Authorizer",
     .properties = "RestApiId!^ Name! Type! ProviderARNs AuthType AuthorizerUri "
                   "AuthorizerCredentials IdentitySource IdentityValidationExpression "
                   "AuthorizerResultTtlInSeconds",
     .attributes = "AuthorizerId",
     .service = "apigateway",
     .operation = "CreateAuthorizer",
     .create = create_authorizer,
     .settle = settle_authorizer,
     .update = update_authorizer,
     .remove = remove_authorizer},
    {.name = "AWS::ApiGateway::RequestValidator",
     .properties = "RestApiId!^ Name^ ValidateRequestBody ValidateRequestParameters",
     .attributes = "RequestValidatorId",
     .service = "apigateway",
     .operation = "CreateRequestValidator",
     .create = create_validator,
     .settle = settle_validator,
     .update = update_validator,
     .remove = remove_validator},
    {.name = "AWS::ApiGateway::Model",
     .properties = "RestApiId!^ Name^ ContentType^ Description Schema:j",
     .attributes = "",
     .service = "apigateway",
     .operation = "CreateModel",
     .create = create_model,
     .settle = settle_model,
     .update = update_model,
     .remove = remove_model},
    {.name = "AWS::ApiGateway::GatewayResponse",
     .properties = "RestApiId!^ ResponseType!^ StatusCode ResponseParameters ResponseTemplates",
     .attributes = "Id",
     .service = "apigateway",
     .operation = "PutGatewayResponse",
     .create = put_gateway_response,
     .settle = settle_gateway_response,
     .update = update_gateway_response,
     .remove = remove_gateway_response},
    {.name = "AWS::ApiGateway::DomainName",
     .properties = "DomainName!^ CertificateArn RegionalCertificateArn EndpointConfiguration "
                   "SecurityPolicy MutualTlsAuthentication OwnershipVerificationCertificateArn "
                   "Tags:tags",
     .attributes = "RegionalDomainName RegionalHostedZoneId DistributionDomainName "
                   "DistributionHostedZoneId DomainNameArn",
     .service = "apigateway",
     .operation = "CreateDomainName",
     .create = create_domain,
     .settle = settle_domain,
     .update = update_domain,
     .remove = remove_domain},
    {.name = "AWS::ApiGateway::BasePathMapping",
     .properties = "DomainName!^ BasePath^ RestApiId Stage",
     .attributes = "",
     .service = "apigateway",
     .operation = "CreateBasePathMapping",
     .create = create_base_path,
     .settle = no_attributes,
     .update = update_base_path,
     .remove = remove_base_path},
    {.name = "AWS::ApiGateway::Account",
     .properties = "CloudWatchRoleArn:s",
     .attributes = "Id",
     .service = "apigateway",
     .operation = "UpdateAccount",
     .create = create_account,
     .settle = id_attribute,
     .update = set_account,
     .remove = nothing_to_remove},
    {.name = "AWS::ApiGateway::ApiKey",
     .properties = "Name^ Description Enabled GenerateDistinctId^ Value^ CustomerId StageKeys^ "
                   "Tags:tags",
     .attributes = "APIKeyId",
     .service = "apigateway",
     .operation = "CreateApiKey",
     .create = create_api_key,
     .settle = settle_api_key,
     .update = update_api_key,
     .remove = remove_api_key},
    {.name = "AWS::ApiGateway::UsagePlan",
     .properties = "UsagePlanName:s Description ApiStages Throttle Quota Tags:tags",
     .attributes = "Id",
     .service = "apigateway",
     .operation = "CreateUsagePlan",
     .create = create_usage_plan,
     .settle = settle_usage_plan,
     .update = update_usage_plan,
     .remove = remove_usage_plan},
    {.name = "AWS::ApiGateway::UsagePlanKey",
     .properties = "UsagePlanId!^ KeyId!^ KeyType!^",
     .attributes = "Id",
     .service = "apigateway",
     .operation = "CreateUsagePlanKey",
     .create = create_plan_key,
     .settle = id_attribute,
     .remove = remove_plan_key},
};

}  // namespace

std::span<const ResourceType> apigateway_access_resources() { return apigateway_access_types; }

}  // namespace unkai::services::cloudformation
