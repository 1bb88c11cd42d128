#include "migration/load.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <deque>

#include "base/strings.h"

namespace unkai::migration {

namespace {

constexpr Duration patience = 1s;  // Of a send that finds no free connection.
constexpr size_t most_seconds = 24 * 3600;

// One run.
struct LoadRun {
    Loop& loop;
    Lookup& lookup;
    LoadOptions options;
    std::function<void(const LoadResult&)> progress;
    Stop& stop;
    std::shared_ptr<net::ClientTls> tls;
    LoadResult result = {};
    net::Client client;
    net::Headers headers = {};
    std::deque<std::pair<uint64_t, Steady>> waiting = {};
    size_t in_flight = 0;
    Steady begun = {};
    Scope scope = {};

    LoadSecond& second() {
        const auto index = static_cast<size_t>((loop.steady() - begun) / Duration(1s));
        if (index >= result.seconds.size())
            result.seconds.resize(std::min(index, most_seconds) + 1);
        return result.seconds[std::min(index, most_seconds)];
    }
    void start_next();
    static Task<void> send(LoadRun& run, uint64_t number, Steady due);
    static Task<Result<int>> exchange(LoadRun& run, const Url& url, net::Address address);
    static Task<void> pace(LoadRun& run);
    static Task<void> tell(LoadRun& run);
};

Task<Result<int>> LoadRun::exchange(LoadRun& run, const Url& url, net::Address address) {
    net::Destination destination;
    destination.address = address;
    destination.tls = url.tls ? run.tls : nullptr;
    destination.server_name = url.tls ? url.host : "";
    destination.http2 = run.options.http2;
    const std::string authority = url.authority();
    net::Request request;
    request.method = run.options.method;
    request.target = url.target;
    request.authority = authority;
    request.headers = &run.headers;
    request.body = run.options.body;
    request.deadline = run.loop.steady() + run.options.timeout;
    CO_TRY(net::Response response, co_await run.client.send(destination, request));
    while (true) {
        CO_TRY(const std::string_view piece, co_await response.read());
        if (piece.empty()) break;
        run.result.bytes += piece.size();
    }
    constexpr int http2_version = 20;
    ++run.result.protocols[response.head().version == http2_version ? "HTTP/2" : "HTTP/1.1"];
    co_return response.status();
}

Task<void> LoadRun::send(LoadRun& run, uint64_t number, Steady due) {
    ++run.result.sent;
    ++run.second().sent;
    const Url& url = run.options.urls[number % run.options.urls.size()];
    Result<int> status = fail("NameNotFound", "");
    const auto address = co_await run.lookup.find(url.host, url.port, run.options.fresh_dns);
    if (address)
        status = co_await exchange(run, url, *address);
    else
        status = address.error();
    if (status) {
        ++run.result.answered;
        ++run.result.statuses[*status];
        ++run.result.addresses[address->ip()];
        ++run.second().answered;
        run.result.latency.add(run.loop.steady() - due);
    } else {
        ++run.result.errors[status.error().code];
        ++run.second().failed;
    }
    --run.in_flight;
    run.start_next();
}

void LoadRun::start_next() {
    const Steady now = loop.steady();
    while (!waiting.empty() && in_flight < options.connections) {
        const auto [number, due] = waiting.front();
        waiting.pop_front();
        if (due + patience < now) {
            ++result.dropped;
            continue;
        }
        ++in_flight;
        scope.spawn(send(*this, number, due));
    }
}

// Wakes for each send by a timer of the kernel: the loop's own are a millisecond coarse.
Task<void> LoadRun::pace(LoadRun& run) {
    Io timer(run.loop, Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)));
    const double gap = 1e9 / run.options.rate;
    for (uint64_t number = 0; !run.stop.requested(); ++number) {
        const auto offset = std::chrono::duration_cast<Duration>(
            std::chrono::nanoseconds(static_cast<int64_t>(gap * static_cast<double>(number))));
        if (offset >= run.options.duration) break;
        const Steady due = run.begun + offset;
        while (run.loop.steady() < due) {
            const auto left = std::chrono::nanoseconds(due - run.loop.steady()).count();
            const itimerspec spec{{0, 0},
                                  {left / 1'000'000'000, std::max(left % 1'000'000'000, 1l)}};
            ::timerfd_settime(timer.fd(), 0, &spec, nullptr);
            if (co_await timer.readable(never, &run.stop) != Wake::ready) co_return;
            uint64_t expired;
            [[maybe_unused]] const ssize_t got = ::read(timer.fd(), &expired, sizeof expired);
        }
        ++run.result.due;
        run.waiting.emplace_back(number, due);
        run.start_next();
        // What is overdue by now goes out in one go, but lets answers in between.
        if (number % 64 == 63) co_await run.loop.yield();
    }
}

Task<void> LoadRun::tell(LoadRun& run) {
    while (co_await run.loop.sleep(1s, &run.stop)) {
        run.result.length = run.loop.steady() - run.begun;
        if (run.progress) run.progress(run.result);
        if (run.result.length >= run.options.duration) break;
    }
}

}  // namespace

std::string Url::authority() const {
    return port == (tls ? 443 : 80) ? host : host + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return fail("UrlInvalid", "'" + std::string(text) + "' is no URL to load: " +
                                      std::string(why) + " Write http://host/path or https://…");
    };
    Url out;
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        out.tls = true;
        out.port = 443;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return refuse("it has no scheme.");
    }
    rest = rest.substr(0, rest.find('#'));
    const size_t slash = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, slash);
    out.target = slash == rest.npos ? "/" : std::string(rest.substr(slash));
    if (out.target.starts_with('?')) out.target.insert(0, "/");
    out.host = std::string(net::host_of(authority));
    if (authority.size() > out.host.size()) {
        out.port = net::port_of(authority);
        if (out.port == 0) return refuse("its port is none.");
    }
    if (out.host.empty() || authority.contains('@')) return refuse("it has no host.");
    if (out.target.find_first_of(" \t\r\n") != out.target.npos)
        return refuse("its path has a space.");
    return out;
}

uint64_t LoadResult::failed() const {
    uint64_t out = 0;
    for (const auto& [code, count] : errors) out += count;
    return out;
}

uint64_t LoadResult::server_errors() const {
    uint64_t out = 0;
    for (const auto& [status, count] : statuses) out += status >= 500 ? count : 0;
    return out;
}

Task<LoadResult> run_load(Loop& loop, Lookup& lookup, LoadOptions options,
                          std::function<void(const LoadResult&)> progress, Stop& stop) {
    net::ClientLimits limits;
    limits.response = options.timeout;
    limits.stall = options.timeout;
    limits.connect = limits.handshake = std::min<Duration>(options.timeout, 10s);
    limits.most_idle = options.fresh_dns ? 0 : options.connections;
    limits.most_connections = options.connections + 1;
    auto tls = net::ClientTls::make({.trusted_pem = options.trusted_pem, .http2 = options.http2});
    LoadRun run{loop,
                lookup,
                std::move(options),
                std::move(progress),
                stop,
                tls ? *tls : nullptr,
                {},
                net::Client(loop, limits)};
    for (const auto& [name, value] : run.options.headers) run.headers.add(name, value);
    run.begun = loop.steady();
    Scope telling;
    telling.spawn(LoadRun::tell(run));
    co_await LoadRun::pace(run);
    while (run.in_flight > 0) co_await run.scope.join();
    run.result.dropped += run.waiting.size();
    run.result.length = loop.steady() - run.begun;
    co_await telling.join();
    run.client.close_idle();
    co_return std::move(run.result);
}

}  // namespace unkai::migration
