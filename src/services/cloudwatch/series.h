// Time series in the store: compact blocks of points, in four resolutions.
//
// A sample lies in exactly one resolution: data of a storage resolution of 1 s by the second for
// three hours, then by the minute (where data of 60 s begins) to the 15th day, by five minutes to
// the 63rd, by the hour to the 455th; rolled up by the roller (roller.h). A period is merged from
// the points of all resolutions that are not longer than it. A datum costs a block's decoding and
// encoding (some 5 µs); a read one seek a resolution and the blocks' decoding.
#pragma once

#include <functional>
#include <map>

#include "rt/random.h"
#include "services/cloudwatch/schema.h"

namespace unkai::services::cloudwatch {

struct Resolution {
    int64_t seconds;  // A point.
    int64_t block;    // Seconds a block.
    int64_t kept;     // Seconds after which points move to the next resolution.
};
inline constexpr Resolution resolutions[] = {{1, 300, 3 * 3600},
                                             {60, 3600, 15 * 86400},
                                             {300, 86400, 63 * 86400},
                                             {3600, 30 * 86400, 455 * 86400}};

struct MetricName {
    std::string account, region, space, name;
    std::map<std::string, std::string> dimensions;
    bool operator==(const MetricName&) const = default;
    auto operator<=>(const MetricName&) const = default;
};

// The table's key; also unique text for maps.
std::string dimensions_key(const std::map<std::string, std::string>& dimensions);
std::optional<StoredMetric> find_metric(store::Txn& txn, const MetricName& name);

// AWS's standard units by number, "None" first. nullopt: not one of them.
std::optional<uint8_t> unit_number(std::string_view name);
std::string_view unit_name(uint8_t number);

// `second` is the sample's time, `fine` whether it is stored by the second.
struct Sample {
    int64_t second = 0;
    bool fine = false;
    uint8_t unit = 0;
    Statistics statistics;
};
void add_sample(store::Txn& txn, Random& random, const MetricName& name, const Sample& sample,
                Time now);

// The stored points that begin in [from, to), in no order of resolutions, ascending within one.
using VisitPoint = std::function<void(int64_t second, uint8_t unit, const Statistics&)>;
struct SeriesRange {
    int64_t from, to, period;  // Seconds.
    std::optional<uint8_t> unit;
};
void read_points(store::Txn& txn, int64_t metric, const SeriesRange& range, Time now,
                 const VisitPoint& visit);

// Statistics by the start of each period of [from, to) that has samples; `from` is a start.
struct Series {
    std::map<int64_t, Statistics> periods;
    std::optional<uint8_t> unit;  // When all samples have the same.
};
Series read_series(store::Txn& txn, int64_t metric, const SeriesRange& range, Time now);

// Adds a point to a block of this resolution; used by add_sample and by the roller.
void add_point(store::Txn& txn, int64_t metric, const Resolution& resolution, int64_t second,
               uint8_t unit, const Statistics& statistics);

}  // namespace unkai::services::cloudwatch
