#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

namespace {

Status check_route(aws::Call& call, const std::string& api, const Route& route) {
    REQUIRE(check_route_key(route.route_key));
    for (const Route& other : all<Route>(call, api, kind::route))
        if (other.route_key == route.route_key && other.route_id != route.route_id)
            return errors::ConflictException("Route with key " + route.route_key +
                                             " already exists for this API");
    const std::string type = route.authorization_type.value_or("NONE");
    if (type != "NONE" && type != "AWS_IAM" && type != "CUSTOM" && type != "JWT")
        return bad("Invalid authorization type specified: " + type);
    if (type == "CUSTOM" || type == "JWT") {
        const auto authorizer =
            load<Authorizer>(call, api, kind::authorizer, route.authorizer_id.value_or(""));
        if (!authorizer || (authorizer->authorizer_type == "JWT") != (type == "JWT"))
            return bad("Authorizer id " + route.authorizer_id.value_or("") +
                       " is not one of type " + type + " for this API");
    }
    if (!route.authorization_scopes.empty() && type != "JWT")
        return bad("Authorization scopes are supported only for JWT authorizers");
    if (route.api_key_required.value_or(false))
        return bad("API keys are not supported for HTTP APIs. Use a REST API.");
    if (!route.request_models.empty() || !route.request_parameters.empty() ||
        has(route.model_selection_expression))
        return bad("Request models and parameters of routes are not supported for HTTP APIs");
    if (has(route.target)) {
        const std::string target = *route.target;
        if (!target.starts_with("integrations/") ||
            !load<Integration>(call, api, kind::integration, target.substr(13)))
            return bad("Invalid target specified: " + target +
                       ". It must be integrations/INTEGRATION-ID of this API.");
    }
    return ok();
}

}  // namespace

Result<CreateRouteOutput> ApiGatewayV2::CreateRoute(aws::Call& call, const CreateRouteInput& in) {
    REQUIRE(find_api(call, in.api_id));
    if (all<Route>(call, in.api_id, kind::route).size() >= limits::routes) return full("Routes");
    Route made;
    made.route_id = new_id(call, 7);
    made.route_key = in.route_key;
    made.api_key_required = in.api_key_required.value_or(false);
    made.authorization_type = in.authorization_type.value_or("NONE");
    made.authorization_scopes = in.authorization_scopes;
    made.authorizer_id = in.authorizer_id;
    made.operation_name = in.operation_name;
    made.target = in.target;
    made.request_models = in.request_models;
    made.request_parameters = in.request_parameters;
    made.model_selection_expression = in.model_selection_expression;
    REQUIRE(check_route(call, in.api_id, made));
    save(call, in.api_id, kind::route, *made.route_id, made);
    auto_deploy(call, in.api_id);
    return as<CreateRouteOutput>(made);
}

Result<GetRouteOutput> ApiGatewayV2::GetRoute(aws::Call& call, const GetRouteInput& in) {
    TRY(const Route found, find<Route>(call, in.api_id, kind::route, in.route_id, "Route"));
    return as<GetRouteOutput>(found);
}

Result<GetRoutesOutput> ApiGatewayV2::GetRoutes(aws::Call& call, const GetRoutesInput& in) {
    REQUIRE(find_api(call, in.api_id));
    GetRoutesOutput out;
    REQUIRE(put_page<Route>(
        all<Route>(call, in.api_id, kind::route), [](const Route& one) { return *one.route_id; },
        in.next_token, in.max_results, out));
    return out;
}

Result<UpdateRouteOutput> ApiGatewayV2::UpdateRoute(aws::Call& call, const UpdateRouteInput& in) {
    TRY(Route route, find<Route>(call, in.api_id, kind::route, in.route_id, "Route"));
    if (in.route_key) route.route_key = *in.route_key;
    replace(route.api_key_required, in.api_key_required);
    replace(route.authorization_type, in.authorization_type);
    replace(route.authorizer_id, in.authorizer_id);
    replace(route.operation_name, in.operation_name);
    replace(route.target, in.target);
    if (in.authorization_scopes.given()) route.authorization_scopes = in.authorization_scopes;
    if (route.authorization_type == "NONE") route.authorizer_id.reset();
    REQUIRE(check_route(call, in.api_id, route));
    save(call, in.api_id, kind::route, in.route_id, route);
    auto_deploy(call, in.api_id);
    return as<UpdateRouteOutput>(route);
}

Result<DeleteRouteOutput> ApiGatewayV2::DeleteRoute(aws::Call& call, const DeleteRouteInput& in) {
    REQUIRE(find<Route>(call, in.api_id, kind::route, in.route_id, "Route"));
    erase(call, in.api_id, kind::route, in.route_id);
    auto_deploy(call, in.api_id);
    return DeleteRouteOutput{};
}

}  // namespace unkai::services::apigatewayv2
