#include "wire/json_stream.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::wire {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, uint32_t point) {
    const auto byte = [&out](uint32_t value) { out += static_cast<char>(value); };
    if (point < 0x80) return byte(point);
    if (point < 0x800) {
        byte(0xC0 | point >> 6);
    } else {
        if (point < 0x10000) {
            byte(0xE0 | point >> 12);
        } else {
            byte(0xF0 | point >> 18);
            byte(0x80 | (point >> 12 & 0x3F));
        }
        byte(0x80 | (point >> 6 & 0x3F));
    }
    byte(0x80 | (point & 0x3F));
}

}  // namespace

JsonReader::JsonReader(std::string_view text, JsonLimits limits)
    : text_(text), most_depth_(limits.depth) {
    if (text.size() > limits.bytes) {
        text_ = {};
        fail("the text has " + std::to_string(text.size()) + " bytes, more than the limit of " +
             std::to_string(limits.bytes));
    }
}

bool JsonReader::fail(std::string_view what) {
    if (error_) return false;
    const std::string_view before = text_.substr(0, at_);
    const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const size_t newline = before.rfind('\n');
    const size_t column = newline == before.npos ? at_ + 1 : at_ - newline;
    error_ = std::make_unique<Error>(Error{"SerializationException",
                                           "JSON: " + std::string(what) + " (line " +
                                               std::to_string(line) + ", column " +
                                               std::to_string(column) + ").",
                                           400,
                                           {}});
    return false;
}

void JsonReader::white_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

JsonReader::Kind JsonReader::peek() {
    if (error_) return Kind::failed;
    white_space();
    if (at_ == text_.size()) {
        fail("the text ends where a value is expected");
        return Kind::failed;
    }
    switch (text_[at_]) {
        case 'n':
            return Kind::null;
        case 't':
        case 'f':
            return Kind::boolean;
        case '"':
            return Kind::string;
        case '[':
            return Kind::array;
        case '{':
            return Kind::object;
        default:
            if (text_[at_] == '-' || is_digit(text_[at_])) return Kind::number;
            fail("a value is expected");
            return Kind::failed;
    }
}

bool JsonReader::enter(char open) {
    if (peek() == Kind::failed) return false;
    if (text_[at_] != open)
        return fail(open == '{' ? "an object is expected" : "an array is expected");
    if (++depth_ > most_depth_)
        return fail("more than " + std::to_string(most_depth_) +
                    " arrays or objects inside each other");
    ++at_;
    first_ = true;
    return true;
}

bool JsonReader::next(char close) {
    if (error_) return false;
    white_space();
    const bool first = std::exchange(first_, false);
    if (at_ == text_.size()) return fail("the text ends inside an object or array");
    if (text_[at_] == close) {
        ++at_;
        --depth_;
        return false;
    }
    if (first) return true;
    if (text_[at_] != ',')
        return fail(close == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
    ++at_;
    white_space();
    if (at_ < text_.size() && text_[at_] == close) return fail("a comma must not come last");
    return true;
}

bool JsonReader::enter_object() { return enter('{'); }
bool JsonReader::enter_array() { return enter('['); }
bool JsonReader::next_element() { return next(']'); }

bool JsonReader::next_member(std::string_view& name) {
    if (!next('}')) return false;
    white_space();
    if (at_ == text_.size() || text_[at_] != '"') return fail("a member's name is expected");
    if (!scan_string(name)) return false;
    white_space();
    if (at_ == text_.size() || text_[at_] != ':')
        return fail("':' is expected after the member's name");
    ++at_;
    return true;
}

bool JsonReader::literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("a value is expected");
    at_ += word.size();
    return true;
}

bool JsonReader::read_null() {
    const Kind kind = peek();
    if (kind == Kind::failed) return false;
    return kind == Kind::null ? literal("null") : fail("null is expected");
}

bool JsonReader::read_bool(bool& value) {
    const Kind kind = peek();
    if (kind == Kind::failed) return false;
    if (kind != Kind::boolean) return fail("true or false is expected");
    const bool is_true = text_[at_] == 't';
    if (!literal(is_true ? "true" : "false")) return false;
    value = is_true;
    return true;
}

bool JsonReader::scan_number(std::string_view& text, bool& is_integer) {
    const Kind kind = peek();
    if (kind == Kind::failed) return false;
    if (kind != Kind::number) return fail("a number is expected");
    size_t end = at_;
    const auto digits = [&] {
        const size_t start = end;
        while (end < text_.size() && is_digit(text_[end])) ++end;
        return end - start;
    };
    if (text_[end] == '-') ++end;
    const bool zero = end < text_.size() && text_[end] == '0';
    const size_t whole = digits();
    if (whole == 0) return fail("a digit is expected after '-'");
    if (zero && whole > 1) return fail("a number must not start with 0");
    is_integer = true;
    if (end < text_.size() && text_[end] == '.') {
        ++end;
        is_integer = false;
        if (digits() == 0) return fail("a digit is expected after the decimal point");
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
        ++end;
        is_integer = false;
        if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
        if (digits() == 0) return fail("a digit is expected in the exponent");
    }
    text = text_.substr(at_, end - at_);
    at_ = end;
    return true;
}

bool JsonReader::read_double(double& value) {
    std::string_view text;
    bool is_integer = false;
    if (!scan_number(text, is_integer)) return false;
    double read = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), read).ec != std::errc())
        return fail("the number " + std::string(text.substr(0, 40)) + " is out of range");
    value = read;
    return true;
}

bool JsonReader::read_int(int64_t& value) {
    std::string_view text;
    bool is_integer = false;
    if (!scan_number(text, is_integer)) return false;
    if (is_integer) {
        int64_t read = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), read).ec == std::errc()) {
            value = read;
            return true;
        }
        return fail("the integer " + std::string(text.substr(0, 40)) + " is out of range");
    }
    double read = 0;
    const bool good =
        std::from_chars(text.data(), text.data() + text.size(), read).ec == std::errc();
    if (!good || std::trunc(read) != read || std::abs(read) > 9007199254740992.0)
        return fail("an integer is expected, not " + std::string(text.substr(0, 40)));
    value = static_cast<int64_t>(read);
    return true;
}

bool JsonReader::hex4(uint32_t& value) {
    value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        const char c = at_ < text_.size() ? text_[at_] : ' ';
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return fail("four hexadecimal digits are expected after \\u");
        value = value * 16 + static_cast<uint32_t>(digit);
    }
    return true;
}

// Reads the escape whose backslash was just passed.
bool JsonReader::escape(std::string& out) {
    if (at_ == text_.size()) return fail("the text ends inside a string");
    static constexpr std::string_view names = "\"\\/bfnrt";
    static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    const char c = text_[at_];
    if (const size_t index = names.find(c); index != names.npos) {
        out += values[index];
        ++at_;
        return true;
    }
    if (c != 'u') return fail("no such escape in a string");
    ++at_;
    uint32_t point = 0;
    if (!hex4(point)) return false;
    if (point >= 0xDC00 && point < 0xE000) return fail("a low surrogate without its high one");
    if (point >= 0xD800 && point < 0xDC00) {
        if (text_.substr(at_, 2) != "\\u") return fail("a high surrogate without its low one");
        at_ += 2;
        uint32_t low = 0;
        if (!hex4(low)) return false;
        if (low < 0xDC00 || low >= 0xE000) return fail("a high surrogate without its low one");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, point);
    return true;
}

// The rest of a string that holds an escape, whose characters so far are text_[from, at_).
bool JsonReader::unescape(size_t from, std::string_view& value) {
    scratch_.assign(text_, from, at_ - from);
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            if (!is_valid_utf8(scratch_)) return fail("the string is not valid UTF-8");
            value = scratch_;
            return true;
        }
        if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
        ++at_;
        if (c != '\\')
            scratch_ += c;
        else if (!escape(scratch_))
            return false;
    }
    return fail("the text ends inside a string");
}

bool JsonReader::scan_string(std::string_view& value) {
    const size_t from = ++at_;
    unsigned char all = 0;
    for (; at_ < text_.size(); ++at_) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c == '\\') return unescape(from, value);
        if (c == '"') {
            value = text_.substr(from, at_ - from);
            ++at_;
            if (all >= 0x80 && !is_valid_utf8(value)) return fail("the string is not valid UTF-8");
            return true;
        }
        if (c < 0x20) return fail("a control character in a string");
        all |= c;
    }
    return fail("the text ends inside a string");
}

bool JsonReader::read_string(std::string_view& value) {
    const Kind kind = peek();
    if (kind == Kind::failed) return false;
    if (kind != Kind::string) return fail("a string is expected");
    return scan_string(value);
}

bool JsonReader::read_string(std::string& value) {
    std::string_view view;
    if (!read_string(view)) return false;
    value.assign(view);
    return true;
}

bool JsonReader::skip() {
    std::string_view text;
    bool flag = false;
    switch (peek()) {
        case Kind::null:
            return read_null();
        case Kind::boolean:
            return read_bool(flag);
        case Kind::number:
            return scan_number(text, flag);
        case Kind::string:
            return scan_string(text);
        case Kind::array:
            for (enter_array(); next_element();) skip();
            return !error_;
        case Kind::object:
            for (enter_object(); next_member(text);) skip();
            return !error_;
        case Kind::failed:
            break;
    }
    return false;
}

std::string_view JsonReader::read_raw() {
    if (peek() == Kind::failed) return {};
    const size_t from = at_;
    return skip() ? text_.substr(from, at_ - from) : std::string_view();
}

bool JsonReader::read(Json& value) {
    std::string_view text;
    bool flag = false;
    switch (peek()) {
        case Kind::null:
            value = nullptr;
            return read_null();
        case Kind::boolean:
            if (!read_bool(flag)) return false;
            value = flag;
            return true;
        case Kind::number: {
            const size_t from = at_;
            if (!scan_number(text, flag)) return false;
            int64_t whole = 0;
            if (flag &&
                std::from_chars(text.data(), text.data() + text.size(), whole).ec == std::errc()) {
                value = whole;
                return true;
            }
            at_ = from;
            double number = 0;
            if (!read_double(number)) return false;
            value = number;
            return true;
        }
        case Kind::string:
            if (!scan_string(text)) return false;
            value = text;
            return true;
        case Kind::array: {
            Json::Array items;
            for (enter_array(); next_element();)
                if (!read(items.emplace_back())) return false;
            value = std::move(items);
            return !error_;
        }
        case Kind::object: {
            Json::Object members;
            for (enter_object(); next_member(text);)
                if (!read(members[text])) return false;
            value = std::move(members);
            return !error_;
        }
        case Kind::failed:
            break;
    }
    return false;
}

Status JsonReader::finish() {
    if (!error_) {
        white_space();
        if (at_ < text_.size()) fail("the text goes on after its value");
    }
    if (error_) return *error_;
    return ok();
}

}  // namespace unkai::wire
