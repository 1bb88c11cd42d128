#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

constexpr const char* default_template = R"({"message":$context.error.messageString})";

// As it is without anything put.
Result<GatewayResponse> default_response(const std::string& type) {
    for (const auto& known : planes::gateway::response_kinds()) {
        if (known.type != type) continue;
        GatewayResponse out{.response_type = type, .default_response = true};
        if (known.status != 0) out.status_code = std::to_string(known.status);
        out.response_templates["application/json"] = default_template;
        return out;
    }
    return bad("Invalid gateway response type specified: " + type);
}

Result<GatewayResponse> find_gateway_response(aws::Call& call, const std::string& api,
                                              const std::string& type) {
    REQUIRE(find_rest_api(call, api));
    auto found = load<GatewayResponse>(call, api, kind::response, type);
    if (found) return *std::move(found);
    return default_response(type);
}

Status check_gateway_response(const GatewayResponse& one) {
    for (const auto& [name, source] : one.response_parameters)
        if (!name.starts_with("gatewayresponse.header."))
            return bad("Invalid mapping expression specified: " + name);
    if (one.status_code && !one.status_code->empty()) {
        const auto status = parse_uint(*one.status_code);
        if (!status || *status < 200 || *status > 599)
            return bad("Invalid status code specified: " + *one.status_code);
    }
    return ok();
}

}  // namespace

Result<GatewayResponse> ApiGateway::PutGatewayResponse(aws::Call& call,
                                                       const PutGatewayResponseInput& in) {
    TRY(GatewayResponse made, find_gateway_response(call, in.rest_api_id, in.response_type));
    made.default_response = false;
    if (in.status_code) made.status_code = in.status_code;
    made.response_parameters = in.response_parameters;
    made.response_templates = in.response_templates;
    if (made.response_templates.empty())
        made.response_templates["application/json"] = default_template;
    REQUIRE(check_gateway_response(made));
    save(call, in.rest_api_id, kind::response, in.response_type, made);
    return made;
}

Result<GatewayResponse> ApiGateway::GetGatewayResponse(aws::Call& call,
                                                       const GetGatewayResponseInput& in) {
    return find_gateway_response(call, in.rest_api_id, in.response_type);
}

Result<GetGatewayResponsesOutput> ApiGateway::GetGatewayResponses(
    aws::Call& call, const GetGatewayResponsesInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    std::vector<GatewayResponse> responses;
    for (const auto& known : planes::gateway::response_kinds()) {
        TRY(responses.emplace_back(),
            find_gateway_response(call, in.rest_api_id, std::string(known.type)));
    }
    GetGatewayResponsesOutput out;
    REQUIRE(put_page(
        responses, [](const GatewayResponse& one) { return *one.response_type; }, in.position,
        in.limit, out));
    return out;
}

Result<GatewayResponse> ApiGateway::UpdateGatewayResponse(aws::Call& call,
                                                          const UpdateGatewayResponseInput& in) {
    TRY(GatewayResponse found, find_gateway_response(call, in.rest_api_id, in.response_type));
    REQUIRE(patch(found, in.patch_operations,
                  {"/statusCode", "/responseParameters/*", "/responseTemplates/*"}));
    found.default_response = false;
    REQUIRE(check_gateway_response(found));
    save(call, in.rest_api_id, kind::response, in.response_type, found);
    return found;
}

Result<DeleteGatewayResponseOutput> ApiGateway::DeleteGatewayResponse(
    aws::Call& call, const DeleteGatewayResponseInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    if (!load<GatewayResponse>(call, in.rest_api_id, kind::response, in.response_type))
        return errors::NotFoundException("Gateway response type not defined on api");
    erase(call, in.rest_api_id, kind::response, in.response_type);
    return DeleteGatewayResponseOutput{};
}

}  // namespace unkai::services::apigateway
