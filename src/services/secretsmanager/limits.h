// AWS's limits for Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::secretsmanager::limits {

constexpr size_t value_bytes = 65536, policy_bytes = 20480, name_characters = 512;
constexpr size_t versions = 100, labels_per_version = 20, tags = 50;
constexpr int64_t shortest_recovery_days = 7, longest_recovery_days = 30;
constexpr int64_t longest_password = 4096, usual_password = 32;
constexpr int32_t listed = 100, batch = 20;

}  // namespace unkai::services::secretsmanager::limits
