#include "wire/dns.h"

#include <unordered_map>

#include "wire/dns_bytes.h"
#include "wire/dns_text.h"

namespace unkai::wire::dns {

namespace {

uint32_t get32(std::string_view bytes, size_t at) {
    return static_cast<uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}

Unexpected format_error(std::string what) { return fail("DnsFormatError", std::move(what), 400); }

// Reads the name at `at` and appends its wire form to `out`; moves `at` behind it. Pointers must
// lead strictly backwards: each jump lands before the name (or the jump) that it comes from.
bool read_name(std::string_view message, size_t& at, std::string& out) {
    const size_t start = out.size();
    size_t here = at, lowest = at;
    bool jumped = false;
    while (here < message.size()) {
        const auto length = static_cast<uint8_t>(message[here]);
        if (length >= 0xC0) {
            if (here + 2 > message.size()) return false;
            const size_t target = get16(message, here) & 0x3FFFu;
            if (target >= lowest || target < header_size) return false;
            if (!jumped) at = here + 2;
            jumped = true;
            here = lowest = target;
            continue;
        }
        if (length > 63 || here + 1 + length > message.size()) return false;
        if (out.size() - start + length + 1 > most_name) return false;
        out.append(message.substr(here, length + 1u));
        here += length + 1u;
        if (length == 0) {
            if (!jumped) at = here;
            return true;
        }
    }
    return false;
}

std::optional<Name> read_name(std::string_view message, size_t& at) {
    std::string wire;
    if (!read_name(message, at, wire)) return std::nullopt;
    return Name::from_wire(wire);
}

// Copies the data at [at, end) with its names uncompressed; false unless it fits its type's layout.
bool read_data(std::string_view message, size_t at, size_t end, Type type, std::string& out) {
    const std::string_view until_end = message.substr(0, end);
    for (const char field : data_layout(type)) {
        size_t fixed = 0;
        switch (field) {
            case 'n':
                if (!read_name(until_end, at, out)) return false;
                continue;
            case '1':
                fixed = 1;
                break;
            case '2':
                fixed = 2;
                break;
            case '4':
            case 'A':
                fixed = 4;
                break;
            case 'Q':
                fixed = 16;
                break;
            case 's':
                if (at >= end) return false;
                fixed = 1u + static_cast<uint8_t>(message[at]);
                break;
            case 'S':
                if (at >= end) return false;
                for (size_t next = at; next < end;) {
                    next += 1u + static_cast<uint8_t>(message[next]);
                    if (next > end) return false;
                }
                fixed = end - at;
                break;
            default:
                fixed = end - at;
                break;
        }
        if (at + fixed > end) return false;
        out.append(message.substr(at, fixed));
        at += fixed;
    }
    return at == end;
}

struct Reader {
    std::string_view bytes;
    size_t at = header_size;
    std::optional<Edns> edns;
    uint16_t high_code = 0;

    Result<Record> record() {
        auto name = read_name(bytes, at);
        if (!name || at + 10 > bytes.size())
            return format_error("The record at byte " + std::to_string(at) +
                                " has no valid owner or is cut.");
        Record out{std::move(*name),
                   static_cast<Type>(get16(bytes, at)),
                   get32(bytes, at + 4),
                   {},
                   get16(bytes, at + 2)};
        const size_t end = at + 10 + get16(bytes, at + 8);
        if (end > bytes.size() || !read_data(bytes, at + 10, end, out.type, out.data))
            return format_error("The data of the " + type_name(out.type) + " record at byte " +
                                std::to_string(at) + " does not fit its type.");
        at = end;
        return out;
    }

    Status section(uint16_t count, std::vector<Record>& out, bool additional) {
        for (uint16_t i = 0; i < count; ++i) {
            TRY(Record next, record());
            if (next.type != Type::OPT) {
                if (next.ttl > 0x7FFFFFFF) next.ttl = 0;  // RFC 2181 §8.
                out.push_back(std::move(next));
                continue;
            }
            if (!additional || edns || !next.name.is_root())
                return format_error("An OPT record stands where none may be.");
            edns = Edns{next.klass, static_cast<uint8_t>(next.ttl >> 16), (next.ttl & 0x8000) != 0,
                        std::move(next.data)};
            high_code = static_cast<uint16_t>(next.ttl >> 24 << 4);
        }
        return ok();
    }
};

}  // namespace

Result<Message> decode(std::string_view bytes) {
    if (bytes.size() < header_size) return format_error("The message is shorter than its header.");
    if (bytes.size() > most_message)
        return format_error("The message is longer than 65,535 bytes.");
    Message out;
    out.id = get16(bytes, 0);
    const uint16_t flags = get16(bytes, 2);
    out.response = (flags & flag_response) != 0;
    out.opcode = flags >> 11 & 15;
    out.authoritative = (flags & flag_authoritative) != 0;
    out.truncated = (flags & flag_truncated) != 0;
    out.recursion_desired = (flags & flag_recursion_desired) != 0;
    out.recursion_available = (flags & flag_recursion_available) != 0;
    Reader reader{bytes};
    for (uint16_t i = 0; i < get16(bytes, 4); ++i) {
        auto name = read_name(bytes, reader.at);
        if (!name || reader.at + 4 > bytes.size())
            return format_error("The question is cut or malformed.");
        out.questions.push_back({std::move(*name), static_cast<Type>(get16(bytes, reader.at)),
                                 get16(bytes, reader.at + 2)});
        reader.at += 4;
    }
    REQUIRE(reader.section(get16(bytes, 6), out.answers, false));
    REQUIRE(reader.section(get16(bytes, 8), out.authority, false));
    REQUIRE(reader.section(get16(bytes, 10), out.additional, true));
    if (reader.at != bytes.size()) return format_error("Bytes follow the last record.");
    out.edns = std::move(reader.edns);
    out.code = static_cast<Code>((flags & 15) | reader.high_code);
    return out;
}

namespace {

class Encoder {
public:
    explicit Encoder(size_t limit) : limit_(limit) {}
    std::string bytes;

    void name(const Name& name) {
        const std::string wire = name.lower().wire();
        size_t at = 0;
        while (wire[at] != '\0') {
            const auto known = places_.find(wire.substr(at));
            if (known != places_.end()) {
                add16(bytes, static_cast<uint16_t>(0xC000 | known->second));
                return;
            }
            if (bytes.size() < 0x4000)
                places_.emplace(wire.substr(at), static_cast<uint16_t>(bytes.size()));
            const size_t length = static_cast<uint8_t>(wire[at]) + 1u;
            bytes.append(name.wire(), at, length);
            at += length;
        }
        bytes.push_back('\0');
    }

    // False (and nothing added) when it does not fit.
    bool record(const Record& record, size_t reserved) {
        const size_t before = bytes.size();
        name(record.name);
        add16(bytes, static_cast<uint16_t>(record.type));
        add16(bytes, record.klass);
        add32(bytes, record.ttl);
        add16(bytes, static_cast<uint16_t>(record.data.size()));
        bytes += record.data;
        if (bytes.size() + reserved <= limit_) return true;
        bytes.resize(before);
        std::erase_if(places_, [&](const auto& place) { return place.second >= before; });
        return false;
    }

private:
    size_t limit_;
    std::unordered_map<std::string, uint16_t> places_;
};

}  // namespace

std::string encode(const Message& message, size_t limit) {
    limit = std::clamp(limit, least_payload, most_message);
    Encoder out(limit);
    out.bytes.assign(header_size, '\0');
    for (const Question& question : message.questions) {
        out.name(question.name);
        add16(out.bytes, static_cast<uint16_t>(question.type));
        add16(out.bytes, question.klass);
    }
    const size_t reserved = message.edns ? opt_size + message.edns->options.size() : 0;
    std::array<uint16_t, 3> counts{};
    bool truncated = message.truncated;
    size_t section = 0;
    for (const auto* records : {&message.answers, &message.authority, &message.additional}) {
        for (const Record& record : *records) {
            if (!out.record(record, reserved)) {
                truncated = truncated || section < 2;
                break;
            }
            ++counts[section];
        }
        ++section;
        if (truncated) break;
    }
    const auto code = static_cast<uint16_t>(message.code);
    if (message.edns) {
        out.bytes.push_back('\0');
        add16(out.bytes, static_cast<uint16_t>(Type::OPT));
        add16(out.bytes, message.edns->payload);
        add32(out.bytes, static_cast<uint32_t>(code >> 4) << 24 |
                             static_cast<uint32_t>(message.edns->version) << 16 |
                             (message.edns->dnssec_ok ? 0x8000u : 0u));
        add16(out.bytes, static_cast<uint16_t>(message.edns->options.size()));
        out.bytes += message.edns->options;
        ++counts[2];
    }
    uint16_t flags = static_cast<uint16_t>((message.opcode & 15) << 11 | (code & 15));
    if (message.response) flags |= flag_response;
    if (message.authoritative) flags |= flag_authoritative;
    if (truncated) flags |= flag_truncated;
    if (message.recursion_desired) flags |= flag_recursion_desired;
    if (message.recursion_available) flags |= flag_recursion_available;
    char* header = out.bytes.data();
    put16(header, message.id);
    put16(header + 2, flags);
    put16(header + 4, static_cast<uint16_t>(message.questions.size()));
    for (size_t i = 0; i < 3; ++i) put16(header + 6 + 2 * i, counts[i]);
    return std::move(out.bytes);
}

}  // namespace unkai::wire::dns
