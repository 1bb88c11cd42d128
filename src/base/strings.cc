#include "base/strings.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace unkai {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::pair<std::string_view, std::string_view> split_once(std::string_view text, char separator) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

static char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
static char upper_char(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower_char(c);
    return out;
}

std::string to_upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = upper_char(c);
    return out;
}

// Eight characters at once, upper case as lower case. Bytes above 0x7f stay as they are.
static uint64_t lower_word(uint64_t word) {
    constexpr uint64_t each = 0x0101010101010101;
    const uint64_t low = word & (each * 0x7f);
    const uint64_t from_a = low + each * (0x80 - 'A');
    const uint64_t beyond_z = low + each * (0x7f - 'Z');
    return word | ((from_a & ~beyond_z & ~word & (each * 0x80)) >> 2);
}

template <class Word>
static uint64_t load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

bool equals_ignoring_case_of(const char* a, const char* b, size_t size) {
    constexpr size_t word = sizeof(uint64_t);
    const auto same = [](uint64_t left, uint64_t right) {
        return left == right || lower_word(left) == lower_word(right);
    };
    if (size >= word) {
        for (size_t at = 0; at + word < size; at += word)
            if (!same(load<uint64_t>(a + at), load<uint64_t>(b + at))) return false;
        const size_t last = size - word;  // Overlaps the word before.
        return same(load<uint64_t>(a + last), load<uint64_t>(b + last));
    }
    if (size >= 4) {
        const auto both = [size](const char* text) {
            return load<uint32_t>(text) << 32 | load<uint32_t>(text + size - 4);
        };
        return same(both(a), both(b));
    }
    for (size_t at = 0; at < size; ++at)
        if (lower_char(a[at]) != lower_char(b[at])) return false;
    return true;
}

bool is_valid_utf8(std::string_view text) {
    size_t ascii = 0;
    while (ascii < text.size() && static_cast<unsigned char>(text[ascii]) < 0x80) ++ascii;
    for (size_t i = ascii; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const int more = lead < 0x80       ? 0
                         : lead >> 5 == 6  ? 1
                         : lead >> 4 == 14 ? 2
                         : lead >> 3 == 30 ? 3
                                           : -1;
        if (more < 0 || i + static_cast<size_t>(more) >= text.size()) return false;
        uint32_t point = more == 0 ? lead : lead & (0x3F >> more);
        for (int k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + static_cast<size_t>(k)]);
            if (next >> 6 != 2) return false;
            point = point << 6 | (next & 0x3F);
        }
        constexpr std::array<uint32_t, 4> least = {0, 0x80, 0x800, 0x10000};
        if (point < least[static_cast<size_t>(more)] || point > 0x10FFFF) return false;
        if (point >= 0xD800 && point < 0xE000) return false;
        i += static_cast<size_t>(more) + 1;
    }
    return true;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    CHECK(!from.empty());
    std::string out;
    while (true) {
        const size_t at = text.find(from);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += to;
        text.remove_prefix(at + from.size());
    }
}

bool glob_match(std::string_view pattern, std::string_view text) {
    size_t p = 0;
    size_t t = 0;
    size_t star = std::string_view::npos;
    size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

template <class T, class... Base>
static std::optional<T> parse_number(std::string_view text, Base... base) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base...);
    if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
    return value;
}

std::optional<int64_t> parse_int(std::string_view text) { return parse_number<int64_t>(text); }

std::optional<uint64_t> parse_uint(std::string_view text, int base) {
    return parse_number<uint64_t>(text, base);
}

std::optional<double> parse_double(std::string_view text) { return parse_number<double>(text); }

void write_hex(std::string_view bytes, char* at) {
    static constexpr auto pairs = [] {
        constexpr char digits[] = "0123456789abcdef";
        std::array<std::array<char, 2>, 256> all{};
        for (size_t i = 0; i < all.size(); ++i) all[i] = {digits[i >> 4], digits[i & 15]};
        return all;
    }();
    for (const char c : bytes) {
        std::memcpy(at, pairs[static_cast<unsigned char>(c)].data(), 2);
        at += 2;
    }
}

std::string hex(std::string_view bytes) {
    std::string out(bytes.size() * 2, '\0');
    write_hex(bytes, out.data());
    return out;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

static std::string base64_with(std::string_view bytes, const char* alphabet, bool padding) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t left = bytes.size() - i;
        uint32_t group = static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << 16;
        if (left > 1) group |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8;
        if (left > 2) group |= static_cast<unsigned char>(bytes[i + 2]);
        out += alphabet[group >> 18];
        out += alphabet[group >> 12 & 63];
        if (left > 1)
            out += alphabet[group >> 6 & 63];
        else if (padding)
            out += '=';
        if (left > 2)
            out += alphabet[group & 63];
        else if (padding)
            out += '=';
    }
    return out;
}

std::string base64(std::string_view bytes) {
    return base64_with(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                       true);
}

std::string base64_url(std::string_view bytes) {
    return base64_with(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                       false);
}

static int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int digit = base64_digit(c);
        if (digit < 0) return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xFF);
        }
    }
    return out;
}

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

std::string percent_encode(std::string_view text, std::string_view keep) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    if (text.find('%') == text.npos && (!plus_is_space || text.find('+') == text.npos))
        return std::string(text);
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high << 4 | low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace unkai
