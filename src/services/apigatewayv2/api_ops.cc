#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

namespace {

Status check_api(const Api& api) {
    if (api.protocol_type == "WEBSOCKET")
        return bad("Unkai has no WebSocket APIs. Use HTTP, or a container behind a load balancer.");
    if (api.protocol_type != "HTTP")
        return bad("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
    if (api.name.empty() || api.name.size() > 128)
        return bad("The name of an API has 1 to 128 characters.");
    if (api.cors_configuration) {
        const Cors& cors = *api.cors_configuration;
        for (const std::string& origin : cors.allow_origins) {
            if (origin == "*" && cors.allow_credentials.value_or(false))
                return bad(
                    "The Access-Control-Allow-Origin \"*\" can't be used together with "
                    "allow credentials.");
            if (origin != "*" && !origin.starts_with("http://") && !origin.starts_with("https://"))
                return bad("Invalid origin specified: " + origin);
        }
        if (cors.max_age && (*cors.max_age < -1 || *cors.max_age > 86400))
            return bad("MaxAge must be between -1 and 86400.");
    }
    return check_tags(api.tags);
}

Api new_api(aws::Call& call, std::string name) {
    Api api;
    api.api_id = new_id(call, 10);
    api.name = std::move(name);
    api.protocol_type = "HTTP";
    api.created_date = call.now;
    api.api_endpoint = "https://" + *api.api_id + ".execute-api." + call.region + ".amazonaws.com";
    api.api_key_selection_expression = "$request.header.x-api-key";
    api.route_selection_expression = "$request.method $request.path";
    api.disable_execute_api_endpoint = false;
    api.ip_address_type = "ipv4";
    return api;
}

Status check_room(aws::Call& call) {
    if (all<Api>(call, "", kind::api).size() >= limits::apis) return full("APIs", "account");
    return ok();
}

// Quick create: an integration, a route, and $default with AutoDeploy.
Status quick_create(aws::Call& call, const CreateApiInput& in, const std::string& api) {
    const std::string& target = *in.target;
    Integration integration{.api_gateway_managed = true,
                            .connection_type = "INTERNET",
                            .credentials_arn = in.credentials_arn,
                            .integration_id = new_id(call, 7),
                            .integration_uri = target,
                            .timeout_in_millis = limits::most_timeout};
    const bool function = function_of(target).has_value();
    integration.integration_type = function ? "AWS_PROXY" : "HTTP_PROXY";
    integration.integration_method = function ? "POST" : "ANY";
    integration.payload_format_version = function ? "2.0" : "1.0";
    REQUIRE(check_integration(integration));
    const std::string key = in.route_key.value_or("$default");
    REQUIRE(check_route_key(key));
    Route route;
    route.api_gateway_managed = true;
    route.api_key_required = false;
    route.authorization_type = "NONE";
    route.route_id = new_id(call, 7);
    route.route_key = key;
    route.target = "integrations/" + *integration.integration_id;
    Stage stage;
    stage.api_gateway_managed = true;
    stage.auto_deploy = true;
    stage.created_date = stage.last_updated_date = call.now;
    stage.default_route_settings = RouteSettings{.detailed_metrics_enabled = false};
    stage.stage_name = "$default";
    save(call, api, kind::integration, *integration.integration_id, integration);
    save(call, api, kind::route, *route.route_id, route);
    save(call, api, kind::stage, stage.stage_name, stage);
    auto_deploy(call, api);
    return ok();
}

void write_content(aws::Call& call, const std::string& api, const Content& content) {
    for (const char* const one : {kind::route, kind::integration, kind::authorizer})
        for (const auto& [key, document] :
             schema::documents.list(call.txn(), call.account, call.region, api, one))
            schema::documents.erase(call.txn(), key);
    for (const Route& one : content.routes) save(call, api, kind::route, *one.route_id, one);
    for (const Integration& one : content.integrations)
        save(call, api, kind::integration, *one.integration_id, one);
    for (const Authorizer& one : content.authorizers)
        save(call, api, kind::authorizer, *one.authorizer_id, one);
}

}  // namespace

Result<CreateApiOutput> ApiGatewayV2::CreateApi(aws::Call& call, const CreateApiInput& in) {
    REQUIRE(check_room(call));
    Api api = new_api(call, in.name);
    api.protocol_type = in.protocol_type;
    api.cors_configuration = in.cors_configuration;
    api.description = in.description;
    api.version = in.version;
    api.tags = in.tags;
    replace(api.disable_execute_api_endpoint, in.disable_execute_api_endpoint);
    REQUIRE(check_api(api));
    if (has(in.route_selection_expression) &&
        *in.route_selection_expression != "${request.method} ${request.path}" &&
        *in.route_selection_expression != "$request.method $request.path")
        return bad(
            "For HTTP APIs the route selection expression must be ${request.method} "
            "${request.path}.");
    save(call, "", kind::api, *api.api_id, api);
    if (has(in.target)) REQUIRE(quick_create(call, in, *api.api_id));
    return as<CreateApiOutput>(api);
}

Result<GetApiOutput> ApiGatewayV2::GetApi(aws::Call& call, const GetApiInput& in) {
    TRY(const Api api, find_api(call, in.api_id));
    return as<GetApiOutput>(api);
}

Result<GetApisOutput> ApiGatewayV2::GetApis(aws::Call& call, const GetApisInput& in) {
    GetApisOutput out;
    REQUIRE(put_page<Api>(
        all<Api>(call, "", kind::api), [](const Api& one) { return *one.api_id; }, in.next_token,
        in.max_results, out));
    return out;
}

Result<UpdateApiOutput> ApiGatewayV2::UpdateApi(aws::Call& call, const UpdateApiInput& in) {
    TRY(Api api, find_api(call, in.api_id));
    if (in.name) api.name = *in.name;
    replace(api.description, in.description);
    replace(api.version, in.version);
    replace(api.cors_configuration, in.cors_configuration);
    replace(api.disable_execute_api_endpoint, in.disable_execute_api_endpoint);
    if (has(in.target) || has(in.route_key))
        return bad("Update the integration or the route itself, not the API's target.");
    REQUIRE(check_api(api));
    save(call, "", kind::api, in.api_id, api);
    return as<UpdateApiOutput>(api);
}

Result<DeleteApiOutput> ApiGatewayV2::DeleteApi(aws::Call& call, const DeleteApiInput& in) {
    REQUIRE(find_api(call, in.api_id));
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region))
        if (std::get<3>(key) == kind::mapping && shape_of<ApiMapping>(document).api_id == in.api_id)
            return bad("Deleting API " + in.api_id +
                       " requires removing its API mappings first: " + std::get<2>(key));
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, in.api_id))
        schema::documents.erase(call.txn(), key);
    for (const auto& [key, document] :
         schema::frozen.list(call.txn(), call.account, call.region, in.api_id))
        schema::frozen.erase(call.txn(), key);
    erase(call, "", kind::api, in.api_id);
    return DeleteApiOutput{};
}

Result<DeleteCorsConfigurationOutput> ApiGatewayV2::DeleteCorsConfiguration(
    aws::Call& call, const DeleteCorsConfigurationInput& in) {
    TRY(Api api, find_api(call, in.api_id));
    api.cors_configuration.reset();
    save(call, "", kind::api, in.api_id, api);
    return DeleteCorsConfigurationOutput{};
}

Result<ImportApiOutput> ApiGatewayV2::ImportApi(aws::Call& call, const ImportApiInput& in) {
    REQUIRE(check_room(call));
    Api api = new_api(call, "");
    Content content;
    REQUIRE(import_openapi(call, in.body, in.basepath.value_or("ignore"), api, content));
    if (in.fail_on_warnings.value_or(false) && !api.warnings.empty())
        return bad("Warnings found during import: " + api.warnings.front());
    REQUIRE(check_api(api));
    const Api shown = api;
    api.warnings = {};
    save(call, "", kind::api, *api.api_id, api);
    write_content(call, *api.api_id, content);
    return as<ImportApiOutput>(shown);
}

Result<ReimportApiOutput> ApiGatewayV2::ReimportApi(aws::Call& call, const ReimportApiInput& in) {
    TRY(Api api, find_api(call, in.api_id));
    Content content;
    REQUIRE(import_openapi(call, in.body, in.basepath.value_or("ignore"), api, content));
    if (in.fail_on_warnings.value_or(false) && !api.warnings.empty())
        return bad("Warnings found during import: " + api.warnings.front());
    REQUIRE(check_api(api));
    const Api shown = api;
    api.warnings = {};
    save(call, "", kind::api, in.api_id, api);
    write_content(call, in.api_id, content);
    auto_deploy(call, in.api_id);
    return as<ReimportApiOutput>(shown);
}

Result<ExportApiOutput> ApiGatewayV2::ExportApi(aws::Call& call, const ExportApiInput& in) {
    TRY(const Api api, find_api(call, in.api_id));
    if (in.specification != "OAS30") return bad("The specification must be OAS30.");
    if (in.output_type != "JSON" && in.output_type != "YAML")
        return bad("The output type must be JSON or YAML.");
    Content content = read_content(call, in.api_id);
    std::string stage_name;
    if (has(in.stage_name)) {
        TRY(const Stage stage, find<Stage>(call, in.api_id, kind::stage, *in.stage_name, "stage"));
        const auto frozen = schema::frozen.get(
            call.txn(), {call.account, call.region, in.api_id, stage.deployment_id.value_or("")});
        if (!frozen) return bad("The stage " + *in.stage_name + " has no deployment.");
        content = content_from_json(frozen->json);
        stage_name = *in.stage_name;
    }
    const wire::Json document =
        export_openapi(api, content, stage_name, in.include_extensions.value_or(true));
    return ExportApiOutput{.body = in.output_type == "YAML" ? to_yaml(document)
                                                            : document.dump_pretty()};
}

}  // namespace unkai::services::apigatewayv2
