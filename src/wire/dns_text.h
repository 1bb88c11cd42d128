// The spelling of record data: what a person, a zone file or Route 53's API writes ⇄ RDATA in wire
// form.
//
//     TRY(std::string data, parse_data(Type::MX, "10 mail.example.com"));
//     data_text(Type::MX, data)  →  "10 mail.example.com."
//
// Known: A AAAA CAA CNAME DS MX NAPTR NS PTR SOA SPF SRV SSHFP TLSA TXT. Relative names are taken
// as absolute, as Route 53 does. Strings are quoted or bare; a byte is escaped as \DDD or \OOO
// (Escapes).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/dns.h"

namespace unkai::wire::dns {

// Error "InvalidRecordData"; the sentence says what is wrong with the value, without naming the
// record.
Result<std::string> parse_data(Type type, std::string_view text,
                               Escapes escapes = Escapes::decimal);
// For data that decode() or parse_data() made; other bytes (and unknown types) as RFC 3597's \#
// form.
std::string data_text(Type type, std::string_view data, Escapes escapes = Escapes::decimal);

// "A", "CAA", …; an unknown number is TYPE123.
std::string type_name(Type type);
std::optional<Type> parse_type(std::string_view name);

// How the data of a type is laid out, one letter a field: n name, 1 2 4 unsigned integers of that
// many bytes, A IPv4, Q IPv6, s one character string, S one or more of them, x the rest in
// hexadecimal, q the rest as one quoted string, * the rest unknown.
std::string_view data_layout(Type type);

}  // namespace unkai::wire::dns
