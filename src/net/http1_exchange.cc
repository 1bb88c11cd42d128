#include "net/http1_exchange.h"

#include <charconv>
#include <cstring>

#include "base/strings.h"
#include "base/time.h"

namespace unkai::net {

namespace {

constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr uint64_t most_dropped = 256 * 1024;  // Of a body that the handler left unread.
constexpr auto linger_time = std::chrono::seconds(2);
constexpr auto rate_grace = std::chrono::seconds(20);

using FramingKind = wire::Framing::Kind;

}  // namespace

Task<void> serve_http1(ServerConnection& connection) {
    Http1Exchange exchange(connection);
    co_await exchange.serve();
}

Http1Exchange::Http1Exchange(ServerConnection& connection)
    : Exchange(connection.limits(), connection.peer),
      connection_(connection),
      stream_(connection.stream),
      parser_(wire::HeadParser::Kind::request, connection.limits().head) {}

Task<void> Http1Exchange::serve() {
    while (true) {
        const Read outcome = co_await read_head();
        if (outcome == Read::http2) {
            co_await serve_http2(connection_, {buffer_.data() + begin_, end_ - begin_});
            co_return;
        }
        if (outcome == Read::refused) co_await refuse(parser_.fault());
        if (outcome != Read::request) co_return;
        ++connection_.counters().requests;
        co_await connection_.server.handler().handle(*this);
        const bool go_on = co_await complete();
        connection_.counters().bytes_received += received_;
        connection_.counters().bytes_sent += sent_;
        if (!go_on) co_return;
        reset();
    }
}

// ---- Heads

// The wait for a request, without a buffer.
Task<Wake> Http1Exchange::wait_for_bytes() {
    buffer_.release();
    const Steady deadline = std::min(connection_.in(limits_.idle), connection_.expires);
    if (first_) co_return co_await connection_.wait_for_request(deadline);
    co_return co_await stream_.wait_readable(deadline, &connection_.draining());
}

Task<Http1Exchange::Read> Http1Exchange::read_head() {
    Steady deadline = never;
    while (true) {
        if (begin_ < end_) {
            const std::string_view bytes{buffer_.data() + begin_, end_ - begin_};
            if (parser_.fresh() && connection_.server.options().http2 && bytes.size() >= 4 &&
                bytes.substr(0, 4) == http2_preface.substr(0, 4))
                co_return Read::http2;
            switch (parser_.parse(bytes)) {
                case wire::Parse::bad:
                    co_return Read::refused;
                case wire::Parse::complete:
                    if (!parser_.request(bytes, request_)) co_return Read::refused;
                    begin_ += parser_.size();
                    break;
                case wire::Parse::need_more:
                    break;
            }
            if (!request_.method.empty()) break;
            if (deadline == never) deadline = connection_.in(limits_.header);
            if (co_await connection_.wait_for_request(deadline) != Wake::ready) {
                if (stream_.open() && !connection_.draining().requested())
                    co_await refuse({408, "The request's headers took too long."});
                co_return Read::end;
            }
        } else if (co_await wait_for_bytes() != Wake::ready) {
            co_return Read::end;
        }
        if (!buffer_) {
            buffer_.take();
            begin_ = end_ = 0;
        } else if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        const Moved moved = stream_.try_read(buffer_.data() + end_, buffer_bytes - end_);
        if (moved.kind == Moved::Kind::end || moved.kind == Moved::Kind::broken)
            co_return Read::end;
        if (moved.kind == Moved::Kind::moved) end_ += moved.bytes;
    }
    most_body_ = limits_.most_body;
    body_left_ = request_.framing.length;
    body_ended_ = request_.framing.kind == FramingKind::none;
    continue_due_ = request_.expects_continue && !body_ended_ && begin_ == end_;
    to_head_ = request_.method == "HEAD";
    if (!request_.keep_alive) close_after_ = true;
    co_return Read::request;
}

// What never became a request: the page for it, and the end.
Task<void> Http1Exchange::refuse(wire::Fault fault) {
    ++connection_.counters().refused;
    headers_.clear();
    const std::string page = connection_.server.handler().refuse(fault, connection_.peer, headers_);
    out_.clear();
    write_response_head(out_, connection_.loop(), fault.status, headers_);
    out_ += "Connection: close\r\nContent-Length: " + std::to_string(page.size()) + "\r\n\r\n";
    if (auto sent = co_await stream_.write(out_, page, connection_.in(linger_time)); !sent)
        co_return;
    co_await linger();
}

// After the handler: whether the connection serves another request.
Task<bool> Http1Exchange::complete() {
    if (upgraded_) co_return false;
    if (!started_ && !broken_) {
        headers_.clear();
        headers_.add_view("content-type", "text/plain; charset=utf-8");
        if (auto status = co_await respond(500, "The handler gave no answer.\n"); !status)
            co_return false;
    }
    if (!finished_ || broken_) {
        stream_.abort();  // A cut response must not look whole.
        co_return false;
    }
    const bool rest_dropped = body_ended_ || co_await drop_rest_of_body();
    if (close_after_ || !rest_dropped || connection_.draining().requested() ||
        connection_.loop().steady() >= connection_.expires) {
        // Unread bytes would turn the close into a RST that eats the response.
        if (!body_ended_ || begin_ < end_)
            co_await linger();
        else
            stream_.shut_down_writing();
        co_return false;
    }
    co_return true;
}

Task<bool> Http1Exchange::drop_rest_of_body() {
    if (body_broken_ || continue_due_ || close_after_) co_return false;
    if (request_.framing.kind == FramingKind::length && body_left_ > most_dropped) co_return false;
    allow_body(received_ + most_dropped);
    limits_.stall = linger_time;
    while (true) {
        const auto piece = co_await read();
        if (!piece) co_return false;
        if (piece->empty()) co_return true;
    }
}

Task<void> Http1Exchange::linger() {
    stream_.shut_down_writing();
    const Steady deadline = connection_.in(linger_time);
    buffer_.take();
    for (uint64_t dropped = 0; dropped < 16 * most_dropped;) {
        const auto size = co_await stream_.read(buffer_.data(), buffer_bytes, deadline);
        if (!size || *size == 0) co_return;
        dropped += *size;
    }
}

void Http1Exchange::reset() {
    // Bytes of the next request that came with the end of a chunked body.
    if (body_begin_ < body_end_) {
        std::swap(buffer_, body_);
        begin_ = body_begin_;
        end_ = body_end_;
    }
    body_begin_ = body_end_ = 0;
    body_.release();
    if (begin_ == end_) begin_ = end_ = 0;
    parser_.reset();
    if (request_.framing.kind == FramingKind::chunked) chunked_.reset();
    request_.clear();
    headers_.clear();
    limits_ = connection_.limits();
    received_ = sent_ = send_left_ = 0;
    status_ = 0;
    started_ = finished_ = close_after_ = false;
    body_broken_ = continue_due_ = first_ = false;
    body_since_ = {};
    sending_ = Sending::nothing;
    if (out_.capacity() > 16384) out_ = {};
}

// ---- The request's body

Unexpected Http1Exchange::body_fault(std::string_view code, std::string_view text, int status) {
    body_broken_ = close_after_ = true;
    return fail(std::string(code), std::string(text), status);
}

Status Http1Exchange::count_received(size_t bytes) {
    received_ += bytes;
    if (received_ > most_body_)
        return body_fault("BodyTooLarge", "The request's body is larger than allowed.", 413);
    const Duration spent = connection_.loop().steady() - body_since_;
    if (spent > rate_grace &&
        received_ < limits_.slowest_body * static_cast<uint64_t>(spent / std::chrono::seconds(1)))
        return body_fault("ConnectionTimeout", "The request's body comes too slowly.", 408);
    return ok();
}

Task<Result<std::string_view>> Http1Exchange::read() {
    if (body_broken_) co_return fail("ConnectionClosed", "The request's body is broken.", 400);
    if (body_ended_) co_return std::string_view{};
    if (body_since_ == Steady{}) body_since_ = connection_.loop().steady();
    const bool sized = request_.framing.kind == FramingKind::length;
    if (sized && received_ + body_left_ > most_body_)
        co_return body_fault("BodyTooLarge", "The request's body is larger than allowed.", 413);
    if (std::exchange(continue_due_, false) && !started_)
        CO_REQUIRE(co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n", stall()));
    if (sized) co_return co_await read_sized();
    co_return co_await read_chunked();
}

std::optional<std::string_view> Http1Exchange::body_at_hand(uint64_t most) {
    if (received_ > 0 || body_broken_) return std::nullopt;
    if (body_ended_) return std::string_view{};
    if (request_.framing.kind != FramingKind::length || body_left_ > most ||
        body_left_ > end_ - begin_)
        return std::nullopt;
    const auto size = static_cast<size_t>(body_left_);
    const std::string_view body{buffer_.data() + begin_, size};
    begin_ += size;
    received_ = size;
    body_left_ = 0;
    body_ended_ = true;
    return body;
}

// Reads some of the body into the second buffer, which is used up.
Task<Status> Http1Exchange::fill_body() {
    body_.take();
    size_t most = buffer_bytes;
    if (request_.framing.kind == FramingKind::length)
        most = static_cast<size_t>(std::min<uint64_t>(most, body_left_));
    const auto size = co_await stream_.read(body_.data(), most, stall());
    if (!size) co_return body_fault(size.error().code, size.error().message, size.error().status);
    if (*size == 0)
        co_return body_fault("ConnectionClosed", "The request's body ended too early.", 400);
    body_begin_ = 0;
    body_end_ = *size;
    co_return ok();
}

Task<Result<std::string_view>> Http1Exchange::read_sized() {
    std::string_view piece;
    if (begin_ < end_) {
        const auto size = static_cast<size_t>(std::min<uint64_t>(end_ - begin_, body_left_));
        piece = {buffer_.data() + begin_, size};
        begin_ += size;
    } else {
        CO_REQUIRE(co_await fill_body());
        piece = {body_.data(), body_end_};
        body_begin_ = body_end_;
    }
    body_left_ -= piece.size();
    body_ended_ = body_left_ == 0;
    CO_REQUIRE(count_received(piece.size()));
    co_return piece;
}

Task<Result<std::string_view>> Http1Exchange::read_chunked() {
    while (true) {
        const bool from_first = begin_ < end_;
        if (!from_first && body_begin_ == body_end_) CO_REQUIRE(co_await fill_body());
        size_t& at = from_first ? begin_ : body_begin_;
        char* const base = from_first ? buffer_.data() : body_.data();
        const size_t end = from_first ? end_ : body_end_;
        const auto output = chunked_.decode({base + at, end - at});
        at += output.consumed;
        switch (output.step) {
            case wire::ChunkedDecoder::Step::need_more:
                break;
            case wire::ChunkedDecoder::Step::bad:
                co_return body_fault("BadMessage", "The chunked body is malformed.", 400);
            case wire::ChunkedDecoder::Step::end:
                body_ended_ = true;
                co_return std::string_view{};
            case wire::ChunkedDecoder::Step::piece:
                CO_REQUIRE(count_received(output.piece.size()));
                co_return output.piece;
        }
    }
}

}  // namespace unkai::net
