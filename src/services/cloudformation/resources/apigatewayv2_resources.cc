// AWS::ApiGatewayV2: HTTP APIs with all that belongs to them.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// Everything in this service is created, updated and deleted alike, by its id.
struct HttpPart {
    const char* id;      // The member of inputs: "RouteId".
    const char* create;  // The operations.
    const char* update;
    const char* remove;
    const char* owner;  // The property that names its owner: "ApiId"; empty: none.
};
constexpr HttpPart http_route{"RouteId", "CreateRoute", "UpdateRoute", "DeleteRoute", "ApiId"};
constexpr HttpPart http_integration{"IntegrationId", "CreateIntegration", "UpdateIntegration",
                                    "DeleteIntegration", "ApiId"};
constexpr HttpPart http_deployment{"DeploymentId", "CreateDeployment", "UpdateDeployment",
                                   "DeleteDeployment", "ApiId"};
constexpr HttpPart http_authorizer{"AuthorizerId", "CreateAuthorizer", "UpdateAuthorizer",
                                   "DeleteAuthorizer", "ApiId"};
constexpr HttpPart http_stage{"StageName", "CreateStage", "UpdateStage", "DeleteStage", "ApiId"};
constexpr HttpPart http_domain{"DomainName", "CreateDomainName", "UpdateDomainName",
                               "DeleteDomainName", ""};
constexpr HttpPart http_mapping{"ApiMappingId", "CreateApiMapping", "UpdateApiMapping",
                                "DeleteApiMapping", "DomainName"};
constexpr HttpPart http_api{"ApiId", "CreateApi", "UpdateApi", "DeleteApi", ""};

Json place_of(const Work& work, const HttpPart& part) {
    Json made = Json::object({{part.id, work.physical_id}});
    if (*part.owner) made.set(part.owner, work[part.owner]);
    return made;
}

Task<Result<std::string>> create_http(Work& work, const HttpPart& part) {
    Json input = work.input;
    if (work["Tags"].is_object()) input.set("Tags", work["Tags"]);
    CO_TRY(const Json made, co_await work.call("apigatewayv2", part.create, std::move(input)));
    co_return made[part.id].text();
}

Task<Status> update_http(Work& work, const HttpPart& part) {
    Json input = place_of(work, part);
    for (const auto& [name, value] : work.input.as_object())
        if (name != "ProtocolType" && !input.find(name)) input.set(name, value);
    CO_REQUIRE(co_await work.call("apigatewayv2", part.update, std::move(input)));
    co_return ok();
}

Task<Status> remove_http(Work& work, const HttpPart& part) {
    return work.remove("apigatewayv2", part.remove, place_of(work, part), {"NotFound"},
                       {"Conflict"});
}

Task<Result<std::string>> create_http_api(Work& work) {
    const Json* body = work.properties.find("Body");
    if (!body) co_return co_await create_http(work, http_api);
    Json input = Json::object({{"Body", body->is_string() ? body->as_string() : body->dump()},
                               {"FailOnWarnings", work["FailOnWarnings"].bool_or(false)}});
    CO_TRY(const Json made, co_await work.call("apigatewayv2", "ImportApi", std::move(input)));
    co_return made["ApiId"].text();
}

Task<Result<Json>> settle_http_api(Work& work) {
    CO_TRY(const Json answer, co_await work.call("apigatewayv2", "GetApi",
                                                 Json::object({{"ApiId", work.physical_id}})));
    co_return Json::object({{"ApiEndpoint", answer["ApiEndpoint"]}, {"ApiId", work.physical_id}});
}

Task<Status> update_http_api(Work& work) {
    if (const Json* body = work.properties.find("Body"); body && work.changed("Body")) {
        Json input = Json::object({{"ApiId", work.physical_id},
                                   {"Body", body->is_string() ? body->as_string() : body->dump()}});
        CO_REQUIRE(co_await work.call("apigatewayv2", "ReimportApi", std::move(input)));
    }
    co_return co_await update_http(work, http_api);
}
Task<Status> remove_http_api(Work& work) { return remove_http(work, http_api); }

Task<Result<std::string>> create_http_route(Work& work) { return create_http(work, http_route); }
Task<Status> update_http_route(Work& work) { return update_http(work, http_route); }
Task<Status> remove_http_route(Work& work) { return remove_http(work, http_route); }
Task<Result<std::string>> create_http_integration(Work& work) {
    return create_http(work, http_integration);
}
Task<Status> update_http_integration(Work& work) { return update_http(work, http_integration); }
Task<Status> remove_http_integration(Work& work) { return remove_http(work, http_integration); }
Task<Result<std::string>> create_http_deployment(Work& work) {
    return create_http(work, http_deployment);
}
Task<Status> update_http_deployment(Work& work) { return update_http(work, http_deployment); }
Task<Status> remove_http_deployment(Work& work) { return remove_http(work, http_deployment); }
Task<Result<std::string>> create_http_authorizer(Work& work) {
    return create_http(work, http_authorizer);
}
Task<Result<Json>> settle_http_authorizer(Work& work) {
    co_return Json::object({{"AuthorizerId", work.physical_id}});
}
Task<Status> update_http_authorizer(Work& work) { return update_http(work, http_authorizer); }
Task<Status> remove_http_authorizer(Work& work) { return remove_http(work, http_authorizer); }
Task<Result<std::string>> create_http_stage(Work& work) { return create_http(work, http_stage); }
Task<Status> update_http_stage(Work& work) { return update_http(work, http_stage); }
Task<Status> remove_http_stage(Work& work) { return remove_http(work, http_stage); }

Task<Result<std::string>> create_http_domain(Work& work) { return create_http(work, http_domain); }
Task<Result<Json>> settle_http_domain(Work& work) {
    CO_TRY(const Json answer, co_await work.call("apigatewayv2", "GetDomainName",
                                                 Json::object({{"DomainName", work.physical_id}})));
    const Json& first = answer["DomainNameConfigurations"][0];
    co_return Json::object({{"RegionalDomainName", first["ApiGatewayDomainName"]},
                            {"RegionalHostedZoneId", first["HostedZoneId"]}});
}
Task<Status> update_http_domain(Work& work) { return update_http(work, http_domain); }
Task<Status> remove_http_domain(Work& work) { return remove_http(work, http_domain); }

Task<Result<std::string>> create_http_mapping(Work& work) {
    return create_http(work, http_mapping);
}
Task<Result<Json>> settle_http_mapping(Work& work) {
    co_return Json::object({{"ApiMappingId", work.physical_id}});
}
Task<Status> update_http_mapping(Work& work) { return update_http(work, http_mapping); }
Task<Status> remove_http_mapping(Work& work) { return remove_http(work, http_mapping); }

constexpr ResourceType apigatewayv2_types[] = {
    {.name = "AWS::ApiGatewayV2::Api",
     .properties = "Name Description ProtocolType^ Version CorsConfiguration RouteKey^ Target "
                   "CredentialsArn DisableExecuteApiEndpoint DisableSchemaValidation "
                   "RouteSelectionExpression ApiKeySelectionExpression IpAddressType Body:j "
                   "FailOnWarnings:b Tags:m",
     .attributes = "ApiEndpoint ApiId",
     .service = "apigatewayv2",
     .operation = "CreateApi",
     .create = create_http_api,
     .settle = settle_http_api,
     .update = update_http_api,
     .remove = remove_http_api},
    {.name = "AWS::ApiGatewayV2::Route",
     .properties = "ApiId!^ RouteKey! Target AuthorizationType AuthorizerId AuthorizationScopes "
                   "ApiKeyRequired OperationName RequestModels RequestParameters "
                   "ModelSelectionExpression RouteResponseSelectionExpression",
     .attributes = "",
     .service = "apigatewayv2",
     .operation = "CreateRoute",
     .create = create_http_route,
     .settle = no_attributes,
     .update = update_http_route,
     .remove = remove_http_route},
    {.name = "AWS::ApiGatewayV2::Integration",
     .properties = "ApiId!^ IntegrationType!^ IntegrationUri IntegrationMethod "
                   "PayloadFormatVersion Description ConnectionId ConnectionType CredentialsArn "
                   "RequestParameters ResponseParameters TimeoutInMillis TlsConfig "
                   "IntegrationSubtype ContentHandlingStrategy PassthroughBehavior "
                   "RequestTemplates TemplateSelectionExpression",
     .attributes = "",
     .service = "apigatewayv2",
     .operation = "CreateIntegration",
     .create = create_http_integration,
     .settle = no_attributes,
     .update = update_http_integration,
     .remove = remove_http_integration},
    {.name = "AWS::ApiGatewayV2::Stage",
     .properties = "ApiId!^ StageName!^ AutoDeploy DeploymentId Description StageVariables "
                   "AccessLogSettings DefaultRouteSettings RouteSettings ClientCertificateId "
                   "Tags:m",
     .attributes = "",
     .service = "apigatewayv2",
     .operation = "CreateStage",
     .create = create_http_stage,
     .settle = no_attributes,
     .update = update_http_stage,
     .remove = remove_http_stage},
    {.name = "AWS::ApiGatewayV2::Deployment",
     .properties = "ApiId!^ StageName^ Description",
     .attributes = "",
     .service = "apigatewayv2",
     .operation = "CreateDeployment",
     .create = create_http_deployment,
     .settle = no_attributes,
     .update = update_http_deployment,
     .remove = remove_http_deployment},
    {.name = "AWS::ApiGatewayV2::Authorizer",
     .properties = "ApiId!^ Name! AuthorizerType! AuthorizerUri AuthorizerCredentialsArn "
                   "AuthorizerPayloadFormatVersion AuthorizerResultTtlInSeconds "
                   "EnableSimpleResponses IdentitySource IdentityValidationExpression "
                   "JwtConfiguration",
     .attributes = "AuthorizerId",
     .service = "apigatewayv2",
     .operation = "CreateAuthorizer",
     .create = create_http_authorizer,
     .settle = settle_http_authorizer,
     .update = update_http_authorizer,
     .remove = remove_http_authorizer},
    {.name = "AWS::ApiGatewayV2::DomainName",
     .properties = "DomainName!^ DomainNameConfigurations MutualTlsAuthentication Tags:m",
     .attributes = "RegionalDomainName RegionalHostedZoneId",
     .service = "apigatewayv2",
     .operation = "CreateDomainName",
     .create = create_http_domain,
     .settle = settle_http_domain,
     .update = update_http_domain,
     .remove = remove_http_domain},
    {.name = "AWS::ApiGatewayV2::ApiMapping",
     .properties = "DomainName!^ ApiId! Stage! ApiMappingKey",
     .attributes = "ApiMappingId",
     .service = "apigatewayv2",
     .operation = "CreateApiMapping",
     .create = create_http_mapping,
     .settle = settle_http_mapping,
     .update = update_http_mapping,
     .remove = remove_http_mapping},
};

}  // namespace

std::span<const ResourceType> apigatewayv2_resources() { return apigatewayv2_types; }

}  // namespace unkai::services::cloudformation
