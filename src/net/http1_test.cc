#include <fcntl.h>
#include <unistd.h>

#include "base/strings.h"
#include "net/net_test.h"

namespace unkai::net {

namespace {

// What the tests' server answers, by path.
Task<void> answer(Exchange& exchange) {
    const std::string path(exchange.request().path);
    exchange.headers().add_view("content-type", "text/plain");
    if (path == "/echo") {
        const auto body = co_await exchange.read_all(1000);
        const int status = body ? 200 : body.error().status;
        (void)co_await exchange.respond(status, body ? *body : body.error().code);
    } else if (path == "/stream") {
        exchange.allow_body(UINT64_MAX);
        (void)co_await exchange.start(200, exchange.body_length());
        while (true) {
            const auto piece = co_await exchange.read();
            if (!piece || piece->empty()) break;
            if (auto sent = co_await exchange.write(*piece); !sent) co_return;
        }
        (void)co_await exchange.finish();
    } else if (path == "/chunks") {
        (void)co_await exchange.start(200, std::nullopt);
        for (int i = 0; i < 3; ++i) (void)co_await exchange.write("piece" + std::to_string(i));
        Headers trailers{{"x-sum", "abc"}};
        (void)co_await exchange.finish(&trailers);
    } else if (path == "/cut") {
        (void)co_await exchange.start(200, 100);
        (void)co_await exchange.write("only this");
    } else if (path == "/silent") {
        co_return;
    } else if (path == "/file") {
        const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        (void)co_await exchange.start(200, 300000);
        (void)co_await exchange.write_file(file.get(), 64, 300000);
        (void)co_await exchange.finish();
    } else if (path == "/upgrade") {
        auto stream = co_await exchange.upgrade();
        if (!stream) {
            (void)co_await exchange.respond(stream.error().status, stream.error().code);
            co_return;
        }
        char piece[100];
        while (true) {
            const auto size = co_await (*stream)->read(piece, sizeof piece, never);
            if (!size || *size == 0) co_return;
            if (!co_await (*stream)->write({piece, *size}, never)) co_return;
        }
    } else {
        (void)co_await exchange.respond(200, "hello " + path);
    }
}

std::string without_date(std::string text) {
    const size_t at = text.find("Date: ");
    if (at != std::string::npos) text.erase(at, text.find("\r\n", at) + 2 - at);
    return text;
}

ServerOptions quick() {
    ServerOptions options;
    options.limits.header = 100ms;
    options.limits.idle = 100ms;
    options.limits.stall = 100ms;
    return options;
}

}  // namespace

TEST(Http1Server, AnswersKeepsAliveAndPipelines) {
    with_server(answer, {}, [](Running running) -> Task<void> {
        EXPECT_EQ(
            without_date(co_await talk(running, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "/a")),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 8\r\n\r\nhello /a");
        const std::string three =
            co_await talk(running,
                          "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                          "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                          "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT_NE(three.find("hello /a"), std::string::npos);
        EXPECT_NE(three.find("\r\n\r\nabc"), std::string::npos);
        EXPECT_TRUE(three.ends_with("hello /c<end>")) << three;
        EXPECT_EQ(running.server.counters().requests, 4u);
        EXPECT_EQ(running.server.counters().connections, 2u);
        const std::string head =
            co_await talk(running, "HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(head.ends_with("Connection: close\r\n\r\n<end>")) << head;
        const std::string old = co_await talk(running, "GET /chunks HTTP/1.0\r\n\r\n");
        EXPECT_TRUE(old.ends_with("\r\n\r\npiece0piece1piece2<end>")) << old;
    });
}

TEST(Http1Server, RefusesAndLimits) {
    with_server(answer, quick(), [](Running running) -> Task<void> {
        const std::pair<std::string, std::string> cases[] = {
            {"GET / HTTP/1.1\nHost: x\n\n", "HTTP/1.1 400 "},
            {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
            {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 505 "},
            {"GET / HTTP/1.1\r\nHost", "HTTP/1.1 408 "},
            {"GET /silent HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 500 "},
            {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 "},
            {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 "},
            {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             "HTTP/1.1 400 "},
            {"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 "},
            {"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 "},
        };
        for (const auto& [request, start] : cases) {
            const std::string answer = co_await talk(running, request);
            EXPECT_TRUE(answer.starts_with(start)) << request << " → " << answer;
            EXPECT_TRUE(answer.ends_with("<end>")) << answer;
        }
        EXPECT_EQ(co_await talk(running, ""), "<end>");  // Nothing sent: closed, without a word.
        const std::string cut = co_await talk(running, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(cut.ends_with("<ConnectionClosed>")) << cut;  // A reset: not a clean end.
    });
}

namespace {

// A body made up of counted bytes, in pieces of odd sizes.
class Counting final : public BodySource {
public:
    explicit Counting(size_t bytes) : left_(bytes) {}
    Task<Result<std::string_view>> next() override {
        piece_.assign(std::min<size_t>(left_, 7777), 'x');
        left_ -= piece_.size();
        co_return std::string_view(piece_);
    }

private:
    size_t left_;
    std::string piece_;
};

Task<void> check_client(Running running) {
    Client client(running.loop);
    const Destination to{.address = running.address};
    auto simple = co_await client.fetch(to, {.target = "/a"}, 100);
    if (!simple) {
        ADD_FAILURE() << simple.error().message;
        co_return;
    }
    EXPECT_EQ(simple->body, "hello /a");
    auto echoed =
        co_await client.fetch(to, {.method = "POST", .target = "/echo", .body = "abc"}, 9);
    EXPECT_EQ(echoed->body, "abc");
    EXPECT_EQ(client.pool(to).idle(), 1u);
    EXPECT_EQ(running.server.counters().connections, 1u);

    auto chunks = co_await client.send(to, {.target = "/chunks"});
    EXPECT_EQ(*co_await chunks->read_all(1000), "piece0piece1piece2");
    EXPECT_EQ(chunks->trailers().value("x-sum"), "abc");
    auto large = co_await client.send(to, {.target = "/file"});
    EXPECT_EQ((co_await large->read_all(1'000'000))->size(), 300000u);
    EXPECT_EQ((co_await client.fetch(to, {.target = "/file"}, 1000)).error().code, "BodyTooLarge");
    auto cut = co_await client.fetch(to, {.target = "/cut"}, 1000);
    EXPECT_EQ(cut.error().code, "ConnectionClosed");
}

}  // namespace

TEST(Http1Client, PoolsAndStreams) { with_server(answer, {}, check_client); }

TEST(Http1Client, StreamsBothWaysWithoutHoldingBodies) {
    with_server(
        [](Exchange& exchange) -> Task<void> {
            exchange.allow_body(UINT64_MAX);
            uint64_t bytes = 0;
            while (true) {
                const auto piece = co_await exchange.read();
                if (!piece || piece->empty()) break;
                bytes += piece->size();
            }
            (void)co_await exchange.start(200, std::nullopt);
            const std::string block(100'000, 'y');
            for (uint64_t sent = 0; sent < bytes; sent += block.size())
                if (!co_await exchange.write(block)) co_return;
            (void)co_await exchange.finish();
        },
        {},
        [](Running running) -> Task<void> {
            Client client(running.loop);
            for (const auto length :
                 {std::optional<uint64_t>{}, std::optional<uint64_t>{20'000'000}}) {
                Counting source(20'000'000);
                auto response =
                    co_await client.send({.address = running.address},
                                         {.method = "PUT", .stream = &source, .length = length});
                if (!response) {
                    ADD_FAILURE() << response.error().message;
                    co_return;
                }
                uint64_t bytes = 0;
                while (true) {
                    const auto piece = co_await response->read();
                    if (!piece || piece->empty()) break;
                    bytes += piece->size();
                }
                EXPECT_EQ(bytes, 20'000'000u);
                EXPECT_TRUE(response->ended());
            }
        });
}

TEST(Http1Client, ReplaysOnlyWhatMayBeAndTellsWhatWasNeverSent) {
    ServerOptions options = quick();
    with_server(answer, options, [](Running running) -> Task<void> {
        Client client(running.loop);
        const Destination to{.address = running.address};
        EXPECT_TRUE(co_await client.fetch(to, {.target = "/a"}, 100));
        co_await running.loop.sleep(300ms);  // The server's idle time passes: it closes.
        EXPECT_TRUE(co_await client.fetch(to, {.target = "/a"}, 100));
        EXPECT_EQ(running.server.counters().connections, 2u);
        const auto refused =
            co_await client.fetch({.address = *Address::parse("127.0.0.1", 1)}, {}, 9);
        EXPECT_EQ(refused.error().code, "ConnectionRefused");
        EXPECT_TRUE(never_sent(refused.error()));
        const auto silent = co_await client.fetch(to, {.method = "POST", .target = "/cut"}, 1000);
        EXPECT_FALSE(silent);
    });
}

TEST(Http1Server, HandsOverUpgradedConnections) {
    with_server(answer, {}, [](Running running) -> Task<void> {
        Client client(running.loop);
        const Headers headers{{"Upgrade", "websocket"}};
        auto response =
            co_await client.send({.address = running.address},
                                 {.target = "/upgrade", .headers = &headers, .upgrade = true});
        if (!response) {
            ADD_FAILURE() << response.error().message;
            co_return;
        }
        EXPECT_EQ(response->status(), 101);
        EXPECT_EQ(response->headers().value("upgrade"), "websocket");
        Stream& stream = response->upgraded();
        EXPECT_TRUE(co_await stream.write("ping", never));
        char piece[10];
        const auto size = co_await stream.read(piece, sizeof piece, never);
        EXPECT_EQ(std::string_view(piece, *size), "ping");
    });
}

TEST(Http1Server, DrainAnswersARequestThatWasUnderWay) {
    with_server(answer, {}, [](Running running) -> Task<void> {
        struct Drain {
            static Task<void> go(Server& server) { co_await server.drain(5s); }
        };
        auto io = co_await open_connection(running.loop, "", running.address, never);
        if (!io) {
            ADD_FAILURE() << io.error().message;
            co_return;
        }
        while (running.server.counters().connections == 0) co_await running.loop.yield();
        Scope scope;
        scope.spawn(Drain::go(running.server));
        Stream stream(std::move(*io));
        EXPECT_TRUE(co_await stream.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n", never));
        char piece[4096];
        const auto size = co_await stream.read(piece, sizeof piece, never);
        const std::string_view head(piece, size ? *size : 0);
        EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
        EXPECT_NE(head.find("Connection: close"), head.npos) << head;
        co_await scope.join();
    });
}

TEST(Http1Server, DrainFinishesWhatRunsAndCutsWhatLasts) {
    struct Slow {
        static Task<void> handle(Exchange& exchange) {
            Loop* loop = Loop::current();
            co_await loop->sleep(50ms);
            (void)co_await exchange.respond(200, "done");
        }
        static Task<void> ask(Running running, std::string& answer) {
            answer = co_await talk(running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    };
    with_server(Slow::handle, {}, [](Running running) -> Task<void> {
        Scope scope;
        std::string answer;
        scope.spawn(Slow::ask(running, answer));
        co_await running.loop.sleep(10ms);
        co_await running.server.drain(5s);
        co_await scope.join();
        EXPECT_TRUE(answer.ends_with("done<end>")) << answer;
        EXPECT_NE(answer.find("Connection: close"), std::string::npos);
        EXPECT_FALSE(co_await open_connection(running.loop, "", running.address, never));
    });
}

}  // namespace unkai::net
