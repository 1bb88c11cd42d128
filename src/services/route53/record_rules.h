// What a record may be, what a change batch may do, and in which order records stand: pure rules,
// with the words in which Route 53 refuses.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/route53.h"
#include "services/route53/schema.h"
#include "wire/dns_text.h"

namespace unkai::services::route53 {

// A name as Route 53 shows it: lower case, final dot, octal escapes (`*` is \052).
Result<std::string> normal_name(std::string_view name);
// "www.example.com." → "com.example.www.": the order in which records are listed.
std::string order_of(std::string_view normal_name);
bool is_in_zone(std::string_view normal_name, std::string_view zone_name);

// "[name='www.example.com.', type='A']", as refusals name a record.
std::string describe(const Record& record);

// The request's record. Error: InvalidInput, when members are missing or exclude each other, or
// when it asks for a routing policy that this program does not answer by (latency, geolocation,
// IP-based).
Result<Record> read_record(const api::route53::Change& change);
api::route53::ResourceRecordSet write_record(const Record& record);

// Why the record itself cannot be in the zone; nullopt: it can.
std::optional<std::string> refuse_record(const Zone& zone, const Record& record);
// Why it cannot stand beside the records that have its name (and are not replaced by it).
std::optional<std::string> refuse_beside(const Zone& zone, const Record& record,
                                         std::span<const Record> others);
// Why one value is no value of that type, in Route 53's "FATAL problem" form.
std::optional<std::string> refuse_value(wire::dns::Type type, const std::string& value);

// The values of a type that were stored, in wire form. They were checked before.
std::vector<std::string> wire_values(const Record& record);

}  // namespace unkai::services::route53
