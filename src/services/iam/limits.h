// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
#pragma once

#include <cstddef>

namespace unkai::services::iam::limits {

constexpr size_t access_keys_per_user = 2;
constexpr size_t attached_policies = 10;  // To a role or user.
constexpr size_t policy_versions = 5;
constexpr size_t managed_policy_bytes = 6144;  // Without white space.
constexpr size_t role_inline_bytes = 10240;    // All inline policies of a role together.
constexpr size_t user_inline_bytes = 2048;
constexpr size_t trust_policy_bytes = 2048;
constexpr size_t tags = 50;
constexpr size_t roles = 1000;
constexpr size_t users = 5000;

}  // namespace unkai::services::iam::limits
