#include "services/lambda/url_event.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace unkai::services::lambda {

using wire::Json;

namespace {

bool is_text(std::string_view type) {
    const std::string lower = to_lower(type.substr(0, type.find(';')));
    return lower.starts_with("text/") || lower == "application/json" ||
           lower == "application/javascript" || lower == "application/xml" ||
           lower == "application/x-www-form-urlencoded" || lower.ends_with("+json") ||
           lower.ends_with("+xml");
}

// "20/Jan/2026:21:05:03 +0000"
std::string log_time(Time now) {
    static constexpr std::array<const char*, 12> months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::string iso = iso8601(now);
    const auto month = parse_uint(iso.substr(5, 2)).value_or(1);
    return iso.substr(8, 2) + "/" + months[month - 1] + "/" + iso.substr(0, 4) + ":" +
           iso.substr(11, 8) + " +0000";
}

Json joined_headers(const wire::Headers& headers) {
    Json out = Json::object();
    for (const auto& field : headers) {
        const std::string name = to_lower(field.name);
        if (name == "cookie") continue;
        if (out.find(name) == nullptr) out.set(name, headers.joined(field.name));
    }
    return out;
}

Json query_parameters(std::string_view query) {
    Json out;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto [name, value] = split_once(pair, '=');
        const std::string key = percent_decode(name, true).value_or(std::string(name));
        std::string text = percent_decode(value, true).value_or(std::string(value));
        if (const Json* before = out.find(key)) text = before->as_string() + "," + text;
        out.set(key, text);
    }
    return out;
}

}  // namespace

std::string url_event(const UrlRequest& in) {
    const std::string path = percent_decode(in.path).value_or(in.path);
    Json context = Json::object(
        {{"accountId", in.iam ? Json(in.account) : Json("anonymous")},
         {"apiId", in.url_id},
         {"domainName", in.domain},
         {"domainPrefix", in.url_id},
         {"http", Json::object({{"method", in.method},
                                {"path", path},
                                {"protocol", in.protocol},
                                {"sourceIp", in.source_ip},
                                {"userAgent", std::string(in.headers.value("user-agent"))}})},
         {"requestId", in.request_id},
         {"routeKey", "$default"},
         {"stage", "$default"},
         {"time", log_time(in.now)},
         {"timeEpoch", millis(in.now)}});
    if (in.iam) context.set("authorizer", Json::object({{"iam", *in.iam}}));
    Json out = Json::object({{"version", "2.0"},
                             {"routeKey", "$default"},
                             {"rawPath", path},
                             {"rawQueryString", in.query}});
    if (in.headers.has("cookie")) {
        Json cookies = Json::array();
        for (const auto& field : in.headers)
            if (equals_ignoring_case(field.name, "cookie"))
                for (const std::string_view one : split(field.value, ';'))
                    if (!trim(one).empty()) cookies.push(std::string(trim(one)));
        out.set("cookies", std::move(cookies));
    }
    out.set("headers", joined_headers(in.headers));
    Json parameters = query_parameters(in.query);
    if (parameters.is_object()) out.set("queryStringParameters", std::move(parameters));
    out.set("requestContext", std::move(context));
    if (!in.body.empty()) {
        const bool text = is_text(in.headers.value("content-type")) && is_valid_utf8(in.body);
        out.set("body", text ? in.body : base64(in.body));
        out.set("isBase64Encoded", !text);
    } else {
        out.set("isBase64Encoded", false);
    }
    return out.dump();
}

std::optional<UrlAnswer> url_answer(const std::string& payload) {
    UrlAnswer out;
    const auto parsed = Json::parse(payload);
    if (!parsed) return std::nullopt;
    // Without a status code, what was returned is the body.
    if (!parsed->is_object() || parsed->find("statusCode") == nullptr) {
        out.headers = {{"content-type", "application/json"}};
        out.body = parsed->is_string() ? parsed->as_string() : payload;
        return out;
    }
    const Json& status = (*parsed)["statusCode"];
    const auto code = parse_int(status.text());
    if (!code || *code < 100 || *code > 599) return std::nullopt;
    out.status = static_cast<int>(*code);
    bool typed = false;
    const Json& headers = (*parsed)["headers"];
    if (headers.is_object())
        for (const auto& [name, value] : headers.as_object()) {
            if (!wire::is_token(name) || !value.is_scalar() || !wire::is_field_value(value.text()))
                return std::nullopt;
            typed |= equals_ignoring_case(name, "content-type");
            out.headers.emplace_back(to_lower(name), value.text());
        }
    const Json& cookies = (*parsed)["cookies"];
    if (cookies.is_array())
        for (const Json& cookie : cookies.as_array())
            if (cookie.is_string() && wire::is_field_value(cookie.as_string()))
                out.headers.emplace_back("set-cookie", cookie.as_string());
    if (!typed) out.headers.emplace_back("content-type", "application/json");
    const Json& body = (*parsed)["body"];
    out.body = body.is_null() ? "" : body.is_scalar() ? body.text() : body.dump();
    if ((*parsed)["isBase64Encoded"].bool_or(false)) {
        auto decoded = from_base64(out.body);
        if (!decoded) return std::nullopt;
        out.body = std::move(*decoded);
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> cors_headers(const model::Cors& cors,
                                                              std::string_view origin,
                                                              bool preflight) {
    std::vector<std::pair<std::string, std::string>> out;
    const bool credentials = cors.allow_credentials.value_or(false);
    const bool anybody = std::find(cors.allow_origins.begin(), cors.allow_origins.end(), "*") !=
                         cors.allow_origins.end();
    const bool named = std::any_of(cors.allow_origins.begin(), cors.allow_origins.end(),
                                   [&](const std::string& one) { return glob_match(one, origin); });
    if (!named || origin.empty()) return out;
    out.emplace_back("access-control-allow-origin",
                     anybody && !credentials ? "*" : std::string(origin));
    if (!anybody || credentials) out.emplace_back("vary", "Origin");
    if (credentials) out.emplace_back("access-control-allow-credentials", "true");
    const auto list = [&](const char* name, const List<std::string>& values) {
        if (!values.empty()) out.emplace_back(name, join(values, ","));
    };
    list("access-control-expose-headers", cors.expose_headers);
    if (!preflight) return out;
    list("access-control-allow-headers", cors.allow_headers);
    list("access-control-allow-methods", cors.allow_methods);
    if (cors.max_age) out.emplace_back("access-control-max-age", std::to_string(*cors.max_age));
    return out;
}

}  // namespace unkai::services::lambda
