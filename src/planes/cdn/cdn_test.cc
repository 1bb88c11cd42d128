#include "planes/cdn/cdn.h"

#include <gtest/gtest.h>

#include "planes/cdn/rules.h"

namespace unkai::planes::cdn {

static const Time noon = *parse_iso8601("2026-11-22T12:00:00Z");

TEST(Rules, TimeToLiveFollowsTheExpirationTable) {
    struct Case {
        Duration least, usual, most;
        const char* cache_control;
        const char* expires;
        Duration expected;
    };
    const Case cases[] = {
        {0s, 24h, 8760h, "max-age=60", "", 60s},
        {0s, 24h, 8760h, "max-age=60, s-maxage=90", "", 90s},
        {0s, 24h, 8760h, "", "", 24h},
        {0s, 24h, 30s, "max-age=60", "", 30s},
        {0s, 24h, 8760h, "no-store", "", 0s},
        {0s, 24h, 8760h, "no-cache, max-age=60", "", 0s},
        {10s, 24h, 8760h, "private", "", 10s},
        {10s, 24h, 8760h, "max-age=1", "", 10s},
        {0s, 24h, 8760h, "", "Sun, 22 Nov 2026 12:01:00 GMT", 60s},
        {0s, 24h, 8760h, "", "Sun, 22 Nov 2026 11:00:00 GMT", 0s},
        {0s, 24h, 8760h, "max-age=5", "Sun, 22 Nov 2026 13:00:00 GMT", 5s},
        {0s, 0s, 0s, "max-age=60", "", 0s},
    };
    for (const Case& c : cases) {
        CachePolicy policy;
        policy.least = c.least;
        policy.usual = c.usual;
        policy.most = c.most;
        net::Headers headers;
        if (*c.cache_control) headers.add("Cache-Control", c.cache_control);
        if (*c.expires) headers.add("Expires", c.expires);
        EXPECT_EQ(time_to_live(policy, headers, noon), c.expected) << c.cache_control << c.expires;
    }
}

TEST(Rules, KeysHoldWhatThePolicyNames) {
    Distribution distribution;
    distribution.id = "E1";
    Behavior behavior;
    behavior.cache.query = {Choice::Kind::named, {"page"}};
    behavior.cache.headers = {Choice::Kind::named, {"x-tenant"}};
    behavior.cache.cookies = {Choice::Kind::named, {"lang"}};
    net::Headers a = {{"X-Tenant", "one"}, {"Cookie", "lang=en; session=1"}};
    net::Headers b = {{"X-Tenant", "one"}, {"Cookie", "session=2; lang=en"}, {"User-Agent", "x"}};
    net::Headers c = {{"X-Tenant", "two"}, {"Cookie", "lang=en"}};
    const auto key = [&](std::string_view query, const net::Headers& headers) {
        return cache_key(distribution, behavior, "/p", query, headers, Coding::identity);
    };
    EXPECT_EQ(key("page=1&utm=a", a), key("utm=b&page=1", b));
    EXPECT_NE(key("page=1", a), key("page=2", a));
    EXPECT_NE(key("page=1", a), key("page=1", c));
}

TEST(Rules, BehavioursAndCodings) {
    Distribution distribution;
    distribution.behaviors = {{.pattern = "/api/*"}, {.pattern = "*.jpg"}, {}};
    EXPECT_EQ(find_behavior(distribution, "/api/x").pattern, "/api/*");
    EXPECT_EQ(find_behavior(distribution, "/a/b.jpg").pattern, "*.jpg");
    EXPECT_EQ(find_behavior(distribution, "/apis").pattern, "");
    CachePolicy both;
    both.gzip = both.brotli = true;
    EXPECT_EQ(negotiate(both, "gzip, deflate, br"), Coding::brotli);
    EXPECT_EQ(negotiate(both, "gzip;q=1, br;q=0"), Coding::gzip);
    EXPECT_EQ(negotiate({}, "gzip"), Coding::identity);
}

TEST(Rules, ARequestThatComesBackIsALoop) {
    Distribution distribution, other;
    distribution.domain = "d1.cloudfront.net";
    other.domain = "d2.cloudfront.net";
    const net::Headers fresh = {{"via", "1.0 squid"}};
    EXPECT_FALSE(is_loop(distribution, fresh));
    const Viewer viewer{"GET", "/", "", "a.example.com", "https", "192.0.2.1", &fresh};
    const net::Headers once = origin_headers(distribution, {}, {}, viewer, Coding::identity);
    EXPECT_TRUE(is_loop(distribution, once));
    EXPECT_FALSE(is_loop(other, once));
    const Viewer passed{"GET", "/", "", "b.example.com", "https", "192.0.2.1", &once};
    EXPECT_TRUE(is_loop(distribution, origin_headers(other, {}, {}, passed, Coding::identity)));
}

TEST(Rules, Ranges) {
    struct Case {
        const char* header;
        uint64_t first, length;
        bool ignored;
    };
    for (const Case& c : {Case{"bytes=0-3", 0, 4, false},
                          {"bytes=6-", 6, 4, false},
                          {"bytes=-3", 7, 3, false},
                          {"bytes=8-99", 8, 2, false},
                          {"bytes=10-", 0, 0, false},
                          {"bytes=0-1,3-4", 0, 0, true},
                          {"lines=1-2", 0, 0, true},
                          {"bytes=5-2", 0, 0, true}}) {
        const auto range = parse_range(c.header, 10);
        ASSERT_EQ(!range, c.ignored) << c.header;
        if (range) EXPECT_TRUE(range->first == c.first && range->length == c.length) << c.header;
    }
}

// An origin on a port of its own; paths decide what it says.
class TestOrigin final : public net::Handler {
public:
    Task<void> handle(net::Exchange& exchange) override {
        ++requests;
        last_target = exchange.request().target;
        last_agent = exchange.request().headers.value("user-agent");
        const std::string_view path = exchange.request().path;
        if (path == "/slow") co_await exchange_sleep();
        net::Headers& headers = exchange.headers();
        if (path == "/missing") {
            (void)co_await exchange.respond(404, "nothing");
            co_return;
        }
        if (exchange.request().headers.value("if-none-match") == "\"v1\"") {
            (void)co_await exchange.respond(304, "");
            co_return;
        }
        headers.add("content-type", "text/html");
        if (path == "/short")
            headers.add("cache-control", "max-age=0");
        else
            headers.add("cache-control", "max-age=100");
        headers.add("etag", "\"v1\"");
        const auto body = co_await exchange.read_all(1 << 20);
        (void)co_await exchange.respond(200, exchange.request().method == "POST" ? "got " + *body
                                             : path == "/big" ? std::string(5000, 'a')
                                                              : "0123456789");
    }
    Task<void> exchange_sleep() { co_await loop->sleep(50ms); }
    Loop* loop = nullptr;
    int requests = 0;
    std::string last_target, last_agent;
};

struct CdnTest : testing::Test {
    void SetUp() override {
        origin.loop = &loop;
        port = (*server.listen("", *net::Address::parse("127.0.0.1", 0))).port();
    }
    template <class F>
    void run(F scenario) {
        loop.run_until_done(whole(scenario));
    }
    template <class F>
    Task<void> whole(F scenario) {
        auto cdn = *Cdn::start({&loop}, {.resolve = [](const std::string& host) {
                                   return host == "origin.test"
                                              ? std::vector<std::string>{"127.0.0.1"}
                                              : std::vector<std::string>{};
                               }});
        // The edge's port: bound once by hand, so that it is known.
        const auto probe =
            net::open_listener("", *net::Address::parse("127.0.0.1", 0), {.reuse_port = true});
        edge = net::Address::local_of(probe->get());
        EXPECT_TRUE(co_await cdn->listen("", edge));
        (void)::shutdown(probe->get(), SHUT_RDWR);
        co_await cdn->apply(snapshot());
        co_await scenario(*this, *cdn);
        client.close_idle();
        co_await cdn->stop(1s);
        co_await server.drain(1s);
    }
    std::shared_ptr<const Snapshot> snapshot() {
        auto distribution = std::make_shared<Distribution>();
        distribution->id = "E1";
        distribution->domain = "d1.cloudfront.net";
        distribution->aliases = {"*.example.com"};
        distribution->root_object = "index.html";
        Behavior api{
            .pattern = "/api/*", .origin = "o", .methods = {"GET", "HEAD", "POST", "OPTIONS"}};
        api.cache.most = api.cache.usual = Duration{0};
        api.request.query.kind = api.request.headers.kind = Choice::Kind::all;
        Behavior secure{
            .pattern = "/secure/*", .origin = "o", .viewers = Behavior::Viewers::redirect_to_https};
        Behavior usual{.origin = "o", .compress = true};
        usual.cache.gzip = usual.cache.brotli = true;
        distribution->behaviors = {api, secure, usual};
        distribution->origins["o"] = {.id = "o", .host = "origin.test", .http_port = port};
        distribution->errors[404] = {404, "/page", 200, 10s};
        auto out = std::make_shared<Snapshot>();
        out->distributions.push_back(distribution);
        return out;
    }
    Task<net::Fetched> get(std::string target, net::Headers headers = {},
                           std::string method = "GET", std::string body = "") {
        headers.set("host", "www.example.com");
        net::Destination destination;
        destination.address = edge;
        net::Request request;
        request.method = method;
        request.target = target;
        request.headers = &headers;
        request.body = body;
        auto fetched = co_await client.fetch(destination, request, 1 << 20);
        EXPECT_TRUE(fetched) << (fetched ? "" : fetched.error().message);
        co_return fetched ? std::move(*fetched) : net::Fetched{};
    }

    Loop loop;
    TestOrigin origin;
    net::Server server{loop, origin};
    net::Client client{loop};
    net::Address edge;
    uint16_t port = 0;
};

TEST_F(CdnTest, KeepsWhatItMayAndSaysSo) {
    struct Scenario {
        static Task<void> go(CdnTest& t, Cdn& cdn) {
            auto first = co_await t.get("/");
            EXPECT_EQ(first.status, 200);
            EXPECT_EQ(first.body, "0123456789");
            EXPECT_EQ(first.headers.value("x-cache"), "Miss from cloudfront");
            EXPECT_EQ(t.origin.last_target, "/index.html");
            EXPECT_EQ(t.origin.last_agent, "Amazon CloudFront");
            auto second = co_await t.get("/index.html?ignored=1", {{"range", "bytes=2-4"}});
            EXPECT_EQ(second.status, 206);
            EXPECT_EQ(second.body, "234");
            EXPECT_EQ(second.headers.value("content-range"), "bytes 2-4/10");
            EXPECT_EQ(second.headers.value("x-cache"), "Hit from cloudfront");
            EXPECT_EQ((co_await t.get("/", {{"if-none-match", "\"v1\""}})).status, 304);
            EXPECT_EQ(t.origin.requests, 1);
            EXPECT_EQ(cdn.invalidate("E1", {"/other*"}), 0u);
            EXPECT_EQ(cdn.invalidate("E1", {"/*"}), 1u);
            EXPECT_EQ((co_await t.get("/")).headers.value("x-cache"), "Miss from cloudfront");
            co_await t.get("/short");
            co_await t.get("/short");
            EXPECT_EQ(t.origin.requests, 4) << "max-age=0 is not kept";
        }
    };
    run(&Scenario::go);
}

TEST_F(CdnTest, PassesTheApiThrough) {
    struct Scenario {
        static Task<void> go(CdnTest& t, Cdn&) {
            auto posted =
                co_await t.get("/api/things?a=1&b=2", {{"user-agent", "me"}}, "POST", "body");
            EXPECT_EQ(posted.body, "got body");
            EXPECT_EQ(t.origin.last_target, "/api/things?a=1&b=2");
            EXPECT_EQ(t.origin.last_agent, "me");
            EXPECT_EQ((co_await t.get("/api/x")).headers.value("x-cache"), "Miss from cloudfront");
            EXPECT_EQ((co_await t.get("/api/x")).headers.value("x-cache"), "Miss from cloudfront");
            EXPECT_EQ(t.origin.requests, 3);
            EXPECT_EQ((co_await t.get("/x", {}, "POST", "b")).status, 403)
                << "the default behaviour takes GET and HEAD";
            auto redirected = co_await t.get("/secure/a?b");
            EXPECT_EQ(redirected.status, 301);
            EXPECT_EQ(redirected.headers.value("location"), "https://www.example.com/secure/a?b");
        }
    };
    run(&Scenario::go);
}

TEST_F(CdnTest, CompressesAndServesErrorPages) {
    struct Scenario {
        static Task<void> go(CdnTest& t, Cdn&) {
            auto big = co_await t.get("/big", {{"accept-encoding", "gzip, br"}});
            EXPECT_EQ(big.headers.value("content-encoding"), "br");
            EXPECT_LT(big.body.size(), 500u);
            EXPECT_EQ(big.headers.value("etag"), "W/\"v1\"");
            EXPECT_EQ((co_await t.get("/big")).body.size(), 5000u)
                << "another viewer, another variant";
            auto missing = co_await t.get("/missing");
            EXPECT_EQ(missing.status, 200);
            EXPECT_EQ(missing.body, "0123456789");
            const int before = t.origin.requests;
            co_await t.get("/missing");
            EXPECT_EQ(t.origin.requests, before) << "errors are kept for a while";
        }
    };
    run(&Scenario::go);
}

// Takes so many connections; to each it sends a head that promises a body, and ends.
static Task<void> promise_and_end(Loop& loop, Fd listening, int connections) {
    Io io(loop, std::move(listening));
    while (connections > 0) {
        Fd taken(::accept4(io.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!taken) {
            co_await io.readable();
            continue;
        }
        --connections;
        net::Stream stream(Io(loop, std::move(taken)));
        char piece[4096];
        EXPECT_TRUE(co_await stream.read(piece, sizeof piece, never));
        EXPECT_TRUE(co_await stream.write(
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 10\r\n\r\n", never));
    }
}

TEST_F(CdnTest, AnOriginThatEndsBehindItsHeadIsABadGateway) {
    struct Scenario {
        static Task<void> go(CdnTest& t, Cdn& cdn) {
            auto listening = net::open_listener("", *net::Address::parse("127.0.0.1", 0));
            t.port = net::Address::local_of(listening->get()).port();
            co_await cdn.apply(t.snapshot());
            Scope scope;
            scope.spawn(promise_and_end(t.loop, std::move(*listening), 2));
            EXPECT_EQ((co_await t.get("/kept")).status, 502);
            EXPECT_EQ((co_await t.get("/api/passed")).status, 502);
            co_await scope.join();
        }
    };
    run(&Scenario::go);
}

TEST_F(CdnTest, CollapsesRequestsForTheSame) {
    struct Scenario {
        static Task<void> one(CdnTest& t, int& good) {
            good += (co_await t.get("/slow")).body == "0123456789";
        }
        static Task<void> go(CdnTest& t, Cdn&) {
            Scope scope;
            int good = 0;
            for (int i = 0; i < 20; ++i) scope.spawn(one(t, good));
            co_await scope.join();
            EXPECT_EQ(good, 20);
            EXPECT_EQ(t.origin.requests, 1);
        }
    };
    run(&Scenario::go);
}

}  // namespace unkai::planes::cdn
