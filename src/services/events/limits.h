// AWS's limits for EventBridge.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::events::limits {

constexpr size_t entries = 10;
constexpr size_t entry_bytes = 262144;  // Of a PutEvents call together.
constexpr size_t buses = 100, rules = 300, targets = 5;
constexpr size_t pattern = 2048;
constexpr size_t tags = 50;
constexpr size_t listed = 100;
constexpr size_t transformer_paths = 100;
constexpr int64_t retry_attempts = 185, retry_seconds = 86400;
constexpr Duration make_up = std::chrono::minutes(1);  // Unkai's own: how late a schedule fires.

}  // namespace unkai::services::events::limits
