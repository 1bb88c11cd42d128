// Latencies, counted by size: two significant digits and a half (1/128) from a microsecond to a
// day, in constant space, as HdrHistogram does. Percentiles are the upper end of their bucket.
#pragma once

#include <cstdint>
#include <vector>

#include "rt/wait.h"

namespace unkai::migration {

class Histogram {
public:
    void add(Duration length);
    void add(const Histogram& other);
    uint64_t count() const { return count_; }
    Duration percentile(double percent) const;  // 0 when nothing was counted.
    Duration mean() const;
    Duration most() const { return Duration(most_); }
    Duration least() const { return Duration(count_ == 0 ? 0 : least_); }

private:
    static size_t index_of(uint64_t value);
    static uint64_t end_of(size_t index);

    std::vector<uint64_t> buckets_;  // Grows as needed.
    uint64_t count_ = 0;
    int64_t least_ = 0, most_ = 0;
    double sum_ = 0;
};

}  // namespace unkai::migration
