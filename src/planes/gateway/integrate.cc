// Integrations: functions, HTTP backends, MOCK.
#include "base/log.h"
#include "base/strings.h"
#include "planes/gateway/event.h"
#include "planes/gateway/mapping.h"
#include "planes/gateway/match.h"
#include "planes/gateway/serving.h"

namespace unkai::planes::gateway {

struct Gateway::Pending {
    Event done;
    std::optional<Result<Invoked>> result;
};

namespace {

bool is_rest(const Turn& turn) { return turn.api->kind == Api::Kind::rest; }

// Binary answers reach clients decoded when their first Accept is a binary type of the API.
bool accepts_binary(const Turn& turn) {
    if (!is_rest(turn)) return true;
    const std::string_view first = split_once(turn.in->header("accept"), ',').first;
    const std::string type = media_type_of(first);
    return is_binary_type(turn.stage->content->binary_types, type.empty() ? "*/*" : type) ||
           (type == "*/*" && !turn.stage->content->binary_types.empty());
}

}  // namespace

Outgoing integration_failed(Turn& turn, std::string why, bool timed_out, bool malformed) {
    turn.integration_error = std::move(why);
    if (!is_rest(turn)) {
        if (malformed) return own_answer(turn, "INTEGRATION_FAILURE", "Internal Server Error", 500);
        return own_answer(turn, timed_out ? "INTEGRATION_TIMEOUT" : "INTEGRATION_FAILURE",
                          "Service Unavailable", 503);
    }
    if (timed_out) return own_answer(turn, "INTEGRATION_TIMEOUT");
    if (malformed) return own_answer(turn, "INTEGRATION_FAILURE", "Internal server error", 502);
    return own_answer(turn, "INTEGRATION_FAILURE", "Network error communicating with endpoint");
}

Task<Outgoing> Gateway::integrate(Turn& turn) {
    const Integration& integration = turn.route->integration;
    const Steady begun = env_.loop.steady();
    Outgoing out;
    switch (integration.kind) {
        case Integration::Kind::none:
            out = own_answer(turn, "API_CONFIGURATION_ERROR");
            break;
        case Integration::Kind::mock:
            out = integrate_mock(turn);
            break;
        case Integration::Kind::lambda_proxy:
        case Integration::Kind::lambda:
            out = co_await integrate_lambda(turn);
            break;
        case Integration::Kind::http_proxy:
        case Integration::Kind::http:
            out = co_await integrate_http(turn);
            break;
    }
    if (integration.kind != Integration::Kind::none && integration.kind != Integration::Kind::mock)
        turn.integration_latency =
            std::chrono::duration_cast<std::chrono::milliseconds>(env_.loop.steady() - begun)
                .count();
    if (out.body.size() > options_.most_body)
        out = integration_failed(turn, "The answer is larger than 10 MB.", false, true);
    if (!is_rest(turn)) map_http_response(turn, out);
    co_return out;
}

Task<void> Gateway::run_invocation(Invocation invocation, std::shared_ptr<Pending> pending) {
    pending->result = co_await backend_.invoke(std::move(invocation));
    pending->done.notify_all();
    ended_.notify_all();
}

Task<Result<Invoked>> Gateway::invoke(Turn& turn, Invocation invocation) {
    auto pending = std::make_shared<Pending>();
    const Duration timeout = invocation.timeout;
    invocation.account = turn.api->account;
    invocation.region = turn.api->region;
    scope_.spawn(run_invocation(std::move(invocation), pending));
    const Steady deadline = env_.loop.steady() + timeout;
    while (!pending->result)
        if (co_await pending->done.wait(env_.loop, deadline) != Wake::ready) break;
    if (!pending->result) co_return fail("Timeout", "The function did not answer in time.", 504);
    co_return std::move(*pending->result);
}

Task<Outgoing> Gateway::integrate_lambda(Turn& turn) {
    const Route& route = *turn.route;
    const Integration& integration = route.integration;
    const bool proxy = integration.kind == Integration::Kind::lambda_proxy;
    std::string payload;
    if (proxy) {
        payload = proxy_event(turn, integration.payload_version);
    } else {
        Payload mapped = map_payload(turn);
        if (mapped.refused) co_return std::move(*mapped.refused);
        payload = mapped.body.empty() ? "{}" : std::move(mapped.body);
    }
    // What permissions are written for: the stage, the method as the resource has it, its path.
    const std::string path = route.is_default ? "/$default" : route.resource;
    std::string source = "arn:aws:execute-api:" + turn.api->region + ":" + turn.api->account + ":" +
                         turn.api->id + "/" + turn.stage->name;
    source += is_rest(turn) || !route.is_default ? "/" + turn.in->method + path : path;
    auto answer = co_await invoke(
        turn, {.function = with_stage_variables(integration.uri, turn.stage->variables),
               .payload = std::move(payload),
               .source_arn = std::move(source),
               .credentials = integration.credentials,
               .timeout = integration.timeout});
    if (!answer) {
        const Error& error = answer.error();
        log::debug("a function cannot be called",
                   {{"function", integration.uri}, {"error", error.message}});
        if (error.is("Timeout")) co_return integration_failed(turn, error.message, true, false);
        turn.integration_error = error.message;
        if (!is_rest(turn) && error.is("Throttled"))
            co_return integration_failed(turn, error.message, false, false);
        co_return own_answer(turn, "API_CONFIGURATION_ERROR",
                             is_rest(turn) ? "Internal server error" : "Internal Server Error",
                             500);
    }
    turn.integration_status = 200;
    if (proxy) {
        if (answer->failed) co_return integration_failed(turn, answer->payload, false, true);
        auto out =
            proxy_response(answer->payload, integration.payload_version, accepts_binary(turn));
        if (!out) co_return integration_failed(turn, out.error().message, false, true);
        turn.integration_status = out->status;
        if (out->header("content-type") == nullptr)
            out->add(is_rest(turn) ? "Content-Type" : "content-type",
                     is_rest(turn) ? "application/json" : "text/plain;charset=UTF-8");
        if (is_rest(turn)) remap_headers(*out);
        co_return std::move(*out);
    }
    Outgoing from;
    from.body = std::move(answer->payload);
    from.add("content-type", "application/json");
    std::string selector;
    if (answer->failed) {
        const auto raised = wire::Json::parse(from.body);
        if (raised) selector = (*raised)["errorMessage"].string_or("");
    }
    co_return map_response(turn, std::move(from), selector);
}

Outgoing Gateway::integrate_mock(Turn& turn) {
    Payload mapped = map_payload(turn);
    if (mapped.refused) return std::move(*mapped.refused);
    const auto body = wire::Json::parse(mapped.body);
    const auto status = body ? (*body)["statusCode"].is_integer()
                                   ? std::optional((*body)["statusCode"].as_int())
                                   : parse_int((*body)["statusCode"].string_or(""))
                             : std::nullopt;
    if (!status) {
        turn.integration_error =
            "Unable to parse statusCode. It should be an integer that is defined in the request "
            "template.";
        return own_answer(turn, "API_CONFIGURATION_ERROR");
    }
    Outgoing from;
    from.status = static_cast<int>(*status);
    from.body = turn.in->body;
    return map_response(turn, std::move(from), std::to_string(*status));
}

Task<Outgoing> Gateway::integrate_http(Turn& turn) {
    const Integration& integration = turn.route->integration;
    const bool proxy = integration.kind == Integration::Kind::http_proxy;
    HttpCall call = map_http_call(turn, *turn.route);
    if (!proxy) {
        Payload mapped = map_payload(turn);
        if (mapped.refused) co_return std::move(*mapped.refused);
        call.body = std::move(mapped.body);
        if (!call.body.empty()) call.headers.emplace_back("Content-Type", mapped.content_type);
    }
    Outgoing out = co_await pass_http(turn, std::move(call));
    if (!turn.error_type.empty()) co_return out;  // Our own answer.
    turn.integration_status = out.status;
    if (proxy) {
        if (is_rest(turn)) remap_headers(out);
        co_return out;
    }
    const std::string selector = std::to_string(out.status);
    co_return map_response(turn, std::move(out), selector);
}

Status read_address(HttpCall& call) {
    const std::string_view url = call.url;
    const size_t colon = url.find("://");
    const std::string scheme = to_lower(url.substr(0, colon == url.npos ? 0 : colon));
    if (scheme != "http" && scheme != "https")
        return fail("BadAddress", "The address '" + call.url + "' is neither http:// nor https://.",
                    400);
    call.secure = scheme == "https";
    const std::string_view rest = url.substr(colon + 3);
    const size_t slash = std::min(rest.find_first_of("/?"), rest.size());
    call.authority = rest.substr(0, slash);
    call.host = to_lower(net::host_of(call.authority));
    call.port = net::port_of(call.authority);
    if (call.port == 0) call.port = call.secure ? 443 : 80;
    call.target = rest.substr(slash);
    if (!call.target.starts_with('/')) call.target = "/" + call.target;
    if (call.host.empty())
        return fail("BadAddress", "The address '" + call.url + "' names no host.", 400);
    for (const auto& [name, value] : call.query)
        call.target += (call.target.find('?') == std::string::npos ? "?" : "&") +
                       percent_encode(name) + "=" + percent_encode(value);
    return ok();
}

Result<net::Destination> Gateway::destination(const HttpCall& call) {
    net::Destination out;
    out.network = options_.network;
    auto literal = net::Address::parse(call.host, call.port);
    if (literal) {
        out.address = *literal;
    } else {
        const auto addresses = backend_.resolve(call.host);
        if (addresses.empty())
            return fail("UnknownHost",
                        "The host '" + call.host + "' is not known to this installation's DNS.",
                        502);
        TRY(out.address, net::Address::parse(addresses.front(), call.port));
    }
    if (!call.secure) return out;
    auto& tls = call.verify ? tls_ : unverified_tls_;
    if (!tls) {
        net::ClientTlsOptions options;
        options.verify = call.verify;
        options.trusted_pem = options_.trusted_authorities;
        TRY(tls, net::ClientTls::make(options));
    }
    out.tls = tls;
    out.server_name = call.host;
    return out;
}

Task<Outgoing> Gateway::pass_http(Turn& turn, HttpCall call) {
    if (const Status read = read_address(call); !read)
        co_return integration_failed(turn, read.error().message, false, false);
    const auto to = destination(call);
    if (!to) co_return integration_failed(turn, to.error().message, false, false);
    net::Headers headers;
    for (const auto& [name, value] : call.headers) headers.add(name, value);
    const Steady deadline = env_.loop.steady() + call.timeout;
    auto response = co_await client_.send(*to, {.method = call.method,
                                                .target = call.target,
                                                .authority = call.authority,
                                                .headers = &headers,
                                                .body = call.body,
                                                .deadline = deadline});
    if (!response)
        co_return integration_failed(
            turn, response.error().message,
            response.error().is("ConnectionTimeout") || env_.loop.steady() >= deadline, false);
    Outgoing out;
    out.status = response->status();
    for (const auto& field : response->headers())
        if (!equals_ignoring_case(field.name, "connection") || is_rest(turn))
            out.add(std::string(field.name), std::string(field.value));
    while (true) {
        const auto piece = co_await response->read();
        if (!piece) co_return integration_failed(turn, piece.error().message, false, false);
        if (piece->empty()) break;
        out.body += *piece;
        if (out.body.size() > call.most)
            co_return integration_failed(turn, "The answer is larger than 10 MB.", false, true);
        if (env_.loop.steady() > deadline)
            co_return integration_failed(turn, "The answer came too slowly.", true, false);
    }
    co_return out;
}

Task<Result<std::string>> Gateway::fetch(std::string url, Duration timeout, size_t most) {
    HttpCall call{.method = "GET", .url = std::move(url)};
    CO_REQUIRE(read_address(call));
    CO_TRY(const net::Destination to, destination(call));
    CO_TRY(net::Response response,
           co_await client_.send(to, {.target = call.target,
                                      .authority = call.authority,
                                      .deadline = env_.loop.steady() + timeout}));
    if (response.status() != 200)
        co_return fail("FetchFailed", call.url + " answered " + std::to_string(response.status()),
                       502);
    co_return co_await response.read_all(most);
}

}  // namespace unkai::planes::gateway
