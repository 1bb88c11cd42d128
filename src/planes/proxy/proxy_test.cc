#include "planes/proxy/proxy.h"

#include <gtest/gtest.h>

#include <thread>

#include "net/client.h"
#include "net/server.h"

namespace unkai::planes::proxy {

namespace {

// A target: tells its name, what it got, and does what the path says.
class TestTarget final : public net::Handler {
public:
    TestTarget(Loop& loop, std::string name) : name_(std::move(name)), server(loop, *this) {
        address = *server.listen("", *net::Address::parse("127.0.0.1", 0));
    }
    Task<void> handle(net::Exchange& exchange) override {
        ++requests;
        const auto& request = exchange.request();
        http2 += request.version == 20;
        if (request.path == "/health") {
            (void)co_await exchange.respond(healthy ? 200 : 500, "");
            co_return;
        }
        if (request.path == "/die") co_return exchange.close_after(), (void)0;
        if (request.path == "/upgrade") {
            auto stream = co_await exchange.upgrade();
            if (!stream) co_return;
            char piece[100];
            const auto size = co_await (*stream)->read(piece, sizeof piece, never);
            if (size) (void)co_await (*stream)->write({piece, *size}, never);
            co_return;
        }
        if (request.path == "/stream") {
            exchange.allow_body(UINT64_MAX);
            (void)co_await exchange.start(200, std::nullopt);
            while (true) {
                const auto piece = co_await exchange.read();
                if (!piece || piece->empty()) break;
                if (!co_await exchange.write(*piece)) co_return;
            }
            (void)co_await exchange.finish();
            co_return;
        }
        const auto body = co_await exchange.read_all(1'000'000);
        std::string text = name_ + " " + std::string(request.method) + " " +
                           std::string(request.target) + " [" + (body ? *body : "") + "]";
        for (const char* name :
             {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port"})
            text += " " + std::string(request.headers.value(name));
        (void)co_await exchange.respond(200, text);
    }

private:
    std::string name_;

public:
    net::Server server;
    net::Address address;
    bool healthy = true;
    int requests = 0, http2 = 0;
};

uint16_t free_port() {
    return net::Address::local_of(
               net::open_listener("", *net::Address::parse("127.0.0.1", 0))->get())
        .port();
}

struct World {
    World() : random(seeded_random(1)), proxy(loop, {&loop}, *random), port(free_port()) {
        targets.push_back(std::make_unique<TestTarget>(loop, "a"));
        targets.push_back(std::make_unique<TestTarget>(loop, "b"));
    }

    Snapshot snapshot() {
        Snapshot made;
        LoadBalancer balancer{.id = "lb", .nodes = {{"", *net::Address::parse("127.0.0.1", 0)}}};
        made.load_balancers.emplace("lb", balancer);
        TargetGroup group{.id = "g", .load_balancer = "lb"};
        group.health.path = "/health";
        group.health.interval = 50ms;
        group.health.healthy_threshold = 2;
        for (const auto& target : targets)
            group.targets.push_back({target->address.text(), target->address});
        made.groups.emplace("g", group);
        Listener listener{.id = "l", .load_balancer = "lb", .port = port};
        listener.fallback = Forward{.groups = {{"g", 1}}};
        made.listeners.push_back(listener);
        return made;
    }

    Task<net::Fetched> get(net::Request request) {
        net::Client client(loop);
        auto answer = co_await client.fetch({.address = *net::Address::parse("127.0.0.1", port)},
                                            request, 10'000'000);
        if (!answer) co_return net::Fetched{0, {}, answer.error().code};
        co_return std::move(*answer);
    }
    Task<net::Fetched> get(std::string_view target) { return get_target(target); }
    Task<net::Fetched> get_target(std::string_view target) {
        co_return co_await get({.target = target, .authority = "site.test"});
    }
    Task<void> until_health(std::string_view state, size_t index = 0) {
        const std::string id = targets[index]->address.text();
        while (proxy.health("g", id) == nullptr || name_of(proxy.health("g", id)->state) != state)
            co_await loop.sleep(5ms);
    }
    Task<void> end() {
        co_await proxy.stop(1s);
        for (auto& target : targets) co_await target->server.drain(1s);
    }

    Loop loop;
    std::unique_ptr<Random> random;
    Proxy proxy;
    uint16_t port;
    std::vector<std::unique_ptr<TestTarget>> targets;
};

Task<void> run(World& world, Task<void> (*test)(World&)) {
    world.proxy.apply(world.snapshot());
    const auto ready = co_await world.proxy.ready(world.loop.steady() + 5s);
    EXPECT_TRUE(ready);
    co_await world.until_health("healthy", 0);
    co_await world.until_health("healthy", 1);
    co_await test(world);
    co_await world.end();
}

void in_world(Task<void> (*test)(World&)) {
    World world;
    world.loop.run_until_done(run(world, test));
}

}  // namespace

TEST(Proxy, ForwardsRoundRobinWithForwardedHeaders) {
    in_world([](World& world) -> Task<void> {
        const auto first = co_await world.get("/x?y=z");
        const auto second =
            co_await world.get({.method = "POST", .target = "/x", .authority = "s", .body = "hi"});
        const std::string port = std::to_string(world.port);
        EXPECT_EQ(first.status, 200);
        EXPECT_TRUE(
            first.body.ends_with(" GET /x?y=z [] site.test:" + port + " 127.0.0.1 http " + port))
            << first.body;
        EXPECT_TRUE(second.body.find(" POST /x [hi]") != std::string::npos) << second.body;
        EXPECT_NE(first.body[0], second.body[0]);
        const Counters counters = co_await world.proxy.collect();
        EXPECT_EQ(counters.load_balancers.at("lb").requests, 2u);
        EXPECT_EQ(counters.groups.at("g").codes[2], 2u);
        EXPECT_EQ(counters.groups.at("g").response_time.count, 2u);
    });
}

TEST(Proxy, FailsOverWhenATargetIsGoneAndSaysSoWhenAllAre) {
    in_world([](World& world) -> Task<void> {
        co_await world.targets[0]->server.drain(1s);  // Killed: health does not know yet.
        for (int i = 0; i < 6; ++i) {
            const auto answer = co_await world.get({.method = "POST", .target = "/", .body = "x"});
            EXPECT_EQ(answer.status, 200) << i;
            EXPECT_EQ(answer.body[0], 'b');
        }
        co_await world.until_health("unhealthy", 0);
        EXPECT_EQ(world.proxy.health("g", world.targets[0]->address.text())->reason,
                  "Target.FailedHealthChecks");
        co_await world.targets[1]->server.drain(1s);
        EXPECT_EQ((co_await world.get("/")).status, 502);
        Snapshot empty = world.snapshot();
        empty.groups.at("g").targets.clear();
        world.proxy.apply(std::move(empty));
        EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
        const auto none = co_await world.get("/");
        EXPECT_EQ(none.status, 503);
        EXPECT_NE(none.body.find("503 Service Temporarily Unavailable"), std::string::npos);
        EXPECT_EQ(none.headers.value("server"), "awselb/2.0");
        const Counters counters = co_await world.proxy.collect();
        EXPECT_EQ(counters.load_balancers.at("lb").errors.at(502), 1u);
        EXPECT_EQ(counters.load_balancers.at("lb").errors.at(503), 1u);
    });
}

TEST(Proxy, AListenerThatChangesAnswersTheConnectionsThatWait) {
    in_world([](World& world) -> Task<void> {
        const auto address = *net::Address::parse("127.0.0.1", world.port);
        constexpr std::string_view request =
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        for (int change = 0; change < 3; ++change) {
            // Before the loop can accept any.
            std::vector<Fd> clients;
            for (int i = 0; i < 20; ++i) {
                clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                const int fd = clients.back().get();
                EXPECT_EQ(::connect(fd, address.raw(), address.raw_size()), 0);
                EXPECT_EQ(::send(fd, request.data(), request.size(), 0),
                          static_cast<ssize_t>(request.size()));
            }
            Snapshot changed = world.snapshot();
            LoadBalancer& balancer = changed.load_balancers.at("lb");
            if (change == 0) balancer.idle_timeout = 7s;
            if (change == 1) balancer.nodes.push_back({"", *net::Address::parse("127.0.0.2", 0)});
            if (change == 2) balancer.client_keep_alive = 70s;
            world.proxy.apply(std::move(changed));
            for (Fd& client : clients) {
                net::Stream stream(Io(world.loop, std::move(client)));
                char piece[4096];
                const auto size = co_await stream.read(piece, sizeof piece, never);
                const std::string_view head(piece, size ? *size : 0);
                EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << change << ": " << head;
            }
        }
    });
}

// Takes one connection, sends a head that promises a body, and ends.
static Task<void> promise_and_end(Loop& loop, Fd listening) {
    Io io(loop, std::move(listening));
    Fd taken;
    while (!taken) {
        co_await io.readable();
        taken = Fd(::accept4(io.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    }
    net::Stream stream(Io(loop, std::move(taken)));
    char piece[4096];
    EXPECT_TRUE(co_await stream.read(piece, sizeof piece, never));
    EXPECT_TRUE(co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", never));
}

TEST(Proxy, ATargetThatEndsBehindItsHeadIsABadGateway) {
    in_world([](World& world) -> Task<void> {
        auto listening = net::open_listener("", *net::Address::parse("127.0.0.1", 0));
        Snapshot changed = world.snapshot();
        TargetGroup& group = changed.groups.at("g");
        group.health.enabled = false;
        group.targets = {{"cut", net::Address::local_of(listening->get())}};
        Scope scope;
        scope.spawn(promise_and_end(world.loop, std::move(*listening)));
        world.proxy.apply(std::move(changed));
        EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
        EXPECT_EQ((co_await world.get("/")).status, 502);
        co_await scope.join();
    });
}

TEST(Proxy, FollowsHealthAndDraining) {
    in_world([](World& world) -> Task<void> {
        world.targets[0]->healthy = false;
        co_await world.until_health("unhealthy", 0);
        EXPECT_EQ(world.proxy.health("g", world.targets[0]->address.text())->reason,
                  "Target.ResponseCodeMismatch");
        for (int i = 0; i < 4; ++i) EXPECT_EQ((co_await world.get("/")).body[0], 'b');
        world.targets[1]->healthy = false;
        co_await world.until_health("unhealthy", 1);
        std::set<char> seen;  // All are unhealthy: fail open.
        for (int i = 0; i < 4; ++i) seen.insert((co_await world.get("/")).body[0]);
        EXPECT_EQ(seen.size(), 2u);
        Snapshot draining = world.snapshot();
        draining.groups.at("g").targets[1].draining = true;
        world.proxy.apply(std::move(draining));
        co_await world.until_health("draining", 1);
        EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
        for (int i = 0; i < 4; ++i) EXPECT_EQ((co_await world.get("/")).body[0], 'a');
        world.targets[0]->healthy = true;
        co_await world.until_health("healthy", 0);
    });
}

TEST(Proxy, SticksByCookie) {
    in_world([](World& world) -> Task<void> {
        Snapshot sticky = world.snapshot();
        sticky.groups.at("g").sticky = TargetGroup::Sticky::load_balancer_cookie;
        world.proxy.apply(std::move(sticky));
        EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
        const auto first = co_await world.get("/");
        const std::string set(first.headers.value("set-cookie"));
        EXPECT_TRUE(set.starts_with("AWSALB=")) << set;
        const net::Headers headers{{"Cookie", "x=y; " + set.substr(0, set.find(';'))}};
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ((co_await world.get({.headers = &headers})).body[0], first.body[0]);
    });
}

TEST(Proxy, AppliesRulesRedirectsAndFixedResponses) {
    in_world([](World& world) -> Task<void> {
        Snapshot rules = world.snapshot();
        Rule moved;
        moved.conditions.push_back({.kind = Condition::Kind::path, .values = {"/old/*"}});
        moved.action = Redirect{.status = 301, .protocol = "HTTPS", .port = "443"};
        Rule teapot;
        teapot.conditions.push_back(
            {.kind = Condition::Kind::header, .name = "X-T", .values = {"p?t"}});
        teapot.action = FixedResponse{.status = 418, .content_type = "text/plain", .body = "short"};
        rules.listeners[0].rules = {moved, teapot};
        world.proxy.apply(std::move(rules));
        EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
        const auto redirect = co_await world.get("/old/page?q");
        EXPECT_EQ(redirect.status, 301);
        EXPECT_EQ(redirect.headers.value("location"), "https://site.test:443/old/page?q");
        const net::Headers headers{{"x-t", "POT"}};
        const auto fixed = co_await world.get({.headers = &headers});
        EXPECT_EQ(fixed.status, 418);
        EXPECT_EQ(fixed.body, "short");
        EXPECT_EQ((co_await world.get("/older")).status, 200);
    });
}

TEST(Proxy, StreamsAndTunnels) {
    in_world([](World& world) -> Task<void> {
        const std::string body(3'000'000, 'b');
        const auto echoed =
            co_await world.get({.method = "PUT", .target = "/stream", .body = body});
        EXPECT_EQ(echoed.body.size(), body.size());
        EXPECT_EQ((co_await world.get({.method = "HEAD"})).status, 200);
        net::Client client(world.loop);
        const net::Headers headers{{"Upgrade", "websocket"}};
        auto response =
            co_await client.send({.address = *net::Address::parse("127.0.0.1", world.port)},
                                 {.target = "/upgrade", .headers = &headers, .upgrade = true});
        EXPECT_TRUE(response);
        if (!response) co_return;
        EXPECT_EQ(response->status(), 101);
        EXPECT_TRUE(co_await response->upgraded().write("ping", never));
        char piece[10];
        const auto size = co_await response->upgraded().read(piece, sizeof piece, never);
        EXPECT_EQ(std::string_view(piece, size ? *size : 0), "ping");
        const auto end = co_await response->upgraded().read(piece, sizeof piece, never);
        EXPECT_TRUE(!end || *end == 0);
    });
}

TEST(Proxy, SpeaksHttp2ToTargets) {
    in_world([](World& world) -> Task<void> {
        Snapshot snapshot = world.snapshot();
        snapshot.groups.at("g").http2 = true;
        world.proxy.apply(snapshot);
        EXPECT_TRUE((co_await world.get("/x")).body.find(" GET /x [] site.test:") !=
                    std::string::npos);
        const std::string large(500'000, 'b');
        const auto echoed = co_await world.get(
            {.method = "POST", .target = "/stream", .authority = "s", .body = large});
        EXPECT_EQ(echoed.body, large);
        while (world.targets[0]->http2 == 0 || world.targets[1]->http2 == 0)  // Probes, too.
            co_await world.loop.sleep(5ms);
        EXPECT_EQ(name_of(world.proxy.health("g", world.targets[0]->address.text())->state),
                  "healthy");
    });
}

TEST(Proxy, ServesFromSeveralThreads) {
    Loop control;
    Loop data[2];
    std::thread threads[2];
    for (int i = 0; i < 2; ++i) threads[i] = std::thread([&loop = data[i]] { loop.run(); });
    struct Run {
        static Task<void> go(Loop& control, Loop* data) {
            const auto random = seeded_random(2);
            Proxy proxy(control, {&data[0], &data[1]}, *random);
            TestTarget target(control, "t");
            Snapshot snapshot;
            snapshot.load_balancers.emplace(
                "lb",
                LoadBalancer{.id = "lb", .nodes = {{"", *net::Address::parse("127.0.0.1", 0)}}});
            TargetGroup group{.id = "g", .load_balancer = "lb"};
            group.health.path = "/health";
            group.targets.push_back({"t", target.address});
            snapshot.groups.emplace("g", group);
            Listener listener{.id = "l", .load_balancer = "lb", .port = free_port()};
            listener.fallback = Forward{.groups = {{"g", 1}}};
            const auto address = *net::Address::parse("127.0.0.1", listener.port);
            snapshot.listeners.push_back(listener);
            proxy.apply(std::move(snapshot));
            EXPECT_TRUE(co_await proxy.ready(control.steady() + 5s));
            for (int i = 0; i < 50; ++i) {
                net::Client client(control);
                const auto answer = co_await client.fetch({.address = address}, {}, 1000);
                EXPECT_TRUE(answer && answer->status == 200);
            }
            EXPECT_EQ((co_await proxy.collect()).groups.at("g").requests, 50u);
            co_await proxy.stop(1s);
            co_await target.server.drain(1s);
        }
    };
    control.run_until_done(Run::go(control, data));
    for (auto& loop : data) loop.stop();
    for (auto& thread : threads) thread.join();
}

}  // namespace unkai::planes::proxy
