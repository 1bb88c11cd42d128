// DNS messages: bytes ⇄ structs, strict, bounded, without a socket (RFC 1035, 2181, 6891, 8914).
//
// Two ways in. A server's hot path uses parse_query() and ResponseWriter: no allocation at all, the
// question is echoed byte for byte (clients randomise its case) and answers are copied from blocks
// made ahead. Everything else (forwarder, tests, tools) uses Message with decode() and encode().
//
//     Query query;
//     switch (parse_query(datagram, query)) { case Parsed::query: … }
//     ResponseWriter writer(buffer, query, limit);
//     writer.add(Section::answer, query.lower_name(), block);
//     const size_t size = writer.finish(Code::no_error, {.authoritative = true});
//
// Names are kept in wire form, uncompressed. decode() follows compression pointers strictly
// backwards, so that no message makes it loop; a message of 64 KiB decodes to at most 2 MiB. Record
// data (RDATA) is kept in wire form with names uncompressed; dns_text.h gives it its spelling.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::wire::dns {

constexpr size_t header_size = 12;
constexpr size_t most_name = 255;  // RFC 1035 §2.3.4, the final zero included.
constexpr size_t most_message = 65535;
constexpr size_t least_payload = 512;  // What UDP carries without EDNS.

// clang-format off
enum class Type : uint16_t {
    A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, MX = 15, TXT = 16, AAAA = 28, SRV = 33, NAPTR = 35,
    OPT = 41, DS = 43, SSHFP = 44, TLSA = 52, SVCB = 64, HTTPS = 65, SPF = 99, IXFR = 251,
    AXFR = 252, ANY = 255, CAA = 257,
};
// clang-format on
constexpr uint16_t class_in = 1;

enum class Code : uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,
    not_implemented = 4,
    refused = 5,
    bad_version = 16,
};

// How a byte that is no plain character is spelt: \DDD in master files, \OOO (octal) in Route 53.
enum class Escapes { decimal, octal };

// A domain name. Equality ignores ASCII case; what was given keeps its case.
class Name {
public:
    Name() : wire_(1, '\0') {}  // The root.
    // "www.example.com" with or without the final dot; "." or "" is the root. Error "InvalidName".
    static Result<Name> parse(std::string_view text, Escapes escapes = Escapes::decimal);
    // `wire` must be a complete uncompressed name; nullopt otherwise.
    static std::optional<Name> from_wire(std::string_view wire);

    const std::string& wire() const { return wire_; }
    std::string text(Escapes escapes = Escapes::decimal) const;  // With the final dot.
    Name lower() const;
    bool is_root() const { return wire_.size() == 1; }
    bool is_wildcard() const { return wire_.starts_with(std::string_view("\1*", 2)); }
    Name parent() const;                        // The root's parent is the root.
    size_t labels() const;                      // The root has none.
    bool is_under(const Name& ancestor) const;  // Also when equal.
    bool operator==(const Name& other) const;

private:
    explicit Name(std::string wire) : wire_(std::move(wire)) {}
    std::string wire_;
};

struct Question {
    Name name;
    Type type = Type::A;
    uint16_t klass = class_in;
};

struct Record {
    Name name;
    Type type = Type::A;
    uint32_t ttl = 0;
    std::string data;  // Wire form, names in it uncompressed.
    uint16_t klass = class_in;
};

// RFC 6891. `options` is the raw option list.
struct Edns {
    uint16_t payload = 1232;
    uint8_t version = 0;
    bool dnssec_ok = false;
    std::string options;
};

struct Message {
    uint16_t id = 0;
    bool response = false;
    uint8_t opcode = 0;
    bool authoritative = false, truncated = false, recursion_desired = false,
         recursion_available = false;
    Code code = Code::no_error;
    std::vector<Question> questions;
    std::vector<Record> answers, authority, additional;
    std::optional<Edns> edns;  // Stands apart from `additional`.
};

// Error "DnsFormatError": the sentence names what is wrong and where.
Result<Message> decode(std::string_view bytes);
// At most `limit` bytes (≥ 512): records that do not fit are left out from the end and `truncated`
// is set. Owner names are compressed.
std::string encode(const Message& message, size_t limit = most_message);

// ---- The hot path

struct Query {
    uint16_t id = 0;
    uint8_t opcode = 0;
    bool recursion_desired = false;
    bool checking_disabled = false;
    std::string_view question;         // As asked; a view into the datagram.
    std::array<char, most_name> name;  // Lower case, wire form.
    uint8_t name_size = 0;
    Type type = Type::A;
    uint16_t klass = class_in;
    bool edns = false;
    uint8_t edns_version = 0;
    bool dnssec_ok = false;
    uint16_t payload = least_payload;  // What the client can take by UDP; 512 at the least.

    std::string_view lower_name() const { return {name.data(), name_size}; }
};

// format_error: answer it with ResponseWriter and Code::format_error (the id is set, the question
// may be empty). drop: a response, or too short to have an id: answering it would feed a loop.
enum class Parsed { query, format_error, drop };
Parsed parse_query(std::string_view datagram, Query& out);

enum class Section : uint8_t { answer, authority, additional };

// Records of one name and type, ready to be copied: per record a pointer to the question's name,
// type, class, TTL, length and data. All records of A and AAAA blocks have the same size.
struct Block {
    std::string bytes;
    uint16_t count = 0;
    bool empty() const { return count == 0; }
};
Block make_block(Type type, uint32_t ttl, const std::vector<std::string>& data);

struct Flags {
    bool authoritative = false;
    bool recursion_available = false;
    // RFC 8914: tells why, to clients that speak EDNS. `info` is cut at 128 bytes.
    std::optional<uint16_t> extended_error;
    std::string_view info;
};

// Writes one response into a buffer of `limit` bytes (≥ 512). What does not fit sets TC and
// everything after it is left out; the answer section then ends at a whole record.
class ResponseWriter {
public:
    ResponseWriter(char* buffer, size_t limit, const Query& query);
    // `owner`: lower case wire form. `first` rotates the block: records [first…count) then
    // [0…first). False when it did not fit.
    bool add(Section section, std::string_view owner, const Block& block, uint16_t first = 0);
    bool truncated() const { return truncated_; }
    uint16_t answers() const { return counts_[0]; }
    // The response's size. With truncation everything written so far stays.
    size_t finish(Code code, const Flags& flags);

private:
    bool add_record(std::string_view owner, std::string_view record);
    size_t write_owner(std::string_view owner);
    void write_opt(Code code, const Flags& flags);

    char* const buffer_;
    const size_t limit_;
    const Query& query_;
    size_t size_;
    size_t reserved_;
    std::array<uint16_t, 3> counts_{};
    bool truncated_ = false;
    std::string_view last_owner_;  // Of a name that is no suffix of the question; with its place.
    size_t last_owner_at_ = 0;
};

}  // namespace unkai::wire::dns
