#include "net/client_connection.h"

#include <charconv>
#include <cstring>

#include "base/strings.h"

namespace unkai::net {

namespace {

using FramingKind = wire::Framing::Kind;

Unexpected no_response() {
    return fail("NoResponse", "The peer closed the connection before it answered.", 502);
}

// Fields that the client writes itself, or that belong to another connection.
bool is_clients_own(std::string_view name, bool upgrade) {
    if (name.size() == 14) return equals_ignoring_case(name, "content-length");
    if (upgrade && name.size() == 7 && equals_ignoring_case(name, "upgrade")) return false;
    return is_hop_by_hop(name);
}

}  // namespace

ClientConnection::ClientConnection(Pool& pool, Stream connected)
    : stream(std::move(connected)),
      pool_(pool),
      parser_(wire::HeadParser::Kind::response, pool.limits_.head) {
    ++pool_.connections_;
}

ClientConnection::~ClientConnection() { --pool_.connections_; }

Steady ClientConnection::in(Duration length) const { return pool_.loop_.steady() + length; }

bool ClientConnection::reusable() const {
    return ended_ && !broken_ && head.keep_alive && head.status != 101 && begin_ == end_ &&
           body_begin_ == body_end_;
}

void ClientConnection::rest() {
    buffer_.release();
    body_.release();
    begin_ = end_ = body_begin_ = body_end_ = 0;
    if (out_.capacity() > 16384) out_ = {};
    reused = true;
}

Task<Status> ClientConnection::exchange(const Request& request) {
    parser_.reset();
    chunked.reset();
    head.clear();
    answered_ = ended_ = false;
    Status sent = co_await send_head(request);
    if (sent && request.stream != nullptr) sent = co_await send_stream(request);
    if (!sent) {
        broken_ = true;
        // A peer that closes while it is sent to may have said why; our own source's error is ours.
        if (!sent.error().is("ConnectionClosed")) co_return sent;
    }
    Status status = co_await read_head(request);
    if (!status) broken_ = true;
    co_return status;
}

Task<Status> ClientConnection::send_head(const Request& request) {
    out_.clear();
    out_.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    bool host = false;
    if (request.headers != nullptr) {
        for (const Headers::Field& field : *request.headers) {
            if (is_clients_own(field.name, request.upgrade)) continue;
            if (!wire::is_token(field.name) || !wire::is_field_value(field.value)) continue;
            if (field.name.size() == 4 && equals_ignoring_case(field.name, "host")) host = true;
            wire::write_field(out_, field.name, field.value);
        }
    }
    if (!host) {
        if (request.authority.empty())
            wire::write_field(out_, "Host", pool_.destination_.address.text());
        else
            wire::write_field(out_, "Host", request.authority);
    }
    if (request.upgrade) out_ += "Connection: Upgrade\r\n";
    if (request.stream != nullptr && !request.length)
        out_ += "Transfer-Encoding: chunked\r\n";
    else if (request.stream != nullptr)
        wire::write_content_length(out_, *request.length);
    else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH")
        wire::write_content_length(out_, request.body.size());
    out_ += "\r\n";
    if (request.stream != nullptr) co_return ok();  // Leaves with the first piece.
    co_return co_await stream.write(out_, request.body, in(pool_.limits_.stall));
}

// Sends pieces until the source ends, or the peer answers before it has seen them all.
Task<Status> ClientConnection::send_stream(const Request& request) {
    uint64_t left = request.length.value_or(0);
    while (true) {
        auto piece = co_await request.stream->next();
        if (!piece) co_return unexpected(std::move(piece.error()));
        std::string_view tail;
        if (!request.length) {
            if (!piece->empty()) out_ += wire::chunk_head(piece->size()).view();
            tail = piece->empty() ? "0\r\n\r\n" : "\r\n";
        } else if (piece->size() > left || (piece->empty() && left > 0)) {
            co_return fail("BadMessage", "The request's body has not the announced length.", 400);
        } else {
            left -= piece->size();
        }
        if (!out_.empty() || !piece->empty() || !tail.empty()) {
            Status status = co_await stream.write(out_, *piece, tail, in(pool_.limits_.stall));
            if (!status) co_return status;
        }
        out_.clear();
        if (piece->empty() || (request.length && left == 0)) co_return ok();
        if (stream.peek() != Moved::Kind::would_block) {
            broken_ = true;  // The rest of the body is not sent: the connection is used up.
            co_return ok();
        }
    }
}

Task<Status> ClientConnection::fill(Buffer& buffer, size_t& begin, size_t& end, size_t most) {
    buffer.take();
    if (begin == end) begin = end = 0;
    const Moved moved = stream.try_read(buffer.data() + end, std::min(most, buffer_bytes - end));
    if (moved.kind == Moved::Kind::moved) end += moved.bytes;
    if (moved.kind == Moved::Kind::moved || moved.kind == Moved::Kind::would_block) co_return ok();
    if (moved.kind == Moved::Kind::end) co_return fail("EndOfStream", "The peer ended.", 502);
    co_return fail("ConnectionClosed", "The peer closed the connection.", 502);
}

Task<Status> ClientConnection::read_head(const Request& request) {
    const Steady deadline = std::min(in(pool_.limits_.response), request.deadline);
    while (true) {
        if (begin_ < end_) {
            const std::string_view bytes{buffer_.data() + begin_, end_ - begin_};
            const wire::Parse outcome = parser_.parse(bytes);
            if (outcome == wire::Parse::bad ||
                (outcome == wire::Parse::complete && !parser_.response(bytes, head)))
                co_return fail(
                    "BadMessage",
                    "The peer's response is malformed: " + std::string(parser_.fault().text), 502);
            if (outcome == wire::Parse::complete) {
                begin_ += parser_.size();
                if (head.status >= 200 || head.status == 101) break;
                parser_.reset();  // 100 Continue and the like: passed over.
                head.clear();
                continue;
            }
            if (end_ == buffer_bytes && begin_ > 0) {
                std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
                end_ -= begin_;
                begin_ = 0;
            }
            if (end_ == buffer_bytes)
                co_return fail("BadMessage", "The response's headers are too large.", 502);
        }
        if (!stream.open()) co_return no_response();
        if (const Wake why = co_await stream.wait_readable(deadline); why != Wake::ready)
            co_return why == Wake::timed_out
                ? fail("ConnectionTimeout", "The peer did not answer in time.", 504)
                : no_response();
        const size_t before = end_;
        if (auto status = co_await fill(buffer_, begin_, end_, buffer_bytes); !status) {
            if (!answered_) co_return no_response();
            co_return fail("BadMessage", "The peer closed the connection in its headers.", 502);
        }
        answered_ = answered_ || end_ > before;
    }
    if (request.method == "HEAD") head.framing = {};
    if (head.framing.kind == FramingKind::none && head.status != 101) ended_ = true;
    left_ = head.framing.length;
    if (head.status == 101) {
        stream.put_back({buffer_.data() + begin_, end_ - begin_});
        begin_ = end_;
    }
    co_return ok();
}

// ---- The response's body

Result<std::string_view> ClientConnection::decode_chunks() {
    const bool first = begin_ < end_;
    size_t& at = first ? begin_ : body_begin_;
    char* const base = first ? buffer_.data() : body_.data();
    const auto output = chunked.decode({base + at, (first ? end_ : body_end_) - at});
    at += output.consumed;
    if (output.step == wire::ChunkedDecoder::Step::bad) {
        broken_ = true;
        return fail("BadMessage", "The peer's chunked body is malformed.", 502);
    }
    if (output.step == wire::ChunkedDecoder::Step::end) ended_ = true;
    return output.piece;
}

Task<Result<std::string_view>> ClientConnection::read() {
    const bool chunks = head.framing.kind == FramingKind::chunked;
    const bool sized = head.framing.kind == FramingKind::length;
    while (true) {
        if (ended_) co_return std::string_view{};
        if (broken_ && !stream.open()) co_return fail("ConnectionClosed", "Closed.", 502);
        if (begin_ < end_ || body_begin_ < body_end_) {
            if (chunks) {
                CO_TRY(const std::string_view piece, decode_chunks());
                if (!piece.empty()) co_return piece;
                continue;
            }
            const bool first = begin_ < end_;
            size_t& at = first ? begin_ : body_begin_;
            std::string_view piece{(first ? buffer_.data() : body_.data()) + at,
                                   (first ? end_ : body_end_) - at};
            if (sized)
                piece =
                    piece.substr(0, static_cast<size_t>(std::min<uint64_t>(piece.size(), left_)));
            at += piece.size();
            if (sized) left_ -= piece.size();
            if (sized && left_ == 0) ended_ = true;
            co_return piece;
        }
        const size_t most =
            sized ? static_cast<size_t>(std::min<uint64_t>(left_, buffer_bytes)) : buffer_bytes;
        const Steady deadline = in(pool_.limits_.stall);
        if (auto status = co_await fill(body_, body_begin_, body_end_, most); !status) {
            if (head.framing.kind == FramingKind::until_close && status.error().is("EndOfStream")) {
                ended_ = true;
                co_return std::string_view{};
            }
            broken_ = true;
            co_return fail("ConnectionClosed", "The response's body ended too early.", 502);
        }
        if (body_begin_ < body_end_) continue;
        if (const Wake why = co_await stream.wait_readable(deadline); why != Wake::ready) {
            broken_ = true;
            co_return why == Wake::timed_out
                ? fail("ConnectionTimeout", "The response's body stalled.", 504)
                : fail("ConnectionClosed", "The connection was closed.", 502);
        }
    }
}

}  // namespace unkai::net
