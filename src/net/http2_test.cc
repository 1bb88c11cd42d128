#include "wire/http2.h"

#include "base/strings.h"
#include "net/net_test.h"

namespace unkai::net {

namespace {

Task<void> answer_http2(Exchange& exchange) {
    const std::string path(exchange.request().path);
    exchange.allow_body(UINT64_MAX);
    if (path == "/late") {
        co_await Loop::current()->sleep(20ms);
        (void)co_await exchange.respond(200, "late");
    } else if (path == "/cut") {
        (void)co_await exchange.start(200, 100);
        (void)co_await exchange.write("part");
    } else if (path == "/refuse") {
        (void)co_await exchange.respond(403, "no");
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

// An HTTP/2 client by prior knowledge that notes what comes.
class TestClient final : public wire::Http2Session::Events {
public:
    struct Got {
        int status = 0;
        std::string body;
        uint32_t error = 0;
        bool closed = false;
        size_t sent = 0;
    };
    void on_request(int32_t, RequestHead&, bool) override {}
    void on_response(int32_t id, ResponseHead& head, bool) override {
        got[id].status = head.status;
    }
    void on_data(int32_t id, std::string_view bytes) override {
        got[id].body += bytes;
        eaten.emplace_back(id, bytes.size());
    }
    void on_trailers(int32_t, const Headers&) override {}
    void on_end(int32_t) override {}
    void on_sent(int32_t id) override { ++got[id].sent; }
    void on_close(int32_t id, uint32_t error) override {
        got[id].closed = true;
        got[id].error = error;
    }

    // Until every stream is closed or the server ends.
    Task<void> run(Loop& loop, Stream& stream) {
        char piece[16384];
        while (true) {
            for (auto out = session.output(); !out.empty(); out = session.output())
                if (!co_await stream.write(out, loop.steady() + 5s)) co_return;
            bool open = false;
            for (const auto& [id, one] : got) open = open || !one.closed;
            if (!open) co_return;
            const auto size = co_await stream.read(piece, sizeof piece, loop.steady() + 5s);
            if (!size || *size == 0) co_return;
            session.receive({piece, *size}, 1);
            for (const auto& [id, bytes] : std::exchange(eaten, {})) session.consume(id, bytes);
        }
    }

    std::map<int32_t, Got> got;
    std::vector<std::pair<int32_t, size_t>> eaten;
    wire::Http2Limits limits;
    wire::Http2Session session{wire::Http2Session::Side::client, limits, *this};
};

Task<Stream> connect(Running running) {
    auto io = co_await open_connection(running.loop, "", running.address, never);
    co_return Stream(std::move(*io));
}

}  // namespace

TEST(Http2Server, ServesStreamsSideBySide) {
    with_server(answer_http2, {}, [](Running running) -> Task<void> {
        Stream stream = co_await connect(running);
        TestClient client;
        const std::string large(3'000'000, 'z');
        auto ask = [&](const char* path, bool body) {
            const int32_t id = client.session.request("POST", "http", "x", path, {}, body);
            client.got[id] = {};
            return id;
        };
        const int32_t late = ask("/late", false);
        const int32_t echo = ask("/echo", true);
        client.session.offer(echo, large);
        client.session.end(echo, nullptr);
        const int32_t cut = ask("/cut", false);
        const int32_t refused = ask("/refuse", true);  // Its body never ends: the server resets it.
        co_await client.run(running.loop, stream);
        EXPECT_EQ(client.got[late].body, "late");
        EXPECT_EQ(client.got[echo].body.size(), large.size());
        EXPECT_EQ(client.got[echo].error, 0u);
        EXPECT_EQ(client.got[cut].body, "part");
        EXPECT_EQ(client.got[cut].error, 2u);
        EXPECT_EQ(client.got[refused].status, 403);
        EXPECT_EQ(running.server.counters().connections, 1u);
        EXPECT_EQ(running.server.counters().requests, 4u);
    });
}

TEST(Http2Server, SurvivesClientsThatLeave) {
    with_server(answer_http2, {}, [](Running running) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            Stream stream = co_await connect(running);
            TestClient client;
            client.session.request("POST", "http", "x", "/late", {}, false);
            const int32_t id = client.session.request("POST", "http", "x", "/echo", {}, true);
            const std::string part(500'000, 'p');
            client.session.offer(id, part);
            for (auto out = client.session.output(); !out.empty(); out = client.session.output())
                if (!co_await stream.write(out, running.loop.steady() + 1s)) break;
            co_await running.loop.sleep(5ms);
            stream.abort();
        }
        co_await running.loop.sleep(50ms);
        EXPECT_EQ(running.server.counters().open, 0u);
    });
}

TEST(Http2Server, RefusesGarbage) {
    with_server(answer_http2, {}, [](Running running) -> Task<void> {
        const std::string answer = co_await talk(
            running, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(answer.ends_with("<end>") || answer.ends_with("<ConnectionClosed>")) << answer;
        EXPECT_EQ(running.server.counters().requests, 0u);
    });
}

}  // namespace unkai::net
