// AWS's limits for REST APIs.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::apigateway::limits {

constexpr size_t apis = 600;  // Regional, a region.
constexpr size_t resources = 300, stages = 10, authorizers = 10, models = 300, parts = 2000;
constexpr size_t api_keys = 10000, plans = 300, plans_per_key = 10, domains = 120;
constexpr size_t mappings = 200, tags = 50, deployments = 500, validators = 100;
constexpr int32_t least_timeout = 50, most_timeout = 29000;
constexpr size_t policy_bytes = 8192, log_format_bytes = 3072, description = 1024;
constexpr int32_t most_ttl = 3600;
constexpr size_t page = 25, most_page = 500;
constexpr size_t least_key = 20, most_key = 128;
constexpr size_t binary_types = 100;

}  // namespace unkai::services::apigateway::limits
