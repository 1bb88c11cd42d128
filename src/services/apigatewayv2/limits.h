// AWS's limits for HTTP APIs.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::apigatewayv2::limits {

constexpr size_t apis = 600, routes = 300, integrations = 300, stages = 10, authorizers = 10;
constexpr size_t mappings = 200, tags = 50, deployments = 500;
constexpr int32_t least_timeout = 50, most_timeout = 30000, most_ttl = 3600;
constexpr size_t log_format_bytes = 3072, page = 100, most_page = 500;

}  // namespace unkai::services::apigatewayv2::limits
