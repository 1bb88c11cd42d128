#include "base/strings.h"
#include "services/apigatewayv2/content.h"
#include "wire/yaml.h"

namespace unkai::services::apigatewayv2 {

using wire::Json;

namespace {

constexpr std::string_view any_method = "x-amazon-apigateway-any-method";

Map<std::string> texts(const Json& object) {
    Map<std::string> out;
    if (object.is_object())
        for (const auto& member : object.as_object()) out[member.name] = member.value.text();
    return out;
}

List<std::string> list_of(const Json& list) {
    List<std::string> out;
    for (size_t i = 0; i < list.size(); ++i) out.push_back(list[i].text());
    return out;
}

class Importer {
public:
    Importer(aws::Call& call, const Json& document, Api& api, Content& content)
        : call_(call), document_(document), api_(api), content_(content) {}

    Status run(const std::string& base) {
        if (!document_["openapi"].string_or("").starts_with("3."))
            return bad("Invalid OpenAPI input: HTTP APIs need openapi: 3.0");
        api_.name = document_["info"]["title"].string_or("");
        if (document_["info"]["description"].is_string())
            api_.description = document_["info"]["description"].as_string();
        if (document_["info"]["version"].is_string())
            api_.version = document_["info"]["version"].as_string();
        read_cors();
        REQUIRE(read_authorizers());
        if (!document_["paths"].is_object()) return ok();
        for (const auto& [path, item] : document_["paths"].as_object()) {
            if (!item.is_object()) continue;
            for (const auto& [method, operation] : item.as_object()) {
                const std::string name = method == any_method ? "ANY" : to_upper(method);
                const bool fallback = path == "/$default" || path == "$default";
                const std::string key = fallback ? "$default" : name + " " + base + path;
                if (!operation.is_object() || (!fallback && !check_route_key(key))) continue;
                REQUIRE(read_route(key, operation));
            }
        }
        if (content_.routes.size() > limits::routes) return full("Routes");
        return ok();
    }

private:
    void read_cors() {
        const Json& from = document_["x-amazon-apigateway-cors"];
        if (!from.is_object()) return;
        Cors cors;
        cors.allow_origins = list_of(from["allowOrigins"]);
        cors.allow_methods = list_of(from["allowMethods"]);
        cors.allow_headers = list_of(from["allowHeaders"]);
        cors.expose_headers = list_of(from["exposeHeaders"]);
        if (from["allowCredentials"].is_bool())
            cors.allow_credentials = from["allowCredentials"].as_bool();
        if (from["maxAge"].is_integer())
            cors.max_age = static_cast<int32_t>(from["maxAge"].as_int());
        api_.cors_configuration = std::move(cors);
    }

    Status read_authorizers() {
        const Json& schemes = document_["components"]["securitySchemes"];
        if (!schemes.is_object()) return ok();
        for (const auto& [name, scheme] : schemes.as_object()) {
            const Json& from = scheme["x-amazon-apigateway-authorizer"];
            if (!from.is_object()) continue;
            Authorizer made;
            made.authorizer_id = new_id(call_, 6);
            made.name = name;
            made.authorizer_type = to_upper(from["type"].string_or("request"));
            for (const std::string_view one : split(from["identitySource"].string_or(""), ','))
                if (!trim(one).empty()) made.identity_source.emplace_back(trim(one));
            if (made.authorizer_type == "JWT") {
                made.jwt_configuration = JWTConfiguration{};
                made.jwt_configuration->issuer = from["jwtConfiguration"]["issuer"].string_or("");
                made.jwt_configuration->audience = list_of(from["jwtConfiguration"]["audience"]);
            } else {
                made.authorizer_uri = from["authorizerUri"].string_or("");
                made.authorizer_payload_format_version =
                    from["authorizerPayloadFormatVersion"].string_or("2.0");
                made.enable_simple_responses = from["enableSimpleResponses"].bool_or(false);
                made.authorizer_result_ttl_in_seconds =
                    static_cast<int32_t>(from["authorizerResultTtlInSeconds"].int_or(0));
            }
            content_.authorizers.push_back(std::move(made));
        }
        return ok();
    }

    Status read_route(const std::string& key, const Json& operation) {
        Route route;
        route.route_id = new_id(call_, 7);
        route.route_key = key;
        route.api_key_required = false;
        route.authorization_type = "NONE";
        if (operation["operationId"].is_string())
            route.operation_name = operation["operationId"].as_string();
        const Json& security =
            operation["security"].is_null() ? document_["security"] : operation["security"];
        for (size_t i = 0; i < security.size(); ++i)
            for (const Authorizer& one : content_.authorizers)
                if (const Json* scopes = security[i].find(one.name); scopes != nullptr) {
                    const bool jwt = one.authorizer_type == "JWT";
                    route.authorization_type = jwt ? "JWT" : "CUSTOM";
                    route.authorizer_id = one.authorizer_id;
                    if (jwt) route.authorization_scopes = list_of(*scopes);
                }
        if (const Json& from = operation["x-amazon-apigateway-integration"]; from.is_object()) {
            TRY(route.target, read_integration(from));
        } else {
            api_.warnings.push_back("No integration for " + key);
        }
        content_.routes.push_back(std::move(route));
        return ok();
    }

    Result<std::string> read_integration(const Json& named) {
        // May refer to one of components/x-amazon-apigateway-integrations.
        const std::string reference = named["$ref"].string_or("");
        const Json& from = reference.empty()
                               ? named
                               : document_["components"]["x-amazon-apigateway-integrations"]
                                          [reference.substr(reference.rfind('/') + 1)];
        Integration made;
        made.integration_id = new_id(call_, 7);
        made.connection_type = "INTERNET";
        made.integration_type = to_upper(from["type"].string_or(""));
        made.integration_uri = from["uri"].string_or("");
        made.integration_method = from["httpMethod"].string_or("ANY");
        made.payload_format_version = from["payloadFormatVersion"].string_or("1.0");
        made.timeout_in_millis =
            static_cast<int32_t>(from["timeoutInMillis"].int_or(limits::most_timeout));
        made.request_parameters = texts(from["requestParameters"]);
        REQUIRE(check_integration(made));
        for (const Integration& old : content_.integrations) {
            Integration same = made;
            same.integration_id = old.integration_id;
            if (same == old) return "integrations/" + *old.integration_id;
        }
        content_.integrations.push_back(made);
        return "integrations/" + *made.integration_id;
    }

    aws::Call& call_;
    const Json& document_;
    Api& api_;
    Content& content_;
};

std::string base_of(const Json& document, const std::string& mode) {
    if (mode != "prepend" && mode != "split") return "";
    std::string base = document["servers"][0]["variables"]["basePath"]["default"].string_or("");
    if (!base.empty() && base[0] != '/') base = "/" + base;
    while (base.ends_with('/')) base.pop_back();
    if (mode == "prepend" || base.empty()) return base;
    const size_t slash = base.find('/', 1);
    return slash == base.npos ? "" : base.substr(slash);
}

Json texts_json(const Map<std::string>& from) {
    Json out = Json::object();
    for (const auto& [name, value] : from) out.set(name, value);
    return out;
}

Json list_json(const List<std::string>& from) {
    Json out = Json::array();
    for (const std::string& one : from) out.push(one);
    return out;
}

Json shown_integration(const Integration& one) {
    Json out = Json::object({{"payloadFormatVersion", one.payload_format_version.value_or("1.0")},
                             {"type", to_lower(one.integration_type.value_or(""))},
                             {"httpMethod", one.integration_method.value_or("ANY")},
                             {"uri", one.integration_uri.value_or("")},
                             {"connectionType", "INTERNET"}});
    if (!one.request_parameters.empty())
        out.set("requestParameters", texts_json(one.request_parameters));
    if (one.timeout_in_millis && *one.timeout_in_millis != limits::most_timeout)
        out.set("timeoutInMillis", *one.timeout_in_millis);
    return out;
}

Json shown_operation(const Route& route, const Content& content, bool extensions) {
    Json out = Json::object();
    if (route.operation_name) out.set("operationId", *route.operation_name);
    Json parameters = Json::array();
    for (const std::string_view part : split(route.route_key, '/'))
        if (part.starts_with('{') && part.size() > 2) {
            std::string_view name = part.substr(1, part.size() - 2);
            if (name.ends_with('+')) name.remove_suffix(1);
            parameters.push(Json::object({{"name", name},
                                          {"in", "path"},
                                          {"required", true},
                                          {"schema", Json::object({{"type", "string"}})}}));
        }
    if (parameters.size() > 0) out.set("parameters", std::move(parameters));
    out.set("responses",
            Json::object({{"default", Json::object({{"description", "Default response for " +
                                                                        route.route_key}})}}));
    for (const Authorizer& one : content.authorizers)
        if (one.authorizer_id == route.authorizer_id)
            out.set(
                "security",
                Json::array({Json::object({{one.name, list_json(route.authorization_scopes)}})}));
    if (extensions)
        for (const Integration& one : content.integrations)
            if (route.target == "integrations/" + one.integration_id.value_or(""))
                out.set("x-amazon-apigateway-integration", shown_integration(one));
    return out;
}

Json shown_scheme(const Authorizer& one, bool extensions) {
    const bool jwt = one.authorizer_type == "JWT";
    Json out =
        jwt ? Json::object({{"type", "oauth2"}, {"flows", Json::object()}})
            : Json::object({{"type", "apiKey"}, {"name", "Authorization"}, {"in", "header"}});
    if (!extensions) return out;
    Json extension = Json::object({{"type", to_lower(one.authorizer_type.value_or(""))},
                                   {"identitySource", join(one.identity_source, ",")}});
    if (jwt && one.jwt_configuration)
        extension.set("jwtConfiguration",
                      Json::object({{"issuer", one.jwt_configuration->issuer.value_or("")},
                                    {"audience", list_json(one.jwt_configuration->audience)}}));
    if (!jwt) {
        extension.set("authorizerUri", one.authorizer_uri.value_or(""));
        extension.set("authorizerPayloadFormatVersion",
                      one.authorizer_payload_format_version.value_or("2.0"));
        extension.set("enableSimpleResponses", one.enable_simple_responses.value_or(false));
    }
    out.set("x-amazon-apigateway-authorizer", std::move(extension));
    return out;
}

void write_yaml(const Json& value, size_t depth, std::string& out) {
    const std::string indent(depth * 2, ' ');
    const auto put = [&](const Json& inner) {
        const bool block = !inner.is_scalar() && inner.size() > 0;
        out += block ? "\n" : " " + inner.dump() + "\n";
        if (block) write_yaml(inner, depth + 1, out);
    };
    if (value.is_object())
        for (const auto& member : value.as_object()) {
            out += indent + Json(member.name).dump() + ":";
            put(member.value);
        }
    if (value.is_array())
        for (const Json& one : value.as_array()) {
            out += indent + "-";
            put(one);
        }
}

}  // namespace

Status import_openapi(aws::Call& call, const std::string& text, const std::string& base_path,
                      Api& api, Content& content) {
    const std::string_view trimmed = trim(text);
    const auto document = trimmed.starts_with('{') ? Json::parse(trimmed) : wire::parse_yaml(text);
    if (!document || !document->is_object())
        return bad("Unable to parse API definition because of a malformed OpenAPI document.");
    return Importer(call, *document, api, content).run(base_of(*document, base_path));
}

Json export_openapi(const Api& api, const Content& content, const std::string& stage,
                    bool extensions) {
    Json info = Json::object({{"title", api.name}});
    if (api.description) info.set("description", *api.description);
    info.set("version", api.version.value_or(iso8601(api.created_date.value_or(Time{}))));
    Json out = Json::object({{"openapi", "3.0.1"}, {"info", std::move(info)}});
    Json server =
        Json::object({{"url", api.api_endpoint.value_or("") +
                                  (stage.empty() || stage == "$default" ? "" : "/{basePath}")}});
    if (!stage.empty() && stage != "$default")
        server.set("variables", Json::object({{"basePath", Json::object({{"default", stage}})}}));
    out.set("servers", Json::array({server}));
    Json paths = Json::object();
    for (const Route& route : content.routes) {
        const auto [method, path] = split_once(route.route_key, ' ');
        const bool fallback = route.route_key == "$default";
        const std::string place = fallback ? "/$default" : std::string(path);
        const std::string name =
            fallback || method == "ANY" ? std::string(any_method) : to_lower(method);
        Json operation = shown_operation(route, content, extensions);
        if (fallback) operation.set("isDefaultRoute", true);
        Json& item = paths.as_object()[place];
        item.set(name, std::move(operation));
    }
    out.set("paths", std::move(paths));
    if (!content.authorizers.empty()) {
        Json schemes = Json::object();
        for (const Authorizer& one : content.authorizers)
            schemes.set(one.name, shown_scheme(one, extensions));
        out.set("components", Json::object({{"securitySchemes", std::move(schemes)}}));
    }
    if (extensions && api.cors_configuration) {
        const Cors& cors = *api.cors_configuration;
        Json shown = Json::object({{"allowOrigins", list_json(cors.allow_origins)},
                                   {"allowMethods", list_json(cors.allow_methods)},
                                   {"allowHeaders", list_json(cors.allow_headers)},
                                   {"exposeHeaders", list_json(cors.expose_headers)}});
        if (cors.max_age) shown.set("maxAge", *cors.max_age);
        if (cors.allow_credentials) shown.set("allowCredentials", *cors.allow_credentials);
        out.set("x-amazon-apigateway-cors", std::move(shown));
    }
    return out;
}

std::string to_yaml(const Json& document) {
    std::string out = "---\n";
    write_yaml(document, 0, out);
    return out;
}

}  // namespace unkai::services::apigatewayv2
