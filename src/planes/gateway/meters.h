// What was measured since the last collection, by API and stage and, where a stage has detailed
// metrics, by method; and how much of their quotas the keys of usage plans have used. Pure.
#pragma once

#include <map>
#include <string>

#include "planes/gateway/request.h"

namespace unkai::planes::gateway {

// Milliseconds and how often each came; at most `most_values` different ones, finer below 100 ms.
class Histogram {
public:
    void add(int64_t value) { ++counts_[bucket(value)]; }
    void add(const Histogram& other) {
        for (const auto& [value, count] : other.counts_) counts_[value] += count;
    }
    const std::map<int64_t, uint64_t>& counts() const { return counts_; }

private:
    static int64_t bucket(int64_t value) {
        if (value < 100) return value;
        if (value < 1000) return value / 20 * 20;
        return value / 1000 * 1000;
    }
    std::map<int64_t, uint64_t> counts_;
};

struct Meter {
    uint64_t count = 0, errors_4xx = 0, errors_5xx = 0, bytes = 0;
    Histogram latency, integration_latency;
};

struct MeterKey {
    Api::Kind kind;
    std::string account, region, api, api_name, stage;
    std::string resource, method;  // Empty: the whole stage.
    auto operator<=>(const MeterKey&) const = default;
};

using Meters = std::map<MeterKey, Meter>;

// Requests counted against quotas: by plan, key and day ("2026-11-22").
struct UsageKey {
    std::string plan, key, day;
    auto operator<=>(const UsageKey&) const = default;
};
using UsageCounts = std::map<UsageKey, int64_t>;

}  // namespace unkai::planes::gateway
