// HTTP/1.1 messages ⇄ bytes, strict, incremental, without a socket (RFC 9110, RFC 9112).
//
// HeadParser reads one request's or response's head from the front of a buffer that grows. It never
// copies: what it yields are views of that buffer. Each byte is looked at once, however it arrives.
//
//     HeadParser parser(HeadParser::Kind::request);
//     switch (parser.parse(buffer)) {            // the same front as last time, perhaps longer or
//     moved
//         case Parse::need_more: …               // read more, call again
//         case Parse::bad:       …               // parser.fault(): the status to answer, and why
//         case Parse::complete:  parser.request(buffer, head); buffer.remove_prefix(parser.size());
//     }
//
// Refused, because two parsers on a path could disagree about it: a bare CR or LF, obs-fold, space
// before the colon, two Content-Length or Host fields, Content-Length beside Transfer-Encoding, any
// transfer coding but a single `chunked`, control characters, an absolute-form target whose host is
// not Host's. Cost: 0.4–0.7 µs for a browser's request; no allocation after the first request of a
// connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/headers.h"

namespace unkai::wire {

// ALB's limits (ALB guide, load-balancer-limits); the count is ours.
struct Http1Limits {
    uint32_t line = 16 * 1024;     // The request line.
    uint32_t header = 16 * 1024;   // One field.
    uint32_t headers = 64 * 1024;  // The whole head.
    uint32_t count = 100;          // Fields.
};

// Where the message's body ends.
struct Framing {
    enum class Kind : uint8_t { none, length, chunked, until_close } kind = Kind::none;
    uint64_t length = 0;  // Of Kind::length; never 0.
};

struct RequestHead {
    std::string_view method;
    std::string_view target;  // Path and query as sent, "/a%20b?c=d"; "*" only of OPTIONS.
    std::string_view path;    // The target up to the first '?', not decoded.
    std::string_view query;   // What follows it; empty if there is none.
    std::string_view
        authority;     // Host (or :authority) as sent, "localhost:4566". May be empty in HTTP/1.0.
    int version = 11;  // 10, 11 or 20.
    Headers headers;   // In HTTP/2 without pseudo-headers, and with `host` from :authority.
    Framing framing;
    bool keep_alive = true;
    bool expects_continue = false;

    void set_target(std::string_view whole);
    void clear();
};

struct ResponseHead {
    int status = 200;
    std::string_view reason;
    int version = 11;
    Headers headers;
    Framing framing;  // As for the answer to a GET; the client corrects it for HEAD.
    bool keep_alive = true;

    void clear();
};

// Whether it can be a Host value: no space, no control, nothing that starts another part of a URL.
bool is_authority(std::string_view text);

enum class Parse : uint8_t { need_more, complete, bad };

// Why a message was refused: the status to answer and a sentence without the offending bytes.
struct Fault {
    int status = 400;  // 400, 414, 431, 501 or 505.
    std::string_view text;
};

class HeadParser {
public:
    enum class Kind : uint8_t { request, response };
    explicit HeadParser(Kind kind, Http1Limits limits = {}) : kind_(kind), limits_(limits) {}

    Parse parse(std::string_view buffer);
    size_t size() const { return at_; }  // Of the complete head, with its empty line.
    const Fault& fault() const { return fault_; }
    // After `complete`: views of `buffer`, which must start where the parsed one did. They may find
    // a fault that only the whole head shows; false then.
    bool request(std::string_view buffer, RequestHead& head);
    bool response(std::string_view buffer, ResponseHead& head);
    // True when not a byte of a head was seen (an idle connection).
    bool fresh() const { return at_ == 0 && scanned_ == 0; }
    void reset();

private:
    struct Place {
        uint32_t name, name_size, value, value_size;
    };
    bool start_line(std::string_view line, uint32_t offset);
    bool request_line(std::string_view line, uint32_t offset);
    bool status_line(std::string_view line, uint32_t offset);
    bool field(std::string_view line, uint32_t offset);
    bool refuse(int status, std::string_view text);
    bool frame(const Headers& headers, int version, bool request, Framing& framing);

    Kind kind_;
    Http1Limits limits_;
    Fault fault_;
    bool in_headers_ = false;
    bool blank_seen_ = false;
    uint32_t at_ = 0;       // The start of the line that is being read.
    uint32_t scanned_ = 0;  // No LF before this.
    int version_ = 11;
    int status_ = 0;
    uint32_t method_size_ = 0, target_ = 0, target_size_ = 0, reason_ = 0, reason_size_ = 0,
             start_ = 0;
    std::vector<Place> fields_;
};

// Decodes a chunked body. Chunk extensions are skipped (and bounded); trailers are kept.
class ChunkedDecoder {
public:
    enum class Step : uint8_t { need_more, piece, end, bad };
    struct Output {
        Step step;
        size_t consumed = 0;          // Of the input, to be dropped.
        std::string_view piece = {};  // Body bytes, a view of the input.
    };
    // Call again with the rest of the input until it says need_more or end.
    Output decode(std::string_view input);
    const Headers& trailers() const { return trailers_; }
    void reset();

private:
    enum class State : uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailers, done };
    Output line(std::string_view input);

    State state_ = State::size;
    uint64_t left_ = 0;
    uint32_t digits_ = 0;
    uint32_t extension_ = 0;
    std::string pending_;  // A trailer line that is not whole yet.
    size_t trailer_bytes_ = 0;
    Headers trailers_;
};

// "1a2b\r\n" before a piece of that many bytes; "\r\n" follows the piece, "0\r\n\r\n" ends the
// body.
struct ChunkHead {
    char text[18];
    uint8_t size;
    std::string_view view() const { return {text, size}; }
};
ChunkHead chunk_head(uint64_t bytes);

// Appends a head. Framing headers are the caller's.
void write_request_head(std::string& out, std::string_view method, std::string_view target,
                        const Headers& headers);
void write_status_line(std::string& out, int status);
void write_field(std::string& out, std::string_view name, std::string_view value);
void write_content_length(std::string& out, uint64_t length);
std::string_view reason_phrase(int status);  // "OK", "Not Found"; "Status" for an unknown one.

}  // namespace unkai::wire
