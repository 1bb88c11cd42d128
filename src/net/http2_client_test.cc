#include "net/net_test.h"

namespace unkai::net {

namespace {

// What the path asks for; else what was sent comes back.
Task<void> answer_client(Exchange& exchange) {
    const std::string path(exchange.request().path);
    exchange.allow_body(UINT64_MAX);
    if (path == "/late") {
        co_await Loop::current()->sleep(20ms);
        (void)co_await exchange.respond(200, "late");
    } else if (path == "/early") {
        (void)co_await exchange.respond(403, "no");
    } else if (path == "/cut") {
        (void)co_await exchange.start(200, 100);
        (void)co_await exchange.write("part");
    } else if (path == "/trailers") {
        (void)co_await exchange.start(200, std::nullopt);
        (void)co_await exchange.write("body");
        const Headers trailers = {{"grpc-status", "0"}};
        (void)co_await exchange.finish(&trailers);
    } else if (path == "/large") {
        (void)co_await exchange.respond(200, std::string(3'000'000, 'l'));
    } else if (path == "/head") {
        exchange.headers().add("x-host", exchange.request().authority);
        exchange.headers().add("x-version", std::to_string(exchange.request().version));
        (void)co_await exchange.respond(204, "");
    } else {
        (void)co_await exchange.start(200, exchange.body_length());
        while (true) {
            const auto piece = co_await exchange.read();
            if (!piece || piece->empty()) break;
            if (!co_await exchange.write(*piece)) co_return;
        }
        (void)co_await exchange.finish();
    }
}

Task<void> fetch_late(Pool& pool, int& good) {
    auto response = co_await pool.send({.target = "/late"});
    if (!response) co_return;
    const auto body = co_await response->read_all(100);
    good += body && *body == "late";
}

class Pieces final : public BodySource {
public:
    Pieces(size_t count, size_t size) : left_(count), piece_(size, 'p') {}
    Task<Result<std::string_view>> next() override {
        co_return left_ == 0 ? std::string_view{} : (--left_, std::string_view(piece_));
    }

private:
    size_t left_;
    std::string piece_;
};

}  // namespace

TEST(Http2Client, SharesOneConnection) {
    with_server(answer_client, {}, [](Running running) -> Task<void> {
        Pool pool(running.loop, {.address = running.address, .http2 = true});
        int good = 0;
        Scope scope;
        for (int i = 0; i < 50; ++i) scope.spawn(fetch_late(pool, good));
        co_await scope.join();
        EXPECT_EQ(good, 50);
        EXPECT_EQ(running.server.counters().connections, 1u);
        EXPECT_EQ(pool.connections(), 1u);
        const Headers headers = {{"Host", "orders.test"}, {"Connection", "x"}, {"X-A", "1"}};
        auto response =
            co_await pool.send({.method = "GET", .target = "/head", .headers = &headers});
        EXPECT_EQ(response->status(), 204);
        EXPECT_TRUE(response->ended());
        EXPECT_TRUE(response->reused_connection());
        EXPECT_EQ(response->headers().value("x-host"), "orders.test");
        EXPECT_EQ(response->headers().value("x-version"), "20");
    });
}

// More than the peer takes side by side: another connection.
TEST(Http2Client, OpensAnotherWhereOneIsFull) {
    ServerOptions options;
    options.limits.http2.streams = 10;
    with_server(answer_client, options, [](Running running) -> Task<void> {
        Pool pool(running.loop, {.address = running.address, .http2 = true});
        int good = 0;
        Scope scope;
        scope.spawn(fetch_late(pool, good));
        co_await scope.join();
        for (int i = 0; i < 25; ++i) scope.spawn(fetch_late(pool, good));
        co_await scope.join();
        EXPECT_EQ(good, 26);
        EXPECT_GE(running.server.counters().connections, 3u);
    });
}

TEST(Http2Client, MovesLargeBodiesBothWaysAtTheReadersPace) {
    with_server(answer_client, {}, [](Running running) -> Task<void> {
        Pool pool(running.loop, {.address = running.address, .http2 = true});
        std::string body(3'000'000, 'b');
        auto response = co_await pool.send({.method = "POST", .body = body});
        body = {};  // The echo began before all was sent.
        EXPECT_EQ((co_await response->read_all(4'000'000)).value_or("").size(), 3'000'000u);
        Pieces pieces(100, 30'000);
        response = co_await pool.send(
            {.method = "PUT", .target = "/early", .stream = &pieces, .length = 3'000'000});
        EXPECT_EQ(response->status(), 403);  // Said before all was sent.
        EXPECT_EQ((co_await response->read_all(10)).value_or(""), "no");
        Pieces echoed(100, 30'000);  // Answered while it is sent.
        response = co_await pool.send(
            {.method = "PUT", .target = "/echo", .stream = &echoed, .length = 3'000'000});
        EXPECT_EQ((co_await response->read_all(4'000'000)).value_or("").size(), 3'000'000u);
        const uint64_t before = running.server.counters().bytes_sent;
        response = co_await pool.send({.target = "/large"});
        co_await running.loop.sleep(20ms);  // Nobody reads: the window holds it back.
        EXPECT_EQ(running.server.counters().bytes_sent, before);  // It is not done.
        EXPECT_EQ((co_await response->read_all(4'000'000)).value_or("").size(), 3'000'000u);
        EXPECT_EQ(pool.connections(), 1u);
    });
}

TEST(Http2Client, PassesTrailersAndNoticesWhatIsCut) {
    with_server(answer_client, {}, [](Running running) -> Task<void> {
        Pool pool(running.loop, {.address = running.address, .http2 = true});
        auto response = co_await pool.send({.target = "/trailers"});
        EXPECT_EQ((co_await response->read_all(100)).value_or(""), "body");
        EXPECT_EQ(response->trailers().value("grpc-status"), "0");
        response = co_await pool.send({.target = "/cut"});
        EXPECT_EQ(response->status(), 200);
        EXPECT_EQ((co_await response->read_all(100)).error().code, "ConnectionClosed");
        // Left unread: only that stream ends.
        response = co_await pool.send({.target = "/large"});
        response = Response();
        response = co_await pool.send({.target = "/late"});
        EXPECT_EQ((co_await response->read_all(100)).value_or(""), "late");
        EXPECT_EQ(running.server.counters().connections, 1u);
    });
}

TEST(Http2Client, TimesOutAndFindsPeersGone) {
    with_server(answer_client, {}, [](Running running) -> Task<void> {
        ClientLimits limits;
        limits.response = 5ms;
        Pool hasty(running.loop, {.address = running.address, .http2 = true}, limits);
        EXPECT_EQ((co_await hasty.send({.target = "/late"})).error().code, "ConnectionTimeout");
        Server second(running.loop, running.server.handler());
        const Address address = *second.listen("", *Address::parse("127.0.0.1", 0));
        Pool pool(running.loop, {.address = address, .http2 = true});
        EXPECT_EQ((co_await pool.send({.target = "/early"}))->status(), 403);
        co_await second.drain(10ms);
        EXPECT_EQ((co_await pool.send({.target = "/early"})).error().code, "ConnectionRefused");
        EXPECT_EQ(pool.connections(), 0u);
    });
}

// Without requests for a while, it closes.
TEST(Http2Client, LetsIdleConnectionsGo) {
    with_server(answer_client, {}, [](Running running) -> Task<void> {
        ClientLimits limits;
        limits.keep_idle = 20ms;
        Pool pool(running.loop, {.address = running.address, .http2 = true}, limits);
        EXPECT_EQ((co_await pool.send({.target = "/early"}))->status(), 403);
        EXPECT_EQ(pool.connections(), 1u);
        while (pool.connections() > 0) co_await running.loop.sleep(5ms);
        EXPECT_EQ((co_await pool.send({.target = "/early"}))->status(), 403);
    });
}

}  // namespace unkai::net
