#include "base/strings.h"
#include "planes/proxy/serving.h"
#include "planes/proxy/tunnel.h"

namespace unkai::planes::proxy {

namespace {

constexpr size_t most_tries = 3;

// A request body of which the first piece was read already.
class RestOfBody final : public net::BodySource {
public:
    RestOfBody(net::Exchange& exchange, std::string_view first)
        : exchange_(exchange), first_(first) {}
    Task<Result<std::string_view>> next() override {
        started_ = true;
        if (!first_.empty()) co_return std::exchange(first_, {});
        auto piece = co_await exchange_.read();
        failed_ = !piece;
        co_return piece;
    }
    bool started() const { return started_; }
    bool failed() const { return failed_; }  // By the client's fault.

private:
    net::Exchange& exchange_;
    std::string_view first_;
    bool started_ = false, failed_ = false;
};

void count(Serving& serving, int status) {
    ++serving.counters.codes[static_cast<size_t>(status / 100) % 6];
    if (status >= 500) ++serving.counters.errors[status];
}

}  // namespace

Task<void> answer_error(Serving& serving, int status) {
    count(serving, status);
    net::Headers& headers = serving.exchange.headers();
    headers.clear();
    headers.add_view("Server", server_name);
    headers.add_view("Content-Type", "text/html");
    const std::string page = error_page(status);
    (void)co_await serving.exchange.respond(status, page);
}

namespace {

Task<void> answer_fixed(Serving& serving, const FixedResponse& fixed) {
    ++serving.counters.fixed_responses;
    count(serving, fixed.status);
    net::Headers& headers = serving.exchange.headers();
    headers.add_view("Server", server_name);
    headers.add("Content-Type", fixed.content_type + "; charset=utf-8");
    (void)co_await serving.exchange.respond(fixed.status, fixed.body);
}

Task<void> answer_redirect(Serving& serving, const Redirect& redirect) {
    ++serving.counters.redirects;
    count(serving, redirect.status);
    const net::RequestHead& request = serving.exchange.request();
    net::Headers& headers = serving.exchange.headers();
    headers.add_view("Server", server_name);
    headers.add_view("Content-Type", "text/html");
    headers.add("Location", location(redirect, serving.exchange.scheme(), request.authority,
                                     serving.listener.port, request.path, request.query));
    const std::string page = error_page(redirect.status);
    (void)co_await serving.exchange.respond(redirect.status, page);
}

// ---- What the target gets to see

void add_forwarded(Serving& serving, net::Headers& headers) {
    using ForwardedFor = LoadBalancer::ForwardedFor;
    const LoadBalancer& balancer = serving.balancer;
    const net::Headers& given = serving.exchange.request().headers;
    const net::Peer& peer = serving.exchange.peer();
    if (balancer.forwarded_for == ForwardedFor::append)
        headers.add("X-Forwarded-For", forwarded_for(given.joined("x-forwarded-for"), peer,
                                                     balancer.forwarded_for_with_port));
    headers.add_view("X-Forwarded-Proto", serving.exchange.scheme());
    headers.add("X-Forwarded-Port", std::to_string(serving.listener.port));
    Random& random = serving.worker().random();
    headers.add("X-Amzn-Trace-Id",
                trace_id(given.value("x-amzn-trace-id"), serving.worker().loop().now(),
                         random.u64(), static_cast<uint32_t>(random.u64())));
    if (!balancer.tls_headers || !peer.tls) return;
    headers.add_view("x-amzn-tls-version", peer.tls_version);
    headers.add_view("x-amzn-tls-cipher-suite", peer.cipher);
}

bool is_replaced(const LoadBalancer& balancer, std::string_view name) {
    using ForwardedFor = LoadBalancer::ForwardedFor;
    if (name.size() == 4) return equals_ignoring_case(name, "host");
    if (name.size() == 6) return equals_ignoring_case(name, "expect");
    if (name.size() == 15)
        return (equals_ignoring_case(name, "x-forwarded-for") &&
                balancer.forwarded_for != ForwardedFor::preserve) ||
               equals_ignoring_case(name, "x-amzn-trace-id");
    if (name.size() == 16) return equals_ignoring_case(name, "x-forwarded-port");
    if (name.size() == 17) return equals_ignoring_case(name, "x-forwarded-proto");
    return false;
}

}  // namespace

void copy_request_headers(Serving& serving, net::Headers& out) {
    const net::Headers& given = serving.exchange.request().headers;
    const bool named = given.has("connection");
    for (const net::Headers::Field& field : given) {
        if (is_replaced(serving.balancer, field.name)) continue;
        if (serving.balancer.drop_invalid_headers && !is_plain_header_name(field.name)) continue;
        // Connection may name further fields that end here; Upgrade is the tunnel's.
        if (named && !equals_ignoring_case(field.name, "upgrade") &&
            given.has_token("connection", field.name))
            continue;
        out.add_view(field.name, field.value);
    }
    out.add("Host", forwarded_host(serving.exchange.request().authority, serving.listener.port,
                                   serving.balancer.preserve_host));
    add_forwarded(serving, out);
}

namespace {

// ---- Which target

// The group's id in the snapshot: by cookie, if sticky, else by weight. nullptr: none has a weight.
const std::string* choose_group(Serving& serving, const Forward& forward) {
    if (forward.sticky.count() > 0) {
        const std::string_view word = cookie(serving.exchange.request().headers, "AWSALBTG");
        for (const WeightedGroup& one : forward.groups)
            if (const GroupState* const state = serving.worker().group(one.group);
                state != nullptr && one.weight > 0 && state->word == word)
                return &one.group;
    }
    uint64_t total = 0;
    for (const WeightedGroup& one : forward.groups) total += one.weight;
    if (total == 0) return nullptr;
    uint64_t point = forward.groups.size() == 1 ? 0 : serving.worker().random().below(total);
    for (const WeightedGroup& one : forward.groups) {
        if (point < one.weight) return &one.group;
        point -= one.weight;
    }
    return nullptr;
}

constexpr std::string_view application_sticky = "AWSALBAPP-0";

std::string_view sticky_cookie(const TargetGroup& group) {
    return group.sticky == TargetGroup::Sticky::application_cookie ? application_sticky : "AWSALB";
}

std::shared_ptr<TargetState> choose_target(Serving& serving, GroupState& group,
                                           std::span<const TargetState* const> tried) {
    if (group.group->sticky != TargetGroup::Sticky::none && tried.empty()) {
        const std::string_view word =
            cookie(serving.exchange.request().headers, sticky_cookie(*group.group));
        if (auto target = word.empty() ? nullptr : group.find_word(word)) return target;
    }
    return group.choose(tried, serving.worker().random());
}

const Node& node_of(const Serving& serving) {
    const net::Address& local = serving.exchange.peer().local;
    for (const Node& node : serving.balancer.nodes)
        if (node.address.same_ip(local)) return node;
    return serving.balancer.nodes.front();
}

// ---- The response

}  // namespace

void add_group_cookie(Serving& serving, const Forward& forward, const GroupState& group) {
    if (forward.sticky.count() > 0)
        add_sticky_cookies(serving.exchange.headers(), "AWSALBTG", group.word, forward.sticky,
                           serving.worker().loop().now());
}

namespace {

void add_response_headers(Serving& serving, const Forward& forward, const GroupState& group,
                          const TargetState& target, const net::Response& response) {
    net::Headers& headers = serving.exchange.headers();
    headers.clear();
    const net::Headers& given = response.headers();
    for (const net::Headers::Field& field : given)
        if (!net::is_hop_by_hop(field.name) || response.status() == 101)
            headers.add_view(field.name, field.value);
    const Time now = serving.worker().loop().now();
    using Sticky = TargetGroup::Sticky;
    bool stick = group.group->sticky == Sticky::load_balancer_cookie;
    if (group.group->sticky == Sticky::application_cookie) {
        const std::string start = group.group->application_cookie + "=";
        for (const net::Headers::Field& field : given)
            stick = stick || (equals_ignoring_case(field.name, "set-cookie") &&
                              field.value.starts_with(start));
    }
    if (stick)
        add_sticky_cookies(headers, sticky_cookie(*group.group), target.word,
                           group.group->sticky_for, now);
    add_group_cookie(serving, forward, group);
}

Task<void> pass_body(Serving& serving, net::Response& response) {
    net::Exchange& exchange = serving.exchange;
    const int status = response.status();
    std::optional<uint64_t> length;
    if (const auto field = response.headers().get("content-length"))
        if (const auto bytes = parse_uint(*field)) length = *bytes;
    if (response.ended()) {
        // Without a body: a HEAD's or 304's length is told on.
        const bool told = exchange.request().method == "HEAD" || status == 304;
        if (!told || !length) {
            (void)co_await exchange.respond(status, {});
            co_return;
        }
        if (co_await exchange.start(status, length)) (void)co_await exchange.finish();
        co_return;
    }
    auto piece = co_await response.read();
    // The target ended behind its head: the client has seen nothing of it yet.
    if (!piece) co_return co_await answer_error(serving, 502);
    if (response.ended() && length) {
        (void)co_await exchange.respond(status, *piece);
        co_return;
    }
    if (!co_await exchange.start(status, length)) co_return;
    while (piece && !piece->empty()) {
        if (!co_await exchange.write(*piece)) co_return;
        piece = co_await response.read();
    }
    if (!piece) co_return;  // Cut in the middle: the client's connection is cut, too.
    const net::Headers& trailers = response.trailers();
    (void)co_await exchange.finish(trailers.empty() ? nullptr : &trailers);
}

int status_of_failure(const Error& error) {
    if (error.is("ConnectTimeout") || error.is("ConnectionTimeout")) return 504;
    if (error.is("TooManyConnections")) return 503;
    return 502;
}

// Sends the request to a target, to another one where that cannot do harm, and passes the answer
// on.
struct InFlight {
    explicit InFlight(TargetState& one) : target(one) { ++target.in_flight; }
    ~InFlight() { --target.in_flight; }
    InFlight(const InFlight&) = delete;
    TargetState& target;
};

Task<void> pass(Serving& serving, const Forward& forward, GroupState& group,
                std::shared_ptr<TargetState> target, net::Response response, Duration took) {
    const int status = response.status();
    ++group.counters.codes[static_cast<size_t>(status / 100) % 6];
    group.counters.response_time.add(took);
    add_response_headers(serving, forward, group, *target, response);
    if (status != 101) {
        co_await pass_body(serving, response);
        co_return;
    }
    auto client = co_await serving.exchange.upgrade();
    if (!client) {
        co_await answer_error(serving, 502);
        co_return;
    }
    co_await tunnel(serving.worker().loop(), **client, response.upgraded(),
                    serving.balancer.idle_timeout);
}

Task<void> forward_to_targets(Serving& serving, const Forward& forward,
                              const std::string& group_id) {
    net::Exchange& exchange = serving.exchange;
    const net::RequestHead& head = exchange.request();
    net::Headers headers;
    copy_request_headers(serving, headers);
    net::Request request{.method = head.method, .target = head.target, .headers = &headers};
    request.upgrade = head.version == 11 && head.headers.has_token("connection", "upgrade");
    std::string_view first;
    if (exchange.has_body()) {
        const auto piece = co_await exchange.read();
        if (!piece) {
            if (!piece.error().is("ConnectionClosed"))
                co_await answer_error(serving, piece.error().status);
            co_return;
        }
        first = *piece;
    }
    RestOfBody rest(exchange, first);
    // A body that came whole with its first piece can be sent again; others are streamed.
    const auto length = exchange.body_length();
    if (length && *length == first.size()) {
        request.body = first;
    } else if (exchange.has_body()) {
        request.stream = &rest;
        request.length = length;
    }
    std::array<const TargetState*, most_tries> tried;
    size_t tries = 0;
    int failure = 503;
    const Node& node = node_of(serving);
    while (tries < most_tries) {
        // The group may have changed, or gone, while the last try was under way.
        GroupState* group = serving.worker().group(group_id);
        const auto target =
            group == nullptr ? nullptr : choose_target(serving, *group, {tried.data(), tries});
        if (!target) break;
        if (tries == 0) {
            ++serving.counters.requests;
            ++group->counters.requests;
        }
        tried[tries++] = target.get();
        const InFlight in_flight(*target);
        const Steady start = serving.worker().loop().steady();
        net::Pool& pool = serving.worker().pool(*target, *group->group, node);
        pool.limits().response = pool.limits().stall = serving.balancer.idle_timeout;
        auto response = co_await pool.send(request);
        if (response) {
            group = serving.worker().group(group_id);
            if (group == nullptr) {
                failure = 503;
                break;
            }
            co_await pass(serving, forward, *group, target, std::move(*response),
                          serving.worker().loop().steady() - start);
            co_return;
        }
        if (rest.failed()) co_return;  // The client left in the middle of its body.
        failure = status_of_failure(response.error());
        if (group = serving.worker().group(group_id); group != nullptr)
            ++group->counters.connection_errors;
        const bool again = net::never_sent(response.error()) ||
                           (response.error().is("NoResponse") && net::is_idempotent(head.method));
        if (!again || rest.started()) break;
    }
    co_await answer_error(serving, failure);
}

Task<void> forward_to(Serving& serving, const Forward& forward) {
    const std::string* const id = choose_group(serving, forward);
    const GroupState* const group = id == nullptr ? nullptr : serving.worker().group(*id);
    if (group == nullptr)
        co_await answer_error(serving, 503);
    else if (group->group->function)
        co_await forward_to_function(serving, forward, *id);
    else
        co_await forward_to_targets(serving, forward, *id);
}

}  // namespace

Task<void> serve(ListenerServer& server, net::Exchange& exchange) {
    const std::shared_ptr<const Snapshot> snapshot = server.worker.snapshot();
    const Listener* const listener = server.worker.listener(server.listener_id);
    if (listener == nullptr) {  // Deleted; the connection is on its way out.
        exchange.close_after();
        (void)co_await exchange.respond(503, error_page(503));
        co_return;
    }
    Serving serving{server,
                    exchange,
                    snapshot,
                    *listener,
                    snapshot->load_balancers.at(server.balancer_id),
                    server.worker.balancer_counters(server.balancer_id)};
    const net::RequestHead& request = exchange.request();
    const Subject subject{request.method, request.authority, request.path,
                          request.query,  &request.headers,  exchange.peer().address};
    const Action& action = choose(*listener, subject, serving.counters.rule_evaluations);
    if (const auto* forward = std::get_if<Forward>(&action))
        co_await forward_to(serving, *forward);
    else if (const auto* redirect = std::get_if<Redirect>(&action))
        co_await answer_redirect(serving, *redirect);
    else
        co_await answer_fixed(serving, std::get<FixedResponse>(action));
}

}  // namespace unkai::planes::proxy
