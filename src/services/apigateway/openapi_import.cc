#include <array>

#include "base/strings.h"
#include "planes/gateway/match.h"
#include "services/apigateway/openapi.h"
#include "wire/yaml.h"

namespace unkai::services::apigateway {

using wire::Json;

namespace {

constexpr std::string_view any_method = "x-amazon-apigateway-any-method";
constexpr std::array<std::string_view, 7> operation_names = {"get",    "post", "put",    "patch",
                                                             "delete", "head", "options"};

// What the security schemes of the document stand for.
struct Scheme {
    std::string authorizer;  // Its id.
    bool signature = false, api_key = false;
};

class Importer {
public:
    Importer(aws::Call& call, const Json& document, const ImportOptions& options, Content& content)
        : call_(call), document_(document), options_(options), content_(content) {}

    Status run() {
        old_ = document_["swagger"].is_string();
        if (!old_ && !document_["openapi"].string_or("").starts_with("3."))
            return bad("Invalid OpenAPI input: neither swagger: \"2.0\" nor openapi: 3.x");
        if (document_["info"]["title"].string_or("").empty())
            return bad("Invalid OpenAPI input: info.title is missing");
        read_api();
        read_validators();
        REQUIRE(read_models());
        REQUIRE(read_schemes());
        read_gateway_responses();
        find_or_make("/");
        const std::string base = base_path();
        if (document_["paths"].is_object())
            for (const auto& path : document_["paths"].as_object())
                REQUIRE(read_path(base + path.name, path.value));
        if (content_.resources.size() > limits::resources)
            return errors::LimitExceededException(
                "Maximum number of resources for this API has been reached. Please contact AWS if "
                "you need additional resources.");
        return ok();
    }

private:
    void warn(std::string text) { content_.api.warnings.push_back(std::move(text)); }

    std::string base_path() const {
        const auto mode = options_.parameters.find("basepath");
        std::string base = document_["basePath"].string_or("");
        if (!old_) base = document_["servers"][0]["variables"]["basePath"]["default"].string_or("");
        if (mode == options_.parameters.end() || mode->second == "ignore") return "";
        if (!base.empty() && base[0] != '/') base = "/" + base;
        while (base.ends_with('/')) base.pop_back();
        if (mode->second == "split" && !base.empty()) {
            const size_t slash = base.find('/', 1);
            return slash == base.npos ? "" : base.substr(slash);
        }
        return base;
    }

    void read_api() {
        RestApi& api = content_.api;
        const Json& info = document_["info"];
        api.name = info["title"].string_or("");
        if (info["description"].is_string()) api.description = info["description"].as_string();
        if (info["version"].is_string()) api.version = info["version"].as_string();
        const Json& types = document_["x-amazon-apigateway-binary-media-types"];
        if (types.is_array()) {
            api.binary_media_types = {};
            for (const Json& one : types.as_array()) api.binary_media_types.push_back(one.text());
        }
        const Json& source = document_["x-amazon-apigateway-api-key-source"];
        if (source.is_string()) api.api_key_source = to_upper(source.as_string());
        const Json& size = document_["x-amazon-apigateway-minimum-compression-size"];
        if (size.is_integer()) api.minimum_compression_size = static_cast<int32_t>(size.as_int());
        const Json& policy = document_["x-amazon-apigateway-policy"];
        if (policy.is_object()) api.policy = policy.dump();
        const Json& endpoint = document_["x-amazon-apigateway-endpoint-configuration"];
        if (endpoint["disableExecuteApiEndpoint"].is_bool())
            api.disable_execute_api_endpoint = endpoint["disableExecuteApiEndpoint"].as_bool();
        if (endpoint["types"].is_array()) {
            api.endpoint_configuration.emplace();
            for (const Json& one : endpoint["types"].as_array())
                api.endpoint_configuration->types.push_back(one.text());
        }
        if (info["description"].is_string()) document("API", {}, {}, info);
    }

    // A documentation part of what the document says about something.
    void document(std::string type, std::optional<std::string> path,
                  std::optional<std::string> method, const Json& from) {
        if (const auto ignored = options_.parameters.find("ignore");
            ignored != options_.parameters.end() && ignored->second == "documentation")
            return;
        Json properties = Json::object();
        for (const char* const name : {"description", "summary"})
            if (from[name].is_string()) properties.set(name, from[name]);
        if (properties.size() == 0) return;
        DocumentationPartLocation location{
            .type = std::move(type), .path = std::move(path), .method = std::move(method)};
        for (DocumentationPart& one : content_.parts)
            if (one.location == location) {
                one.properties = properties.dump();
                return;
            }
        content_.parts.push_back({.id = new_id(call_, 6),
                                  .location = std::move(location),
                                  .properties = properties.dump()});
    }

    void read_validators() {
        const Json& validators = document_["x-amazon-apigateway-request-validators"];
        if (!validators.is_object()) return;
        for (const auto& one : validators.as_object()) {
            std::erase_if(content_.validators,
                          [&](const RequestValidator& old) { return old.name == one.name; });
            content_.validators.push_back(
                {.id = new_id(call_, 6),
                 .name = one.name,
                 .validate_request_body = one.value["validateRequestBody"].bool_or(false),
                 .validate_request_parameters =
                     one.value["validateRequestParameters"].bool_or(false)});
        }
    }

    // References to models as API Gateway keeps them.
    std::string schema_text(const Json& schema) const {
        const std::string models =
            "https://apigateway.amazonaws.com/restapis/" + *content_.api.id + "/models/";
        return replace_all(replace_all(schema.dump(), "#/definitions/", models),
                           "#/components/schemas/", models);
    }

    Status read_models() {
        const Json& models = old_ ? document_["definitions"] : document_["components"]["schemas"];
        if (!models.is_object()) return ok();
        for (const auto& one : models.as_object()) put_model(one.name, one.value);
        return ok();
    }

    void put_model(const std::string& name, const Json& schema) {
        std::erase_if(content_.models, [&](const Model& old) { return old.name == name; });
        content_.models.push_back({.id = new_id(call_, 6),
                                   .name = name,
                                   .description = given(schema["description"].string_or("")),
                                   .schema = schema_text(schema),
                                   .content_type = "application/json"});
    }

    // The model of a schema: the one that it refers to, or a new one for what is written in place.
    std::string model_of(const Json& schema) {
        const std::string reference = schema["$ref"].string_or("");
        if (!reference.empty()) return reference.substr(reference.rfind('/') + 1);
        const std::string name = "MODEL" + new_id(call_, 6);
        put_model(name, schema);
        return name;
    }

    Status read_schemes() {
        const Json& schemes =
            old_ ? document_["securityDefinitions"] : document_["components"]["securitySchemes"];
        if (!schemes.is_object()) return ok();
        for (const auto& [name, value] : schemes.as_object()) {
            Scheme scheme;
            scheme.signature = value["x-amazon-apigateway-authtype"].string_or("") == "awsSigv4";
            const Json& authorizer = value["x-amazon-apigateway-authorizer"];
            if (authorizer.is_object()) {
                TRY(scheme.authorizer, read_authorizer(name, value, authorizer));
            } else if (!scheme.signature) {
                scheme.api_key = value["type"].string_or("") == "apiKey";
            }
            schemes_[name] = scheme;
        }
        return ok();
    }

    Result<std::string> read_authorizer(const std::string& name, const Json& scheme,
                                        const Json& from) {
        Authorizer made{.id = new_id(call_, 6), .name = name, .auth_type = "custom"};
        made.type = to_upper(from["type"].string_or("token"));
        if (made.type != "TOKEN" && made.type != "REQUEST")
            return bad("Unkai has authorizers of the types token and request only, not " +
                       *made.type + ".");
        made.authorizer_uri = from["authorizerUri"].string_or("");
        made.authorizer_credentials = given(from["authorizerCredentials"].string_or(""));
        made.identity_source = given(from["identitySource"].string_or(""));
        if (!made.identity_source && made.type == "TOKEN")
            made.identity_source =
                "method.request.header." + scheme["name"].string_or("Authorization");
        made.identity_validation_expression =
            given(from["identityValidationExpression"].string_or(""));
        made.authorizer_result_ttl_in_seconds =
            static_cast<int32_t>(from["authorizerResultTtlInSeconds"].int_or(300));
        for (Authorizer& old : content_.authorizers)
            if (old.name == name) {
                made.id = old.id;
                old = made;
                return *made.id;
            }
        content_.authorizers.push_back(made);
        return *made.id;
    }

    void read_gateway_responses() {
        const Json& responses = document_["x-amazon-apigateway-gateway-responses"];
        if (!responses.is_object()) return;
        for (const auto& one : responses.as_object()) {
            std::erase_if(content_.responses, [&](const GatewayResponse& old) {
                return old.response_type == one.name;
            });
            GatewayResponse made{.response_type = one.name, .default_response = false};
            made.status_code = given(one.value["statusCode"].text());
            made.response_parameters = texts(one.value["responseParameters"]);
            made.response_templates = texts(one.value["responseTemplates"]);
            content_.responses.push_back(std::move(made));
        }
    }

    static Map<std::string> texts(const Json& object) {
        Map<std::string> out;
        if (object.is_object())
            for (const auto& member : object.as_object())
                out[member.name] =
                    member.value.is_scalar() ? member.value.text() : member.value.dump();
        return out;
    }

    size_t find_or_make(const std::string& path) {
        for (size_t i = 0; i < content_.resources.size(); ++i)
            if (content_.resources[i].path == path) return i;
        Resource made{
            .id = path == "/" ? content_.api.root_resource_id : std::optional(new_id(call_, 6)),
            .path = path};
        if (path != "/") {
            const size_t slash = path.rfind('/');
            made.path_part = path.substr(slash + 1);
            made.parent_id =
                content_.resources[find_or_make(slash == 0 ? "/" : path.substr(0, slash))].id;
        }
        content_.resources.push_back(std::move(made));
        return content_.resources.size() - 1;
    }

    Status read_path(std::string path, const Json& item) {
        if (!path.starts_with('/')) return bad("Invalid path specified: " + path);
        if (path.size() > 1 && path.ends_with('/')) path.pop_back();
        if (auto parsed = planes_path(path); !parsed) return parsed.error();
        const size_t index = find_or_make(path);
        if (!item.is_object()) return ok();
        for (const auto& member : item.as_object()) {
            const bool any = member.name == any_method;
            if (!any && std::find(operation_names.begin(), operation_names.end(), member.name) ==
                            operation_names.end())
                continue;
            const std::string name = any ? "ANY" : to_upper(member.name);
            TRY(Method method, read_method(name, member.value, item));
            content_.resources[index].resource_methods[name] = std::move(method);
            document("METHOD", path, name, member.value);
        }
        return ok();
    }
    static Status planes_path(const std::string& path);

    const Json& resolve(const Json& value) const {
        const std::string reference = value["$ref"].string_or("");
        if (!reference.starts_with("#/")) return value;
        const Json* at = &document_;
        for (const std::string_view part : split(std::string_view(reference).substr(2), '/'))
            at = &(*at)[replace_all(replace_all(part, "~1", "/"), "~0", "~")];
        return *at;
    }

    Result<Method> read_method(const std::string& name, const Json& operation, const Json& item) {
        Method method{.http_method = name, .authorization_type = "NONE", .api_key_required = false};
        method.operation_name = given(operation["operationId"].string_or(""));
        for (const Json* list : {&item["parameters"], &operation["parameters"]})
            if (list->is_array())
                for (const Json& one : list->as_array())
                    read_parameter(resolve(one), operation, method);
        const Json& body = resolve(operation["requestBody"]);
        if (body["content"].is_object())
            for (const auto& [type, media] : body["content"].as_object())
                if (media["schema"].is_object())
                    method.request_models[type] = model_of(media["schema"]);
        const Json& responses = operation["responses"];
        if (responses.is_object())
            for (const auto& [status, response] : responses.as_object())
                read_response(status, resolve(response), operation, method);
        read_security(
            operation["security"].is_null() ? document_["security"] : operation["security"],
            method);
        const Json& own = operation["x-amazon-apigateway-request-validator"];
        const std::string validator =
            (own.is_null() ? document_["x-amazon-apigateway-request-validator"] : own)
                .string_or("");
        for (const RequestValidator& one : content_.validators)
            if (one.name == validator) method.request_validator_id = one.id;
        if (const Json& integration = operation["x-amazon-apigateway-integration"];
            integration.is_object()) {
            TRY(method.method_integration, read_integration(integration, method));
        }
        return method;
    }

    void read_parameter(const Json& from, const Json& operation, Method& method) {
        const std::string place = from["in"].string_or(""), name = from["name"].string_or("");
        const std::string_view kind = place == "query"    ? "querystring"
                                      : place == "header" ? "header"
                                      : place == "path"   ? "path"
                                                          : "";
        if (!kind.empty())
            method.request_parameters["method.request." + std::string(kind) + "." + name] =
                place == "path" || from["required"].bool_or(false);
        if (place != "body" || !from["schema"].is_object()) return;
        const Json& types =
            operation["consumes"].is_array() ? operation["consumes"] : document_["consumes"];
        const std::string model = model_of(from["schema"]);
        if (types.size() == 0) method.request_models["application/json"] = model;
        for (size_t i = 0; i < types.size(); ++i) method.request_models[types[i].text()] = model;
    }

    void read_response(const std::string& status, const Json& from, const Json& operation,
                       Method& method) {
        if (!parse_uint(status)) return;  // "default" is no status.
        MethodResponse& out = method.method_responses[status];
        out.status_code = status;
        if (from["headers"].is_object())
            for (const auto& header : from["headers"].as_object())
                out.response_parameters["method.response.header." + header.name] = false;
        if (from["schema"].is_object()) {
            const Json& types =
                operation["produces"].is_array() ? operation["produces"] : document_["produces"];
            const std::string type = types.size() > 0 ? types[0].text() : "application/json";
            out.response_models[type] = model_of(from["schema"]);
        }
        if (from["content"].is_object())
            for (const auto& [type, media] : from["content"].as_object())
                if (media["schema"].is_object())
                    out.response_models[type] = model_of(media["schema"]);
    }

    void read_security(const Json& security, Method& method) {
        for (size_t i = 0; i < security.size(); ++i) {
            if (!security[i].is_object()) continue;
            for (const auto& one : security[i].as_object()) {
                const auto scheme = schemes_.find(one.name);
                if (scheme == schemes_.end()) {
                    warn("Unknown security scheme: " + one.name);
                    continue;
                }
                if (scheme->second.signature) method.authorization_type = "AWS_IAM";
                if (scheme->second.api_key) method.api_key_required = true;
                if (scheme->second.authorizer.empty()) continue;
                method.authorization_type = "CUSTOM";
                method.authorizer_id = scheme->second.authorizer;
            }
        }
    }

    Result<Integration> read_integration(const Json& from, Method& method) {
        Integration out;
        out.type = to_upper(from["type"].string_or("http"));
        out.http_method = given(from["httpMethod"].string_or(""));
        out.uri = given(from["uri"].string_or(""));
        out.credentials = given(from["credentials"].string_or(""));
        out.request_parameters = texts(from["requestParameters"]);
        out.request_templates = texts(from["requestTemplates"]);
        out.passthrough_behavior = to_upper(from["passthroughBehavior"].string_or("WHEN_NO_MATCH"));
        out.content_handling = given(to_upper(from["contentHandling"].string_or("")));
        out.connection_type = given(to_upper(from["connectionType"].string_or("")));
        out.timeout_in_millis =
            static_cast<int32_t>(from["timeoutInMillis"].int_or(limits::most_timeout));
        out.cache_namespace = given(from["cacheNamespace"].string_or(""));
        if (from["tlsConfig"]["insecureSkipVerification"].is_bool())
            out.tls_config = TlsConfig{from["tlsConfig"]["insecureSkipVerification"].as_bool()};
        if (from["responses"].is_object())
            for (const auto& [pattern, response] : from["responses"].as_object()) {
                IntegrationResponse one;
                const std::string status = response["statusCode"].text();
                one.status_code = status;
                if (pattern != "default") one.selection_pattern = pattern;
                one.response_parameters = texts(response["responseParameters"]);
                one.response_templates = texts(response["responseTemplates"]);
                one.content_handling = given(to_upper(response["contentHandling"].string_or("")));
                MethodResponse& known = method.method_responses[status];
                known.status_code = status;
                for (const auto& [target, source] : one.response_parameters)
                    known.response_parameters.emplace(target, false);
                out.integration_responses[status] = std::move(one);
            }
        REQUIRE(check_integration(out));
        return out;
    }

    aws::Call& call_;
    const Json& document_;
    const ImportOptions& options_;
    Content& content_;
    bool old_ = false;
    std::map<std::string, Scheme> schemes_;
};

Status Importer::planes_path(const std::string& path) {
    if (auto parsed = planes::gateway::parse_path(path); !parsed) return parsed.error();
    return ok();
}

}  // namespace

Result<Json> read_openapi(const std::string& text) {
    const std::string_view trimmed = trim(text);
    auto parsed = trimmed.starts_with('{') ? Json::parse(trimmed) : wire::parse_yaml(text);
    if (!parsed)
        return bad("Unable to parse API definition because of a malformed OpenAPI document: " +
                   parsed.error().message);
    if (!parsed->is_object()) return bad("The API definition is no OpenAPI document.");
    return parsed;
}

Status import_openapi(aws::Call& call, const Json& document, const ImportOptions& options,
                      Content& content) {
    return Importer(call, document, options, content).run();
}

}  // namespace unkai::services::apigateway
