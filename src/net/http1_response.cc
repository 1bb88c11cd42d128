#include <charconv>

#include "base/strings.h"
#include "base/time.h"
#include "net/http1_exchange.h"

namespace unkai::net {

// A small body goes behind its head, in one piece.
constexpr size_t joined_body = 2048;

std::string_view date_of_now(Loop& loop) {
    static thread_local int64_t second = -1;
    static thread_local std::string text;
    const Time now = loop.now();
    if (whole_seconds(now) != second) {
        second = whole_seconds(now);
        text = http_date(now);
    }
    return text;
}

bool is_servers_own(std::string_view name) {
    switch (name.size()) {
        case 4:
            return equals_ignoring_case(name, "date");
        case 7:
            return equals_ignoring_case(name, "upgrade");
        case 10:
            return equals_ignoring_case(name, "connection") ||
                   equals_ignoring_case(name, "keep-alive");
        case 14:
            return equals_ignoring_case(name, "content-length");
        case 17:
            return equals_ignoring_case(name, "transfer-encoding");
        default:
            return false;
    }
}

void write_response_head(std::string& out, Loop& loop, int status, const Headers& headers) {
    wire::write_status_line(out, status);
    const auto given = headers.get("date");
    if (!given) wire::write_field(out, "Date", date_of_now(loop));
    for (const Headers::Field& field : headers) {
        if (is_servers_own(field.name) && !(given && field.name.size() == 4)) continue;
        if (wire::is_token(field.name) && wire::is_field_value(field.value))
            wire::write_field(out, field.name, field.value);
    }
}

bool Http1Exchange::bodiless() const { return status_ < 200 || status_ == 204 || status_ == 304; }

void Http1Exchange::begin_head(int status) {
    CHECK(!started_, "a response was started twice");
    started_ = true;
    status_ = status;
    out_.clear();
    write_response_head(out_, connection_.loop(), status, headers_);
    if (connection_.draining().requested() || connection_.loop().steady() >= connection_.expires)
        close_after_ = true;
}

void Http1Exchange::end_head() {
    if (close_after_)
        out_ += "Connection: close\r\n";
    else if (request_.version == 10)
        out_ += "Connection: keep-alive\r\n";
    out_ += "\r\n";
}

Task<Status> Http1Exchange::respond(int status, std::string_view body) {
    begin_head(status);
    finished_ = true;
    if (!bodiless()) wire::write_content_length(out_, body.size());
    end_head();
    if (to_head_ || bodiless()) body = {};
    const size_t size = body.size();
    if (body.size() <= joined_body) {
        out_ += body;
        body = {};
    }
    // Mostly there is room for all of it.
    const std::string_view rest = body.empty() ? stream_.write_now(out_) : out_;
    Status sent;
    if (!rest.empty()) sent = co_await stream_.write(rest, body, stall());
    if (sent)
        sent_ += size;
    else
        broken_ = true;
    co_return sent;
}

Task<Status> Http1Exchange::start(int status, std::optional<uint64_t> length) {
    begin_head(status);
    if (bodiless()) {
        sending_ = Sending::nothing;
        // A 304 may tell the length that a 200 would have.
        if (status == 304 && length) wire::write_content_length(out_, *length);
    } else if (length) {
        sending_ = Sending::length;
        send_left_ = *length;
        wire::write_content_length(out_, *length);
    } else if (request_.version >= 11) {
        sending_ = Sending::chunked;
        out_ += "Transfer-Encoding: chunked\r\n";
    } else {
        sending_ = Sending::until_close;
        close_after_ = true;
    }
    end_head();
    if (to_head_) sending_ = Sending::nothing;
    co_return ok();
}

// Sends the waiting head, if any, and the piece.
Task<Status> Http1Exchange::send(std::string_view piece, bool last) {
    if (broken_) co_return fail("ConnectionClosed", "The client is gone.", 499);
    Status status;
    if (sending_ == Sending::chunked && (!piece.empty() || last)) {
        // The chunk's size goes behind the head, its end before the next chunk's size.
        if (!piece.empty()) out_ += wire::chunk_head(piece.size()).view();
        std::string_view tail = piece.empty() ? "" : "\r\n";
        std::string with_end;
        if (last) tail = with_end = std::string(tail) + "0\r\n\r\n";
        status = co_await stream_.write(out_, piece, tail, stall());
    } else if (!out_.empty() || !piece.empty()) {
        status = out_.empty() ? co_await stream_.write(piece, stall())
                              : co_await stream_.write(out_, piece, stall());
    }
    out_.clear();
    if (status)
        sent_ += piece.size();
    else
        broken_ = true;
    co_return status;
}

Task<Status> Http1Exchange::write(std::string_view piece) {
    CHECK(started_ && !finished_, "write() before start() or after the end");
    if (piece.empty() || sending_ == Sending::nothing) co_return ok();
    if (sending_ == Sending::length) {
        if (piece.size() > send_left_) {
            broken_ = true;
            co_return fail("BadMessage", "The response's body is longer than announced.");
        }
        send_left_ -= piece.size();
    }
    co_return co_await send(piece, false);
}

Task<Status> Http1Exchange::flush() {
    CHECK(started_, "flush() before start()");
    co_return co_await send({}, false);
}

Task<Status> Http1Exchange::write_file(int file, uint64_t offset, uint64_t bytes) {
    CHECK(started_ && !finished_, "write_file() before start() or after the end");
    if (bytes == 0 || sending_ == Sending::nothing) co_return ok();
    if (sending_ == Sending::chunked) {
        out_ += wire::chunk_head(bytes).view();
    } else if (sending_ == Sending::length) {
        if (bytes > send_left_) co_return fail("BadMessage", "The file is longer than announced.");
        send_left_ -= bytes;
    }
    Status status = ok();
    if (!out_.empty()) status = co_await stream_.write(out_, stall());
    out_.clear();
    if (status) status = co_await stream_.write_file(file, offset, bytes, limits_.stall);
    if (status && sending_ == Sending::chunked) out_ = "\r\n";
    if (status)
        sent_ += bytes;
    else
        broken_ = true;
    co_return status;
}

Task<Status> Http1Exchange::finish(const Headers* trailers) {
    CHECK(started_ && !finished_, "finish() before start() or twice");
    if (sending_ == Sending::length && send_left_ > 0) {
        broken_ = true;
        co_return fail("BadMessage", "The response's body is shorter than announced.");
    }
    Status status;
    if (sending_ == Sending::chunked && trailers != nullptr && !trailers->empty()) {
        out_ += "0\r\n";
        for (const Headers::Field& field : *trailers)
            if (wire::is_token(field.name) && wire::is_field_value(field.value))
                wire::write_field(out_, field.name, field.value);
        out_ += "\r\n";
        status = co_await stream_.write(out_, stall());
        out_.clear();
    } else {
        status = co_await send({}, true);
    }
    if (status)
        finished_ = true;
    else
        broken_ = true;
    co_return status;
}

Task<Status> Http1Exchange::inform(int status, const Headers& fields) {
    if (started_ || request_.version < 11) co_return ok();
    std::string head;
    wire::write_status_line(head, status);
    for (const Headers::Field& field : fields)
        if (wire::is_token(field.name) && wire::is_field_value(field.value))
            wire::write_field(head, field.name, field.value);
    head += "\r\n";
    co_return co_await stream_.write(head, stall());
}

Task<Result<Stream*>> Http1Exchange::upgrade() {
    if (started_ || request_.version != 11 || !request_.headers.has_token("connection", "upgrade"))
        co_return fail("UpgradeNotPossible", "The request does not ask for an upgrade.", 400);
    const std::string protocol(headers_.has("upgrade") ? headers_.value("upgrade")
                                                       : request_.headers.value("upgrade"));
    begin_head(101);
    wire::write_field(out_, "Connection", "Upgrade");
    wire::write_field(out_, "Upgrade", protocol);
    out_ += "\r\n";
    finished_ = upgraded_ = true;
    CO_REQUIRE(co_await stream_.write(out_, stall()));
    stream_.put_back({buffer_.data() + begin_, end_ - begin_});
    begin_ = end_;
    co_return &stream_;
}

}  // namespace unkai::net
