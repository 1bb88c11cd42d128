// The records of alarms: their settings, states, history, and what they owe.
#pragma once

#include "store/record.h"

namespace unkai::services::cloudwatch {

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

}  // namespace unkai::services::cloudwatch
