// CloudFront's quotas.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::cloudfront::limits {

inline constexpr size_t distributions = 500;  // An account.
inline constexpr size_t origins = 100;
inline constexpr size_t behaviors = 75;  // Beside the default one.
inline constexpr size_t aliases = 100;
inline constexpr size_t custom_headers = 30;  // An origin.
inline constexpr size_t forwarded_headers = 10;
inline constexpr size_t forwarded_cookies = 10;
inline constexpr size_t forwarded_queries = 10;
inline constexpr size_t cache_policies = 20;
inline constexpr size_t request_policies = 20;
inline constexpr size_t access_controls = 100;
inline constexpr size_t invalidation_paths = 3000;    // In progress, a distribution.
inline constexpr size_t invalidation_wildcards = 15;  // In progress, a distribution.
inline constexpr size_t kept_invalidations = 1000;    // The oldest ones are forgotten. Ours.
inline constexpr size_t tags = 50;
inline constexpr size_t page = 100;
inline constexpr size_t comment = 128;
inline constexpr size_t pattern = 255;
inline constexpr size_t root_object = 255;
inline constexpr size_t policy_name = 128;
inline constexpr size_t access_control_name = 64;
inline constexpr int32_t read_timeout = 120;       // Seconds.
inline constexpr int32_t keepalive_timeout = 120;  // Seconds.
inline constexpr int32_t connect_timeout = 10;     // Seconds.
inline constexpr int32_t connect_attempts = 3;

}  // namespace unkai::services::cloudfront::limits
