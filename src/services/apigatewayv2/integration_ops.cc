#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

Result<CreateIntegrationOutput> ApiGatewayV2::CreateIntegration(aws::Call& call,
                                                                const CreateIntegrationInput& in) {
    REQUIRE(find_api(call, in.api_id));
    if (all<Integration>(call, in.api_id, kind::integration).size() >= limits::integrations)
        return full("Integrations");
    Integration made;
    made.integration_id = new_id(call, 7);
    made.connection_id = in.connection_id;
    made.connection_type = in.connection_type.value_or("INTERNET");
    made.credentials_arn = in.credentials_arn;
    made.description = in.description;
    made.integration_type = in.integration_type;
    made.integration_subtype = in.integration_subtype;
    made.integration_uri = in.integration_uri;
    made.integration_method = in.integration_method;
    if (!made.integration_method && in.integration_type == "AWS_PROXY")
        made.integration_method = "POST";
    made.payload_format_version = in.payload_format_version.value_or("1.0");
    made.request_parameters = in.request_parameters;
    made.response_parameters = in.response_parameters;
    made.timeout_in_millis = in.timeout_in_millis.value_or(limits::most_timeout);
    if (in.tls_config)
        made.tls_config = TlsConfig{.server_name_to_verify = in.tls_config->server_name_to_verify};
    if (in.integration_type == "HTTP_PROXY" && !has(in.integration_method))
        return bad("HttpMethod must be specified for HTTP_PROXY integrations");
    REQUIRE(check_integration(made));
    save(call, in.api_id, kind::integration, *made.integration_id, made);
    auto_deploy(call, in.api_id);
    return as<CreateIntegrationOutput>(made);
}

Result<GetIntegrationOutput> ApiGatewayV2::GetIntegration(aws::Call& call,
                                                          const GetIntegrationInput& in) {
    TRY(const Integration found,
        find<Integration>(call, in.api_id, kind::integration, in.integration_id, "Integration"));
    return as<GetIntegrationOutput>(found);
}

Result<GetIntegrationsOutput> ApiGatewayV2::GetIntegrations(aws::Call& call,
                                                            const GetIntegrationsInput& in) {
    REQUIRE(find_api(call, in.api_id));
    GetIntegrationsOutput out;
    REQUIRE(put_page<Integration>(
        all<Integration>(call, in.api_id, kind::integration),
        [](const Integration& one) { return *one.integration_id; }, in.next_token, in.max_results,
        out));
    return out;
}

Result<UpdateIntegrationOutput> ApiGatewayV2::UpdateIntegration(aws::Call& call,
                                                                const UpdateIntegrationInput& in) {
    TRY(Integration found,
        find<Integration>(call, in.api_id, kind::integration, in.integration_id, "Integration"));
    replace(found.connection_id, in.connection_id);
    replace(found.connection_type, in.connection_type);
    replace(found.credentials_arn, in.credentials_arn);
    replace(found.description, in.description);
    replace(found.integration_type, in.integration_type);
    replace(found.integration_subtype, in.integration_subtype);
    replace(found.integration_uri, in.integration_uri);
    replace(found.integration_method, in.integration_method);
    replace(found.payload_format_version, in.payload_format_version);
    replace(found.timeout_in_millis, in.timeout_in_millis);
    // Parameters with an empty value go.
    for (const auto& [target, source] : in.request_parameters) {
        found.request_parameters[target] = source;
        if (source.empty()) found.request_parameters.erase(target);
    }
    for (const auto& [status, parameters] : in.response_parameters)
        found.response_parameters[status] = parameters;
    REQUIRE(check_integration(found));
    save(call, in.api_id, kind::integration, in.integration_id, found);
    auto_deploy(call, in.api_id);
    return as<UpdateIntegrationOutput>(found);
}

Result<DeleteIntegrationOutput> ApiGatewayV2::DeleteIntegration(aws::Call& call,
                                                                const DeleteIntegrationInput& in) {
    REQUIRE(
        find<Integration>(call, in.api_id, kind::integration, in.integration_id, "Integration"));
    for (const Route& route : all<Route>(call, in.api_id, kind::route))
        if (route.target == "integrations/" + in.integration_id)
            return errors::ConflictException("Cannot delete Integration '" + in.integration_id +
                                             "' because it's referenced in Route " +
                                             route.route_key);
    erase(call, in.api_id, kind::integration, in.integration_id);
    auto_deploy(call, in.api_id);
    return DeleteIntegrationOutput{};
}

}  // namespace unkai::services::apigatewayv2
