// AWS's limits for Parameter Store.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::ssm::limits {

constexpr size_t standard_value_bytes = 4096, advanced_value_bytes = 8192;
constexpr size_t standard_parameters = 10000;
constexpr size_t name_characters = 1011;  // 2048 with the ARN before it.
constexpr size_t hierarchy_levels = 15;
constexpr int64_t versions = 100;
constexpr size_t tags = 50;
constexpr size_t names_per_call = 10;
constexpr int32_t by_path = 10, described = 50, history = 50;

}  // namespace unkai::services::ssm::limits
