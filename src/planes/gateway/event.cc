#include "planes/gateway/event.h"

#include "base/strings.h"
#include "planes/gateway/match.h"

namespace unkai::planes::gateway {

using wire::Json;

namespace {

Json texts_or_null(const Texts& texts) {
    if (texts.empty()) return nullptr;
    Json out = Json::object();
    for (const auto& [name, value] : texts) out.set(name, value);
    return out;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// The last value of each name, and all values of each name.
std::pair<Json, Json> single_and_multi(const std::vector<Field>& fields, bool ignore_case) {
    if (fields.empty()) return {nullptr, nullptr};
    Json single = Json::object(), multi = Json::object();
    std::map<std::string, std::string> spelled;
    for (const auto& [name, value] : fields) {
        const std::string key = ignore_case ? to_lower(name) : name;
        const std::string& shown = spelled.try_emplace(key, name).first->second;
        single.set(shown, value);
        if (multi.find(shown) == nullptr) multi.set(shown, Json::array());
        multi.as_object()[shown].push(value);
    }
    return {std::move(single), std::move(multi)};
}

Json identity_of(const Turn& turn, bool rest) {
    const auto who = [&](const std::string Identity::* member) {
        return turn.identity ? text_or_null((*turn.identity).*member) : Json(nullptr);
    };
    Json out =
        Json::object({{"cognitoIdentityPoolId", nullptr},
                      {"accountId", who(&Identity::account)},
                      {"cognitoIdentityId", nullptr},
                      {"caller", who(&Identity::caller)},
                      {"sourceIp", turn.in->source_ip},
                      {"principalOrgId", nullptr},
                      {"accessKey", who(&Identity::access_key)},
                      {"cognitoAuthenticationType", nullptr},
                      {"cognitoAuthenticationProvider", nullptr},
                      {"userArn", who(&Identity::user_arn)},
                      {"userAgent", text_or_null(std::string(turn.in->header("user-agent")))},
                      {"user", who(&Identity::user)}});
    if (rest && !turn.api_key.empty()) {
        out.set("apiKey", turn.api_key);
        out.set("apiKeyId", turn.api_key_id);
    }
    return out;
}

std::string deployment_of(const Turn& turn) {
    return turn.stage->content ? turn.stage->content->deployment : "";
}

Json authorizer_of(const Turn& turn) {
    Json out = Json::object();
    if (!turn.principal_id.empty()) out.set("principalId", turn.principal_id);
    for (const auto& [name, value] : turn.authorizer) out.set(name, value);
    if (turn.authorizer_latency >= 0) out.set("integrationLatency", turn.authorizer_latency);
    return out;
}

Json context_1(const Turn& turn) {
    const bool rest = turn.api->kind == Api::Kind::rest;
    Json out = Json::object({{"resourceId", turn.route->id}});
    if (turn.route->authorization == "CUSTOM" || turn.route->authorization == "JWT")
        out.set("authorizer", turn.route->authorization == "JWT" ? turn.authorizer_json["jwt"]
                                                                 : authorizer_of(turn));
    out.set("resourcePath", rest ? turn.route->resource : turn.route->key);
    if (!turn.route->operation_name.empty()) out.set("operationName", turn.route->operation_name);
    out.set("httpMethod", turn.in->method);
    out.set("extendedRequestId", turn.extended_id);
    out.set("requestTime", clf_time(turn.now));
    out.set("path", turn.full_path);
    out.set("accountId", turn.api->account);
    out.set("protocol", turn.in->protocol);
    out.set("stage", turn.stage->name);
    out.set("domainPrefix", turn.domain_prefix);
    out.set("requestTimeEpoch", millis(turn.now));
    out.set("requestId", turn.request_id);
    out.set("identity", identity_of(turn, rest));
    out.set("domainName", turn.domain);
    if (rest && !deployment_of(turn).empty()) out.set("deploymentId", deployment_of(turn));
    out.set("apiId", turn.api->id);
    return out;
}

// What both the integration's and the authorizer's event of format 1.0 begin with.
void put_request_1(Json& out, const Turn& turn) {
    const bool rest = turn.api->kind == Api::Kind::rest;
    out.set("resource", rest ? turn.route->resource
                             : (turn.route->is_default ? "$default" : turn.route->resource));
    out.set("path", turn.base_path.empty() && rest ? turn.path : turn.full_path);
    out.set("httpMethod", turn.in->method);
    auto [headers, multi_headers] = single_and_multi(turn.in->headers, true);
    out.set("headers", std::move(headers));
    out.set("multiValueHeaders", std::move(multi_headers));
    auto [query, multi_query] = single_and_multi(turn.query, false);
    out.set("queryStringParameters", std::move(query));
    out.set("multiValueQueryStringParameters", std::move(multi_query));
}

void put_body(Json& out, const Turn& turn, bool null_when_empty) {
    const bool binary = !turn.in->body.empty() && body_is_binary(turn);
    if (!turn.in->body.empty())
        out.set("body", binary ? base64(turn.in->body) : turn.in->body);
    else if (null_when_empty)
        out.set("body", nullptr);
    out.set("isBase64Encoded", binary);
}

std::string event_1(const Turn& turn) {
    Json out = Json::object();
    if (turn.api->kind == Api::Kind::http) out.set("version", "1.0");
    put_request_1(out, turn);
    if (turn.api->kind == Api::Kind::rest) {
        out.set("pathParameters", texts_or_null(turn.path_variables));
        out.set("stageVariables", texts_or_null(turn.stage->variables));
        out.set("requestContext", context_1(turn));
    } else {
        out.set("requestContext", context_1(turn));
        out.set("pathParameters", texts_or_null(turn.path_variables));
        out.set("stageVariables", texts_or_null(turn.stage->variables));
    }
    put_body(out, turn, true);
    return out.dump();
}

Json context_2(const Turn& turn) {
    Json out = Json::object({{"accountId", turn.api->account}, {"apiId", turn.api->id}});
    if (turn.route->authorization == "JWT") out.set("authorizer", turn.authorizer_json);
    if (turn.route->authorization == "CUSTOM")
        out.set("authorizer", Json::object({{"lambda", turn.authorizer_json}}));
    if (turn.identity)
        out.set("authorizer",
                Json::object({{"iam", Json::object({{"accessKey", turn.identity->access_key},
                                                    {"accountId", turn.identity->account},
                                                    {"callerId", turn.identity->caller},
                                                    {"cognitoIdentity", nullptr},
                                                    {"principalOrgId", nullptr},
                                                    {"userArn", turn.identity->user_arn},
                                                    {"userId", turn.identity->user}})}}));
    out.set("domainName", turn.domain);
    out.set("domainPrefix", turn.domain_prefix);
    out.set("http", Json::object({{"method", turn.in->method},
                                  {"path", turn.full_path},
                                  {"protocol", turn.in->protocol},
                                  {"sourceIp", turn.in->source_ip},
                                  {"userAgent", turn.in->header("user-agent")}}));
    out.set("requestId", turn.request_id);
    out.set("routeKey", turn.route->key);
    out.set("stage", turn.stage->name);
    out.set("time", clf_time(turn.now));
    out.set("timeEpoch", millis(turn.now));
    return out;
}

void put_request_2(Json& out, const Turn& turn) {
    Json headers = Json::object(), cookies;
    for (const auto& [name, value] : turn.in->headers) {
        const std::string key = to_lower(name);
        if (key == "cookie") {
            for (const std::string_view cookie : split(value, ';')) cookies.push(trim(cookie));
            continue;
        }
        const Json* before = headers.find(key);
        headers.set(key, before != nullptr ? before->as_string() + "," + value : value);
    }
    if (!cookies.is_null()) out.set("cookies", std::move(cookies));
    out.set("headers", std::move(headers));
    Json query = Json::object();
    for (const auto& [name, value] : turn.query) {
        const Json* before = query.find(name);
        query.set(name, before != nullptr ? before->as_string() + "," + value : value);
    }
    if (query.size() > 0) out.set("queryStringParameters", std::move(query));
}

std::string event_2(const Turn& turn) {
    Json out = Json::object({{"version", "2.0"},
                             {"routeKey", turn.route->key},
                             {"rawPath", turn.full_path},
                             {"rawQueryString", turn.in->query}});
    put_request_2(out, turn);
    out.set("requestContext", context_2(turn));
    if (!turn.path_variables.empty()) out.set("pathParameters", texts_or_null(turn.path_variables));
    if (!turn.stage->variables.empty())
        out.set("stageVariables", texts_or_null(turn.stage->variables));
    put_body(out, turn, false);
    return out.dump();
}

Unexpected malformed(std::string why) { return fail("Malformed", std::move(why), 502); }

// Header values may be strings, numbers and booleans.
Status put_headers(Outgoing& out, const Json& headers, const Json& multi) {
    if (!headers.is_null() && !headers.is_object()) return malformed("headers is no object");
    if (!multi.is_null() && !multi.is_object()) return malformed("multiValueHeaders is no object");
    const auto good = [](const std::string& name, const std::string& value) {
        return wire::is_token(name) && wire::is_field_value(value);
    };
    if (multi.is_object())
        for (const auto& member : multi.as_object()) {
            if (!member.value.is_array()) return malformed("a multiValueHeader is no list");
            for (const Json& value : member.value.as_array()) {
                if (!value.is_scalar() || !good(member.name, value.text()))
                    return malformed("the header " + member.name + " is not valid");
                out.add(member.name, value.text());
            }
        }
    if (headers.is_object())
        for (const auto& member : headers.as_object()) {
            if (!member.value.is_scalar() || !good(member.name, member.value.text()))
                return malformed("the header " + member.name + " is not valid");
            // What both maps name is merged; a pair that is in both counts once.
            bool known = false;
            for (const auto& [name, value] : out.headers)
                known = known || (name == member.name && value == member.value.text());
            if (!known) out.add(member.name, member.value.text());
        }
    return ok();
}

std::optional<int> status_of(const Json& value) {
    std::optional<int64_t> status;
    if (value.is_integer()) status = value.as_int();
    if (value.is_string()) status = parse_int(value.as_string());
    if (!status || *status < 100 || *status > 599) return std::nullopt;
    return static_cast<int>(*status);
}

Status put_response_body(Outgoing& out, const Json& answer, bool binary_accepted) {
    const Json& body = answer["body"];
    if (body.is_null()) return ok();
    if (!body.is_string()) return malformed("body is no string");
    out.body = body.as_string();
    if (answer["isBase64Encoded"].bool_or(false) && binary_accepted) {
        auto bytes = from_base64(out.body);
        if (!bytes) return malformed("body is not base64");
        out.body = std::move(*bytes);
    }
    return ok();
}

}  // namespace

bool body_is_binary(const Turn& turn) {
    const std::string type = media_type_of(turn.in->header("content-type"));
    if (turn.api->kind == Api::Kind::rest)
        return turn.stage->content && is_binary_type(turn.stage->content->binary_types,
                                                     type.empty() ? "application/json" : type);
    return !is_text_type(type) || !is_valid_utf8(turn.in->body);
}

std::string proxy_event(const Turn& turn, std::string_view version) {
    return version == "2.0" ? event_2(turn) : event_1(turn);
}

std::string token_event(const Turn& turn, std::string_view token) {
    return Json::object(
               {{"type", "TOKEN"}, {"methodArn", turn.method_arn()}, {"authorizationToken", token}})
        .dump();
}

std::string authorizer_event(const Turn& turn, std::string_view version,
                             const std::vector<std::string>& identity) {
    if (version == "2.0") {
        Json sources = Json::array();
        for (const std::string& one : identity) sources.push(one);
        Json out = Json::object({{"version", "2.0"},
                                 {"type", "REQUEST"},
                                 {"routeArn", turn.method_arn()},
                                 {"identitySource", std::move(sources)},
                                 {"routeKey", turn.route->key},
                                 {"rawPath", turn.full_path},
                                 {"rawQueryString", turn.in->query}});
        put_request_2(out, turn);
        Json context = context_2(turn);
        context.as_object().erase("authorizer");
        out.set("requestContext", std::move(context));
        if (!turn.path_variables.empty())
            out.set("pathParameters", texts_or_null(turn.path_variables));
        if (!turn.stage->variables.empty())
            out.set("stageVariables", texts_or_null(turn.stage->variables));
        return out.dump();
    }
    Json out = Json::object();
    if (turn.api->kind == Api::Kind::http) out.set("version", "1.0");
    out.set("type", "REQUEST");
    out.set("methodArn", turn.method_arn());
    if (turn.api->kind == Api::Kind::http) {
        out.set("identitySource", join(identity, ","));
        out.set("authorizationToken", join(identity, ","));
    }
    put_request_1(out, turn);
    out.set("pathParameters", texts_or_null(turn.path_variables));
    out.set("stageVariables", texts_or_null(turn.stage->variables));
    Json context = context_1(turn);
    context.as_object().erase("authorizer");
    out.set("requestContext", std::move(context));
    return out.dump();
}

Result<Outgoing> proxy_response(std::string_view payload, std::string_view version,
                                bool binary_accepted) {
    auto answer = Json::parse(payload);
    Outgoing out;
    const bool structured = answer && answer->is_object() && answer->find("statusCode") != nullptr;
    if (version == "2.0" && !structured) {
        // Without a statusCode the whole answer is the body.
        out.add("content-type", "application/json");
        out.body = answer && answer->is_string() ? answer->as_string() : std::string(payload);
        return out;
    }
    if (!answer || !answer->is_object()) return malformed("the answer is no JSON object");
    const Json& status = (*answer)["statusCode"];
    const auto code = status_of(status);
    if (!code && (version != "1.0" || !status.is_null()))
        return malformed("statusCode is no status");
    if (!code) return malformed("statusCode is missing");
    out.status = *code;
    REQUIRE(put_headers(out, (*answer)["headers"], (*answer)["multiValueHeaders"]));
    if (version == "2.0" && (*answer)["cookies"].is_array())
        for (const Json& cookie : (*answer)["cookies"].as_array())
            if (wire::is_field_value(cookie.text())) out.add("set-cookie", cookie.text());
    REQUIRE(put_response_body(out, *answer, binary_accepted));
    return out;
}

Result<Verdict> read_verdict(std::string_view payload, bool simple) {
    const auto answer = Json::parse(payload);
    if (!answer || !answer->is_object()) return malformed("the answer is no JSON object");
    Verdict out;
    out.principal = (*answer)["principalId"].string_or("");
    out.usage_key = (*answer)["usageIdentifierKey"].string_or("");
    if (simple) {
        if (!(*answer)["isAuthorized"].is_bool()) return malformed("isAuthorized is missing");
        out.authorized = (*answer)["isAuthorized"].as_bool();
    } else {
        if (!(*answer)["policyDocument"].is_object() || !(*answer)["principalId"].is_string())
            return malformed("principalId or policyDocument is missing");
        out.policy = (*answer)["policyDocument"].dump();
    }
    const Json& context = (*answer)["context"];
    if (context.is_object()) {
        out.context_json = context;
        for (const auto& member : context.as_object()) {
            // REST APIs take plain values only.
            if (!simple && !member.value.is_scalar() && !member.value.is_null())
                return malformed("context holds lists or objects");
            out.context[member.name] =
                member.value.is_scalar() ? member.value.text() : member.value.dump();
        }
    }
    return out;
}

}  // namespace unkai::planes::gateway
