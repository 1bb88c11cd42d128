#include "services/apigateway/content.h"

#include "base/strings.h"
#include "planes/gateway/match.h"
#include "planes/gateway/vtl.h"

namespace unkai::services::apigateway {

namespace gateway = planes::gateway;
using wire::Json;

Content read_content(aws::Call& call, const RestApi& api) {
    const std::string& id = *api.id;
    return {.api = api,
            .resources = all<Resource>(call, id, kind::resource),
            .authorizers = all<Authorizer>(call, id, kind::authorizer),
            .validators = all<RequestValidator>(call, id, kind::validator),
            .models = all<Model>(call, id, kind::model),
            .responses = all<GatewayResponse>(call, id, kind::response),
            .parts = all<DocumentationPart>(call, id, kind::part)};
}

void write_content(aws::Call& call, const Content& content) {
    const std::string& id = *content.api.id;
    for (const char* const one : {kind::resource, kind::authorizer, kind::validator, kind::model,
                                  kind::response, kind::part})
        erase_kind(call, id, one);
    save(call, "", kind::api, id, content.api);
    for (const Resource& one : content.resources) save(call, id, kind::resource, *one.id, one);
    for (const Authorizer& one : content.authorizers)
        save(call, id, kind::authorizer, *one.id, one);
    for (const RequestValidator& one : content.validators)
        save(call, id, kind::validator, *one.id, one);
    for (const Model& one : content.models) save(call, id, kind::model, *one.name, one);
    for (const GatewayResponse& one : content.responses)
        save(call, id, kind::response, *one.response_type, one);
    for (const DocumentationPart& one : content.parts) save(call, id, kind::part, *one.id, one);
}

namespace {

template <class T>
Json shapes_json(const std::vector<T>& shapes) {
    Json out = Json::array();
    for (const T& one : shapes) out.push(*Json::parse(aws::protocol::to_json(one)));
    return out;
}

template <class T>
std::vector<T> shapes_of(const Json& list) {
    std::vector<T> out;
    for (size_t i = 0; i < list.size(); ++i) out.push_back(shape_of<T>({list[i].dump()}));
    return out;
}

}  // namespace

std::string content_to_json(const Content& content) {
    return Json::object({{"api", *Json::parse(aws::protocol::to_json(content.api))},
                         {"resources", shapes_json(content.resources)},
                         {"authorizers", shapes_json(content.authorizers)},
                         {"validators", shapes_json(content.validators)},
                         {"models", shapes_json(content.models)},
                         {"responses", shapes_json(content.responses)},
                         {"parts", shapes_json(content.parts)}})
        .dump();
}

Content content_from_json(const std::string& json) {
    const auto parsed = Json::parse(json, {.depth = 200});
    CHECK(parsed.has_value(), "a deployment's content does not parse");
    const Json& all = *parsed;
    return {.api = shape_of<RestApi>({all["api"].dump()}),
            .resources = shapes_of<Resource>(all["resources"]),
            .authorizers = shapes_of<Authorizer>(all["authorizers"]),
            .validators = shapes_of<RequestValidator>(all["validators"]),
            .models = shapes_of<Model>(all["models"]),
            .responses = shapes_of<GatewayResponse>(all["responses"]),
            .parts = shapes_of<DocumentationPart>(all["parts"])};
}

namespace {

gateway::Texts texts_of(const Map<std::string>& map) { return {map.begin(), map.end()}; }

gateway::Integration compile_integration(const Integration& from) {
    gateway::Integration out;
    using Kind = gateway::Integration::Kind;
    const std::string type = from.type.value_or("");
    out.kind = type == "AWS_PROXY"    ? Kind::lambda_proxy
               : type == "AWS"        ? Kind::lambda
               : type == "HTTP_PROXY" ? Kind::http_proxy
               : type == "HTTP"       ? Kind::http
                                      : Kind::mock;
    out.method = from.http_method.value_or("");
    out.uri = from.uri.value_or("");
    if (const auto function = function_of(out.uri)) out.uri = *function;
    out.credentials = from.credentials.value_or("");
    out.timeout = std::chrono::milliseconds(from.timeout_in_millis.value_or(limits::most_timeout));
    out.request_parameters = texts_of(from.request_parameters);
    out.request_templates = texts_of(from.request_templates);
    out.passthrough = from.passthrough_behavior.value_or("WHEN_NO_MATCH");
    out.verify_tls =
        !(from.tls_config && from.tls_config->insecure_skip_verification.value_or(false));
    for (const auto& [status, one] : from.integration_responses)
        out.responses.push_back({.status = status,
                                 .selection = one.selection_pattern.value_or(""),
                                 .parameters = texts_of(one.response_parameters),
                                 .templates = texts_of(one.response_templates)});
    return out;
}

void compile_validation(const Content& content, const Method& method, gateway::Content& out,
                        gateway::Route& route) {
    for (const RequestValidator& validator : content.validators) {
        if (validator.id != method.request_validator_id) continue;
        route.validate_body = validator.validate_request_body.value_or(false);
        route.validate_parameters = validator.validate_request_parameters.value_or(false);
    }
    route.parameters = {method.request_parameters.begin(), method.request_parameters.end()};
    for (const auto& [type, name] : method.request_models)
        if (const auto found = out.schemas.find(name); found != out.schemas.end())
            route.models[type] = std::make_shared<const Json>(found->second);
}

gateway::Authorizer compile_authorizer(const Authorizer& from) {
    gateway::Authorizer out;
    out.id = *from.id;
    out.name = from.name.value_or("");
    out.kind = from.type == "REQUEST" ? gateway::Authorizer::Kind::request
                                      : gateway::Authorizer::Kind::token;
    out.function = function_of(from.authorizer_uri.value_or("")).value_or("");
    out.credentials = from.authorizer_credentials.value_or("");
    for (const std::string_view one : split(from.identity_source.value_or(""), ','))
        if (!trim(one).empty()) out.sources.emplace_back(trim(one));
    out.validation = from.identity_validation_expression.value_or("");
    out.ttl = std::chrono::seconds(from.authorizer_result_ttl_in_seconds.value_or(300));
    return out;
}

}  // namespace

std::shared_ptr<const gateway::Content> compile_content(const Content& content,
                                                        const std::string& deployment) {
    auto out = std::make_shared<gateway::Content>();
    out->deployment = deployment;
    out->binary_types = content.api.binary_media_types;
    out->key_from_authorizer = content.api.api_key_source == "AUTHORIZER";
    for (const Model& model : content.models)
        if (auto schema = Json::parse(model.schema.value_or("{}")))
            out->schemas[*model.name] = *std::move(schema);
    for (const Authorizer& one : content.authorizers)
        out->authorizers[*one.id] = compile_authorizer(one);
    for (const GatewayResponse& one : content.responses)
        out->responses[*one.response_type] = {.status = one.status_code.value_or(""),
                                              .parameters = texts_of(one.response_parameters),
                                              .templates = texts_of(one.response_templates)};
    for (const Resource& resource : content.resources)
        for (const auto& [name, method] : resource.resource_methods) {
            gateway::Route route;
            route.id = *resource.id;
            route.resource = resource.path.value_or("/");
            route.method = name;
            route.key = name + " " + route.resource;
            if (auto path = gateway::parse_path(route.resource)) route.path = *std::move(path);
            route.operation_name = method.operation_name.value_or("");
            route.authorization = method.authorization_type.value_or("NONE");
            route.authorizer = method.authorizer_id.value_or("");
            route.api_key_required = method.api_key_required.value_or(false);
            compile_validation(content, method, *out, route);
            if (method.method_integration)
                route.integration = compile_integration(*method.method_integration);
            out->routes.push_back(std::move(route));
        }
    return out;
}

std::optional<std::string> function_of(std::string_view uri) {
    // arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/ARN/invocations
    constexpr std::string_view begin = "arn:aws:apigateway:", mark = ":lambda:path/",
                               functions = "/functions/", end = "/invocations";
    const size_t at = uri.find(mark);
    const size_t name = uri.find(functions);
    if (!uri.starts_with(begin) || at == uri.npos || name == uri.npos || !uri.ends_with(end))
        return std::nullopt;
    const size_t from = name + functions.size();
    return std::string(uri.substr(from, uri.size() - end.size() - from));
}

namespace {

Status check_templates(const Map<std::string>& templates) {
    for (const auto& [type, text] : templates) REQUIRE(gateway::check_template(text));
    return ok();
}

Status check_function_uri(const std::string& uri) {
    if (!uri.starts_with("arn:aws:apigateway:")) return bad("Invalid ARN specified in the request");
    const auto function = function_of(uri);
    if (!function && uri.find(":lambda:") == uri.npos)
        return bad("Unkai integrates AWS's Lambda only; the URI " + uri +
                   " names another service. Call that service from a function.");
    if (!function || function->empty()) return bad("Invalid ARN specified in the request");
    return ok();
}

}  // namespace

// https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html
Status check_integration(const Integration& integration) {
    const std::string type = integration.type.value_or("");
    const std::string uri = integration.uri.value_or("");
    if (integration.connection_type == "VPC_LINK")
        return bad("Unkai has no VPC links. Use an HTTP integration with a public load balancer.");
    if (integration.response_transfer_mode == "STREAM")
        return bad("Unkai does not stream answers of integrations; use BUFFERED.");
    if (type != "MOCK") {
        if (integration.http_method.value_or("").empty())
            return bad("Enumeration value for HttpMethod must be non-empty");
        if (uri.empty()) return bad("Uri must be non-empty");
    }
    if (type == "AWS" || type == "AWS_PROXY") REQUIRE(check_function_uri(uri));
    if (type == "HTTP" || type == "HTTP_PROXY") {
        const bool variable = uri.starts_with("${stageVariables.");
        if (!variable && !uri.starts_with("http://") && !uri.starts_with("https://"))
            return bad("Invalid HTTP endpoint specified for URI");
    }
    const int32_t timeout = integration.timeout_in_millis.value_or(limits::most_timeout);
    if (timeout < limits::least_timeout || timeout > limits::most_timeout)
        return bad("Timeout should be between 50 ms and 29000 ms");
    const std::string passthrough = integration.passthrough_behavior.value_or("WHEN_NO_MATCH");
    if (passthrough != "WHEN_NO_MATCH" && passthrough != "WHEN_NO_TEMPLATES" &&
        passthrough != "NEVER")
        return bad("Invalid passthrough behavior specified: " + passthrough);
    for (const auto& [target, source] : integration.request_parameters)
        if (!target.starts_with("integration.request."))
            return bad(
                "Invalid mapping expression specified: Validation Result: warnings : [], "
                "errors : [Invalid mapping expression parameter specified: " +
                target + "]");
    REQUIRE(check_templates(integration.request_templates));
    for (const auto& [status, one] : integration.integration_responses)
        REQUIRE(check_templates(one.response_templates));
    return ok();
}

}  // namespace unkai::services::apigateway
