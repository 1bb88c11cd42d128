// Every key and record that cloudwatch stores.
#pragma once

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

// A metric of an alarm, or an expression over others.
struct StoredQuery {
    std::string id;
    std::optional<std::string> expression, label, unit;
    std::optional<bool> return_data;
    std::optional<int32_t> period;  // Of the expression.
    // Without an expression:
    std::string space, name, statistic;
    std::vector<std::pair<std::string, std::string>> dimensions;
    int32_t metric_period = 0;
    void fields(auto& field) {
        field(1, id);
        field(2, expression);
        field(3, label);
        field(4, unit);
        field(5, return_data);
        field(6, period);
        field(7, space);
        field(8, name);
        field(9, statistic);
        field(10, dimensions);
        field(11, metric_period);
    }
};

enum class AlarmState : uint8_t { ok, alarm, insufficient_data };

struct StoredAlarm {
    std::string name;
    bool composite = false;
    std::optional<std::string> description;
    bool actions_enabled = true;
    std::vector<std::string> ok_actions, alarm_actions, insufficient_data_actions;
    Time configured;
    std::map<std::string, std::string> tags;

    AlarmState state = AlarmState::insufficient_data;
    std::string reason, reason_data;
    Time state_updated, state_transitioned;

    // Metric alarms: a metric, or queries.
    StoredQuery metric;  // Its id is empty when there are queries.
    bool extended = false;
    std::vector<StoredQuery> queries;
    int32_t evaluation_periods = 1;
    std::optional<int32_t> datapoints_to_alarm;
    double threshold = 0;
    std::string comparison;
    std::optional<std::string> treat_missing, low_samples;

    // Composite alarms.
    std::string rule;
    std::optional<std::string> suppressor;
    int32_t suppressor_wait = 0, suppressor_extension = 0;  // Seconds.
    // Actions that a transition owes while they are, or may be, suppressed.
    std::optional<AlarmState> owed_from;
    std::string suppressed_by;  // WaitPeriod, Alarm, ExtensionPeriod
    Time suppressed_until;

    void fields(auto& field) {
        field(1, name);
        field(2, composite);
        field(3, description);
        field(4, actions_enabled);
        field(5, ok_actions);
        field(6, alarm_actions);
        field(7, insufficient_data_actions);
        field(8, configured);
        field(9, tags);
        field(10, state);
        field(11, reason);
        field(12, reason_data);
        field(13, state_updated);
        field(14, state_transitioned);
        field(15, metric);
        field(16, extended);
        field(17, queries);
        field(18, evaluation_periods);
        field(19, datapoints_to_alarm);
        field(20, threshold);
        field(21, comparison);
        field(22, treat_missing);
        field(23, low_samples);
        field(24, rule);
        field(25, suppressor);
        field(26, suppressor_wait);
        field(27, suppressor_extension);
        field(28, owed_from);
        field(29, suppressed_by);
        field(30, suppressed_until);
    }
};

struct StoredHistory {
    std::string alarm, type, summary, data;
    bool composite = false;
    void fields(auto& field) {
        field(1, alarm);
        field(2, type);
        field(3, summary);
        field(4, data);
        field(5, composite);
    }
};

// An action that a state change owes: done, or given up, before it is erased.
struct OwedAction {
    std::string alarm;
    bool composite = false;
    std::string target;   // ARN
    std::string subject;  // SNS's.
    std::string message;  // What is published or sent.
    Time changed;         // The state.
    Time due;
    int32_t attempts = 0;
    void fields(auto& field) {
        field(1, alarm);
        field(2, composite);
        field(3, target);
        field(4, subject);
        field(5, message);
        field(6, changed);
        field(7, due);
        field(8, attempts);
    }
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
