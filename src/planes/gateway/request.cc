#include "planes/gateway/request.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/strings.h"

namespace unkai::planes::gateway {

std::string_view Incoming::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equals_ignoring_case(key, name)) return value;
    return {};
}

bool Incoming::has_header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equals_ignoring_case(key, name)) return true;
    return false;
}

std::string Incoming::joined(std::string_view name) const {
    std::string out;
    for (const auto& [key, value] : headers)
        if (equals_ignoring_case(key, name)) out += (out.empty() ? "" : ",") + value;
    return out;
}

void Outgoing::set(std::string_view name, std::string value) {
    std::erase_if(headers, [&](const Field& one) { return equals_ignoring_case(one.first, name); });
    headers.emplace_back(std::string(name), std::move(value));
}

const std::string* Outgoing::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equals_ignoring_case(key, name)) return &value;
    return nullptr;
}

std::string Turn::method_arn() const {
    return "arn:aws:execute-api:" + api->region + ":" + api->account + ":" + api->id + "/" +
           (stage != nullptr ? stage->name : "") + "/" + in->method +
           (path.starts_with('/') ? path : "/" + path);
}

std::string Turn::query_value(std::string_view name) const {
    std::string out;
    for (const auto& [key, value] : query)
        if (key == name) out = value;
    return out;
}

std::vector<Field> parse_query(std::string_view query) {
    std::vector<Field> out;
    if (query.empty()) return out;
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const auto [name, value] = split_once(part, '=');
        out.emplace_back(percent_decode(name, true).value_or(std::string(name)),
                         percent_decode(value, true).value_or(std::string(value)));
    }
    return out;
}

std::string clf_time(Time time) {
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
    return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

namespace {

std::optional<std::string> given(std::string value) {
    if (value.empty()) return std::nullopt;
    return value;
}

std::optional<std::string> number(int64_t value, bool known) {
    if (!known) return std::nullopt;
    return std::to_string(value);
}

std::optional<std::string> identity_value(const Turn& turn, std::string_view name) {
    if (name == "sourceIp") return turn.in->source_ip;
    if (name == "userAgent") return given(std::string(turn.in->header("user-agent")));
    if (name == "apiKey") return given(turn.api_key);
    if (name == "apiKeyId") return given(turn.api_key_id);
    if (!turn.identity) return std::nullopt;
    if (name == "accountId") return turn.identity->account;
    if (name == "caller") return turn.identity->caller;
    if (name == "user") return turn.identity->user;
    if (name == "userArn") return turn.identity->user_arn;
    if (name == "accessKey") return turn.identity->access_key;
    return std::nullopt;
}

std::optional<std::string> authorizer_value(const Turn& turn, std::string_view name) {
    if (name == "principalId") return given(turn.principal_id);
    if (name == "latency") return number(turn.authorizer_latency, turn.authorizer_latency >= 0);
    if (const auto found = turn.authorizer.find(name); found != turn.authorizer.end())
        return found->second;
    if (name.starts_with("claims.")) {
        const wire::Json& claim = turn.authorizer_json["jwt"]["claims"][name.substr(7)];
        if (!claim.is_null()) return claim.is_scalar() ? claim.text() : claim.dump();
    }
    return std::nullopt;
}

std::optional<std::string> outcome_value(const Turn& turn, std::string_view name) {
    const bool integrated = turn.integration_latency >= 0;
    if (name == "status" || name == "responseOverride.status")
        return number(turn.status, turn.status != 0);
    if (name == "responseLength") return std::to_string(turn.response_length);
    if (name == "responseLatency") return std::to_string(turn.latency);
    if (name == "integrationLatency" || name == "integration.latency")
        return number(turn.integration_latency, integrated);
    if (name == "integrationStatus" || name == "integration.integrationStatus" ||
        name == "integration.status")
        return number(turn.integration_status, turn.integration_status != 0);
    if (name == "integrationErrorMessage" || name == "integration.error")
        return given(turn.integration_error);
    if (name == "error.message") return given(turn.error_message);
    if (name == "error.messageString")
        return given(turn.error_message.empty() ? "" : wire::Json(turn.error_message).dump());
    if (name == "error.responseType") return given(turn.error_type);
    if (name == "error.validationErrorString") return given(turn.validation_error);
    return std::nullopt;
}

}  // namespace

// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     api-gateway-mapping-template-reference.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
std::optional<std::string> context_value(const Turn& turn, std::string_view name) {
    if (name.starts_with("identity.")) return identity_value(turn, name.substr(9));
    if (name.starts_with("authorizer.")) return authorizer_value(turn, name.substr(11));
    if (name == "accountId") return turn.api->account;
    if (name == "apiId") return turn.api->id;
    if (name == "stage") return turn.stage != nullptr ? given(turn.stage->name) : std::nullopt;
    if (name == "deploymentId")
        return turn.stage != nullptr && turn.stage->content ? given(turn.stage->content->deployment)
                                                            : std::nullopt;
    if (name == "requestId" || name == "extendedRequestId")
        return name == "requestId" ? turn.request_id : turn.extended_id;
    if (name == "requestTime") return clf_time(turn.now);
    if (name == "requestTimeEpoch") return std::to_string(millis(turn.now));
    if (name == "httpMethod") return turn.in->method;
    if (name == "path") return turn.full_path;
    if (name == "protocol") return turn.in->protocol;
    if (name == "domainName") return turn.domain;
    if (name == "domainPrefix") return turn.domain_prefix;
    if (name == "xrayTraceId") return turn.trace_id;
    if (turn.route != nullptr) {
        if (name == "resourcePath") return turn.route->resource;
        if (name == "resourceId") return turn.route->id;
        if (name == "routeKey") return turn.route->key;
        if (name == "operationName") return given(turn.route->operation_name);
    }
    if (name == "customDomain.basePathMatched") return given(turn.base_path);
    return outcome_value(turn, name);
}

std::string expand_log_format(const Turn& turn, std::string_view format) {
    constexpr std::string_view mark = "$context.";
    std::string out;
    while (true) {
        const size_t at = format.find(mark);
        out += format.substr(0, at);
        if (at == format.npos) return out;
        size_t end = at + mark.size();
        while (end < format.size() && (isalnum(static_cast<unsigned char>(format[end])) ||
                                       format[end] == '_' || format[end] == '-' ||
                                       (format[end] == '.' && end + 1 < format.size() &&
                                        isalpha(static_cast<unsigned char>(format[end + 1])))))
            ++end;
        const auto name = format.substr(at + mark.size(), end - at - mark.size());
        out += context_value(turn, name).value_or("-");
        format.remove_prefix(end);
    }
}

}  // namespace unkai::planes::gateway
