// https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
#pragma once

#include <chrono>
#include <cstddef>

namespace unkai::services::acm::limits {

constexpr size_t certificates = 2500;  // Of an account in a region.
constexpr size_t names = 10;           // Domain names of a certificate, the first one included.
constexpr size_t tags = 50;
constexpr size_t common_name = 64;  // Bytes of the first domain name.
constexpr size_t page = 1000;

// https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
constexpr auto lifetime = std::chrono::days(198);
constexpr auto renewed_before_end = std::chrono::days(45);
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
constexpr auto validation_patience = std::chrono::hours(72);
constexpr auto token_memory = std::chrono::hours(1);  // How long an idempotency token is known.

}  // namespace unkai::services::acm::limits
