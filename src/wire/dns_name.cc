#include "base/strings.h"
#include "wire/dns.h"

namespace unkai::wire::dns {

namespace {

bool plain(unsigned char c) { return c > 0x20 && c < 0x7f && c != '.' && c != '\\' && c != '"'; }

// One escaped byte after the backslash at `at`; moves `at` behind it.
std::optional<char> unescape(std::string_view text, size_t& at, Escapes escapes) {
    if (at >= text.size()) return std::nullopt;
    if (text[at] < '0' || text[at] > '9') return text[at++];
    if (at + 3 > text.size()) return std::nullopt;
    const auto value = parse_uint(text.substr(at, 3), escapes == Escapes::octal ? 8 : 10);
    if (!value || *value > 255) return std::nullopt;
    at += 3;
    return static_cast<char>(*value);
}

}  // namespace

Result<Name> Name::parse(std::string_view text, Escapes escapes) {
    const auto invalid = [&](std::string_view why) {
        return fail("InvalidName",
                    "'" + std::string(text) + "' is no domain name: " + std::string(why) + ".",
                    400);
    };
    if (text.empty() || text == ".") return Name{};
    std::string wire(1, '\0');
    size_t label = 0;  // Where the current label's length byte stands.
    for (size_t at = 0; at < text.size();) {
        char c = text[at++];
        if (c == '.') {
            if (wire.size() == label + 1) return invalid("it has an empty label");
            if (at == text.size()) break;
            label = wire.size();
            wire.push_back('\0');
            continue;
        }
        if (c == '\\') {
            const auto byte = unescape(text, at, escapes);
            if (!byte) return invalid("a backslash is followed by no three-digit code");
            c = *byte;
        }
        wire.push_back(c);
        if (wire.size() - label - 1 > 63) return invalid("a label is longer than 63 bytes");
        if (wire.size() >= most_name) return invalid("it is longer than 255 bytes");
        ++wire[label];
    }
    wire.push_back('\0');
    return Name(std::move(wire));
}

std::optional<Name> Name::from_wire(std::string_view wire) {
    size_t at = 0;
    while (at < wire.size() && wire[at] != '\0') {
        if (static_cast<uint8_t>(wire[at]) > 63) return std::nullopt;
        at += static_cast<uint8_t>(wire[at]) + 1u;
    }
    if (at + 1 != wire.size() || wire.size() > most_name) return std::nullopt;
    return Name(std::string(wire));
}

std::string Name::text(Escapes escapes) const {
    if (is_root()) return ".";
    std::string out;
    for (size_t at = 0; wire_[at] != '\0';) {
        const size_t end = at + 1 + static_cast<uint8_t>(wire_[at]);
        for (++at; at < end; ++at) {
            const auto c = static_cast<unsigned char>(wire_[at]);
            if (plain(c) && !(escapes == Escapes::octal && c == '*')) {
                out.push_back(static_cast<char>(c));
                continue;
            }
            const int base = escapes == Escapes::octal ? 8 : 10;
            out += {'\\', static_cast<char>('0' + c / (base * base)),
                    static_cast<char>('0' + c / base % base), static_cast<char>('0' + c % base)};
        }
        out.push_back('.');
    }
    return out;
}

Name Name::lower() const {
    Name out = *this;
    // Length bytes are at most 63: no letter.
    for (char& c : out.wire_)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

Name Name::parent() const {
    if (is_root()) return *this;
    return Name(wire_.substr(static_cast<uint8_t>(wire_[0]) + 1u));
}

size_t Name::labels() const {
    size_t count = 0;
    for (size_t at = 0; wire_[at] != '\0'; at += static_cast<uint8_t>(wire_[at]) + 1u) ++count;
    return count;
}

bool Name::is_under(const Name& ancestor) const {
    size_t at = 0;
    while (wire_.size() - at > ancestor.wire_.size()) at += static_cast<uint8_t>(wire_[at]) + 1u;
    return equals_ignoring_case(std::string_view(wire_).substr(at), ancestor.wire_);
}

bool Name::operator==(const Name& other) const { return equals_ignoring_case(wire_, other.wire_); }

}  // namespace unkai::wire::dns
