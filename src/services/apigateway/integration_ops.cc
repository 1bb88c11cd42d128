#include "base/strings.h"
#include "planes/gateway/vtl.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/content.h"

namespace unkai::services::apigateway {

namespace {

Result<Integration*> find_integration(Resource& resource, const std::string& name) {
    TRY(Method* const method, find_method(resource, name));
    if (!method->method_integration)
        return errors::NotFoundException("Invalid Integration identifier specified");
    return &*method->method_integration;
}

Result<IntegrationResponse*> find_answer(Integration& integration, const std::string& status) {
    const auto found = integration.integration_responses.find(status);
    if (found == integration.integration_responses.end())
        return errors::NotFoundException("Invalid Response status code specified");
    return &found->second;
}

}  // namespace

Result<Integration> ApiGateway::PutIntegration(aws::Call& call, const PutIntegrationInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    Integration made{.type = in.type,
                     .http_method = in.integration_http_method,
                     .uri = in.uri,
                     .connection_type = in.connection_type,
                     .connection_id = in.connection_id,
                     .credentials = in.credentials,
                     .request_parameters = in.request_parameters,
                     .request_templates = in.request_templates,
                     .passthrough_behavior = in.passthrough_behavior.value_or("WHEN_NO_MATCH"),
                     .content_handling = in.content_handling,
                     .timeout_in_millis = in.timeout_in_millis.value_or(limits::most_timeout),
                     .cache_namespace = in.cache_namespace.value_or(in.resource_id),
                     .cache_key_parameters = in.cache_key_parameters,
                     .tls_config = in.tls_config,
                     .response_transfer_mode = in.response_transfer_mode};
    if (method->method_integration)
        made.integration_responses = method->method_integration->integration_responses;
    REQUIRE(check_integration(made));
    method->method_integration = made;
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return made;
}

Result<Integration> ApiGateway::GetIntegration(aws::Call& call, const GetIntegrationInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(const Integration* const found, find_integration(resource, in.http_method));
    return *found;
}

Result<Integration> ApiGateway::UpdateIntegration(aws::Call& call,
                                                  const UpdateIntegrationInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Integration* const found, find_integration(resource, in.http_method));
    REQUIRE(
        patch(*found, in.patch_operations,
              {"/type", "/httpMethod", "/uri", "/credentials", "/passthroughBehavior",
               "/contentHandling", "/timeoutInMillis", "/cacheNamespace", "/cacheKeyParameters/*",
               "/connectionType", "/connectionId", "/requestParameters/*", "/requestTemplates/*",
               "/tlsConfig/insecureSkipVerification", "/responseTransferMode"}));
    REQUIRE(check_integration(*found));
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return *found;
}

Result<DeleteIntegrationOutput> ApiGateway::DeleteIntegration(aws::Call& call,
                                                              const DeleteIntegrationInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    REQUIRE(find_integration(resource, in.http_method));
    resource.resource_methods[in.http_method].method_integration.reset();
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return DeleteIntegrationOutput{};
}

Result<IntegrationResponse> ApiGateway::PutIntegrationResponse(
    aws::Call& call, const PutIntegrationResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Integration* const integration, find_integration(resource, in.http_method));
    const Method& method = resource.resource_methods[in.http_method];
    if (!method.method_responses.contains(in.status_code))
        return errors::NotFoundException("Invalid Response status code specified");
    for (const auto& [target, source] : in.response_parameters) {
        const auto& known = method.method_responses.find(in.status_code)->second;
        if (!known.response_parameters.contains(target))
            return bad(
                "Invalid mapping expression specified: Validation Result: warnings : [], "
                "errors : [Invalid mapping expression parameter specified: " +
                target + "]");
    }
    for (const auto& [type, text] : in.response_templates)
        REQUIRE(planes::gateway::check_template(text));
    IntegrationResponse made{.status_code = in.status_code,
                             .selection_pattern = in.selection_pattern,
                             .response_parameters = in.response_parameters,
                             .response_templates = in.response_templates,
                             .content_handling = in.content_handling};
    integration->integration_responses[in.status_code] = made;
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return made;
}

Result<IntegrationResponse> ApiGateway::GetIntegrationResponse(
    aws::Call& call, const GetIntegrationResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Integration* const integration, find_integration(resource, in.http_method));
    TRY(const IntegrationResponse* const found, find_answer(*integration, in.status_code));
    return *found;
}

Result<UpdateIntegrationResponseOutput> ApiGateway::UpdateIntegrationResponse(
    aws::Call& call, const UpdateIntegrationResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Integration* const integration, find_integration(resource, in.http_method));
    TRY(IntegrationResponse* const found, find_answer(*integration, in.status_code));
    REQUIRE(patch(*found, in.patch_operations,
                  {"/selectionPattern", "/contentHandling", "/responseParameters/*",
                   "/responseTemplates/*"}));
    REQUIRE(check_integration(*integration));
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return *found;
}

Result<DeleteIntegrationResponseOutput> ApiGateway::DeleteIntegrationResponse(
    aws::Call& call, const DeleteIntegrationResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Integration* const integration, find_integration(resource, in.http_method));
    REQUIRE(find_answer(*integration, in.status_code));
    integration->integration_responses.erase(in.status_code);
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return DeleteIntegrationResponseOutput{};
}

}  // namespace unkai::services::apigateway
