// Who may: signatures, Lambda authorizers, JSON web tokens.
#include <algorithm>
#include <regex>

#include "base/strings.h"
#include "planes/gateway/event.h"
#include "planes/gateway/match.h"
#include "planes/gateway/serving.h"

namespace unkai::planes::gateway {

namespace {

constexpr size_t most_verdicts = 10000;

bool is_http(const Turn& turn) { return turn.api->kind == Api::Kind::http; }

// "method.request.header.X" and "$request.header.X" alike.
std::string source_value(const Turn& turn, std::string_view source) {
    if (source.starts_with('$')) source.remove_prefix(1);
    if (source.starts_with("method.")) source.remove_prefix(7);
    if (source.starts_with("request.header."))
        return std::string(turn.in->header(source.substr(15)));
    if (source.starts_with("request.querystring.")) return turn.query_value(source.substr(20));
    if (source.starts_with("context.")) return context_value(turn, source.substr(8)).value_or("");
    if (source.starts_with("stageVariables."))
        return with_stage_variables("${" + std::string(source) + "}", turn.stage->variables);
    return "";
}

Outgoing unauthorized(Turn& turn) { return own_answer(turn, "UNAUTHORIZED", "Unauthorized"); }

Outgoing authorizer_broken(Turn& turn, std::string why, std::string_view type) {
    turn.integration_error = std::move(why);
    if (is_http(turn)) return own_answer(turn, type, "Internal Server Error", 500);
    return own_answer(turn, type);
}

bool fits_pattern(const std::string& text, const std::string& pattern) {
    try {
        return std::regex_match(
            text, std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial));
    } catch (const std::regex_error&) {
        return false;
    }
}

// Claims as functions see them: all texts; lists as "[a b]".
wire::Json shown_claims(const wire::Json& claims) {
    wire::Json out = wire::Json::object();
    for (const auto& member : claims.as_object()) {
        std::string text = member.value.is_scalar() ? member.value.text() : member.value.dump();
        if (member.value.is_array()) {
            text = "[";
            for (const wire::Json& one : member.value.as_array())
                text += (text.size() > 1 ? " " : "") + (one.is_scalar() ? one.text() : one.dump());
            text += "]";
        }
        out.set(member.name, text);
    }
    return out;
}

std::vector<std::string> scopes_of(const wire::Json& claims) {
    std::vector<std::string> out;
    const wire::Json& scope = claims["scope"].is_null() ? claims["scp"] : claims["scope"];
    if (scope.is_array())
        for (const wire::Json& one : scope.as_array()) out.push_back(one.string_or(""));
    if (scope.is_string())
        for (const std::string_view one : split(scope.as_string(), ' ')) out.emplace_back(one);
    return out;
}

}  // namespace

Task<std::optional<Outgoing>> Gateway::authorize(Turn& turn) {
    const Route& route = *turn.route;
    if (route.authorization == "NONE" || route.authorization.empty()) co_return std::nullopt;
    if (route.authorization == "AWS_IAM") {
        auto identity = backend_.authenticate(*turn.in, turn.api->region);
        if (identity) {
            turn.identity = *std::move(identity);
            co_return std::nullopt;
        }
        const Error& error = identity.error();
        if (is_http(turn)) co_return own_answer(turn, "ACCESS_DENIED", "Forbidden", 403);
        if (error.is("MissingAuthenticationToken"))
            co_return own_answer(turn, "MISSING_AUTHENTICATION_TOKEN");
        co_return own_answer(turn, error.is("ExpiredToken") ? "EXPIRED_TOKEN" : "INVALID_SIGNATURE",
                             error.message);
    }
    const auto found = turn.stage->content->authorizers.find(route.authorizer);
    if (found == turn.stage->content->authorizers.end())
        co_return authorizer_broken(turn, "The route's authorizer is not there.",
                                    "AUTHORIZER_CONFIGURATION_ERROR");
    if (found->second.kind == Authorizer::Kind::jwt)
        co_return co_await check_jwt(turn, found->second);
    co_return co_await ask_function(turn, found->second);
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     apigateway-use-lambda-authorizer.html
Task<std::optional<Outgoing>> Gateway::ask_function(Turn& turn, const Authorizer& authorizer) {
    std::vector<std::string> identity;
    for (const std::string& source : authorizer.sources) {
        identity.push_back(source_value(turn, source));
        if (identity.back().empty()) co_return unauthorized(turn);
    }
    const bool token = authorizer.kind == Authorizer::Kind::token;
    if (token && !authorizer.validation.empty() &&
        !fits_pattern(identity.empty() ? "" : identity[0], authorizer.validation))
        co_return unauthorized(turn);
    const Steady begun = env_.loop.steady();
    const bool cached = authorizer.ttl > Duration{0} && !authorizer.sources.empty();
    const std::string key =
        turn.api->id + "/" + turn.stage->name + "/" + authorizer.id + "/" + join(identity, "\x1f");
    if (const auto known = verdicts_.find(key); cached && known != verdicts_.end()) {
        if (known->second->until > begun) co_return apply_verdict(turn, authorizer, *known->second);
        verdicts_.erase(known);
    }
    std::string event = token ? token_event(turn, identity.empty() ? "" : identity[0])
                              : authorizer_event(turn, authorizer.payload_version, identity);
    const std::string source = "arn:aws:execute-api:" + turn.api->region + ":" + turn.api->account +
                               ":" + turn.api->id + "/authorizers/" + authorizer.id;
    constexpr auto timeout = std::chrono::seconds(10);
    auto answer = co_await invoke(
        turn, {.function = with_stage_variables(authorizer.function, turn.stage->variables),
               .payload = std::move(event),
               .source_arn = source,
               .credentials = authorizer.credentials,
               .timeout = timeout});
    turn.authorizer_latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(env_.loop.steady() - begun).count();
    if (!answer)
        co_return authorizer_broken(
            turn, answer.error().message,
            answer.error().is("Timeout") ? "AUTHORIZER_FAILURE" : "AUTHORIZER_CONFIGURATION_ERROR");
    if (answer->failed) {
        // A function that raises "Unauthorized" says 401.
        const auto raised = wire::Json::parse(answer->payload);
        if (raised && (*raised)["errorMessage"].string_or("") == "Unauthorized")
            co_return unauthorized(turn);
        co_return authorizer_broken(turn, answer->payload, "AUTHORIZER_CONFIGURATION_ERROR");
    }
    auto read = read_verdict(answer->payload, authorizer.simple_responses);
    if (!read)
        co_return authorizer_broken(turn, read.error().message, "AUTHORIZER_CONFIGURATION_ERROR");
    auto verdict = std::make_unique<CachedVerdict>();
    verdict->simple = authorizer.simple_responses;
    verdict->allowed_simply = read->authorized;
    verdict->policy = std::move(read->policy);
    verdict->principal = std::move(read->principal);
    verdict->usage_key = std::move(read->usage_key);
    verdict->context = std::move(read->context);
    verdict->context_json = std::move(read->context_json);
    verdict->until = env_.loop.steady() + authorizer.ttl;
    auto out = apply_verdict(turn, authorizer, *verdict);
    if (cached) {
        if (verdicts_.size() >= most_verdicts) verdicts_.clear();
        verdicts_[key] = std::move(verdict);
    }
    co_return out;
}

std::optional<Outgoing> Gateway::apply_verdict(Turn& turn, const Authorizer&,
                                               const CachedVerdict& verdict) {
    Decision decision = verdict.allowed_simply ? Decision::allow : Decision::none;
    if (!verdict.simple)
        decision = backend_.evaluate({.policy = verdict.policy,
                                      .resource = turn.method_arn(),
                                      .principal_arn = {},
                                      .principal_account = {},
                                      .source_ip = turn.in->source_ip,
                                      .ignore_principal = true});
    turn.principal_id = verdict.principal;
    turn.authorizer = verdict.context;
    turn.authorizer_json = verdict.context_json;
    if (decision == Decision::allow) {
        if (turn.stage->content->key_from_authorizer) turn.api_key = verdict.usage_key;
        return std::nullopt;
    }
    if (is_http(turn)) return own_answer(turn, "ACCESS_DENIED", "Forbidden", 403);
    return own_answer(turn, "ACCESS_DENIED",
                      decision == Decision::deny
                          ? "User is not authorized to access this resource with an explicit deny"
                          : "User is not authorized to access this resource");
}

void Gateway::flush_authorizers(const std::string& api, const std::string& stage) {
    std::erase_if(verdicts_, [&](const auto& entry) {
        return entry.first.starts_with(api + "/" + stage + "/");
    });
}

Task<std::optional<Outgoing>> Gateway::check_jwt(Turn& turn, const Authorizer& authorizer) {
    const auto refuse = [&](std::string_view why) {
        turn.error_message = why;
        Outgoing out = unauthorized(turn);
        out.set("www-authenticate",
                "Bearer scope=\"\" error=\"invalid_token\" "
                "error_description=\"" +
                    replace_all(why, "\"", "'") + "\"");
        return out;
    };
    std::string token = authorizer.sources.empty() ? std::string(turn.in->header("authorization"))
                                                   : source_value(turn, authorizer.sources[0]);
    if (token.empty()) {
        Outgoing out = unauthorized(turn);
        out.set("www-authenticate", "Bearer");
        co_return out;
    }
    if (to_lower(token.substr(0, 7)) == "bearer ") token.erase(0, 7);
    const auto keys = co_await keys_of(authorizer.issuer);
    if (!keys) {
        turn.integration_error = keys.error().message;
        co_return refuse("the issuer's keys cannot be had: " + keys.error().message);
    }
    const auto claims = verify_jwt(token, **keys, authorizer, env_.now());
    if (!claims) co_return refuse(claims.error().message);
    const std::vector<std::string> scopes = scopes_of(*claims);
    bool enough = turn.route->scopes.empty();
    for (const std::string& wanted : turn.route->scopes)
        enough = enough || std::find(scopes.begin(), scopes.end(), wanted) != scopes.end();
    if (!enough) {
        Outgoing out = own_answer(turn, "ACCESS_DENIED", "Forbidden", 403);
        out.set("www-authenticate", "Bearer scope=\"" + join(turn.route->scopes, " ") +
                                        "\" error=\"insufficient_scope\"");
        co_return out;
    }
    wire::Json shown = wire::Json::array();
    for (const std::string& scope : turn.route->scopes) shown.push(scope);
    turn.authorizer_json = wire::Json::object(
        {{"jwt", wire::Json::object({{"claims", shown_claims(*claims)},
                                     {"scopes", turn.route->scopes.empty() ? wire::Json(nullptr)
                                                                           : std::move(shown)}})}});
    turn.principal_id = (*claims)["sub"].string_or("");
    co_return std::nullopt;
}

// Kept for two hours, as AWS does.
Task<Result<std::shared_ptr<const wire::Json>>> Gateway::keys_of(std::string issuer) {
    constexpr size_t most_answer = 150000, most_sets = 1000;
    constexpr Duration timeout = std::chrono::milliseconds(1500), kept = std::chrono::hours(2);
    if (const auto known = key_sets_.find(issuer);
        known != key_sets_.end() && known->second->until > env_.loop.steady())
        co_return known->second->keys;
    std::string base = issuer;
    while (base.ends_with('/')) base.pop_back();
    CO_TRY(const std::string text,
           co_await fetch(base + "/.well-known/openid-configuration", timeout, most_answer));
    CO_TRY(const wire::Json configuration, wire::Json::parse(text));
    const std::string address = configuration["jwks_uri"].string_or("");
    if (address.empty()) co_return fail("NoKeys", "the issuer names no jwks_uri", 401);
    CO_TRY(const std::string keys, co_await fetch(address, timeout, most_answer));
    CO_TRY(wire::Json parsed, wire::Json::parse(keys));
    auto set = std::make_unique<KeySet>();
    set->keys = std::make_shared<const wire::Json>(std::move(parsed));
    set->until = env_.loop.steady() + kept;
    const auto out = set->keys;
    if (key_sets_.size() >= most_sets) key_sets_.clear();
    key_sets_[issuer] = std::move(set);
    co_return out;
}

}  // namespace unkai::planes::gateway
