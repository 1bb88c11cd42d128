#include "base/strings.h"
#include "planes/gateway/gateway.h"
#include "planes/gateway/match.h"
#include "planes/gateway/vtl.h"

namespace unkai::planes::gateway {

const std::vector<ResponseKind>& response_kinds() {
    static const std::vector<ResponseKind> kinds = {
        {"ACCESS_DENIED", 403, "User is not authorized to access this resource",
         "AccessDeniedException"},
        {"API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException"},
        {"AUTHORIZER_CONFIGURATION_ERROR", 500, "Internal server error",
         "AuthorizerConfigurationException"},
        {"AUTHORIZER_FAILURE", 500, "", "AuthorizerConfigurationException"},
        {"BAD_REQUEST_BODY", 400, "Invalid request body", "BadRequestException"},
        {"BAD_REQUEST_PARAMETERS", 400, "", "BadRequestException"},
        {"DEFAULT_4XX", 0, "", ""},
        {"DEFAULT_5XX", 0, "", ""},
        {"EXPIRED_TOKEN", 403, "", "ExpiredTokenException"},
        {"INTEGRATION_FAILURE", 504, "Internal server error", "InternalServerErrorException"},
        {"INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException"},
        {"INVALID_API_KEY", 403, "Forbidden", "ForbiddenException"},
        {"INVALID_SIGNATURE", 403, "", "InvalidSignatureException"},
        {"MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token",
         "MissingAuthenticationTokenException"},
        {"QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException"},
        {"REQUEST_TOO_LARGE", 413, "Request Too Long", "RequestTooLargeException"},
        {"RESOURCE_NOT_FOUND", 404, "Not Found", "NotFoundException"},
        {"THROTTLED", 429, "Too Many Requests", "TooManyRequestsException"},
        {"UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException"},
        {"UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", "BadRequestException"},
        {"WAF_FILTERED", 403, "Forbidden", "ForbiddenException"},
    };
    return kinds;
}

namespace {

// A gateway response's template knows $context, $stageVariables and what the method request
// brought, written as they stand; it is no full mapping template.
std::string expand_response_template(const Turn& turn, std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t at = text.find('$');
        out += text.substr(0, at);
        if (at == text.npos) break;
        size_t end = at + 1;
        const bool braces = end < text.size() && text[end] == '{';
        if (braces) ++end;
        const size_t begin = end;
        while (end < text.size() && (isalnum(static_cast<unsigned char>(text[end])) ||
                                     text[end] == '_' || text[end] == '-' ||
                                     (text[end] == '.' && end + 1 < text.size() &&
                                      isalpha(static_cast<unsigned char>(text[end + 1])))))
            ++end;
        const std::string_view name = text.substr(begin, end - begin);
        if (name.starts_with("context."))
            out += context_value(turn, name.substr(8)).value_or("");
        else if (name.starts_with("stageVariables.") && turn.stage != nullptr)
            out += with_stage_variables("${" + std::string(name) + "}", turn.stage->variables);
        else
            out += text.substr(at, end - at);
        if (braces && end < text.size()) ++end;
        text.remove_prefix(end);
    }
    return out;
}

// 'literal', method.request.header.X, method.request.querystring.X, context.X, stageVariables.X
std::string response_parameter(const Turn& turn, std::string_view source) {
    if (source.size() >= 2 && source.front() == '\'' && source.back() == '\'')
        return std::string(source.substr(1, source.size() - 2));
    if (source.starts_with("method.request.header."))
        return std::string(turn.in->header(source.substr(22)));
    if (source.starts_with("method.request.querystring."))
        return turn.query_value(source.substr(27));
    if (source.starts_with("method.request.path.")) {
        const auto found = turn.path_variables.find(source.substr(20));
        return found == turn.path_variables.end() ? "" : found->second;
    }
    if (source.starts_with("context.")) return context_value(turn, source.substr(8)).value_or("");
    if (source.starts_with("stageVariables.") && turn.stage != nullptr)
        return with_stage_variables("${" + std::string(source) + "}", turn.stage->variables);
    return "";
}

const GatewayResponse* custom_response(const Turn& turn, std::string_view type, int status) {
    if (turn.stage == nullptr || !turn.stage->content) return nullptr;
    const auto& all = turn.stage->content->responses;
    if (const auto own = all.find(std::string(type)); own != all.end()) return &own->second;
    const auto common = all.find(status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
    return common == all.end() ? nullptr : &common->second;
}

void customize(Turn& turn, const GatewayResponse& custom, Outgoing& out) {
    if (const auto status = parse_int(custom.status); status && *status >= 200)
        out.status = static_cast<int>(*status);
    const std::string accept = media_type_of(turn.in->header("accept"));
    auto chosen = custom.templates.find(accept);
    if (chosen == custom.templates.end()) chosen = custom.templates.find("application/json");
    if (chosen == custom.templates.end() && !custom.templates.empty())
        chosen = custom.templates.begin();
    if (chosen != custom.templates.end()) {
        out.body = expand_response_template(turn, chosen->second);
        out.set("Content-Type", chosen->first);
    }
    constexpr std::string_view header = "gatewayresponse.header.";
    for (const auto& [name, source] : custom.parameters)
        if (name.starts_with(header))
            out.set(name.substr(header.size()), response_parameter(turn, source));
}

}  // namespace

Outgoing own_answer(Turn& turn, std::string_view type, std::string_view message, int status) {
    ResponseKind kind{type, 500, "Internal server error", "InternalServerErrorException"};
    for (const ResponseKind& one : response_kinds())
        if (one.type == type) kind = one;
    Outgoing out;
    out.status = status != 0 ? status : kind.status == 0 ? 500 : kind.status;
    turn.error_type = type;
    turn.error_message = message.empty() ? kind.message : message;
    const bool http = turn.api != nullptr && turn.api->kind == Api::Kind::http;
    const bool denied = type == "ACCESS_DENIED" && !http;
    wire::Json body = wire::Json::object();
    body.set(denied ? "Message" : "message",
             turn.error_message.empty() ? wire::Json(nullptr) : wire::Json(turn.error_message));
    out.add("Content-Type", "application/json");
    out.body = body.dump();
    if (http) return out;
    out.add("x-amzn-ErrorType", std::string(kind.error));
    if (const GatewayResponse* custom = custom_response(turn, type, out.status))
        customize(turn, *custom, out);
    return out;
}

}  // namespace unkai::planes::gateway
