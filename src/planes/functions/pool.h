// When an invocation takes a warm environment, starts one, makes room, or is throttled; and which
// environments end by themselves. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace unkai::planes::functions {

struct PoolLimits {
    size_t most_environments = 200;                 // Of the machine, busy and idle together.
    int64_t most_memory_mib = 16 << 10;             // Sum of their functions' memory.
    Duration idle_time = std::chrono::minutes(10);  // Then an environment ends.
};
// Of a machine with so much memory: functions are promised all of it, and never less than Lambda's
// largest has; an environment that waits is taken to need 64 MiB. 8 to Lambda's 1,000 of them.
PoolLimits limits_for(int64_t machine_mib);

struct PoolMember {
    std::string_view function;
    std::string_view revision;
    bool idle = false;  // Warm and free; else starting, busy or ending.
    int64_t memory_mib = 0;
    Time used_at{};  // When its last invocation ended.
    std::optional<Time> expires_at;
};

struct Demand {
    std::string_view function, revision;
    int64_t memory_mib = 0;
    size_t most_environments = 0;
};

struct Claim {
    enum class Kind { use, start, throttle };
    Kind kind = Kind::throttle;
    size_t use = 0;             // Index of the member to reuse.
    std::vector<size_t> evict;  // Idle members to end first, least recently used first.
};
// Reuses the most recently used warm environment of this revision, so that surplus ones grow old
// and end. Starting one evicts outdated environments of the function, then idle ones of anybody
// when the machine is full. Throttles when the function has its most, or when all others are busy.
Claim plan_claim(const std::vector<PoolMember>& members, const Demand& demand,
                 const PoolLimits& limits, Time now);

// Idle members that have been idle for too long, or whose grant has expired.
std::vector<size_t> plan_sweep(const std::vector<PoolMember>& members, const PoolLimits& limits,
                               Time now);

}  // namespace unkai::planes::functions
