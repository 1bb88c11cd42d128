#include <cstring>

#include "wire/dns.h"
#include "wire/dns_bytes.h"

namespace unkai::wire::dns {

namespace {

constexpr size_t most_extended_info = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
// Reads records of a query until the OPT record is found; everything else in there is skipped.
bool read_opt(std::string_view bytes, size_t at, uint16_t records, Query& out) {
    for (uint16_t i = 0; i < records; ++i) {
        const bool root = at < bytes.size() && bytes[at] == '\0';
        while (at < bytes.size() && bytes[at] != '\0') {
            const auto length = static_cast<uint8_t>(bytes[at]);
            if (length >= 0xC0) {
                ++at;
                break;
            }
            if (length > 63) return false;
            at += length + 1u;
        }
        if (at + 11 > bytes.size()) return false;
        ++at;
        const auto type = static_cast<Type>(get16(bytes, at));
        const size_t end = at + 10 + get16(bytes, at + 8);
        if (end > bytes.size()) return false;
        if (type == Type::OPT) {
            if (out.edns || !root) return false;
            out.edns = true;
            out.payload = std::max<uint16_t>(get16(bytes, at + 2), least_payload);
            out.edns_version = static_cast<uint8_t>(bytes[at + 5]);
            out.dnssec_ok = (static_cast<uint8_t>(bytes[at + 6]) & 0x80) != 0;
        }
        at = end;
    }
    return at == bytes.size();
}

}  // namespace

Parsed parse_query(std::string_view datagram, Query& out) {
    out.question = {};
    out.name_size = 0;
    out.edns = false;
    out.edns_version = 0;
    out.dnssec_ok = false;
    out.payload = least_payload;
    if (datagram.size() < header_size || (static_cast<uint8_t>(datagram[2]) & 0x80) != 0)
        return Parsed::drop;
    out.id = get16(datagram, 0);
    const uint16_t flags = get16(datagram, 2);
    out.opcode = flags >> 11 & 15;
    out.recursion_desired = (flags & flag_recursion_desired) != 0;
    out.checking_disabled = (flags & flag_checking_disabled) != 0;
    if (out.opcode != 0) return Parsed::query;  // The rest has another meaning; answered as it is.
    if (get16(datagram, 4) != 1 || get16(datagram, 6) != 0) return Parsed::format_error;
    size_t at = header_size;
    while (true) {
        if (at >= datagram.size()) return Parsed::format_error;
        const auto length = static_cast<uint8_t>(datagram[at]);
        const size_t next = at + length + 1u;
        if (length > 63 || next > datagram.size() || next - header_size > most_name)
            return Parsed::format_error;
        for (; at < next; ++at) out.name[at - header_size] = lower(datagram[at]);
        if (length == 0) break;
    }
    if (at + 4 > datagram.size()) return Parsed::format_error;
    out.name_size = static_cast<uint8_t>(at - header_size);
    out.type = static_cast<Type>(get16(datagram, at));
    out.klass = get16(datagram, at + 2);
    at += 4;
    out.question = datagram.substr(header_size, at - header_size);
    const uint32_t more = static_cast<uint32_t>(get16(datagram, 8)) + get16(datagram, 10);
    if (more > 16 || !read_opt(datagram, at, static_cast<uint16_t>(more), out))
        return Parsed::format_error;
    return Parsed::query;
}

Block make_block(Type type, uint32_t ttl, const std::vector<std::string>& data) {
    Block out;
    for (const std::string& one : data) {
        add16(out.bytes, 0xC000 | header_size);
        add16(out.bytes, static_cast<uint16_t>(type));
        add16(out.bytes, class_in);
        add32(out.bytes, ttl);
        add16(out.bytes, static_cast<uint16_t>(one.size()));
        out.bytes += one;
        ++out.count;
    }
    return out;
}

ResponseWriter::ResponseWriter(char* buffer, size_t limit, const Query& query)
    : buffer_(buffer),
      limit_(limit),
      query_(query),
      size_(header_size + query.question.size()),
      reserved_(query.edns ? opt_size : 0) {
    CHECK(limit >= least_payload, "a DNS response needs 512 bytes");
    if (!query.question.empty())
        std::memcpy(buffer + header_size, query.question.data(), query.question.size());
}

size_t ResponseWriter::write_owner(std::string_view owner) {
    const std::string_view asked = query_.lower_name();
    if (owner.size() <= asked.size() && asked.ends_with(owner)) {
        const size_t suffix = asked.size() - owner.size();
        size_t label = 0;  // The suffix must start where a label does.
        while (label < suffix) label += static_cast<uint8_t>(asked[label]) + 1u;
        if (label == suffix) {
            put16(buffer_ + size_, static_cast<uint16_t>(0xC000 | (header_size + suffix)));
            return 2;
        }
    }
    if (owner == last_owner_) {
        put16(buffer_ + size_, static_cast<uint16_t>(0xC000 | last_owner_at_));
        return 2;
    }
    std::memcpy(buffer_ + size_, owner.data(), owner.size());
    if (size_ < 0x4000) {
        last_owner_ = owner;
        last_owner_at_ = size_;
    }
    return owner.size();
}

bool ResponseWriter::add_record(std::string_view owner, std::string_view record) {
    // The block's own pointer (2 bytes) is replaced by the owner, of at most its full length.
    if (size_ + owner.size() + record.size() - 2 + reserved_ > limit_) return false;
    size_ += write_owner(owner);
    std::memcpy(buffer_ + size_, record.data() + 2, record.size() - 2);
    size_ += record.size() - 2;
    return true;
}

bool ResponseWriter::add(Section section, std::string_view owner, const Block& block,
                         uint16_t first) {
    if (truncated_) return false;
    if (block.empty()) return true;
    uint16_t& count = counts_[static_cast<size_t>(section)];
    const std::string_view bytes = block.bytes;
    const bool fits = size_ + bytes.size() + reserved_ <= limit_;
    if (fits && owner == query_.lower_name()) {
        // The usual case: the block as it is, turned so that it starts with record `first`.
        const size_t turn = first == 0 ? 0 : bytes.size() / block.count * first;
        std::memcpy(buffer_ + size_, bytes.data() + turn, bytes.size() - turn);
        std::memcpy(buffer_ + size_ + bytes.size() - turn, bytes.data(), turn);
        size_ += bytes.size();
        count = static_cast<uint16_t>(count + block.count);
        return true;
    }
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = 12u + get16(bytes, at + 10);
        if (!add_record(owner, bytes.substr(at, length))) {
            truncated_ = section != Section::additional;
            return false;
        }
        ++count;
        at += length;
    }
    return true;
}

void ResponseWriter::write_opt(Code code, const Flags& flags) {
    const std::string_view info = flags.info.substr(0, most_extended_info);
    bool extended = flags.extended_error.has_value();
    if (extended && size_ + opt_size + 6 + info.size() > limit_) extended = false;
    const size_t options = extended ? 6 + info.size() : 0;
    char* at = buffer_ + size_;
    std::memset(at, 0, opt_size);
    put16(at + 1, static_cast<uint16_t>(Type::OPT));
    put16(at + 3, 1232);
    at[5] = static_cast<char>(static_cast<uint16_t>(code) >> 4);
    put16(at + 7, query_.dnssec_ok ? 0x8000 : 0);
    put16(at + 9, static_cast<uint16_t>(options));
    if (extended) {
        put16(at + 11, 15);
        put16(at + 13, static_cast<uint16_t>(2 + info.size()));
        put16(at + 15, *flags.extended_error);
        info.copy(at + 17, info.size());
    }
    size_ += opt_size + options;
    ++counts_[2];
}

size_t ResponseWriter::finish(Code code, const Flags& flags) {
    if (query_.edns) write_opt(code, flags);
    uint16_t bits = static_cast<uint16_t>(flag_response | query_.opcode << 11 |
                                          (static_cast<uint16_t>(code) & 15));
    if (flags.authoritative) bits |= flag_authoritative;
    if (truncated_) bits |= flag_truncated;
    if (query_.recursion_desired) bits |= flag_recursion_desired;
    if (flags.recursion_available) bits |= flag_recursion_available;
    if (query_.checking_disabled) bits |= flag_checking_disabled;
    put16(buffer_, query_.id);
    put16(buffer_ + 2, bits);
    put16(buffer_ + 4, query_.question.empty() ? 0 : 1);
    for (size_t i = 0; i < 3; ++i) put16(buffer_ + 6 + 2 * i, counts_[i]);
    return size_;
}

}  // namespace unkai::wire::dns
