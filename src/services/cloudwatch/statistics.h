// The statistics of some samples: what one point of a series holds, and what a period's value is
// taken from. Pure.
//
// Count, sum, minimum and maximum are exact. The distinct values are kept with their counts while
// there are few (`most_exact`); beyond that they are rounded to a grid of 2 % steps, so that a
// percentile is off by 1 % at the most and a point takes a few hundred bytes at the most. Statistic
// sets whose samples differ have no distribution: as on AWS, percentiles of them do not exist.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace unkai::services::cloudwatch {

struct Statistics {
    static constexpr size_t most_exact = 32;

    double count = 0, sum = 0, minimum = 0, maximum = 0;
    std::vector<std::pair<double, double>> values;  // Value and count, ascending.
    bool coarse = false;                            // `values` lie on the grid.
    bool opaque = false;                            // There is no distribution.

    bool empty() const { return count == 0; }
    void add(double value, double times = 1);
    void add_set(double samples, double total, double least, double most);
    void add(const Statistics& other);
    bool operator==(const Statistics&) const = default;

private:
    void merge_values(const std::vector<std::pair<double, double>>& more, bool more_coarse);
    void coarsen();
};

// The grid: an index a value, 0 for 0, and the value at an index.
int64_t grid_index(double value);
double grid_value(int64_t index);

// What a query asks of a period: Average, p99.9, TM(10%:90%), TC(:0.5), PR(:100), IQM, …
struct Statistic {
    enum class Kind {
        count,
        average,
        sum,
        minimum,
        maximum,
        percentile,
        trimmed_mean,
        trimmed_count,
        trimmed_sum,
        winsorized_mean,
        percentile_rank
    };
    Kind kind = Kind::average;
    bool by_percent = false;  // The bounds are percentiles, not values.
    std::optional<double> low, high;

    // Its value; nothing when there are no samples, or no distribution where one is needed.
    std::optional<double> of(const Statistics& samples) const;
};
std::optional<Statistic> parse_statistic(std::string_view text);

void encode_statistics(std::string& out, const Statistics& value);
bool decode_statistics(std::string_view& in, Statistics& value);

}  // namespace unkai::services::cloudwatch
