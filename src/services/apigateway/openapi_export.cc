#include "base/strings.h"
#include "services/apigateway/openapi.h"

namespace unkai::services::apigateway {

using wire::Json;

namespace {

Json texts_json(const Map<std::string>& texts) {
    Json out = Json::object();
    for (const auto& [name, value] : texts) out.set(name, value);
    return out;
}

class Exporter {
public:
    Exporter(const Content& content, const ExportOptions& options)
        : content_(content), options_(options), old_(options.version_2) {}

    Json run() {
        Json out = Json::object();
        out.set(old_ ? "swagger" : "openapi", old_ ? "2.0" : "3.0.1");
        Json info = Json::object({{"title", content_.api.name.value_or("")}});
        if (content_.api.description) info.set("description", *content_.api.description);
        info.set("version", content_.api.version.value_or(
                                iso8601(content_.api.created_date.value_or(Time{}))));
        out.set("info", std::move(info));
        put_servers(out);
        Json paths = Json::object();
        for (const Resource& resource : sorted()) {
            Json item = Json::object();
            for (const auto& [name, method] : resource.resource_methods)
                item.set(name == "ANY" ? "x-amazon-apigateway-any-method" : to_lower(name),
                         operation(resource, name, method));
            if (item.size() > 0) paths.set(*resource.path, std::move(item));
        }
        out.set("paths", std::move(paths));
        put_components(out);
        put_extensions(out);
        return out;
    }

private:
    std::vector<Resource> sorted() const {
        std::vector<Resource> out = content_.resources;
        std::sort(out.begin(), out.end(),
                  [](const Resource& a, const Resource& b) { return a.path < b.path; });
        return out;
    }

    void put_servers(Json& out) const {
        const std::string host =
            *content_.api.id + ".execute-api." + options_.region + ".amazonaws.com";
        if (old_) {
            out.set("host", host);
            out.set("basePath", "/" + options_.stage);
            out.set("schemes", Json::array({"https"}));
            return;
        }
        out.set(
            "servers",
            Json::array({Json::object(
                {{"url", "https://" + host + "/{basePath}"},
                 {"variables",
                  Json::object({{"basePath", Json::object({{"default", options_.stage}})}})}})}));
    }

    std::string model_reference(const std::string& name) const {
        return (old_ ? "#/definitions/" : "#/components/schemas/") + name;
    }

    Json schema_reference(const std::string& name) const {
        return Json::object({{"$ref", model_reference(name)}});
    }

    void put_documentation(Json& out, std::string_view type, const std::string& path,
                           const std::string& method) const {
        for (const DocumentationPart& part : content_.parts) {
            const DocumentationPartLocation& at = *part.location;
            const bool here = at.type == type && at.path.value_or("/") == path &&
                              (at.method.value_or("*") == method || at.method.value_or("*") == "*");
            const auto properties = Json::parse(part.properties.value_or("{}"));
            if (!here || !properties || !properties->is_object()) continue;
            for (const auto& member : properties->as_object()) out.set(member.name, member.value);
        }
    }

    Json operation(const Resource& resource, const std::string& name, const Method& method) {
        Json out = Json::object();
        put_documentation(out, "METHOD", resource.path.value_or("/"), name);
        if (method.operation_name) out.set("operationId", *method.operation_name);
        if (old_) {
            Json types = Json::array();
            for (const auto& [type, model] : method.request_models) types.push(type);
            if (types.size() > 0) out.set("consumes", std::move(types));
            out.set("produces", Json::array({"application/json"}));
        }
        put_parameters(out, resource, method);
        put_responses(out, method);
        put_security(out, method);
        for (const RequestValidator& one : content_.validators)
            if (one.id == method.request_validator_id && one.name)
                out.set("x-amazon-apigateway-request-validator", *one.name);
        if (options_.integrations && method.method_integration)
            out.set("x-amazon-apigateway-integration", integration(*method.method_integration));
        return out;
    }

    void put_parameters(Json& out, const Resource& resource, const Method& method) const {
        Json list = Json::array();
        Map<bool> parameters = method.request_parameters;
        for (const std::string_view part : split(resource.path.value_or("/"), '/'))
            if (part.size() > 2 && part.front() == '{') {
                std::string_view name = part.substr(1, part.size() - 2);
                if (name.ends_with('+')) name.remove_suffix(1);
                parameters["method.request.path." + std::string(name)] = true;
            }
        for (const auto& [source, required] : parameters) {
            const auto parts = split(source, '.');
            if (parts.size() < 4) continue;
            const std::string place = parts[2] == "querystring" ? "query" : std::string(parts[2]);
            const std::string name = source.substr(source.find(parts[2]) + parts[2].size() + 1);
            Json one = Json::object({{"name", name}, {"in", place}});
            if (required) one.set("required", true);
            if (old_)
                one.set("type", "string");
            else
                one.set("schema", Json::object({{"type", "string"}}));
            list.push(std::move(one));
        }
        if (old_ && !method.request_models.empty())
            list.push(Json::object(
                {{"in", "body"},
                 {"name", method.request_models.begin()->second},
                 {"required", true},
                 {"schema", schema_reference(method.request_models.begin()->second)}}));
        if (list.size() > 0) out.set("parameters", std::move(list));
        if (old_ || method.request_models.empty()) return;
        Json content = Json::object();
        for (const auto& [type, model] : method.request_models)
            content.set(type, Json::object({{"schema", schema_reference(model)}}));
        out.set("requestBody", Json::object({{"content", std::move(content)}, {"required", true}}));
    }

    void put_responses(Json& out, const Method& method) const {
        Json responses = Json::object();
        for (const auto& [status, response] : method.method_responses) {
            Json one = Json::object({{"description", status + " response"}});
            Json headers = Json::object();
            for (const auto& [target, required] : response.response_parameters) {
                const std::string name = target.substr(target.rfind('.') + 1);
                headers.set(name,
                            old_ ? Json::object({{"type", "string"}})
                                 : Json::object({{"schema", Json::object({{"type", "string"}})}}));
            }
            if (headers.size() > 0) one.set("headers", std::move(headers));
            if (old_ && !response.response_models.empty())
                one.set("schema", schema_reference(response.response_models.begin()->second));
            if (!old_ && !response.response_models.empty()) {
                Json content = Json::object();
                for (const auto& [type, model] : response.response_models)
                    content.set(type, Json::object({{"schema", schema_reference(model)}}));
                one.set("content", std::move(content));
            }
            responses.set(status, std::move(one));
        }
        if (responses.size() == 0)
            responses.set("default", Json::object({{"description", "Default response"}}));
        out.set("responses", std::move(responses));
    }

    void put_security(Json& out, const Method& method) {
        Json security = Json::array();
        if (method.authorization_type == "CUSTOM")
            for (const Authorizer& one : content_.authorizers)
                if (one.id == method.authorizer_id)
                    security.push(Json::object({{*one.name, Json::array()}}));
        if (method.authorization_type == "AWS_IAM") {
            signature_ = true;
            security.push(Json::object({{"sigv4", Json::array()}}));
        }
        if (method.api_key_required.value_or(false)) {
            api_key_ = true;
            security.push(Json::object({{"api_key", Json::array()}}));
        }
        if (security.size() > 0) out.set("security", std::move(security));
    }

    static Json integration(const Integration& from) {
        Json out = Json::object({{"type", to_lower(from.type.value_or(""))}});
        if (from.http_method) out.set("httpMethod", *from.http_method);
        if (from.uri) out.set("uri", *from.uri);
        if (from.credentials) out.set("credentials", *from.credentials);
        Json responses = Json::object();
        for (const auto& [status, one] : from.integration_responses) {
            Json response = Json::object({{"statusCode", status}});
            if (!one.response_parameters.empty())
                response.set("responseParameters", texts_json(one.response_parameters));
            if (!one.response_templates.empty())
                response.set("responseTemplates", texts_json(one.response_templates));
            if (one.content_handling) response.set("contentHandling", *one.content_handling);
            responses.set(
                one.selection_pattern.value_or("").empty() ? "default" : *one.selection_pattern,
                std::move(response));
        }
        if (responses.size() > 0) out.set("responses", std::move(responses));
        if (!from.request_parameters.empty())
            out.set("requestParameters", texts_json(from.request_parameters));
        if (!from.request_templates.empty())
            out.set("requestTemplates", texts_json(from.request_templates));
        out.set("passthroughBehavior",
                to_lower(from.passthrough_behavior.value_or("when_no_match")));
        if (from.timeout_in_millis && *from.timeout_in_millis != limits::most_timeout)
            out.set("timeoutInMillis", *from.timeout_in_millis);
        if (from.content_handling) out.set("contentHandling", *from.content_handling);
        return out;
    }

    Json security_schemes() const {
        Json out = Json::object();
        for (const Authorizer& one : content_.authorizers) {
            const std::string source = one.identity_source.value_or("");
            Json scheme = Json::object(
                {{"type", "apiKey"},
                 {"name", one.type == "TOKEN" ? source.substr(source.rfind('.') + 1) : "Unused"},
                 {"in", "header"},
                 {"x-amazon-apigateway-authtype", "custom"}});
            if (options_.authorizers) {
                Json extension =
                    Json::object({{"type", to_lower(one.type.value_or("token"))},
                                  {"authorizerUri", one.authorizer_uri.value_or("")},
                                  {"authorizerResultTtlInSeconds",
                                   one.authorizer_result_ttl_in_seconds.value_or(300)}});
                if (one.type == "REQUEST") extension.set("identitySource", source);
                if (one.identity_validation_expression)
                    extension.set("identityValidationExpression",
                                  *one.identity_validation_expression);
                scheme.set("x-amazon-apigateway-authorizer", std::move(extension));
            }
            out.set(*one.name, std::move(scheme));
        }
        if (signature_)
            out.set("sigv4", Json::object({{"type", "apiKey"},
                                           {"name", "Authorization"},
                                           {"in", "header"},
                                           {"x-amazon-apigateway-authtype", "awsSigv4"}}));
        if (api_key_)
            out.set("api_key",
                    Json::object({{"type", "apiKey"}, {"name", "x-api-key"}, {"in", "header"}}));
        return out;
    }

    void put_components(Json& out) const {
        Json models = Json::object();
        for (const Model& model : content_.models) {
            const std::string prefix =
                "https://apigateway.amazonaws.com/restapis/" + *content_.api.id + "/models/";
            const std::string text =
                replace_all(model.schema.value_or("{}"), prefix, model_reference(""));
            if (auto schema = Json::parse(text)) models.set(*model.name, *std::move(schema));
        }
        Json schemes = security_schemes();
        if (old_) {
            if (schemes.size() > 0) out.set("securityDefinitions", std::move(schemes));
            if (models.size() > 0) out.set("definitions", std::move(models));
            return;
        }
        Json components = Json::object();
        if (models.size() > 0) components.set("schemas", std::move(models));
        if (schemes.size() > 0) components.set("securitySchemes", std::move(schemes));
        out.set("components", std::move(components));
    }

    void put_extensions(Json& out) const {
        if (!options_.integrations) return;
        if (!content_.validators.empty()) {
            Json validators = Json::object();
            for (const RequestValidator& one : content_.validators)
                validators.set(one.name.value_or(*one.id),
                               Json::object({{"validateRequestParameters",
                                              one.validate_request_parameters.value_or(false)},
                                             {"validateRequestBody",
                                              one.validate_request_body.value_or(false)}}));
            out.set("x-amazon-apigateway-request-validators", std::move(validators));
        }
        if (!content_.responses.empty()) {
            Json responses = Json::object();
            for (const GatewayResponse& one : content_.responses) {
                Json response = Json::object();
                if (one.status_code) response.set("statusCode", *one.status_code);
                response.set("responseParameters", texts_json(one.response_parameters));
                response.set("responseTemplates", texts_json(one.response_templates));
                responses.set(*one.response_type, std::move(response));
            }
            out.set("x-amazon-apigateway-gateway-responses", std::move(responses));
        }
        if (!content_.api.binary_media_types.empty()) {
            Json types = Json::array();
            for (const std::string& one : content_.api.binary_media_types) types.push(one);
            out.set("x-amazon-apigateway-binary-media-types", std::move(types));
        }
        if (content_.api.policy)
            if (auto policy = Json::parse(*content_.api.policy))
                out.set("x-amazon-apigateway-policy", *std::move(policy));
    }

    const Content& content_;
    const ExportOptions& options_;
    const bool old_;
    bool signature_ = false, api_key_ = false;
};

void write_yaml(const Json& value, size_t depth, std::string& out);

// A block's lines begin on a new line; scalars and empty ones stay on this one.
void write_yaml_value(const Json& value, size_t depth, std::string& out) {
    if (value.is_scalar() || value.size() == 0) {
        out += " " + value.dump() + "\n";
        return;
    }
    out += "\n";
    write_yaml(value, depth, out);
}

// Texts are quoted as JSON does, which YAML takes as it is.
void write_yaml(const Json& value, size_t depth, std::string& out) {
    const std::string indent(depth * 2, ' ');
    if (value.is_object())
        for (const auto& member : value.as_object()) {
            out += indent + Json(member.name).dump() + ":";
            write_yaml_value(member.value, depth + 1, out);
        }
    if (value.is_array())
        for (const Json& one : value.as_array()) {
            out += indent + "-";
            write_yaml_value(one, depth + 1, out);
        }
}

}  // namespace

Json export_openapi(const Content& content, const ExportOptions& options) {
    return Exporter(content, options).run();
}

std::string to_yaml(const Json& document) {
    std::string out = "---\n";
    write_yaml(document, 0, out);
    return out;
}

}  // namespace unkai::services::apigateway
