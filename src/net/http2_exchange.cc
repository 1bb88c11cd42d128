#include "net/http2_exchange.h"

#include <unistd.h>

namespace unkai::net {

namespace {

constexpr uint32_t error_none = 0, error_internal = 2, error_cancel = 8;
constexpr auto rate_grace = std::chrono::seconds(20);

}  // namespace

Http2Exchange::Http2Exchange(Http2Connection& connection, int32_t stream, RequestHead&& head)
    : Exchange(connection.connection().limits(), connection.connection().peer),
      connection_(connection),
      stream_(stream) {
    request_ = std::move(head);
    most_body_ = limits_.most_body;
}

Unexpected Http2Exchange::gone() const {
    return fail("ConnectionClosed", "The client reset the stream or closed the connection.", 499);
}

// ---- The request's body

Task<Result<std::string_view>> Http2Exchange::read() {
    if (!current_.empty()) {
        connection_.session().consume(stream_, current_.size());
        current_.clear();
        connection_.flush();
    }
    Loop& loop = connection_.connection().loop();
    if (body_since_ == Steady{}) body_since_ = loop.steady();
    if (request_.framing.kind == wire::Framing::Kind::length &&
        request_.framing.length > most_body_)
        co_return fail("BodyTooLarge", "The request's body is larger than allowed.", 413);
    if (request_.expects_continue && !started_ && incoming_.empty() && !body_ended_) {
        request_.expects_continue = false;
        CO_REQUIRE(co_await inform(100, {}));
    }
    const Steady deadline = loop.steady() + limits_.stall;
    while (incoming_.empty()) {
        if (body_ended_) co_return std::string_view{};
        if (closed_) co_return gone();
        if (co_await changed_.wait(loop, deadline) != Wake::ready)
            co_return fail("ConnectionTimeout", "The request's body stalled.", 408);
    }
    current_.swap(incoming_);
    received_ += current_.size();
    if (received_ > most_body_)
        co_return fail("BodyTooLarge", "The request's body is larger than allowed.", 413);
    const Duration spent = loop.steady() - body_since_;
    if (spent > rate_grace &&
        received_ < limits_.slowest_body * static_cast<uint64_t>(spent / std::chrono::seconds(1)))
        co_return fail("ConnectionTimeout", "The request's body comes too slowly.", 408);
    co_return std::string_view(current_);
}

// ---- The response

void Http2Exchange::begin(int status, std::optional<uint64_t> length, bool body) {
    CHECK(!started_, "a response was started twice");
    started_ = true;
    status_ = status;
    if (!headers_.has("date")) headers_.add("date", date_of_now(connection_.connection().loop()));
    headers_.remove("content-length");
    if (length && (!bodiless() || status == 304))
        headers_.add("content-length", std::to_string(*length));
    sends_body_ = body && !bodiless() && request_.method != "HEAD";
    connection_.session().respond(stream_, status, headers_, sends_body_);
}

// Gives the session one piece, and waits until it took all of it: flow control of the stream and of
// the connection, and the socket's, all hold back here.
Task<Status> Http2Exchange::offer(std::string_view piece) {
    if (closed_) co_return gone();
    Loop& loop = connection_.connection().loop();
    sent_piece_ = piece.empty();
    if (!piece.empty()) connection_.session().offer(stream_, piece);
    connection_.flush();
    const Steady deadline = loop.steady() + limits_.stall;
    while (!sent_piece_) {
        if (!closed_ && co_await changed_.wait(loop, deadline) == Wake::ready) continue;
        // The session must forget the piece, which is the caller's.
        connection_.session().reset(stream_, error_cancel);
        connection_.flush();
        if (closed_) co_return gone();
        co_return fail("ConnectionTimeout", "The client reads nothing for too long.", 408);
    }
    sent_ += piece.size();
    co_return ok();
}

Task<Status> Http2Exchange::respond(int status, std::string_view body) {
    begin(status, body.size(), !body.empty());
    finished_ = true;
    if (!sends_body_) {
        connection_.flush();
        co_return ok();
    }
    // Ended first: the last DATA frame carries END_STREAM.
    connection_.session().offer(stream_, body);
    connection_.session().end(stream_, nullptr);
    co_return co_await offer(body);
}

Task<Status> Http2Exchange::start(int status, std::optional<uint64_t> length) {
    begin(status, length, true);
    co_return ok();
}

Task<Status> Http2Exchange::write(std::string_view piece) {
    CHECK(started_ && !finished_, "write() before start() or after the end");
    if (!sends_body_ || piece.empty()) co_return ok();
    co_return co_await offer(piece);
}

Task<Status> Http2Exchange::flush() {
    connection_.flush();
    co_return ok();
}

Task<Status> Http2Exchange::write_file(int file, uint64_t offset, uint64_t bytes) {
    if (!sends_body_) co_return ok();
    Buffer buffer;
    buffer.take();
    while (bytes > 0) {
        const size_t most = static_cast<size_t>(std::min<uint64_t>(bytes, buffer_bytes));
        const ssize_t got = ::pread(file, buffer.data(), most, static_cast<off_t>(offset));
        if (got <= 0) co_return fail("FileTooShort", "A file ended before its announced length.");
        CO_REQUIRE(co_await offer({buffer.data(), static_cast<size_t>(got)}));
        offset += static_cast<uint64_t>(got);
        bytes -= static_cast<uint64_t>(got);
    }
    co_return ok();
}

Task<Status> Http2Exchange::finish(const Headers* trailers) {
    CHECK(started_ && !finished_, "finish() before start() or twice");
    finished_ = true;
    if (closed_) co_return gone();
    if (sends_body_) connection_.session().end(stream_, trailers);
    connection_.flush();
    co_return ok();
}

Task<Status> Http2Exchange::inform(int status, const Headers& fields) {
    if (closed_) co_return gone();
    connection_.session().inform(stream_, status, fields);
    connection_.flush();
    co_return ok();
}

Task<Result<Stream*>> Http2Exchange::upgrade() {
    co_return fail("UpgradeNotPossible", "Connections are upgraded over HTTP/1.1 only.", 400);
}

Task<void> Http2Exchange::complete() {
    if (closed_ || connection_.dead()) {
        connection_.session().reset(stream_, error_cancel);
        co_return;
    }
    if (!started_) {
        headers_.clear();
        headers_.add_view("content-type", "text/plain; charset=utf-8");
        (void)co_await respond(500, "The handler gave no answer.\n");
    }
    if (!finished_)
        connection_.session().reset(stream_, error_internal);
    else if (!body_ended_)
        connection_.session().reset(stream_, error_none);
    connection_.flush();
}

}  // namespace unkai::net
