#include "planes/gateway/mapping.h"

#include <array>
#include <regex>

#include "base/strings.h"
#include "planes/gateway/json_path.h"
#include "planes/gateway/match.h"
#include "planes/gateway/vtl.h"

namespace unkai::planes::gateway {

using wire::Json;

namespace {

std::optional<std::string> behind(std::string_view text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return std::string(text.substr(prefix.size()));
}

std::optional<std::string> non_empty(std::string text) {
    if (text.empty()) return std::nullopt;
    return text;
}

std::optional<std::string> body_value(std::string_view body, std::string_view path) {
    const auto parsed = Json::parse(body);
    if (!parsed) return std::nullopt;
    const Json found = json_path(*parsed, path);
    if (found.is_null()) return std::nullopt;
    return found.is_scalar() ? found.text() : found.dump();
}

// request.header.X, request.querystring.X, request.path.X, request.path, request.body[.path]
std::optional<std::string> request_value(const Turn& turn, std::string_view name) {
    if (const auto header = behind(name, "request.header."))
        return non_empty(turn.in->joined(*header));
    if (const auto header = behind(name, "request.multivalueheader."))
        return non_empty(turn.in->joined(*header));
    if (const auto key = behind(name, "request.querystring."))
        return non_empty(turn.query_value(*key));
    if (const auto key = behind(name, "request.multivaluequerystring."))
        return non_empty(turn.query_value(*key));
    if (const auto key = behind(name, "request.path.")) {
        const auto found = turn.path_variables.find(*key);
        return found == turn.path_variables.end() ? std::nullopt : std::optional(found->second);
    }
    if (name == "request.path") return turn.path;
    if (name == "request.body") return turn.in->body;
    if (const auto path = behind(name, "request.body.")) return body_value(turn.in->body, *path);
    if (const auto key = behind(name, "context.")) return context_value(turn, *key);
    if (const auto key = behind(name, "stageVariables.")) {
        const auto found = turn.stage->variables.find(*key);
        return found == turn.stage->variables.end() ? std::nullopt : std::optional(found->second);
    }
    return std::nullopt;
}

std::optional<std::string> answer_value(const Outgoing& from, std::string_view name) {
    if (const auto header = behind(name, "response.header.")) {
        const std::string* value = from.header(*header);
        return value == nullptr ? std::nullopt : std::optional(*value);
    }
    if (const auto header = behind(name, "response.multivalueheader.")) {
        const std::string* value = from.header(*header);
        return value == nullptr ? std::nullopt : std::optional(*value);
    }
    if (name == "response.body") return from.body;
    if (name == "response.statuscode") return std::to_string(from.status);
    if (const auto path = behind(name, "response.body.")) return body_value(from.body, *path);
    return std::nullopt;
}

// Headers that stay between a client and us: the backend's connection is another one.
bool stays_here(std::string_view name) {
    constexpr std::array<std::string_view, 11> ours = {"host",
                                                       "connection",
                                                       "keep-alive",
                                                       "proxy-connection",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade",
                                                       "content-length",
                                                       "expect",
                                                       "proxy-authorization"};
    for (const std::string_view one : ours)
        if (equals_ignoring_case(one, name)) return true;
    return false;
}

void replace_field(std::vector<Field>& fields, std::string_view name, std::string value,
                   bool ignore_case) {
    std::erase_if(fields, [&](const Field& one) {
        return ignore_case ? equals_ignoring_case(one.first, name) : one.first == name;
    });
    fields.emplace_back(std::string(name), std::move(value));
}

void map_rest_call(const Turn& turn, const Integration& integration, HttpCall& call,
                   Texts& path_values) {
    for (const auto& [target, source] : integration.request_parameters) {
        const auto value = request_source(turn, source);
        if (!value) continue;
        if (const auto name = behind(target, "integration.request.header."))
            replace_field(call.headers, *name, *value, true);
        if (const auto name = behind(target, "integration.request.querystring."))
            replace_field(call.query, *name, *value, false);
        if (const auto name = behind(target, "integration.request.path."))
            path_values[*name] = *value;
    }
}

// "append:header.X", "overwrite:querystring.Y", "overwrite:path", "remove:header.Z"
void map_http_parameters(const Turn& turn, const Integration& integration, HttpCall& call,
                         std::string& path) {
    for (const auto& [target, source] : integration.request_parameters) {
        const auto [action, place] = split_once(target, ':');
        const std::string value = expand_http_value(turn, nullptr, source);
        if (place == "path" && action == "overwrite") path = value;
        const bool header = place.starts_with("header.");
        if (!header && !place.starts_with("querystring.")) continue;
        auto& fields = header ? call.headers : call.query;
        const std::string name(place.substr(place.find('.') + 1));
        if (action != "append")
            std::erase_if(fields, [&](const Field& one) {
                return header ? equals_ignoring_case(one.first, name) : one.first == name;
            });
        if (action != "remove") fields.emplace_back(name, value);
    }
}

// {name} in an address.
std::string fill_path(std::string_view url, const Texts& values) {
    std::string out;
    while (true) {
        const size_t at = url.find('{');
        const size_t end = at == url.npos ? at : url.find('}', at);
        if (end == url.npos) return out + std::string(url);
        out += url.substr(0, at);
        std::string_view name = url.substr(at + 1, end - at - 1);
        if (name.ends_with('+')) name.remove_suffix(1);
        if (const auto found = values.find(name); found != values.end())
            out += percent_encode(found->second, "/:@!$&'()*+,;=");
        url.remove_prefix(end + 1);
    }
}

const IntegrationResponse* select_response(const Integration& integration,
                                           std::string_view selector) {
    const IntegrationResponse* fallback = nullptr;
    for (const IntegrationResponse& one : integration.responses) {
        if (one.selection.empty()) {
            fallback = &one;
            continue;
        }
        try {
            const std::regex pattern(one.selection,
                                     std::regex::ECMAScript | std::regex_constants::__polynomial);
            if (std::regex_match(std::string(selector), pattern)) return &one;
        } catch (const std::regex_error&) {
            continue;
        }
    }
    return fallback;
}

}  // namespace

std::optional<std::string> request_source(const Turn& turn, std::string_view source) {
    if (source.size() >= 2 && source.front() == '\'' && source.back() == '\'')
        return std::string(source.substr(1, source.size() - 2));
    if (source.starts_with("method.")) source.remove_prefix(7);
    return request_value(turn, source);
}

std::optional<std::string> response_source(const Turn& turn, const Outgoing& from,
                                           std::string_view source) {
    if (source.starts_with("integration.")) return answer_value(from, source.substr(12));
    return request_source(turn, source);
}

std::string expand_http_value(const Turn& turn, const Outgoing* from, std::string_view text) {
    std::string out;
    while (true) {
        const size_t at = text.find('$');
        out += text.substr(0, at);
        if (at == text.npos) return out;
        const bool braces = text.substr(at).starts_with("${");
        const size_t begin = at + (braces ? 2 : 1);
        size_t end = braces ? text.find('}', at) : text.find_first_of(" ,;/\"'", begin);
        // A path may hold slashes only as the whole value.
        if (end == text.npos) end = text.size();
        const std::string_view name = text.substr(begin, end - begin);
        std::optional<std::string> value = request_value(turn, name);
        if (!value && from != nullptr) value = answer_value(*from, name);
        if (value) out += *value;
        const size_t next = end + (braces && end < text.size() ? 1 : 0);
        text.remove_prefix(next);
    }
}

HttpCall map_http_call(const Turn& turn, const Route& route) {
    const Integration& integration = route.integration;
    const bool rest = turn.api->kind == Api::Kind::rest;
    HttpCall call;
    call.timeout = integration.timeout;
    call.verify = integration.verify_tls;
    call.method = integration.method.empty() || integration.method == "ANY" ? turn.in->method
                                                                            : integration.method;
    Texts path_values;
    if (!rest) path_values = turn.path_variables;
    if (integration.kind == Integration::Kind::http_proxy) {
        for (const Field& field : turn.in->headers)
            if (!stays_here(field.first) &&
                (rest || !to_lower(field.first).starts_with("x-forwarded-")))
                call.headers.push_back(field);
        call.query = turn.query;
        call.body = turn.in->body;
        if (!rest)
            replace_field(call.headers, "forwarded",
                          "for=" + turn.in->source_ip + ";host=" + turn.in->authority +
                              ";proto=" + (turn.in->secure ? "https" : "http"),
                          true);
    }
    std::string path;
    if (rest)
        map_rest_call(turn, integration, call, path_values);
    else
        map_http_parameters(turn, integration, call, path);
    call.url = fill_path(with_stage_variables(integration.uri, turn.stage->variables), path_values);
    if (!path.empty()) {
        const size_t scheme = call.url.find("://");
        const size_t slash = scheme == call.url.npos ? scheme : call.url.find('/', scheme + 3);
        call.url = call.url.substr(0, slash) + (path.starts_with('/') ? "" : "/") + path;
    }
    return call;
}

Payload map_payload(Turn& turn) {
    Payload out;
    const Integration& integration = turn.route->integration;
    const std::string given = media_type_of(turn.in->header("content-type"));
    out.content_type = given.empty() ? "application/json" : given;
    const auto found = integration.request_templates.find(out.content_type);
    if (found == integration.request_templates.end()) {
        const bool refuse =
            integration.passthrough == "NEVER" || (integration.passthrough == "WHEN_NO_TEMPLATES" &&
                                                   !integration.request_templates.empty());
        if (refuse) out.refused = own_answer(turn, "UNSUPPORTED_MEDIA_TYPE");
        out.body = turn.in->body;
        return out;
    }
    auto rendered = render_template(found->second, {turn, turn.in->body, &out.overrides});
    if (!rendered) {
        turn.integration_error = rendered.error().message;
        out.refused = own_answer(turn, "API_CONFIGURATION_ERROR");
        return out;
    }
    out.body = *std::move(rendered);
    return out;
}

Outgoing map_response(Turn& turn, Outgoing from, std::string_view selector) {
    const IntegrationResponse* chosen = select_response(turn.route->integration, selector);
    if (chosen == nullptr) {
        turn.integration_error =
            "No match for output mapping and no default output mapping configured. Endpoint "
            "Response Status Code: " +
            std::to_string(from.status);
        return own_answer(turn, "API_CONFIGURATION_ERROR");
    }
    Outgoing out;
    out.status = static_cast<int>(parse_int(chosen->status).value_or(200));
    const std::string* from_type = from.header("content-type");
    const std::string type = from_type == nullptr ? "application/json" : *from_type;
    auto text = chosen->templates.find(media_type_of(type));
    if (text == chosen->templates.end()) text = chosen->templates.find("application/json");
    if (text == chosen->templates.end() && !chosen->templates.empty())
        text = chosen->templates.begin();
    out.add("Content-Type", text == chosen->templates.end() ? type : text->first);
    for (const auto& [target, source] : chosen->parameters)
        if (const auto name = behind(target, "method.response.header."))
            if (const auto value = response_source(turn, from, source)) out.set(*name, *value);
    if (text == chosen->templates.end() || text->second.empty()) {
        // An empty template passes the body of a backend on, and is an empty answer of a MOCK.
        if (turn.route->integration.kind != Integration::Kind::mock) out.body = from.body;
        return out;
    }
    std::map<std::string, std::string> overrides;
    auto rendered = render_template(text->second, {turn, from.body, &overrides});
    if (!rendered) {
        turn.integration_error = rendered.error().message;
        return own_answer(turn, "API_CONFIGURATION_ERROR");
    }
    out.body = *std::move(rendered);
    for (const auto& [name, value] : overrides) {
        if (name == "responseOverride.status")
            if (const auto status = parse_int(value); status && *status >= 200 && *status < 600)
                out.status = static_cast<int>(*status);
        if (const auto header = behind(name, "responseOverride.header.")) out.set(*header, value);
    }
    return out;
}

void map_http_response(const Turn& turn, Outgoing& out) {
    const auto& all = turn.route->integration.response_parameters;
    auto found = all.find(std::to_string(out.status));
    if (found == all.end()) found = all.find("default");
    if (found == all.end()) return;
    const Outgoing from = out;
    for (const auto& [target, source] : found->second) {
        const auto [action, place] = split_once(target, ':');
        const std::string value = expand_http_value(turn, &from, source);
        if (place == "statuscode") {
            if (const auto status = parse_int(value); status && *status >= 200 && *status < 600)
                out.status = static_cast<int>(*status);
            continue;
        }
        const auto name = behind(place, "header.");
        if (!name) continue;
        if (action == "overwrite") out.set(*name, value);
        if (action == "append") out.add(*name, value);
        if (action == "remove")
            std::erase_if(out.headers,
                          [&](const Field& one) { return equals_ignoring_case(one.first, *name); });
    }
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
void remap_headers(Outgoing& out) {
    constexpr std::array<std::string_view, 14> remapped = {
        "authorization", "connection", "content-length",   "content-md5", "date",
        "expect",        "host",       "max-forwards",     "server",      "te",
        "trailer",       "user-agent", "www-authenticate", "upgrade"};
    for (auto& [name, value] : out.headers)
        for (const std::string_view one : remapped)
            if (equals_ignoring_case(name, one)) {
                name = "x-amzn-Remapped-" + name;
                break;
            }
    std::erase_if(out.headers, [](const Field& one) {
        return equals_ignoring_case(one.first, "transfer-encoding") ||
               equals_ignoring_case(one.first, "keep-alive") ||
               equals_ignoring_case(one.first, "proxy-authenticate");
    });
}

}  // namespace unkai::planes::gateway
