#include "wire/cbor.h"

#include <bit>
#include <cmath>
#include <limits>

namespace unkai::wire {

static constexpr int most_depth = 100;

bool CborReader::fail(std::string_view what) {
    if (error_.empty())
        error_ = "CBOR: " + std::string(what) + " (byte " + std::to_string(at_) + ").";
    return false;
}

Status CborReader::finish() {
    if (!failed() && at_ < bytes_.size()) fail("something follows the value");
    if (failed()) return unkai::fail("SerializationException", error_, 400);
    return ok();
}

bool CborReader::take(size_t count, std::string_view& out) {
    if (failed()) return false;
    if (bytes_.size() - at_ < count) return fail("the text ends too early");
    out = bytes_.substr(at_, count);
    at_ += count;
    return true;
}

bool CborReader::head(Head& out) {
    std::string_view first;
    if (!take(1, first)) return false;
    const auto byte = static_cast<unsigned char>(first[0]);
    out.major = static_cast<uint8_t>(byte >> 5);
    out.extra = byte & 31;
    out.value = out.extra;
    if (out.extra < 24) return true;
    if (out.extra == 31) {
        const bool allowed = (out.major >= 2 && out.major <= 5) || out.major == 7;
        return allowed || fail("this kind has no indefinite length");
    }
    if (out.extra > 27) return fail("a reserved length");
    std::string_view rest;
    if (!take(size_t{1} << (out.extra - 24), rest)) return false;
    out.value = 0;
    for (const char c : rest) out.value = out.value << 8 | static_cast<unsigned char>(c);
    return true;
}

CborReader::Kind CborReader::peek() {
    while (!failed() && at_ < bytes_.size() && static_cast<unsigned char>(bytes_[at_]) >> 5 == 6) {
        Head tag;
        head(tag);
    }
    if (failed()) return Kind::failed;
    if (at_ >= bytes_.size()) {
        fail("the text ends too early");
        return Kind::failed;
    }
    const auto byte = static_cast<unsigned char>(bytes_[at_]);
    constexpr Kind kinds[] = {Kind::integer, Kind::integer, Kind::bytes,
                              Kind::text,    Kind::array,   Kind::map};
    if (byte >> 5 < 6) return kinds[byte >> 5];
    if (byte == 0xF4 || byte == 0xF5) return Kind::boolean;
    if (byte == 0xF6 || byte == 0xF7) return Kind::null;
    if (byte >= 0xF9 && byte <= 0xFB) return Kind::number;
    fail("an unknown simple value");
    return Kind::failed;
}

bool CborReader::enter(uint8_t major, Items& items) {
    peek();
    Head start;
    if (!head(start)) return false;
    if (start.major != major) return fail("another kind was expected");
    if (++depth_ > most_depth) return fail("values lie too deep within each other");
    items = {start.indefinite() ? 0 : start.value, start.indefinite()};
    return true;
}

bool CborReader::at_break() {
    if (at_ >= bytes_.size() || bytes_[at_] != '\xFF') return false;
    ++at_;
    return true;
}

bool CborReader::next(Items& items) {
    if (failed()) return false;
    if (items.indefinite ? at_break() : items.left == 0) {
        --depth_;
        return false;
    }
    if (!items.indefinite) --items.left;
    return true;
}

bool CborReader::read_null() {
    if (peek() != Kind::null) return fail("null was expected");
    ++at_;
    return true;
}

bool CborReader::read_bool(bool& value) {
    if (peek() != Kind::boolean) return fail("a boolean was expected");
    value = bytes_[at_++] == '\xF5';
    return true;
}

bool CborReader::read_int(int64_t& value) {
    if (peek() != Kind::integer) return fail("an integer was expected");
    Head number;
    if (!head(number)) return false;
    if (number.value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        return fail("the integer does not fit into 64 bits");
    value = static_cast<int64_t>(number.value);
    if (number.major == 1) value = -1 - value;
    return true;
}

static double half(uint64_t bits) {
    const auto exponent = static_cast<int>(bits >> 10 & 31);
    const auto mantissa = static_cast<double>(bits & 1023);
    double value = 0;
    if (exponent == 0)
        value = std::ldexp(mantissa, -24);
    else if (exponent != 31)
        value = std::ldexp(mantissa + 1024, exponent - 25);
    else
        value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
    return bits >> 15 != 0 ? -value : value;
}

bool CborReader::read_float(const Head& number, double& value) {
    if (number.extra == 25)
        value = half(number.value);
    else if (number.extra == 26)
        value = std::bit_cast<float>(static_cast<uint32_t>(number.value));
    else
        value = std::bit_cast<double>(number.value);
    return true;
}

bool CborReader::read_double(double& value) {
    const Kind kind = peek();
    if (kind == Kind::integer) {
        int64_t whole = 0;
        if (!read_int(whole)) return false;
        value = static_cast<double>(whole);
        return true;
    }
    if (kind != Kind::number) return fail("a number was expected");
    Head number;
    return head(number) && read_float(number, value);
}

bool CborReader::read_string(uint8_t major, std::string& value) {
    Head start;
    if (!head(start)) return false;
    std::string_view piece;
    value.clear();
    if (!start.indefinite()) {
        if (!take(start.value, piece)) return false;
        value = piece;
        return true;
    }
    while (!at_break()) {
        Head part;
        if (!head(part)) return false;
        if (part.major != major || part.indefinite()) return fail("a broken piece of a string");
        if (!take(part.value, piece)) return false;
        value += piece;
    }
    return true;
}

bool CborReader::read_text(std::string& value) {
    if (peek() != Kind::text) return fail("a text was expected");
    return read_string(3, value);
}

bool CborReader::read_bytes(std::string& value) {
    if (peek() != Kind::bytes) return fail("bytes were expected");
    return read_string(2, value);
}

bool CborReader::skip() {
    std::string text;
    bool flag = false;
    Items items;
    switch (peek()) {
        case Kind::null:
            return read_null();
        case Kind::boolean:
            return read_bool(flag);
        case Kind::integer:
        case Kind::number: {
            Head value;
            return head(value);
        }
        case Kind::text:
            return read_text(text);
        case Kind::bytes:
            return read_bytes(text);
        case Kind::array:
            if (!enter_array(items)) return false;
            while (next(items))
                if (!skip()) return false;
            return !failed();
        case Kind::map:
            if (!enter_map(items)) return false;
            while (next(items))
                if (!skip() || !skip()) return false;
            return !failed();
        case Kind::failed:
            return false;
    }
    return false;
}

void CborWriter::head(uint8_t major, uint64_t value) {
    const auto lead = [&](uint8_t extra) { out_ += static_cast<char>(major << 5 | extra); };
    int bytes = 0;
    if (value < 24)
        lead(static_cast<uint8_t>(value));
    else if (value <= 0xFF)
        lead(24), bytes = 1;
    else if (value <= 0xFFFF)
        lead(25), bytes = 2;
    else if (value <= 0xFFFFFFFF)
        lead(26), bytes = 4;
    else
        lead(27), bytes = 8;
    while (bytes-- > 0) out_ += static_cast<char>(value >> (8 * bytes));
}

void CborWriter::integer(int64_t value) {
    if (value >= 0)
        head(0, static_cast<uint64_t>(value));
    else
        head(1, static_cast<uint64_t>(-1 - value));
}

void CborWriter::number(double value) {
    out_ += '\xFB';
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(bits >> shift);
}

void CborWriter::text(std::string_view value) {
    head(3, value.size());
    out_ += value;
}

void CborWriter::bytes(std::string_view value) {
    head(2, value.size());
    out_ += value;
}

void CborWriter::epoch_seconds(double value) {
    head(6, 1);
    number(value);
}

}  // namespace unkai::wire
