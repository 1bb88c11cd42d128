#include "services/apigatewayv2/content.h"

#include <array>

#include "base/strings.h"
#include "planes/gateway/match.h"

namespace unkai::services::apigatewayv2 {

namespace gateway = planes::gateway;
using wire::Json;

Result<Api> find_api(aws::Call& call, const std::string& id) {
    auto found = load<Api>(call, "", kind::api, id);
    if (!found)
        return errors::NotFoundException("Invalid API identifier specified " + call.account + ":" +
                                         id);
    return *std::move(found);
}

std::string new_id(aws::Call& call, size_t characters) {
    return call.env.random.from("abcdefghijklmnopqrstuvwxyz0123456789", characters);
}

Status check_tags(const Map<std::string>& tags) {
    if (tags.size() > limits::tags) return bad("A resource has at most 50 tags.");
    for (const auto& [key, value] : tags)
        if (key.empty() || key.size() > 128 || to_lower(key).starts_with("aws:") ||
            value.size() > 256)
            return bad("The tag '" + key +
                       "' is not valid: keys of 1 to 128 characters, not aws:, "
                       "values of 256.");
    return ok();
}

std::optional<size_t> parse_most(const std::optional<std::string>& most) {
    if (!most || most->empty()) return limits::page;
    const auto wanted = parse_uint(*most);
    if (!wanted || *wanted < 1 || *wanted > limits::most_page) return std::nullopt;
    return static_cast<size_t>(*wanted);
}

Content read_content(aws::Call& call, const std::string& api) {
    return {.routes = all<Route>(call, api, kind::route),
            .integrations = all<Integration>(call, api, kind::integration),
            .authorizers = all<Authorizer>(call, api, kind::authorizer)};
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

gateway::Texts texts_of(const Map<std::string>& map) { return {map.begin(), map.end()}; }

}  // namespace

std::string content_to_json(const Content& content) {
    return Json::object({{"routes", shapes_json(content.routes)},
                         {"integrations", shapes_json(content.integrations)},
                         {"authorizers", shapes_json(content.authorizers)}})
        .dump();
}

Content content_from_json(const std::string& json) {
    const auto parsed = Json::parse(json);
    CHECK(parsed.has_value(), "a deployment's content does not parse");
    return {.routes = shapes_of<Route>((*parsed)["routes"]),
            .integrations = shapes_of<Integration>((*parsed)["integrations"]),
            .authorizers = shapes_of<Authorizer>((*parsed)["authorizers"])};
}

std::optional<std::string> function_of(std::string_view uri) {
    constexpr std::string_view functions = "/functions/", end = "/invocations";
    if (uri.starts_with("arn:aws:lambda:") || uri.starts_with("${stageVariables."))
        return std::string(uri);
    const size_t at = uri.find(functions);
    if (!uri.starts_with("arn:aws:apigateway:") || uri.find(":lambda:path/") == uri.npos ||
        at == uri.npos || !uri.ends_with(end))
        return std::nullopt;
    const size_t from = at + functions.size();
    return std::string(uri.substr(from, uri.size() - end.size() - from));
}

// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
Status check_integration(const Integration& one) {
    const std::string type = one.integration_type.value_or("");
    if (type != "AWS_PROXY" && type != "HTTP_PROXY")
        return bad("For HTTP APIs the integration type must be AWS_PROXY or HTTP_PROXY, not " +
                   type + ".");
    if (has(one.integration_subtype))
        return bad("Unkai has no first-class integration " + *one.integration_subtype +
                   ". Call that service from a function.");
    if (one.connection_type == "VPC_LINK")
        return bad("Unkai has no VPC links. Use an HTTP integration with a public load balancer.");
    const std::string uri = one.integration_uri.value_or("");
    if (type == "AWS_PROXY" && !function_of(uri)) return bad("Invalid function ARN or invalid uri");
    if (type == "HTTP_PROXY" && !uri.starts_with("http://") && !uri.starts_with("https://") &&
        !uri.starts_with("${stageVariables."))
        return bad("Invalid HTTP endpoint specified for URI");
    const std::string version = one.payload_format_version.value_or("");
    if (version != "1.0" && (version != "2.0" || type == "HTTP_PROXY"))
        return bad(
            "PayloadFormatVersion is a required parameter for integration: 1.0, or 2.0 for "
            "functions");
    const int32_t timeout = one.timeout_in_millis.value_or(limits::most_timeout);
    if (timeout < limits::least_timeout || timeout > limits::most_timeout)
        return bad("Timeout should be between 50 ms and 30000 ms");
    for (const auto& [target, source] : one.request_parameters) {
        const std::string action = target.substr(0, target.find(':'));
        if (action != "append" && action != "overwrite" && action != "remove")
            return bad("Invalid mapping expression specified: " + target);
    }
    return ok();
}

Status check_route_key(const std::string& key) {
    static constexpr std::array<std::string_view, 8> methods = {
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"};
    if (key == "$default") return ok();
    const auto [method, path] = split_once(key, ' ');
    if (std::find(methods.begin(), methods.end(), method) == methods.end() ||
        !path.starts_with('/'))
        return bad(
            "The provided route key is not formatted properly for HTTP protocol. Format "
            "should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"");
    if (auto parsed = gateway::parse_path(path); !parsed) return parsed.error();
    return ok();
}

namespace {

gateway::Integration compile_integration(const Integration& from) {
    gateway::Integration out;
    using Kind = gateway::Integration::Kind;
    out.kind = from.integration_type == "AWS_PROXY" ? Kind::lambda_proxy : Kind::http_proxy;
    out.payload_version = from.payload_format_version.value_or("1.0");
    out.method = from.integration_method.value_or("");
    out.uri = from.integration_uri.value_or("");
    if (out.kind == Kind::lambda_proxy) out.uri = function_of(out.uri).value_or("");
    out.credentials = from.credentials_arn.value_or("");
    out.timeout = std::chrono::milliseconds(from.timeout_in_millis.value_or(limits::most_timeout));
    out.request_parameters = texts_of(from.request_parameters);
    for (const auto& [status, parameters] : from.response_parameters)
        out.response_parameters[status] = texts_of(parameters);
    return out;
}

gateway::Authorizer compile_authorizer(const Authorizer& from) {
    gateway::Authorizer out;
    out.id = from.authorizer_id.value_or("");
    out.name = from.name;
    const bool jwt = from.authorizer_type == "JWT";
    out.kind = jwt ? gateway::Authorizer::Kind::jwt : gateway::Authorizer::Kind::request;
    out.function = function_of(from.authorizer_uri.value_or("")).value_or("");
    out.credentials = from.authorizer_credentials_arn.value_or("");
    out.sources = from.identity_source;
    out.ttl = std::chrono::seconds(from.authorizer_result_ttl_in_seconds.value_or(0));
    out.payload_version = from.authorizer_payload_format_version.value_or("1.0");
    out.simple_responses = from.enable_simple_responses.value_or(false);
    if (from.jwt_configuration) {
        out.issuer = from.jwt_configuration->issuer.value_or("");
        out.audience = from.jwt_configuration->audience;
    }
    return out;
}

}  // namespace

std::shared_ptr<const gateway::Content> compile_content(const Content& content,
                                                        const std::string& deployment) {
    auto out = std::make_shared<gateway::Content>();
    out->deployment = deployment;
    for (const Authorizer& one : content.authorizers)
        out->authorizers[one.authorizer_id.value_or("")] = compile_authorizer(one);
    for (const Route& from : content.routes) {
        gateway::Route route;
        route.id = from.route_id.value_or("");
        route.key = from.route_key;
        route.is_default = from.route_key == "$default";
        if (!route.is_default) {
            const auto [method, path] = split_once(from.route_key, ' ');
            route.method = method;
            route.resource = path;
            if (auto parsed = gateway::parse_path(path)) route.path = *std::move(parsed);
        }
        route.operation_name = from.operation_name.value_or("");
        route.authorization = from.authorization_type.value_or("NONE");
        route.authorizer = from.authorizer_id.value_or("");
        route.scopes = from.authorization_scopes;
        for (const Integration& one : content.integrations)
            if (from.target == "integrations/" + one.integration_id.value_or(""))
                route.integration = compile_integration(one);
        out->routes.push_back(std::move(route));
    }
    return out;
}

Deployment deploy(aws::Call& call, const std::string& api, std::optional<std::string> description,
                  bool automatic) {
    Deployment made{.auto_deployed = automatic,
                    .created_date = call.now,
                    .deployment_id = new_id(call, 6),
                    .deployment_status = "DEPLOYED",
                    .description = std::move(description)};
    save(call, api, kind::deployment, *made.deployment_id, made);
    schema::frozen.put(call.txn(), {call.account, call.region, api, *made.deployment_id},
                       {content_to_json(read_content(call, api))});
    return made;
}

void auto_deploy(aws::Call& call, const std::string& api) {
    std::optional<Deployment> made;
    for (Stage stage : all<Stage>(call, api, kind::stage)) {
        if (!stage.auto_deploy.value_or(false)) continue;
        if (!made)
            made = deploy(call, api,
                          "Automatic deployment triggered by changes to the Api "
                          "configuration",
                          true);
        stage.deployment_id = made->deployment_id;
        stage.last_deployment_status_message =
            "Successfully deployed stage with deployment ID '" + *made->deployment_id + "'";
        stage.last_updated_date = call.now;
        save(call, api, kind::stage, stage.stage_name, stage);
    }
    if (!made) return;
    // Automatic deployments that no stage shows any more.
    std::set<std::string> shown;
    for (const Stage& stage : all<Stage>(call, api, kind::stage))
        shown.insert(stage.deployment_id.value_or(""));
    for (const Deployment& one : all<Deployment>(call, api, kind::deployment)) {
        if (!one.auto_deployed.value_or(false) || shown.contains(*one.deployment_id)) continue;
        erase(call, api, kind::deployment, *one.deployment_id);
        schema::frozen.erase(call.txn(), {call.account, call.region, api, *one.deployment_id});
    }
}

}  // namespace unkai::services::apigatewayv2
