// AWS's limits for EventBridge Scheduler.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::scheduler::limits {

constexpr size_t groups = 500;
constexpr size_t schedules = 100000;  // Unkai's own, an account and region.
constexpr size_t tags = 50;
constexpr size_t listed = 100;
constexpr int64_t retry_attempts = 185, retry_seconds = 86400;
constexpr Duration make_up = std::chrono::minutes(1);  // Unkai's own: how late a schedule fires.

}  // namespace unkai::services::scheduler::limits
