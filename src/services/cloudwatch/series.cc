#include "services/cloudwatch/series.h"

#include <algorithm>

#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr std::string_view standard_units[] = {"None",
                                               "Seconds",
                                               "Microseconds",
                                               "Milliseconds",
                                               "Bytes",
                                               "Kilobytes",
                                               "Megabytes",
                                               "Gigabytes",
                                               "Terabytes",
                                               "Bits",
                                               "Kilobits",
                                               "Megabits",
                                               "Gigabits",
                                               "Terabits",
                                               "Percent",
                                               "Count",
                                               "Bytes/Second",
                                               "Kilobytes/Second",
                                               "Megabytes/Second",
                                               "Gigabytes/Second",
                                               "Terabytes/Second",
                                               "Bits/Second",
                                               "Kilobits/Second",
                                               "Megabits/Second",
                                               "Gigabits/Second",
                                               "Terabits/Second",
                                               "Count/Second"};

// The table of metrics notes news of a series no more often than this.
constexpr Duration last_data_step = std::chrono::minutes{5};

int64_t floor_to(int64_t second, int64_t step) { return second - second % step; }

}  // namespace

std::string dimensions_key(const std::map<std::string, std::string>& dimensions) {
    std::string out;
    for (const auto& [name, value] : dimensions) {
        store::put_key_part(out, name);
        store::put_key_part(out, value);
    }
    return out;
}

std::optional<StoredMetric> find_metric(store::Txn& txn, const MetricName& name) {
    return schema::metrics.get(
        txn, {name.account, name.region, name.space, name.name, dimensions_key(name.dimensions)});
}

std::optional<uint8_t> unit_number(std::string_view name) {
    for (size_t i = 0; i < std::size(standard_units); ++i)
        if (standard_units[i] == name) return static_cast<uint8_t>(i);
    return std::nullopt;
}

std::string_view unit_name(uint8_t number) {
    return number < std::size(standard_units) ? standard_units[number] : standard_units[0];
}

void add_point(store::Txn& txn, int64_t metric, const Resolution& resolution, int64_t second,
               uint8_t unit, const Statistics& statistics) {
    const int64_t start = floor_to(second, resolution.block);
    const std::tuple key{metric, resolution.seconds, start};
    Block block = schema::blocks.get(txn, key).value_or(Block{});
    const int64_t offset = floor_to(second, resolution.seconds) - start;
    const auto at =
        std::lower_bound(block.points.begin(), block.points.end(), std::pair{offset, unit},
                         [](const BlockPoint& point, const auto& wanted) {
                             return std::pair{point.offset, point.unit} < wanted;
                         });
    if (at != block.points.end() && at->offset == offset && at->unit == unit)
        at->statistics.add(statistics);
    else
        block.points.insert(at, BlockPoint{offset, unit, statistics});
    schema::blocks.put(txn, key, block);
}

void add_sample(store::Txn& txn, Random& random, const MetricName& name, const Sample& sample,
                Time now) {
    const std::tuple key{name.account, name.region, name.space, name.name,
                         dimensions_key(name.dimensions)};
    auto metric = schema::metrics.get(txn, key);
    const Time time{std::chrono::seconds{sample.second}};
    if (!metric || metric->last_data + last_data_step <= time) {
        if (!metric) {
            metric.emplace();
            metric->id = static_cast<int64_t>(random.u64() >> 1);
            metric->dimensions.assign(name.dimensions.begin(), name.dimensions.end());
        }
        metric->last_data = time;
        schema::metrics.put(txn, key, *metric);
    }
    const bool fine = sample.fine && whole_seconds(now) - sample.second < resolutions[0].kept;
    add_point(txn, metric->id, resolutions[fine ? 0 : 1], sample.second, sample.unit,
              sample.statistics);
}

void read_points(store::Txn& txn, int64_t metric, const SeriesRange& range, Time now,
                 const VisitPoint& visit) {
    for (size_t i = 0; i < std::size(resolutions); ++i) {
        const Resolution& resolution = resolutions[i];
        // Shorter periods than a minute see minutes where they begin, as on AWS.
        if (resolution.seconds > std::max<int64_t>(range.period, 60)) break;
        const int64_t from = std::max(range.from, whole_seconds(now) - resolution.kept);
        if (from >= range.to) continue;
        const int64_t first = floor_to(from, resolution.block);
        const std::optional<std::tuple<int64_t, int64_t, int64_t>> after =
            first > 0 ? std::optional{std::tuple{metric, resolution.seconds, first - 1}}
                      : std::nullopt;
        const auto each_block = [&](const auto& key, const Block& block) {
            const int64_t start = std::get<2>(key);
            if (start >= range.to) return false;
            for (const BlockPoint& point : block.points) {
                const int64_t second = start + point.offset;
                if (second < range.from || second >= range.to) continue;
                if (range.unit && *range.unit != point.unit) continue;
                visit(second, point.unit, point.statistics);
            }
            return true;
        };
        schema::blocks.each(txn, store::key_prefix(metric, resolution.seconds), each_block, after);
    }
}

Series read_series(store::Txn& txn, int64_t metric, const SeriesRange& range, Time now) {
    Series out;
    bool mixed = false;
    read_points(txn, metric, range, now,
                [&](int64_t second, uint8_t unit, const Statistics& statistics) {
                    const int64_t start = range.from + floor_to(second - range.from, range.period);
                    out.periods[start].add(statistics);
                    mixed = mixed || (out.unit && *out.unit != unit);
                    out.unit = unit;
                });
    if (mixed) out.unit.reset();
    return out;
}

}  // namespace unkai::services::cloudwatch

namespace unkai::store {

using services::cloudwatch::Block;
using services::cloudwatch::BlockPoint;

void Codec<Block>::encode(std::string& out, const Block& value) {
    int64_t before = 0;
    for (const BlockPoint& point : value.points) {
        put_varint(out, static_cast<uint64_t>(point.offset - before));
        before = point.offset;
        out.push_back(static_cast<char>(point.unit));
        services::cloudwatch::encode_statistics(out, point.statistics);
    }
}

bool Codec<Block>::decode(std::string_view in, Block& value) {
    int64_t offset = 0;
    while (!in.empty()) {
        uint64_t step = 0;
        if (!take_varint(in, step) || in.empty()) return false;
        offset += static_cast<int64_t>(step);
        BlockPoint point{.offset = offset, .unit = static_cast<uint8_t>(in.front())};
        in.remove_prefix(1);
        if (!services::cloudwatch::decode_statistics(in, point.statistics)) return false;
        value.points.push_back(std::move(point));
    }
    return true;
}

}  // namespace unkai::store
