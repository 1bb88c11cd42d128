#include <algorithm>

#include "net/http2_exchange.h"

namespace unkai::net {

namespace {

double seconds_of(Steady time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

Task<void> serve_http2(ServerConnection& connection, std::string_view first_bytes) {
    Http2Connection http2(connection);
    co_await http2.serve(first_bytes);
}

Http2Connection::Http2Connection(ServerConnection& connection)
    : connection_(connection),
      session_(wire::Http2Session::Side::server, connection.limits().http2, *this) {}

Http2Exchange* Http2Connection::find(int32_t stream) {
    const auto found = exchanges_.find(stream);
    return found == exchanges_.end() ? nullptr : found->second;
}

// ---- Events: noted here, acted upon in wake().

void Http2Connection::on_request(int32_t stream, RequestHead& head, bool ended) {
    auto exchange = std::make_unique<Http2Exchange>(*this, stream, std::move(head));
    exchange->body_ended_ = ended;
    exchanges_.emplace(stream, exchange.get());
    fresh_.emplace_back(stream, std::move(exchange));
}

void Http2Connection::on_data(int32_t stream, std::string_view bytes) {
    if (Http2Exchange* const exchange = find(stream)) {
        exchange->incoming_.append(bytes);
        awake_.push_back(stream);
    } else {
        session_.consume(stream, bytes.size());
    }
}

void Http2Connection::on_trailers(int32_t stream, const Headers& trailers) {
    if (Http2Exchange* const exchange = find(stream)) exchange->trailers_ = trailers;
}

void Http2Connection::on_end(int32_t stream) {
    if (Http2Exchange* const exchange = find(stream)) {
        exchange->body_ended_ = true;
        awake_.push_back(stream);
    }
}

void Http2Connection::on_sent(int32_t stream) {
    if (Http2Exchange* const exchange = find(stream)) {
        exchange->sent_piece_ = true;
        awake_.push_back(stream);
    }
}

void Http2Connection::on_close(int32_t stream, uint32_t) {
    if (Http2Exchange* const exchange = find(stream)) {
        exchange->closed_ = true;
        awake_.push_back(stream);
    }
}

// Starts the handlers of new requests and resumes those that have news. Handlers may cause more of
// both.
void Http2Connection::wake() {
    while (!fresh_.empty() || !awake_.empty()) {
        auto fresh = std::exchange(fresh_, {});
        for (auto& [stream, exchange] : fresh) {
            ++connection_.counters().requests;
            scope_.spawn(run(stream, std::move(exchange)));
        }
        const auto awake = std::exchange(awake_, {});
        for (const int32_t stream : awake)
            if (Http2Exchange* const exchange = find(stream)) exchange->changed_.notify_all();
    }
}

Task<void> Http2Connection::run(int32_t stream, std::unique_ptr<Http2Exchange> exchange) {
    co_await connection_.server.handler().handle(*exchange);
    co_await exchange->complete();
    connection_.counters().bytes_received += exchange->received_;
    connection_.counters().bytes_sent += exchange->sent_;
    // What the handler left unread must not eat up the connection's window.
    session_.consume(stream, exchange->incoming_.size() + exchange->current_.size());
    exchanges_.erase(stream);
    flush();
}

// ---- Reading

bool Http2Connection::feed(std::string_view bytes) {
    busy_ = true;
    const bool good = session_.receive(bytes, seconds_of(connection_.loop().steady()));
    wake();
    busy_ = false;
    flush();
    return good;
}

// False: the connection's reading is over.
Task<bool> Http2Connection::read_some(Buffer& buffer) {
    Stream& stream = connection_.stream;
    const Steady deadline = exchanges_.empty() ? connection_.in(connection_.limits().idle) : never;
    const bool draining = connection_.draining().requested();
    buffer.release();
    const Wake why =
        co_await stream.wait_readable(deadline, draining ? nullptr : &connection_.draining());
    if (why == Wake::timed_out) {
        if (!exchanges_.empty()) co_return true;
        session_.go_away();
        flush();
        co_return false;
    }
    if (why == Wake::stopped) {
        if (!connection_.draining().requested() || !stream.open()) co_return false;
        session_.go_away();
        flush();
        co_return !exchanges_.empty();
    }
    buffer.take();
    const Moved moved = stream.try_read(buffer.data(), buffer_bytes);
    if (moved.kind == Moved::Kind::would_block) co_return true;
    if (moved.kind != Moved::Kind::moved) co_return false;
    co_return feed({buffer.data(), moved.bytes});
}

Task<void> Http2Connection::serve(std::string_view first_bytes) {
    flush();  // Our SETTINGS.
    Buffer buffer;
    bool good = first_bytes.empty() || feed(first_bytes);
    while (good && !dead_ && connection_.stream.open() && !session_.finished()) {
        good = co_await read_some(buffer);
        if (connection_.draining().requested() && exchanges_.empty()) break;
        if (connection_.loop().steady() >= connection_.expires && exchanges_.empty()) break;
    }
    end();
    co_await scope_.join();
    if (connection_.stream.open()) connection_.stream.shut_down_writing();
}

// No more bytes come: those who wait for some must hear it. What is being written may still leave.
void Http2Connection::end() {
    dead_ = true;
    std::vector<int32_t> streams;
    for (const auto& [stream, exchange] : exchanges_) streams.push_back(stream);
    for (const int32_t stream : streams) {
        if (Http2Exchange* const exchange = find(stream)) {
            exchange->closed_ = true;
            exchange->changed_.notify_all();
        }
    }
}

// ---- Writing

void Http2Connection::flush() {
    if (busy_ || writing_ || !connection_.stream.open() || !session_.wants_write()) return;
    writing_ = true;
    scope_.spawn(write_output());
}

Task<void> Http2Connection::write_output() {
    while (true) {
        busy_ = true;
        const std::string_view output = session_.output();
        busy_ = false;
        if (output.empty()) break;
        const auto sent =
            co_await connection_.stream.write(output, connection_.in(connection_.limits().stall));
        if (!sent) {
            writing_ = false;
            connection_.stream.close();  // The reader wakes, and ends everything.
            co_return;
        }
        wake();
    }
    writing_ = false;
    wake();
}

}  // namespace unkai::net
