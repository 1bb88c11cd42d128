// The life of a request, top to bottom.
#include "base/log.h"
#include "base/strings.h"
#include "planes/gateway/json_path.h"
#include "planes/gateway/match.h"
#include "planes/gateway/page.h"
#include "planes/gateway/serving.h"

namespace unkai::planes::gateway {

namespace {

// x-amz-apigw-id and the request ids of HTTP APIs: "JKJaXmPLvHcESHA=".
std::string short_id(Random& random) {
    constexpr size_t bytes = 11;
    return base64(random.bytes(bytes));
}

std::string trace_id(Random& random, Time now) {
    constexpr size_t digits = 24;
    return fmt::format("Root=1-{:08x}-{}", static_cast<uint64_t>(whole_seconds(now)),
                       random.hex(digits));
}

Outgoing plain_answer(int status, std::string_view message) {
    Outgoing out;
    out.status = status;
    out.add("Content-Type", "application/json");
    out.body = wire::Json::object({{"message", message}}).dump();
    return out;
}

size_t head_size(const net::RequestHead& head) {
    size_t size = head.method.size() + head.target.size();
    for (const auto& field : head.headers) size += field.name.size() + field.value.size();
    return size;
}

void fill_incoming(Incoming& in, net::Exchange& exchange) {
    const net::RequestHead& head = exchange.request();
    in.method = head.method;
    in.path = head.path;
    in.query = head.query;
    in.authority = head.authority;
    in.host = to_lower(net::host_of(head.authority));
    in.source_ip = exchange.peer().ip;
    in.secure = exchange.peer().tls;
    in.port = net::port_of(head.authority);
    if (in.port == 0) in.port = in.secure ? 443 : 80;
    for (const auto& field : head.headers) in.headers.emplace_back(field.name, field.value);
    if (!in.has_header("host")) in.headers.emplace_back("Host", in.authority);
}

Task<void> send_answer(net::Exchange& exchange, Outgoing out) {
    for (const auto& [name, value] : out.headers)
        if (!equals_ignoring_case(name, "content-length") &&
            !equals_ignoring_case(name, "transfer-encoding") &&
            !equals_ignoring_case(name, "connection"))
            exchange.headers().add(name, value);
    const bool empty = out.status == 204 || out.status == 304 || out.status < 200;
    (void)co_await exchange.respond(out.status, empty ? std::string_view() : out.body);
}

}  // namespace

Gateway::Gateway(Env& env, Backend& backend, GatewayOptions options)
    : env_(env), backend_(backend), options_(std::move(options)), client_(env.loop) {}

Gateway::~Gateway() { CHECK(servers_.empty(), "a Gateway was destroyed before stop()"); }

void Gateway::apply(const std::string& owner, Snapshot snapshot) {
    snapshots_[owner] = std::make_shared<const Snapshot>(std::move(snapshot));
    keys_.clear();
    for (const auto& [name, one] : snapshots_)
        for (const UsagePlan& plan : one->plans)
            for (const ApiKey& key : plan.keys) keys_.emplace(key.value, std::pair(&plan, &key));
}

Status Gateway::listen(const std::string& network, const net::Address& address,
                       std::shared_ptr<net::ServerTls> tls) {
    auto server =
        std::make_unique<net::Server>(env_.loop, *this, net::ServerOptions{.tls = std::move(tls)});
    auto bound = server->listen(network, address, {.free_bind = true});
    if (!bound) return bound.error();
    servers_.push_back(std::move(server));
    return ok();
}

Task<void> Gateway::stop(Duration grace) {
    for (const auto& server : servers_) co_await server->drain(grace);
    servers_.clear();
    // Functions that run on after their answer was due.
    const Steady deadline = env_.loop.steady() + grace;
    while (scope_.running() > 0)
        if (co_await ended_.wait(env_.loop, deadline) != Wake::ready) break;
    client_.close_idle();
}

Task<void> Gateway::handle(net::Exchange& exchange) {
    Incoming in;
    fill_incoming(in, exchange);
    const auto target = find_target(in);
    const bool http = target && target->api != nullptr && target->api->kind == Api::Kind::http;
    if (equals_ignoring_case(exchange.request().headers.value("upgrade"), "websocket"))
        co_return co_await send_answer(
            exchange, plain_answer(501, "Unkai has no WebSocket APIs; use REST or HTTP."));
    if (head_size(exchange.request()) > options_.most_headers)
        co_return co_await send_answer(exchange,
                                       plain_answer(431, "Request Header Fields Too Large"));
    if (requests_ >= options_.most_requests || buffered_ >= options_.most_buffered)
        co_return co_await send_answer(exchange, plain_answer(503, "Service Unavailable"));
    const char* const too_long = http ? "Request Entity Too Large" : "Request Too Long";
    if (exchange.has_body()) {
        exchange.allow_body(options_.most_body);
        if (exchange.body_length().value_or(0) > options_.most_body) {
            exchange.close_after();
            co_return co_await send_answer(exchange, plain_answer(413, too_long));
        }
        const size_t reserved = exchange.body_length().value_or(options_.most_body);
        buffered_ += reserved;
        auto body = co_await exchange.read_all(options_.most_body);
        buffered_ -= reserved;
        if (!body) {
            exchange.close_after();
            co_return co_await send_answer(exchange, body.error().is("BodyTooLarge")
                                                         ? plain_answer(413, too_long)
                                                         : plain_answer(400, "Bad Request"));
        }
        in.body = std::move(*body);
    }
    const size_t held = in.body.size();
    buffered_ += held;
    Outgoing out = co_await serve(std::move(in));
    buffered_ -= held;
    co_await send_answer(exchange, std::move(out));
}

Task<Outgoing> Gateway::serve(Incoming in) {
    const auto keep = snapshots_;  // What is replaced meanwhile stays until the answer.
    const auto target = find_target(in);
    if (!target) co_return plain_answer(403, "Forbidden");
    if (in.path.starts_with("/_unkai/apis/")) co_return co_await documentation(*target, in);
    if (target->api == nullptr || target->disabled) co_return plain_answer(403, "Forbidden");
    const bool http = target->api->kind == Api::Kind::http;
    if (target->stage == nullptr || !target->stage->content)
        co_return http ? plain_answer(404, "Not Found") : plain_answer(403, "Forbidden");
    Turn turn;
    turn.in = &in;
    turn.api = target->api;
    turn.stage = target->stage;
    turn.path = target->path;
    turn.base_path = target->base_path;
    turn.full_path = in.path;
    turn.domain = in.host;
    turn.domain_prefix = split_once(in.host, '.').first;
    turn.now = env_.now();
    const Steady begun = env_.loop.steady();
    turn.extended_id = short_id(env_.random);
    turn.request_id = http ? turn.extended_id : env_.random.uuid();
    turn.trace_id = trace_id(env_.random, turn.now);
    turn.query = parse_query(in.query);
    ++requests_;
    Outgoing out = co_await answer(turn);
    if (turn.usage != 0) co_await usage_kept(turn.usage);
    --requests_;
    finish(turn, out, begun);
    co_return out;
}

namespace {

// What the client's hop adds, as functions and backends see it.
void add_forwarding(Incoming& in, const Turn& turn) {
    const auto set = [&](std::string_view name, std::string value) {
        for (auto& [key, old] : in.headers)
            if (equals_ignoring_case(key, name)) {
                old = std::move(value);
                return;
            }
        in.headers.emplace_back(name, std::move(value));
    };
    const std::string before = in.joined("x-forwarded-for");
    set("X-Forwarded-For", before.empty() ? in.source_ip : before + ", " + in.source_ip);
    set("X-Forwarded-Port", std::to_string(in.port));
    set("X-Forwarded-Proto", in.secure ? "https" : "http");
    if (!in.has_header("x-amzn-trace-id")) set("X-Amzn-Trace-Id", turn.trace_id);
}

bool origin_matches(std::string_view pattern, std::string_view origin) {
    return pattern == "*" || pattern == origin || glob_match(pattern, origin);
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
void put_cors(const Cors& cors, const Incoming& in, Outgoing& out, bool preflight) {
    std::erase_if(out.headers, [](const Field& field) {
        return to_lower(field.first).starts_with("access-control-");
    });
    const std::string_view origin = in.header("origin");
    bool listed = false, everybody = false;
    for (const std::string& one : cors.origins) {
        listed = listed || origin_matches(one, origin);
        everybody = everybody || one == "*";
    }
    if (origin.empty() || !listed) return;
    out.set("access-control-allow-origin",
            everybody && !cors.credentials ? "*" : std::string(origin));
    if (!everybody) out.add("vary", "origin");
    if (cors.credentials) out.set("access-control-allow-credentials", "true");
    if (!cors.exposed.empty()) out.set("access-control-expose-headers", join(cors.exposed, ","));
    if (!preflight) return;
    if (!cors.methods.empty()) out.set("access-control-allow-methods", join(cors.methods, ","));
    if (!cors.headers.empty()) out.set("access-control-allow-headers", join(cors.headers, ","));
    if (cors.max_age) out.set("access-control-max-age", std::to_string(*cors.max_age));
}

bool is_preflight(const Incoming& in) {
    return in.method == "OPTIONS" && in.has_header("origin") &&
           in.has_header("access-control-request-method");
}

std::string denied_message(const Turn& turn) {
    return "User: " + (turn.identity ? turn.identity->user_arn : "anonymous") +
           " is not authorized to perform: execute-api:Invoke on resource: " + turn.method_arn();
}

}  // namespace

Task<Outgoing> Gateway::answer(Turn& turn) {
    const Api& api = *turn.api;
    const bool http = api.kind == Api::Kind::http;
    if (api.cors && is_preflight(*turn.in)) {
        Outgoing preflight;
        preflight.status = 204;
        put_cors(*api.cors, *turn.in, preflight, true);
        co_return preflight;
    }
    Match match = http ? match_http(*turn.stage->content, turn.in->method, turn.path)
                       : match_rest(*turn.stage->content, turn.in->method, turn.path);
    if (match.route == nullptr)
        co_return http ? own_answer(turn, "RESOURCE_NOT_FOUND", "Not Found")
                       : own_answer(turn, "MISSING_AUTHENTICATION_TOKEN");
    turn.route = match.route;
    turn.path_variables = std::move(match.variables);
    const std::string& authorization = turn.route->authorization;
    if (!authorization.empty() && authorization != "NONE" &&
        turn.method_arn().size() > options_.most_method_arn)
        co_return own_answer(turn, "DEFAULT_4XX", "Request-URI Too Long", 414);
    if (auto refused = throttle(turn)) co_return std::move(*refused);
    if (auto refused = co_await authorize(turn)) co_return std::move(*refused);
    if (!api.policy.empty()) {
        PolicyQuestion question{
            .policy = api.policy, .resource = turn.method_arn(), .source_ip = turn.in->source_ip};
        if (turn.identity) {
            question.principal_arn = turn.identity->user_arn;
            question.principal_account = turn.identity->account;
        }
        const Decision decision = backend_.evaluate(question);
        const bool own = turn.identity && turn.identity->account == api.account;
        if (decision == Decision::deny || (decision == Decision::none && !own))
            co_return own_answer(turn, "ACCESS_DENIED",
                                 denied_message(turn) +
                                     (decision == Decision::deny ? " with an explicit deny" : ""));
    }
    if (turn.route->api_key_required) {
        const std::string given = turn.stage->content->key_from_authorizer
                                      ? turn.api_key
                                      : std::string(turn.in->header("x-api-key"));
        if (auto refused = check_key(turn, given)) co_return std::move(*refused);
    }
    if (auto refused = validate(turn)) co_return std::move(*refused);
    add_forwarding(*const_cast<Incoming*>(turn.in), turn);
    Outgoing out = co_await integrate(turn);
    if (api.cors) put_cors(*api.cors, *turn.in, out, false);
    co_return out;
}

std::optional<Outgoing> Gateway::throttle(Turn& turn) {
    const Steady now = env_.loop.steady();
    const Api& api = *turn.api;
    const std::string stage = api.id + "/" + turn.stage->name;
    const std::string method = turn.api->kind == Api::Kind::http
                                   ? turn.route->key
                                   : turn.route->resource + "/" + turn.route->method;
    const auto own = turn.stage->throttles.find(method);
    const ThrottleLimit& limit =
        own == turn.stage->throttles.end() ? turn.stage->throttle : own->second;
    if (buckets_[stage + "/" + method].take(limit, now) &&
        buckets_[api.account + "/" + api.region].take(options_.account, now))
        return std::nullopt;
    return own_answer(turn, "THROTTLED");
}

std::optional<Outgoing> Gateway::validate(Turn& turn) {
    const Route& route = *turn.route;
    if (route.validate_parameters) {
        std::string missing;
        for (const auto& [name, required] : route.parameters) {
            if (!required) continue;
            bool there = true;
            const std::string_view text = name;
            std::string_view plain = text.substr(text.rfind('.') + 1);
            if (text.starts_with("method.request.querystring.")) {
                plain = text.substr(27);
                there = std::any_of(turn.query.begin(), turn.query.end(),
                                    [&](const Field& field) { return field.first == plain; });
            } else if (text.starts_with("method.request.header.")) {
                plain = text.substr(22);
                there = !turn.in->header(plain).empty();
            }
            if (!there) missing += (missing.empty() ? "" : ", ") + std::string(plain);
        }
        if (!missing.empty())
            return own_answer(turn, "BAD_REQUEST_PARAMETERS",
                              "Missing required request parameters: [" + missing + "]");
    }
    if (!route.validate_body || route.models.empty()) return std::nullopt;
    const std::string type = media_type_of(turn.in->header("content-type"));
    auto model = route.models.find(type.empty() ? "application/json" : type);
    if (model == route.models.end()) model = route.models.find("$default");
    if (model == route.models.end() || !model->second) return std::nullopt;
    const auto body = wire::Json::parse(turn.in->body);
    if (body &&
        fits_schema(*body, *model->second, turn.stage->content->schemas, turn.validation_error)) {
        turn.validation_error.clear();
        return std::nullopt;
    }
    if (!body) turn.validation_error = "the body is no JSON";
    turn.validation_error = "[" + turn.validation_error + "]";
    return own_answer(turn, "BAD_REQUEST_BODY");
}

void Gateway::finish(Turn& turn, Outgoing& out, Steady begun) {
    if (turn.api->kind == Api::Kind::rest) {
        out.set("x-amzn-RequestId", turn.request_id);
        out.set("x-amz-apigw-id", turn.extended_id);
        if (turn.integration_latency >= 0 && out.header("x-amzn-trace-id") == nullptr)
            out.set("X-Amzn-Trace-Id", turn.trace_id);
    } else {
        out.set("apigw-requestid", turn.request_id);
    }
    turn.status = out.status;
    turn.response_length = out.body.size();
    turn.latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(env_.loop.steady() - begun).count();
    count(turn);
    if (!turn.stage->log_destination.empty())
        backend_.log(turn.stage->log_destination, *turn.api, turn.stage->name,
                     expand_log_format(turn, turn.stage->log_format), turn.now);
}

void Gateway::count(const Turn& turn) {
    MeterKey key{turn.api->kind,
                 turn.api->account,
                 turn.api->region,
                 turn.api->id,
                 turn.api->name,
                 turn.stage->name,
                 "",
                 ""};
    const auto add = [&](Meter& meter) {
        ++meter.count;
        meter.errors_4xx += turn.status >= 400 && turn.status < 500;
        meter.errors_5xx += turn.status >= 500;
        meter.bytes += turn.response_length;
        meter.latency.add(turn.latency);
        if (turn.integration_latency >= 0) meter.integration_latency.add(turn.integration_latency);
    };
    constexpr size_t most_meters = 10000;
    if (meters_.size() < most_meters || meters_.contains(key)) add(meters_[key]);
    if (!turn.stage->detailed_metrics || turn.route == nullptr) return;
    key.resource = turn.api->kind == Api::Kind::http ? turn.route->key : turn.route->resource;
    key.method = turn.in->method;
    if (meters_.size() < most_meters || meters_.contains(key)) add(meters_[key]);
}

Task<Outgoing> Gateway::test(Api api, Stage stage, const Route& route, Texts variables, Incoming in,
                             std::string& log) {
    Turn turn;
    turn.in = &in;
    turn.api = &api;
    turn.stage = &stage;
    turn.route = &route;
    turn.path = turn.full_path = in.path;
    turn.path_variables = std::move(variables);
    turn.domain = "testPrefix.testDomainName";
    turn.domain_prefix = "testPrefix";
    turn.now = env_.now();
    turn.request_id = env_.random.uuid();
    turn.extended_id = short_id(env_.random);
    turn.trace_id = trace_id(env_.random, turn.now);
    turn.query = parse_query(in.query);
    const Steady begun = env_.loop.steady();
    log += "Execution log for request " + turn.request_id + "\n";
    log += "HTTP Method: " + in.method + ", Resource Path: " + route.resource + "\n";
    std::optional<Outgoing> refused = validate(turn);
    Outgoing out;
    if (refused)
        out = std::move(*refused);
    else
        out = co_await integrate(turn);
    turn.status = out.status;
    turn.latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(env_.loop.steady() - begun).count();
    if (!turn.integration_error.empty())
        log += "Execution failed due to configuration error: " + turn.integration_error + "\n";
    if (!turn.validation_error.empty())
        log += "Request body does not match model schema: " + turn.validation_error + "\n";
    log += "Method completed with status: " + std::to_string(out.status) + "\n";
    co_return out;
}

Task<Outgoing> Gateway::documentation(const Target& target, const Incoming& in) {
    const auto parts = split(std::string_view(in.path).substr(1), '/');  // _unkai apis API STAGE …
    if (target.api == nullptr || parts.size() != 5 || (in.method != "GET" && in.method != "HEAD"))
        co_return plain_answer(404, "There is no such page; it is /_unkai/apis/API/STAGE/docs.");
    // An API's page is on its own host names only.
    const Api* api = target.api->id == parts[2] ? target.api : nullptr;
    for (const Mapping& mapping : domain_of(in.host).mappings)
        if (mapping.api == parts[2]) api = find_api(parts[2]);
    const bool page = parts[4] == "docs";
    if (api == nullptr || !api->stages.contains(std::string(parts[3])) ||
        (!page && parts[4] != "openapi.json"))
        co_return plain_answer(404, "There is no such API, stage or page.");
    auto document = co_await backend_.document(*api, std::string(parts[3]));
    if (!document) co_return plain_answer(document.error().status, document.error().message);
    Outgoing out;
    out.add("Content-Type", page ? "text/html; charset=utf-8" : "application/json");
    out.add("Cache-Control", "no-cache");
    if (page)
        out.add("Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    out.body = page ? documentation_page(*document) : *std::move(document);
    co_return out;
}

}  // namespace unkai::planes::gateway
