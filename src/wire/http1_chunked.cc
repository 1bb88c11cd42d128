#include <cstring>

#include "base/strings.h"
#include "wire/http1.h"

namespace unkai::wire {

namespace {

constexpr uint32_t most_digits = 15;          // Of a chunk's size: no overflow.
constexpr uint32_t most_extension = 1024;     // Bytes of one chunk's extensions.
constexpr size_t most_trailer_bytes = 16384;  // All trailers together.
constexpr size_t most_trailers = 50;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Trailers must not say where the message ends or how it is routed (RFC 9110, 6.5.1).
bool is_forbidden_trailer(std::string_view name) {
    for (const std::string_view forbidden :
         {"content-length", "transfer-encoding", "host", "trailer", "content-encoding",
          "authorization", "connection"})
        if (equals_ignoring_case(name, forbidden)) return true;
    return false;
}

}  // namespace

void ChunkedDecoder::reset() {
    state_ = State::size;
    left_ = 0;
    digits_ = extension_ = 0;
    pending_.clear();
    trailer_bytes_ = 0;
    trailers_.clear();
}

ChunkedDecoder::Output ChunkedDecoder::decode(std::string_view input) {
    size_t at = 0;
    while (state_ != State::done) {
        if (state_ == State::trailers) {
            Output output = line(input.substr(at));
            output.consumed += at;
            return output;
        }
        if (at == input.size()) return {Step::need_more, at};
        const char c = input[at];
        switch (state_) {
            case State::size:
                if (const int digit = hex_digit(c); digit >= 0) {
                    if (++digits_ > most_digits) return {Step::bad, at};
                    left_ = left_ * 16 + static_cast<uint64_t>(digit);
                } else if (digits_ == 0) {
                    return {Step::bad, at};
                } else if (c == '\r') {
                    state_ = State::size_lf;
                } else if (c == ';') {
                    state_ = State::extension;
                } else {
                    return {Step::bad, at};
                }
                ++at;
                break;
            case State::extension:
                if (c == '\r')
                    state_ = State::size_lf;
                else if (++extension_ > most_extension || !is_field_value({&c, 1}))
                    return {Step::bad, at};
                ++at;
                break;
            case State::size_lf:
                if (c != '\n') return {Step::bad, at};
                ++at;
                state_ = left_ == 0 ? State::trailers : State::data;
                break;
            case State::data: {
                const size_t size =
                    static_cast<size_t>(std::min<uint64_t>(left_, input.size() - at));
                left_ -= size;
                if (left_ == 0) state_ = State::data_cr;
                return {Step::piece, at + size, input.substr(at, size)};
            }
            case State::data_cr:
                if (c != '\r') return {Step::bad, at};
                ++at;
                state_ = State::data_lf;
                break;
            case State::data_lf:
                if (c != '\n') return {Step::bad, at};
                ++at;
                digits_ = extension_ = 0;
                state_ = State::size;
                break;
            case State::trailers:
            case State::done:
                break;
        }
    }
    return {Step::end, at};
}

// Trailer lines up to the empty one. A line that is not whole is kept aside.
ChunkedDecoder::Output ChunkedDecoder::line(std::string_view input) {
    size_t at = 0;
    while (at < input.size()) {
        const size_t line_feed = input.find('\n', at);
        const size_t end = line_feed == std::string_view::npos ? input.size() : line_feed + 1;
        trailer_bytes_ += end - at;
        if (trailer_bytes_ > most_trailer_bytes) return {Step::bad, at};
        pending_.append(input.substr(at, end - at));
        at = end;
        if (line_feed == std::string_view::npos) break;
        std::string_view line = pending_;
        if (line.size() < 2 || line[line.size() - 2] != '\r') return {Step::bad, at};
        line.remove_suffix(2);
        if (line.empty()) {
            pending_.clear();
            state_ = State::done;
            return {Step::end, at};
        }
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
            trailers_.size() >= most_trailers)
            return {Step::bad, at};
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
            value.remove_prefix(1);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
            value.remove_suffix(1);
        if (!is_field_value(value)) return {Step::bad, at};
        if (!is_forbidden_trailer(line.substr(0, colon)))
            trailers_.add(line.substr(0, colon), value);
        pending_.clear();
    }
    return {Step::need_more, at};
}

}  // namespace unkai::wire
