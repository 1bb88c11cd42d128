// Every key and record that cloudwatch stores.
#pragma once

#include "services/cloudwatch/alarm_records.h"
#include "services/cloudwatch/statistics.h"
#include "store/table.h"

namespace unkai::services::cloudwatch {

// A metric that has, or had, data.
struct StoredMetric {
    int64_t id = 0;  // Names its blocks.
    Time last_data;  // Of the newest datum, to some minutes.
    std::vector<std::pair<std::string, std::string>> dimensions;  // By name.
    void fields(auto& field) {
        field(1, id);
        field(2, last_data);
        field(3, dimensions);
    }
};

// What was sampled in the second, minute, … that begins at `offset` seconds after the block's
// start.
struct BlockPoint {
    int64_t offset = 0;
    uint8_t unit = 0;  // series.h
    Statistics statistics;
};

// Points of one series, by offset and unit.
struct Block {
    std::vector<BlockPoint> points;
};

struct StoredDashboard {
    std::string body;
    Time modified;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, body);
        field(2, modified);
        field(3, tags);
    }
};

// That an alarm is a composite one, so that they are found among many.
struct CompositeMark {
    void fields(auto&) {}
};

namespace schema {
// Account, region, name.
inline const store::Table<CompositeMark, std::string, std::string, std::string> composites{
    "cloudwatch/composites"};
// Account, region, name.
inline const store::Table<StoredAlarm, std::string, std::string, std::string> alarms{
    "cloudwatch/alarms"};
// Account, region, time in microseconds, a random number.
inline const store::Table<StoredHistory, std::string, std::string, int64_t, int64_t> history{
    "cloudwatch/history"};
// Account, region, a random number.
inline const store::Table<OwedAction, std::string, std::string, int64_t> owed{"cloudwatch/owed"};
// Account, name: dashboards are of all regions.
inline const store::Table<StoredDashboard, std::string, std::string> dashboards{
    "cloudwatch/dashboards"};
// Account, region, namespace, name, dimensions as key parts (series.h).
inline const store::Table<StoredMetric, std::string, std::string, std::string, std::string,
                          std::string>
    metrics{"cloudwatch/metrics"};
// Metric, seconds a point (1, 60, 300, 3600), the block's start in seconds.
inline const store::Table<Block, int64_t, int64_t, int64_t> blocks{"cloudwatch/blocks"};
}  // namespace schema

}  // namespace unkai::services::cloudwatch

template <>
struct unkai::store::Codec<unkai::services::cloudwatch::Block> {
    static void encode(std::string& out, const services::cloudwatch::Block& value);
    static bool decode(std::string_view in, services::cloudwatch::Block& value);
};
