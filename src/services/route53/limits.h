// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
#pragma once

#include <cstddef>

namespace unkai::services::route53::limits {

constexpr size_t hosted_zones = 500;
constexpr size_t records_per_zone = 10000;
constexpr size_t vpcs_per_zone = 300;
constexpr size_t values_per_record = 400;
constexpr size_t value_bytes = 4000;  // Of one value.
constexpr size_t batch_values =
    1000;  // ResourceRecord elements in a change batch; UPSERT counts twice.
constexpr size_t batch_characters = 32000;  // Of all values together; UPSERT counts twice.
constexpr size_t routed_per_name = 100;     // Weighted records of one name and type.
constexpr size_t page = 300;                // Records a page, at most and unless asked for less.
constexpr size_t zone_page = 100;
constexpr size_t tags = 10;
constexpr size_t health_checks = 200;
constexpr size_t children = 255;         // Of a calculated health check.
constexpr size_t searched_bytes = 5120;  // Of a body, for the search string.
constexpr size_t search_string = 255;

}  // namespace unkai::services::route53::limits
