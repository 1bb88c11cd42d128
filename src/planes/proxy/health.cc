#include "planes/proxy/health.h"

#include "net/client.h"
#include "planes/proxy/rules.h"
#include "wire/http1.h"

namespace unkai::planes::proxy {

namespace {

constexpr auto initial_pause = std::chrono::milliseconds(500);

// What a probe needs to know; compared to see whether it goes on as it is.
struct Plan {
    net::Address address;
    Node from;
    HealthCheck check;
    bool draining = false, http2 = false;
    std::string function, group;  // A function's probe is an event.
    bool multi_value = false;

    bool same(const Plan& other) const {
        const HealthCheck &a = check, &b = other.check;
        return address == other.address && from.network == other.from.network &&
               from.address == other.from.address && draining == other.draining &&
               http2 == other.http2 && function == other.function &&
               multi_value == other.multi_value && a.enabled == b.enabled && a.tls == b.tls &&
               a.port == b.port && a.path == b.path && a.matcher == b.matcher &&
               a.interval == b.interval && a.timeout == b.timeout &&
               a.healthy_threshold == b.healthy_threshold &&
               a.unhealthy_threshold == b.unhealthy_threshold;
    }
};

TargetHealth failed(std::string reason, std::string description) {
    return {HealthState::unhealthy, std::move(reason), std::move(description)};
}

// ALB does not verify its targets' certificates.
Result<std::shared_ptr<net::ClientTls>> unverified() {
    static thread_local std::shared_ptr<net::ClientTls> tls;
    if (!tls) {
        TRY(tls, net::ClientTls::make({.verify = false}));
    }
    return tls;
}

constexpr std::string_view agent = "ELB-HealthChecker/2.0";

Task<Result<int>> call(Loop& loop, const Plan& plan, const AskFunction& ask, Stop& stop) {
    const net::Headers headers = {{"user-agent", agent}};
    const size_t question = std::min(plan.check.path.find('?'), plan.check.path.size());
    const std::string_view path = plan.check.path;
    FunctionEvent event{.group = plan.group,
                        .method = "GET",
                        .path = path.substr(0, question),
                        .query = path.substr(std::min(question + 1, path.size())),
                        .headers = headers,
                        .body = "",
                        .multi_value = plan.multi_value};
    CO_TRY(const FunctionReply reply,
           co_await ask_function(ask, loop, {plan.function, plan.group, event_text(event)},
                                 loop.steady() + plan.check.timeout, &stop));
    if (reply.failed) co_return fail("FunctionFailed", "The function failed.", 502);
    CO_TRY(const FunctionResponse response, read_function_answer(reply.payload, plan.multi_value));
    co_return response.status;
}

Task<Result<int>> ask_http2(Loop& loop, const Plan& plan, std::shared_ptr<net::ClientTls> tls,
                            Steady deadline) {
    net::ClientLimits limits;
    limits.connect = limits.handshake = limits.response = plan.check.timeout;
    net::Pool pool(loop,
                   {.address = plan.address,
                    .network = plan.from.network,
                    .tls = std::move(tls),
                    .local = plan.from.address.with_port(0),
                    .http2 = true},
                   limits);
    const net::Headers headers = {{"user-agent", agent}};
    CO_TRY(
        const net::Response response,
        co_await pool.send({.target = plan.check.path, .headers = &headers, .deadline = deadline}));
    co_return response.status();
}

// Asks once. `healthy` or the failure.
Task<Result<int>> ask(Loop& loop, const Plan& plan, Stop& stop) {
    const Steady deadline = loop.steady() + plan.check.timeout;
    if (plan.http2) {
        std::shared_ptr<net::ClientTls> tls;
        if (plan.check.tls) {
            CO_TRY(tls, net::ClientTls::make({.verify = false, .http2 = true}));
        }
        co_return co_await ask_http2(loop, plan, std::move(tls), deadline);
    }
    CO_TRY(Io io, co_await net::open_connection(loop, plan.from.network, plan.address, deadline,
                                                &stop, plan.from.address));
    net::Stream stream(std::move(io));
    if (plan.check.tls) {
        CO_TRY(const auto tls, unverified());
        CO_REQUIRE(co_await stream.connect_tls(*tls, "", deadline));
    }
    const std::string request = "GET " + plan.check.path +
                                " HTTP/1.1\r\nHost: " + plan.address.text() +
                                "\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
                                "Accept-Encoding: gzip, compressed\r\n\r\n";
    CO_REQUIRE(co_await stream.write(request, deadline, &stop));
    wire::HeadParser parser(wire::HeadParser::Kind::response);
    wire::ResponseHead head;
    std::string bytes;
    char piece[4096];
    while (true) {
        CO_TRY(const size_t size, co_await stream.read(piece, sizeof piece, deadline, &stop));
        if (size == 0) co_return fail("ConnectionClosed", "The target closed the connection.");
        bytes.append(piece, size);
        const wire::Parse outcome = parser.parse(bytes);
        if (outcome == wire::Parse::need_more) continue;
        if (outcome == wire::Parse::bad || !parser.response(bytes, head))
            co_return fail("BadMessage", "The target's response is malformed.");
        if (head.status >= 200) co_return head.status;
        bytes.erase(0, parser.size());
        parser.reset();
    }
}

}  // namespace

struct HealthChecker::Probe {
    Key key;
    Plan plan;
    TargetHealth health;
    uint32_t passed = 0, failed = 0;
    Stop stop;
};

std::string_view name_of(HealthState state) {
    switch (state) {
        case HealthState::initial:
            return "initial";
        case HealthState::healthy:
            return "healthy";
        case HealthState::unhealthy:
            return "unhealthy";
        case HealthState::draining:
            return "draining";
        case HealthState::unavailable:
            return "unavailable";
    }
    return "unused";
}

HealthChecker::~HealthChecker() {
    CHECK(scope_.running() == 0, "a HealthChecker was destroyed before stop()");
}

void HealthChecker::apply(const Snapshot& snapshot) {
    std::map<Key, std::shared_ptr<Probe>> next;
    for (const auto& [id, group] : snapshot.groups) {
        const auto balancer = snapshot.load_balancers.find(group.load_balancer);
        if (balancer == snapshot.load_balancers.end() || balancer->second.nodes.empty()) continue;
        for (const Target& target : group.targets) {
            auto probe = std::make_shared<Probe>();
            probe->key = {id, target.id};
            probe->plan = {target.address, balancer->second.nodes.front(), group.health,
                           target.draining, group.http2};
            if (group.function) {
                probe->plan.function = target.id;
                probe->plan.group = id;
                probe->plan.multi_value = group.multi_value;
            }
            if (group.health.port != 0)
                probe->plan.address = target.address.with_port(group.health.port);
            const auto old = probes_.find(probe->key);
            if (old != probes_.end() && old->second->plan.same(probe->plan)) {
                next.emplace(probe->key, old->second);
                continue;
            }
            if (old != probes_.end()) probe->health = old->second->health;
            next.emplace(probe->key, probe);
        }
    }
    probes_.swap(next);
    for (const auto& [key, old] : next)
        if (const auto kept = probes_.find(key); kept == probes_.end() || kept->second != old)
            old->stop.request();
    std::vector<std::shared_ptr<Probe>> fresh;
    for (const auto& [key, probe] : probes_)
        if (const auto old = next.find(key); old == next.end() || old->second != probe)
            fresh.push_back(probe);
    for (const auto& probe : fresh) scope_.spawn(watch(probe));
}

const TargetHealth* HealthChecker::find(const std::string& group, const std::string& target) const {
    const auto found = probes_.find({group, target});
    return found == probes_.end() ? nullptr : &found->second->health;
}

void HealthChecker::set(Probe& probe, TargetHealth health) {
    if (probe.health == health) return;
    probe.health = std::move(health);
    if (!probe.stop.requested()) changed_(probe.key.first, probe.key.second, probe.health);
}

// One outcome; `counts`: an interval has passed since the last that counted.
void HealthChecker::settle(Probe& probe, const TargetHealth& outcome, bool counts) {
    const bool good = outcome.state == HealthState::healthy;
    if (good) {
        probe.failed = 0;
        ++probe.passed;
        const bool first = probe.health.state == HealthState::initial;
        if (first || probe.passed >= probe.plan.check.healthy_threshold)
            set(probe, {HealthState::healthy, "", ""});
        return;
    }
    probe.passed = 0;
    if (!counts) return;
    ++probe.failed;
    if (probe.failed >= probe.plan.check.unhealthy_threshold) set(probe, outcome);
}

Task<void> HealthChecker::watch(std::shared_ptr<Probe> probe) {
    const Plan& plan = probe->plan;
    if (plan.draining) {
        set(*probe, {HealthState::draining, "Target.DeregistrationInProgress",
                     "Target deregistration is in progress"});
        co_return;
    }
    if (!plan.check.enabled) {
        set(*probe, {HealthState::unavailable, "Target.HealthCheckDisabled",
                     "Health checks are not enabled for this target"});
        co_return;
    }
    if (probe->health.state != HealthState::healthy &&
        probe->health.state != HealthState::unhealthy)
        set(*probe, {HealthState::initial, "Elb.InitialHealthChecking",
                     "Initial health checks in progress"});
    Steady next_counted = loop_.steady() + plan.check.interval;
    while (!probe->stop.requested()) {
        const auto status = co_await (plan.function.empty() ? ask(loop_, plan, probe->stop)
                                                            : call(loop_, plan, ask_, probe->stop));
        if (probe->stop.requested()) co_return;
        TargetHealth outcome{HealthState::healthy, "", ""};
        if (status && !status_matches(plan.check.matcher, *status))
            outcome =
                failed("Target.ResponseCodeMismatch",
                       "Health checks failed with these codes: [" + std::to_string(*status) + "]");
        else if (!status && status.error().is("ConnectionTimeout"))
            outcome = failed("Target.Timeout", "Request timed out");
        else if (!status)
            outcome = failed("Target.FailedHealthChecks", "Health checks failed");
        const bool initial = probe->health.state == HealthState::initial;
        const bool counts = !initial || loop_.steady() >= next_counted;
        settle(*probe, outcome, counts);
        if (counts) next_counted = loop_.steady() + plan.check.interval;
        const bool still_initial = probe->health.state == HealthState::initial;
        co_await loop_.sleep(still_initial ? std::min<Duration>(initial_pause, plan.check.interval)
                                           : plan.check.interval,
                             &probe->stop);
    }
}

Task<void> HealthChecker::stop() {
    for (const auto& [key, probe] : probes_) probe->stop.request();
    co_await scope_.join();
    probes_.clear();
}

}  // namespace unkai::planes::proxy
