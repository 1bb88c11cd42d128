// AWS's limits for Aurora.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::rds::limits {

constexpr size_t clusters = 40, instances = 40,
                 instances_per_cluster = 16;  // A writer, 15 readers.
constexpr size_t subnet_groups = 50, subnets_per_group = 20, parameter_groups = 50;
constexpr size_t parameters_per_call = 20, tags = 50;
constexpr int32_t records_per_page = 100;
constexpr int32_t longest_retention_days = 35;
constexpr int64_t longest_backtrack_seconds = 259200;
constexpr size_t shortest_password = 8, longest_password = 41, longest_master_name = 16;
constexpr size_t identifier_characters = 63;
constexpr int64_t event_days = 14;  // DescribeEvents reaches back so far.

}  // namespace unkai::services::rds::limits
