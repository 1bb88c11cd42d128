// AWS's limits for Application Auto Scaling.
// User guide: application-auto-scaling-limits
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::application_autoscaling::limits {

constexpr size_t service_targets = 3000, cluster_targets = 500;  // ECS, Aurora: in a region.
constexpr size_t policies_per_target = 50, scheduled_per_target = 200, steps = 20, tags = 50;
constexpr int32_t listed = 50;
constexpr int32_t largest_capacity = 1'000'000;
constexpr int32_t most_readers = 15;
constexpr int32_t usual_cooldown = 300;  // Seconds.
constexpr Duration activities_kept = std::chrono::hours{24 * 42};

}  // namespace unkai::services::application_autoscaling::limits
