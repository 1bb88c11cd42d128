#include "wire/http1.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/strings.h"

namespace unkai::wire {

namespace {

constexpr size_t longest_method = 32;

std::string_view trim_blank(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Of a target: no space, no control character. Bytes above 0x7f pass, as everywhere in practice.
bool is_target(std::string_view text) {
    for (const char c : text)
        if (const auto byte = static_cast<unsigned char>(c); byte <= 0x20 || byte == 0x7f)
            return false;
    return !text.empty();
}

}  // namespace

bool is_authority(std::string_view text) {
    static constexpr auto excluded = [] {
        std::array<bool, 256> all{};
        for (const char c : std::string_view("/?#@\\,\"<> \t")) all[static_cast<size_t>(c)] = true;
        return all;
    }();
    return std::ranges::none_of(text,
                                [](char c) { return excluded[static_cast<unsigned char>(c)]; }) &&
           is_field_value(text);
}

void RequestHead::set_target(std::string_view whole) {
    target = whole;
    const size_t mark = whole.find('?');
    path = whole.substr(0, mark);
    query = mark == std::string_view::npos ? std::string_view{} : whole.substr(mark + 1);
}

void RequestHead::clear() {
    method = target = path = query = authority = {};
    version = 11;
    headers.clear();
    framing = {};
    keep_alive = true;
    expects_continue = false;
}

void ResponseHead::clear() {
    status = 200;
    reason = {};
    version = 11;
    headers.clear();
    framing = {};
    keep_alive = true;
}

void HeadParser::reset() {
    in_headers_ = blank_seen_ = false;
    at_ = scanned_ = 0;
    start_ = 0;
    fields_.clear();
    fault_ = {};
}

bool HeadParser::refuse(int status, std::string_view text) {
    fault_ = {status, text};
    return false;
}

Parse HeadParser::parse(std::string_view buffer) {
    while (true) {
        const uint32_t from = std::max(at_, scanned_);
        const void* const found =
            from < buffer.size() ? std::memchr(buffer.data() + from, '\n', buffer.size() - from)
                                 : nullptr;
        if (found == nullptr) {
            scanned_ = static_cast<uint32_t>(buffer.size());
            const size_t line = buffer.size() - at_;
            if (!in_headers_ && line > limits_.line)
                return refuse(414, "The request line is too long."), Parse::bad;
            if ((in_headers_ && line > limits_.header) || buffer.size() > limits_.headers)
                return refuse(431, "The request headers are too large."), Parse::bad;
            return Parse::need_more;
        }
        const uint32_t line_feed =
            static_cast<uint32_t>(static_cast<const char*>(found) - buffer.data());
        if (line_feed + 1 > limits_.headers)
            return refuse(431, "The request headers are too large."), Parse::bad;
        if (line_feed == at_ || buffer[line_feed - 1] != '\r')
            return refuse(400, "A line ends with LF alone."), Parse::bad;
        const uint32_t offset = at_;
        const std::string_view line = buffer.substr(offset, line_feed - 1 - offset);
        at_ = line_feed + 1;
        if (line.find('\r') != std::string_view::npos)
            return refuse(400, "A line holds CR alone."), Parse::bad;
        if (!in_headers_) {
            // RFC 9112 2.2: one empty line before the request line is passed over.
            if (line.empty() && kind_ == Kind::request && !std::exchange(blank_seen_, true))
                continue;
            if (!start_line(line, offset)) return Parse::bad;
            in_headers_ = true;
        } else if (line.empty()) {
            return Parse::complete;
        } else if (!field(line, offset)) {
            return Parse::bad;
        }
    }
}

bool HeadParser::start_line(std::string_view line, uint32_t offset) {
    if (line.size() > limits_.line) return refuse(414, "The request line is too long.");
    return kind_ == Kind::request ? request_line(line, offset) : status_line(line, offset);
}

bool HeadParser::request_line(std::string_view line, uint32_t offset) {
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return refuse(400, "The request line is not: method, target, version.");
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method) || method.size() > longest_method)
        return refuse(400, "The method is not a token.");
    if (!is_target(target)) return refuse(400, "The request target is malformed.");
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.')
        return refuse(400, "The version is malformed.");
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return refuse(505, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here.");
    version_ = version.back() == '1' ? 11 : 10;
    start_ = offset;
    method_size_ = static_cast<uint32_t>(method.size());
    target_ = offset + method_size_ + 1;
    target_size_ = static_cast<uint32_t>(target.size());
    return true;
}

bool HeadParser::status_line(std::string_view line, uint32_t offset) {
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
        return refuse(502, "The status line is malformed.");
    const auto status = parse_uint(line.substr(9, 3));
    if (!status || *status < 100 || *status > 999) return refuse(502, "The status is no number.");
    const std::string_view reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    if (!is_field_value(reason)) return refuse(502, "The reason phrase is malformed.");
    version_ = line[7] == '1' ? 11 : 10;
    status_ = static_cast<int>(*status);
    start_ = offset;
    reason_ = offset + 13;
    reason_size_ = static_cast<uint32_t>(reason.size());
    return true;
}

bool HeadParser::field(std::string_view line, uint32_t offset) {
    if (line.size() > limits_.header) return refuse(431, "A request header is too large.");
    if (fields_.size() >= limits_.count) return refuse(431, "There are too many request headers.");
    if (line.front() == ' ' || line.front() == '\t')
        return refuse(400, "A header is folded over two lines.");
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return refuse(400, "A header's name is malformed.");
    const std::string_view value = trim_blank(line.substr(colon + 1));
    if (!is_field_value(value)) return refuse(400, "A header's value holds a control character.");
    const auto value_at = value.empty() ? 0 : static_cast<uint32_t>(value.data() - line.data());
    fields_.push_back({offset, static_cast<uint32_t>(colon), offset + value_at,
                       static_cast<uint32_t>(value.size())});
    return true;
}

bool HeadParser::frame(const Headers& headers, int version, bool request, Framing& framing) {
    const Headers::Field* length = nullptr;
    const Headers::Field* coding = nullptr;
    for (const Headers::Field& field : headers) {
        if (equals_ignoring_case(field.name, "content-length")) {
            if (length != nullptr) return refuse(400, "There are two Content-Length headers.");
            length = &field;
        } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
            if (coding != nullptr) return refuse(400, "There are two Transfer-Encoding headers.");
            coding = &field;
        }
    }
    framing = {};
    if (coding != nullptr) {
        if (length != nullptr)
            return refuse(400, "Content-Length and Transfer-Encoding exclude each other.");
        if (version < 11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
        if (!equals_ignoring_case(coding->value, "chunked"))
            return refuse(501, "The only transfer coding spoken here is chunked.");
        framing.kind = Framing::Kind::chunked;
        return true;
    }
    if (length == nullptr) {
        if (!request) framing.kind = Framing::Kind::until_close;
        return true;
    }
    const auto bytes = parse_uint(length->value);
    if (!bytes || length->value.size() > 18) return refuse(400, "Content-Length is no number.");
    if (*bytes > 0) framing = {Framing::Kind::length, *bytes};
    return true;
}

bool HeadParser::request(std::string_view buffer, RequestHead& head) {
    head.clear();
    head.method = buffer.substr(start_, method_size_);
    head.version = version_;
    for (const Place& place : fields_)
        head.headers.add_view(buffer.substr(place.name, place.name_size),
                              buffer.substr(place.value, place.value_size));
    const Headers::Field* host = nullptr;
    bool close = false, keep = false;
    for (const Headers::Field& field : head.headers) {
        if (field.name.size() == 4 && equals_ignoring_case(field.name, "host")) {
            if (host != nullptr) return refuse(400, "There are two Host headers.");
            host = &field;
        } else if (field.name.size() == 10 && equals_ignoring_case(field.name, "connection")) {
            close = close || head.headers.has_token("connection", "close");
            keep = keep || head.headers.has_token("connection", "keep-alive");
        } else if (field.name.size() == 6 && equals_ignoring_case(field.name, "expect")) {
            head.expects_continue =
                version_ >= 11 && equals_ignoring_case(field.value, "100-continue");
        }
    }
    if (host == nullptr && version_ >= 11) return refuse(400, "The Host header is missing.");
    if (host != nullptr) head.authority = host->value;
    if (!is_authority(head.authority)) return refuse(400, "The Host header is malformed.");
    head.keep_alive = version_ >= 11 ? !close : keep && !close;

    std::string_view target = buffer.substr(target_, target_size_);
    if (target.front() != '/' && target != "*") {
        const size_t scheme = target.find("://");
        const std::string_view name = target.substr(0, scheme);
        if (scheme == std::string_view::npos ||
            !(equals_ignoring_case(name, "http") || equals_ignoring_case(name, "https")))
            return refuse(400, "The request target is neither a path nor an http URL.");
        target.remove_prefix(scheme + 3);
        const size_t path = std::min(target.find_first_of("/?"), target.size());
        const std::string_view authority = target.substr(0, path);
        target.remove_prefix(path);
        if (host != nullptr && !equals_ignoring_case(authority, head.authority))
            return refuse(400, "The request target's host is not that of the Host header.");
        if (authority.empty() || !is_authority(authority))
            return refuse(400, "The request target's host is malformed.");
        head.authority = authority;
        if (target.empty()) target = "/";
        if (target.front() == '?') return refuse(400, "The request target has no path.");
    }
    if (target == "*" && head.method != "OPTIONS")
        return refuse(400, "Only OPTIONS may ask for *.");
    if (target.find('#') != std::string_view::npos)
        return refuse(400, "The request target holds a fragment.");
    head.set_target(target);
    return frame(head.headers, version_, true, head.framing);
}

bool HeadParser::response(std::string_view buffer, ResponseHead& head) {
    head.clear();
    head.status = status_;
    head.reason = reason_size_ == 0 ? std::string_view{} : buffer.substr(reason_, reason_size_);
    head.version = version_;
    for (const Place& place : fields_)
        head.headers.add_view(buffer.substr(place.name, place.name_size),
                              buffer.substr(place.value, place.value_size));
    const bool close = head.headers.has_token("connection", "close");
    const bool keep = head.headers.has_token("connection", "keep-alive");
    head.keep_alive = version_ >= 11 ? !close : keep && !close;
    if (!frame(head.headers, version_, false, head.framing)) {
        fault_.status = 502;
        return false;
    }
    if (status_ < 200 || status_ == 204 || status_ == 304) head.framing = {};
    if (head.framing.kind == Framing::Kind::until_close) head.keep_alive = false;
    return true;
}

ChunkHead chunk_head(uint64_t bytes) {
    ChunkHead head{};
    const auto [end, error] = std::to_chars(head.text, head.text + 16, bytes, 16);
    end[0] = '\r';
    end[1] = '\n';
    head.size = static_cast<uint8_t>(end + 2 - head.text);
    return head;
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void write_content_length(std::string& out, uint64_t length) {
    char digits[20];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, length);
    write_field(out, "Content-Length", {digits, static_cast<size_t>(end - digits)});
}

void write_request_head(std::string& out, std::string_view method, std::string_view target,
                        const Headers& headers) {
    out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    for (const Headers::Field& field : headers) write_field(out, field.name, field.value);
    out += "\r\n";
}

void write_status_line(std::string& out, int status) {
    char number[5];
    std::to_chars(number, number + 4, status);
    out.append("HTTP/1.1 ").append(number, 3).append(" ").append(reason_phrase(status));
    out += "\r\n";
}

namespace {

struct Phrase {
    int status;
    std::string_view text;
};
constexpr Phrase phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Entity"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {460, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

std::string_view reason_phrase(int status) {
    if (status == 200) return "OK";  // Nearly always.
    for (const Phrase& phrase : phrases)
        if (phrase.status == status) return phrase.text;
    return "Status";
}

}  // namespace unkai::wire
