#include "wire/http2.h"

#include <gtest/gtest.h>

namespace unkai::wire {

namespace {

// Notes everything as text.
class Notes final : public Http2Session::Events {
public:
    void on_request(int32_t stream, RequestHead& head, bool ended) override {
        last = stream;
        log += std::string(head.method) + " " + std::string(head.path) + " " +
               std::string(head.authority) + (ended ? " ended;" : ";");
        request = std::move(head);
    }
    void on_response(int32_t, ResponseHead& head, bool ended) override {
        log += std::to_string(head.status) + (ended ? " ended;" : ";");
    }
    void on_data(int32_t, std::string_view bytes) override { data += bytes; }
    void on_trailers(int32_t, const Headers& trailers) override {
        for (const auto& field : trailers)
            log += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    void on_end(int32_t) override { log += "end;"; }
    void on_sent(int32_t) override { log += "sent;"; }
    void on_close(int32_t, uint32_t error) override {
        log += "close " + std::to_string(error) + ";";
    }

    std::string log, data;
    RequestHead request;
    int32_t last = 0;
};

struct Pair {
    Notes server_notes, client_notes;
    Http2Limits limits;
    Http2Session server{Http2Session::Side::server, limits, server_notes};
    Http2Session client{Http2Session::Side::client, limits, client_notes};
    bool server_good = true, client_good = true;

    void exchange() {
        for (bool moved = true; moved;) {
            const std::string to_server(client.output());
            if (!to_server.empty()) server_good = server.receive(to_server, 1) && server_good;
            const std::string to_client(server.output());
            if (!to_client.empty()) client_good = client.receive(to_client, 1) && client_good;
            moved = !to_server.empty() || !to_client.empty();
        }
    }
};

}  // namespace

TEST(Http2Session, CarriesARequestAndItsResponse) {
    Pair pair;
    const int32_t id = pair.client.request("POST", "https", "a.test", "/x?y", {{"X-A", "b"}}, true);
    pair.client.offer(id, "hello");
    pair.client.end(id, nullptr);
    pair.exchange();
    EXPECT_EQ(pair.server_notes.log, "POST /x a.test;end;");
    EXPECT_EQ(pair.server_notes.data, "hello");
    EXPECT_EQ(pair.server_notes.request.query, "y");
    EXPECT_EQ(pair.server_notes.request.headers.value("x-a"), "b");
    EXPECT_EQ(pair.server_notes.request.headers.value("host"), "a.test");
    pair.server.consume(id, 5);
    pair.server.respond(id, 200, {{"Connection", "x"}, {"A", "b"}}, true);
    pair.server.offer(id, "answer");
    const Headers trailers{{"x-sum", "1"}};
    pair.server.end(id, &trailers);
    pair.exchange();
    EXPECT_EQ(pair.client_notes.log, "sent;200;x-sum=1;end;close 0;");
    EXPECT_EQ(pair.client_notes.data, "answer");
    EXPECT_TRUE(pair.server_good && pair.client_good);
}

TEST(Http2Session, HoldsBackWhatIsNotConsumed) {
    Pair pair;
    const int32_t id = pair.client.request("PUT", "https", "a", "/", {}, true);
    const std::string body(1'000'000, 'b');
    pair.client.offer(id, body);
    pair.exchange();
    EXPECT_EQ(pair.server_notes.data.size(), pair.limits.stream_window);
    pair.server.consume(id, pair.server_notes.data.size());
    pair.exchange();
    EXPECT_EQ(pair.server_notes.data.size(), 2 * pair.limits.stream_window);
}

TEST(Http2Session, ResetsMalformedRequests) {
    const std::pair<const char*, Headers> cases[] = {
        {"/#a", {}}, {"x", {}}, {"*", {{"content-length", "x"}}}, {"/", {{"te", "gzip"}}}};
    for (const auto& [path, headers] : cases) {
        Pair pair;
        pair.client.request("GET", "https", "a", path, headers, false);
        pair.exchange();
        EXPECT_TRUE(pair.client_notes.log.starts_with("close ")) << path << pair.client_notes.log;
    }
    Pair large;
    Headers many;
    for (int i = 0; i < 200; ++i) many.add("x-" + std::to_string(i), "v");
    large.client.request("GET", "https", "a", "/", many, false);
    large.exchange();
    EXPECT_TRUE(large.client_notes.log.starts_with("close ")) << large.client_notes.log;
    EXPECT_EQ(large.server_notes.last, 0);  // No request came of it.
}

TEST(Http2Session, EndsConnectionsThatFlood) {
    Pair resets;
    for (int i = 0; i < 1000 && resets.server_good; ++i) {
        const int32_t id = resets.client.request("GET", "https", "a", "/", {}, false);
        resets.exchange();
        resets.client.reset(id, 8);
        resets.exchange();
    }
    EXPECT_FALSE(resets.server_good);

    Pair pings;
    pings.exchange();
    const std::string ping("\0\0\x08\x06\0\0\0\0\0 12345678", 18);
    std::string flood;
    for (int i = 0; i < 20000; ++i) flood += std::string("\0\0\x08\x06\0\0\0\0\0", 9) + "12345678";
    EXPECT_FALSE(pings.server.receive(flood, 2));
    EXPECT_NE(pings.server.output().find(std::string("\0\0\0\x0b", 4)), std::string_view::npos);
}

}  // namespace unkai::wire
