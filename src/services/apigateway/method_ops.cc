#include <array>

#include "base/strings.h"
#include "planes/gateway/match.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/content.h"

namespace unkai::services::apigateway {

namespace {

constexpr std::array<std::string_view, 8> methods = {"GET",    "POST", "PUT",     "PATCH",
                                                     "DELETE", "HEAD", "OPTIONS", "ANY"};

Status check_method(aws::Call& call, const std::string& api, const Method& method) {
    const std::string type = method.authorization_type.value_or("");
    if (type == "COGNITO_USER_POOLS")
        return bad(
            "Unkai has no Cognito user pools. Use CUSTOM with a Lambda authorizer, or an "
            "HTTP API with a JWT authorizer.");
    if (type != "NONE" && type != "AWS_IAM" && type != "CUSTOM")
        return bad(
            "Invalid authorization type specified. Must be one of: [NONE, AWS_IAM, CUSTOM, "
            "COGNITO_USER_POOLS]");
    if (type == "CUSTOM" &&
        !load<Authorizer>(call, api, kind::authorizer, method.authorizer_id.value_or("")))
        return bad(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
            "COGNITO_USER_POOLS requires a valid authorizer.");
    if (method.request_validator_id && !method.request_validator_id->empty() &&
        !load<RequestValidator>(call, api, kind::validator, *method.request_validator_id))
        return bad("Invalid Request Validator identifier specified");
    for (const auto& [name, required] : method.request_parameters)
        if (!name.starts_with("method.request.header.") &&
            !name.starts_with("method.request.querystring.") &&
            !name.starts_with("method.request.path.") &&
            !name.starts_with("method.request.multivalue"))
            return bad(
                "Invalid mapping expression specified: Validation Result: warnings : [], "
                "errors : [Invalid mapping expression parameter specified: " +
                name + "]");
    for (const auto& [content_type, name] : method.request_models)
        if (!load<Model>(call, api, kind::model, name))
            return bad("Invalid model identifier specified: " + name);
    return ok();
}

Result<MethodResponse*> find_response(Method& method, const std::string& status) {
    const auto found = method.method_responses.find(status);
    if (found == method.method_responses.end())
        return errors::NotFoundException("Invalid Response status code specified");
    return &found->second;
}

}  // namespace

Result<Method*> find_method(Resource& resource, const std::string& name) {
    const auto found = resource.resource_methods.find(name);
    if (found == resource.resource_methods.end())
        return errors::NotFoundException("Invalid Method identifier specified");
    return &found->second;
}

Result<Method> ApiGateway::PutMethod(aws::Call& call, const PutMethodInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    if (std::find(methods.begin(), methods.end(), in.http_method) == methods.end())
        return bad(
            "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,"
            "OPTIONS,HEAD,ANY");
    if (resource.resource_methods.contains(in.http_method))
        return errors::ConflictException("Method already exists for this resource");
    Method method{.http_method = in.http_method,
                  .authorization_type = in.authorization_type,
                  .authorizer_id = in.authorizer_id,
                  .api_key_required = in.api_key_required.value_or(false),
                  .request_validator_id = in.request_validator_id,
                  .operation_name = in.operation_name,
                  .request_parameters = in.request_parameters,
                  .request_models = in.request_models,
                  .authorization_scopes = in.authorization_scopes};
    REQUIRE(check_method(call, in.rest_api_id, method));
    resource.resource_methods[in.http_method] = method;
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return method;
}

Result<Method> ApiGateway::GetMethod(aws::Call& call, const GetMethodInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(const Method* const method, find_method(resource, in.http_method));
    return *method;
}

Result<Method> ApiGateway::UpdateMethod(aws::Call& call, const UpdateMethodInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    REQUIRE(patch(*method, in.patch_operations,
                  {"/authorizationType", "/authorizerId", "/apiKeyRequired", "/operationName",
                   "/requestValidatorId", "/requestParameters/*", "/requestModels/*",
                   "/authorizationScopes", "/authorizationScopes/*"}));
    REQUIRE(check_method(call, in.rest_api_id, *method));
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return *method;
}

Result<DeleteMethodOutput> ApiGateway::DeleteMethod(aws::Call& call, const DeleteMethodInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    REQUIRE(find_method(resource, in.http_method));
    resource.resource_methods.erase(in.http_method);
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return DeleteMethodOutput{};
}

Result<MethodResponse> ApiGateway::PutMethodResponse(aws::Call& call,
                                                     const PutMethodResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    const auto status = parse_uint(in.status_code);
    if (!status || *status < 100 || *status > 599)
        return bad("Invalid response status code specified: " + in.status_code);
    if (method->method_responses.contains(in.status_code))
        return errors::ConflictException("Response already exists for this resource");
    for (const auto& [name, required] : in.response_parameters)
        if (!name.starts_with("method.response.header."))
            return bad("Invalid mapping expression specified: " + name);
    MethodResponse made{.status_code = in.status_code,
                        .response_parameters = in.response_parameters,
                        .response_models = in.response_models};
    method->method_responses[in.status_code] = made;
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return made;
}

Result<MethodResponse> ApiGateway::GetMethodResponse(aws::Call& call,
                                                     const GetMethodResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    TRY(const MethodResponse* const found, find_response(*method, in.status_code));
    return *found;
}

Result<MethodResponse> ApiGateway::UpdateMethodResponse(aws::Call& call,
                                                        const UpdateMethodResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    TRY(MethodResponse* const found, find_response(*method, in.status_code));
    REQUIRE(patch(*found, in.patch_operations, {"/responseParameters/*", "/responseModels/*"}));
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return *found;
}

Result<DeleteMethodResponseOutput> ApiGateway::DeleteMethodResponse(
    aws::Call& call, const DeleteMethodResponseInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    TRY(Method* const method, find_method(resource, in.http_method));
    REQUIRE(find_response(*method, in.status_code));
    method->method_responses.erase(in.status_code);
    save(call, in.rest_api_id, kind::resource, in.resource_id, resource);
    return DeleteMethodResponseOutput{};
}

Task<Result<TestInvokeMethodOutput>> ApiGateway::TestInvokeMethod(aws::Call& call,
                                                                  const TestInvokeMethodInput& in) {
    namespace gateway = planes::gateway;
    CO_TRY(const RestApi api, find_rest_api(call, in.rest_api_id));
    CO_TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    CO_REQUIRE(find_method(resource, in.http_method));
    gateway::Api shown{
        .id = *api.id, .name = *api.name, .account = call.account, .region = call.region};
    gateway::Stage stage{.name = "test-invoke-stage",
                         .content = compile_content(read_content(call, api), "")};
    stage.variables.insert(in.stage_variables.begin(), in.stage_variables.end());
    const gateway::Route* route = nullptr;
    for (const gateway::Route& one : stage.content->routes)
        if (one.id == in.resource_id && one.method == in.http_method) route = &one;
    gateway::Incoming request;
    request.method = in.http_method == "ANY" ? "GET" : in.http_method;
    const std::string target = in.path_with_query_string.value_or(*resource.path);
    const auto [path, query] = split_once(target, '?');
    request.path = path.empty() ? *resource.path : std::string(path);
    request.query = query;
    request.host = request.authority = "testPrefix.testDomainName";
    request.source_ip = "test-invoke-source-ip";
    request.body = in.body.value_or("");
    for (const auto& [name, value] : in.headers) request.headers.emplace_back(name, value);
    for (const auto& [name, values] : in.multi_value_headers)
        for (const std::string& value : values) request.headers.emplace_back(name, value);
    const auto variables =
        gateway::match_rest(*stage.content, request.method, request.path).variables;
    TestInvokeMethodOutput out;
    std::string log;
    const Steady begun = call.env.loop.steady();
    const auto answer = co_await gateway_.test(shown, stage, *route, variables, request, log);
    out.latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(call.env.loop.steady() - begun)
            .count();
    out.status = answer.status;
    out.body = answer.body;
    out.log = log;
    for (const auto& [name, value] : answer.headers) {
        out.headers[name] = value;
        out.multi_value_headers[name].push_back(value);
    }
    co_return out;
}

}  // namespace unkai::services::apigateway
