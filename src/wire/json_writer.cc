#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::wire {

namespace {

// The length of the well-formed UTF-8 sequence at the start of `text`; 0 when it is broken.
size_t utf8_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (length > text.size() || !is_valid_utf8(text.substr(0, length))) return 0;
    return length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view value) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    size_t plain = 0;  // Start of the run that needs no escape.
    const auto flush = [&](size_t end) { out.append(value, plain, end - plain); };
    for (size_t i = 0; i < value.size();) {
        const auto c = static_cast<unsigned char>(value[i]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++i;
            continue;
        }
        if (c >= 0x80) {
            if (const size_t length = utf8_length(value.substr(i))) {
                i += length;
                continue;
            }
            flush(i);
            out += "\xEF\xBF\xBD";
        } else {
            flush(i);
            out += '\\';
            switch (c) {
                case '"':
                case '\\':
                    out += static_cast<char>(c);
                    break;
                case '\b':
                    out += 'b';
                    break;
                case '\f':
                    out += 'f';
                    break;
                case '\n':
                    out += 'n';
                    break;
                case '\r':
                    out += 'r';
                    break;
                case '\t':
                    out += 't';
                    break;
                default:
                    out += "u00";
                    out += digits[c >> 4];
                    out += digits[c & 15];
            }
        }
        plain = ++i;
    }
    flush(value.size());
    out += '"';
}

std::string shortest_number(double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

void JsonWriter::indent() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(depth_) * 2, ' ');
}

void JsonWriter::separate() {
    if (std::exchange(after_key_, false) || depth_ == 0) return;
    if (!std::exchange(first_, false)) out_ += ',';
    indent();
}

void JsonWriter::begin(char open) {
    separate();
    out_ += open;
    ++depth_;
    first_ = true;
}

void JsonWriter::end(char close) {
    CHECK(depth_ > 0, "end of an array or object that was not begun");
    --depth_;
    if (!first_) indent();
    out_ += close;
    first_ = false;
}

void JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += pretty_ ? ": " : ":";
    after_key_ = true;
}

void JsonWriter::null() { raw("null"); }
void JsonWriter::boolean(bool value) { raw(value ? "true" : "false"); }

void JsonWriter::integer(int64_t value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    raw({buffer, static_cast<size_t>(end - buffer)});
}

void JsonWriter::number(double value) {
    if (std::isnan(value)) return string("NaN");
    if (std::isinf(value)) return string(value < 0 ? "-Infinity" : "Infinity");
    raw(shortest_number(value));
}

void JsonWriter::string(std::string_view value) {
    separate();
    append_json_string(out_, value);
}

void JsonWriter::raw(std::string_view json) {
    separate();
    out_ += json;
}

void JsonWriter::value(const Json& value) {
    switch (value.type()) {
        case Json::Type::null:
            return null();
        case Json::Type::boolean:
            return boolean(value.as_bool());
        case Json::Type::integer:
            return integer(value.as_int());
        case Json::Type::number:
            return number(value.as_double());
        case Json::Type::string:
            return string(value.as_string());
        case Json::Type::array:
            begin_array();
            for (const Json& item : value.as_array()) this->value(item);
            return end_array();
        case Json::Type::object:
            begin_object();
            for (const auto& [name, member] : value.as_object()) {
                key(name);
                this->value(member);
            }
            return end_object();
    }
}

}  // namespace unkai::wire
