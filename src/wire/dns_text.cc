#include "wire/dns_text.h"

#include <arpa/inet.h>

#include "base/strings.h"

namespace unkai::wire::dns {

namespace {

struct TypeRow {
    Type type;
    std::string_view name;
    std::string_view layout;
};

constexpr TypeRow types[] = {
    {Type::A, "A", "A"},
    {Type::AAAA, "AAAA", "Q"},
    {Type::CAA, "CAA", "1sq"},
    {Type::CNAME, "CNAME", "n"},
    {Type::DS, "DS", "211x"},
    {Type::MX, "MX", "2n"},
    {Type::NAPTR, "NAPTR", "22sssn"},
    {Type::NS, "NS", "n"},
    {Type::PTR, "PTR", "n"},
    {Type::SOA, "SOA", "nn44444"},
    {Type::SPF, "SPF", "S"},
    {Type::SRV, "SRV", "222n"},
    {Type::SSHFP, "SSHFP", "11x"},
    {Type::TLSA, "TLSA", "111x"},
    {Type::TXT, "TXT", "S"},
    {Type::HTTPS, "HTTPS", "*"},
    {Type::SVCB, "SVCB", "*"},
    {Type::OPT, "OPT", "*"},
    {Type::ANY, "ANY", "*"},
    {Type::AXFR, "AXFR", "*"},
    {Type::IXFR, "IXFR", "*"},
};

const TypeRow* find_type(Type type) {
    for (const TypeRow& row : types)
        if (row.type == type) return &row;
    return nullptr;
}

Unexpected invalid(std::string what) { return fail("InvalidRecordData", std::move(what), 400); }

// One word of a record's text: bare, or "quoted" with escapes undone.
struct Word {
    std::string value;  // Escapes undone.
    std::string_view raw;
    bool quoted = false;
};

class Words {
public:
    Words(std::string_view text, Escapes escapes) : text_(text), escapes_(escapes) {}

    bool at_end() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
        return at_ == text_.size();
    }

    Result<Word> next(std::string_view wanted) {
        if (at_end()) return invalid("It ends where " + std::string(wanted) + " is expected.");
        Word out;
        const size_t start = at_;
        out.quoted = text_[at_] == '"';
        if (out.quoted) ++at_;
        while (true) {
            if (at_ == text_.size()) {
                if (out.quoted) return invalid("A quoted string is not closed.");
                break;
            }
            const char c = text_[at_];
            if (out.quoted ? c == '"' : c == ' ' || c == '\t') break;
            if (!out.quoted && c == '"') return invalid("A quotation mark stands inside a word.");
            ++at_;
            if (c != '\\') {
                out.value.push_back(c);
                continue;
            }
            if (at_ == text_.size()) return invalid("A backslash ends the value.");
            if (text_[at_] < '0' || text_[at_] > '9') {
                out.value.push_back(text_[at_++]);
                continue;
            }
            const auto code =
                at_ + 3 <= text_.size()
                    ? parse_uint(text_.substr(at_, 3), escapes_ == Escapes::octal ? 8 : 10)
                    : std::nullopt;
            if (!code || *code > 255)
                return invalid("A backslash is followed by no three-digit code.");
            out.value.push_back(static_cast<char>(*code));
            at_ += 3;
        }
        if (out.quoted) ++at_;
        out.raw = text_.substr(start, at_ - start);
        return out;
    }

private:
    std::string_view text_;
    size_t at_ = 0;
    Escapes escapes_;
};

Status add_number(Words& words, size_t bytes, std::string& out) {
    TRY(const Word word, words.next("a number"));
    const auto value = parse_uint(word.raw);
    const uint64_t most = (uint64_t{1} << (8 * bytes)) - 1;
    if (!value || *value > most)
        return invalid("'" + std::string(word.raw) + "' is no number from 0 to " +
                       std::to_string(most) + ".");
    for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(*value >> (8 * i)));
    return ok();
}

Status add_string(const Word& word, std::string& out) {
    if (word.value.size() > 255)
        return invalid(
            "A character string is longer than 255 characters: split it into several quoted "
            "strings.");
    out.push_back(static_cast<char>(word.value.size()));
    out += word.value;
    return ok();
}

Status add_address(Words& words, int family, std::string& out) {
    const bool v4 = family == AF_INET;
    TRY(const Word word, words.next("an address"));
    char bytes[16];
    if (::inet_pton(family, std::string(word.raw).c_str(), bytes) != 1)
        return invalid("'" + std::string(word.raw) + "' is no valid " + (v4 ? "IPv4" : "IPv6") +
                       " address.");
    out.append(bytes, v4 ? 4 : 16);
    return ok();
}

Status add_field(char field, Words& words, Escapes escapes, std::string& out) {
    switch (field) {
        case 'A':
            return add_address(words, AF_INET, out);
        case 'Q':
            return add_address(words, AF_INET6, out);
        case '1':
            return add_number(words, 1, out);
        case '2':
            return add_number(words, 2, out);
        case '4':
            return add_number(words, 4, out);
        case 'n': {
            TRY(const Word word, words.next("a domain name"));
            TRY(const Name name, Name::parse(word.raw, escapes));
            out += name.wire();
            return ok();
        }
        case 's': {
            TRY(const Word word, words.next("a string"));
            return add_string(word, out);
        }
        case 'q': {
            TRY(const Word word, words.next("a quoted string"));
            out += word.value;
            return ok();
        }
        case 'S':
            do {
                TRY(const Word word, words.next("a quoted string"));
                REQUIRE(add_string(word, out));
            } while (!words.at_end());
            return ok();
        default: {
            std::string digits;
            do {
                TRY(const Word word, words.next("hexadecimal digits"));
                digits += word.raw;
            } while (!words.at_end());
            const auto bytes = from_hex(digits);
            if (!bytes || bytes->empty()) return invalid("'" + digits + "' is not hexadecimal.");
            out += *bytes;
            return ok();
        }
    }
}

void quote(std::string_view text, Escapes escapes, std::string& out) {
    const int base = escapes == Escapes::octal ? 8 : 10;
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (byte >= 0x20 && byte < 0x7f) {
            out.push_back(c);
        } else {
            out +=
                {'\\', static_cast<char>('0' + byte / (base * base)),
                 static_cast<char>('0' + byte / base % base), static_cast<char>('0' + byte % base)};
        }
    }
    out.push_back('"');
}

// Writes one field's text and moves `at` behind its bytes; false when the data does not fit the
// layout.
bool field_text(char field, std::string_view data, size_t& at, Escapes escapes, std::string& out) {
    const size_t left = data.size() - at;
    switch (field) {
        case 'A':
        case 'Q': {
            const size_t size = field == 'A' ? 4 : 16;
            if (left < size) return false;
            char text[INET6_ADDRSTRLEN];
            out +=
                ::inet_ntop(field == 'A' ? AF_INET : AF_INET6, data.data() + at, text, sizeof text);
            at += size;
            return true;
        }
        case '1':
        case '2':
        case '4': {
            const auto size = static_cast<size_t>(field - '0');
            if (left < size) return false;
            uint64_t value = 0;
            for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(data[at++]);
            out += std::to_string(value);
            return true;
        }
        case 'n': {
            size_t end = at;
            while (end < data.size() && data[end] != '\0')
                end += static_cast<uint8_t>(data[end]) + 1u;
            const auto name =
                end < data.size() ? Name::from_wire(data.substr(at, end + 1 - at)) : std::nullopt;
            if (!name) return false;
            out += name->text(escapes);
            at = end + 1;
            return true;
        }
        case 's':
        case 'S':
            for (bool first = true; first || (field == 'S' && at < data.size()); first = false) {
                if (at >= data.size() || at + 1 + static_cast<uint8_t>(data[at]) > data.size())
                    return false;
                if (!first) out.push_back(' ');
                const size_t size = static_cast<uint8_t>(data[at]);
                quote(data.substr(at + 1, size), escapes, out);
                at += size + 1;
            }
            return true;
        case 'q':
            quote(data.substr(at), escapes, out);
            break;
        case 'x':
            out += to_upper(hex(data.substr(at)));
            break;
        default:
            return false;
    }
    at = data.size();
    return true;
}

}  // namespace

std::string_view data_layout(Type type) {
    const TypeRow* row = find_type(type);
    return row == nullptr ? "*" : row->layout;
}

std::string type_name(Type type) {
    const TypeRow* row = find_type(type);
    return row == nullptr ? "TYPE" + std::to_string(static_cast<uint16_t>(type))
                          : std::string(row->name);
}

std::optional<Type> parse_type(std::string_view name) {
    for (const TypeRow& row : types)
        if (row.name == name) return row.type;
    return std::nullopt;
}

Result<std::string> parse_data(Type type, std::string_view text, Escapes escapes) {
    const std::string_view layout = data_layout(type);
    if (layout == "*") return invalid("Values of type " + type_name(type) + " are not supported.");
    Words words(text, escapes);
    std::string out;
    for (const char field : layout) REQUIRE(add_field(field, words, escapes, out));
    if (!words.at_end()) return invalid("Something follows the end of the value.");
    if (out.size() > most_message) return invalid("It is longer than 65,535 bytes.");
    return out;
}

std::string data_text(Type type, std::string_view data, Escapes escapes) {
    std::string out;
    size_t at = 0;
    bool good = true;
    for (const char field : data_layout(type)) {
        if (!out.empty()) out.push_back(' ');
        good = good && field_text(field, data, at, escapes, out);
    }
    if (type == Type::CAA && good) {
        // The tag is a character string on the wire and a bare word in text.
        const size_t open = out.find('"'), close = out.find('"', open + 1);
        out.erase(close, 1).erase(open, 1);
    }
    if (good && at == data.size()) return out;
    return "\\# " + std::to_string(data.size()) + (data.empty() ? "" : " " + hex(data));
}

}  // namespace unkai::wire::dns
