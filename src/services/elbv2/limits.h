// AWS's limits for Application Load Balancers.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::elbv2::limits {

constexpr size_t load_balancers = 50, target_groups = 3000;  // A region's.
constexpr size_t listeners = 50, rules = 100, certificates = 25, groups_of_balancer = 100;
constexpr size_t targets_of_group = 1000, targets_of_balancer = 1000, groups_of_action = 5;
constexpr size_t conditions = 5, wildcards = 5;
constexpr int32_t most_priority = 50000, most_weight = 999;
constexpr int32_t most_sticky_seconds = 604800;
constexpr size_t name_characters = 32, condition_characters = 128, body_bytes = 1024;
constexpr size_t tags = 50;
constexpr int32_t page = 400;

}  // namespace unkai::services::elbv2::limits
