#include <algorithm>

#include "base/strings.h"
#include "services/cloudwatch/alarms.h"

namespace unkai::services::cloudwatch {

namespace {

using wire::Json;

Json string_array(const std::vector<std::string>& values) {
    Json::Array out;
    for (const std::string& value : values) out.push_back(value);
    return Json(std::move(out));
}

Json optional_text(const std::optional<std::string>& value) {
    return value ? Json(*value) : Json();
}

Json dimension_array(const StoredQuery& query) {
    Json::Array out;
    for (const auto& [name, value] : query.dimensions)
        out.push_back(Json::object({{"value", value}, {"name", name}}));
    return Json(std::move(out));
}

Json query_document(const StoredQuery& query) {
    Json::Object out;
    if (query.expression) {
        out["Expression"] = *query.expression;
    } else {
        Json::Object metric;
        metric["Dimensions"] = dimension_array(query);
        metric["MetricName"] = query.name;
        metric["Namespace"] = query.space;
        Json::Object statistic;
        statistic["Metric"] = Json(std::move(metric));
        statistic["Period"] = query.metric_period;
        statistic["Stat"] = query.statistic;
        if (query.unit) statistic["Unit"] = *query.unit;
        out["MetricStat"] = Json(std::move(statistic));
    }
    out["Id"] = query.id;
    if (query.label) out["Label"] = *query.label;
    out["ReturnData"] = query.return_data.value_or(true);
    return Json(std::move(out));
}

// AVERAGE, SAMPLE_COUNT: the message's own spelling of statistics.
std::string message_statistic(const std::string& statistic) {
    return statistic == "SampleCount" ? "SAMPLE_COUNT" : to_upper(statistic);
}

Json trigger_document(const StoredAlarm& alarm) {
    Json::Object out;
    if (alarm.queries.empty()) {
        out["MetricName"] = alarm.metric.name;
        out["Namespace"] = alarm.metric.space;
        out["StatisticType"] = alarm.extended ? "ExtendedStatistic" : "Statistic";
        if (alarm.extended)
            out["ExtendedStatistic"] = alarm.metric.statistic;
        else
            out["Statistic"] = message_statistic(alarm.metric.statistic);
        out["Unit"] = optional_text(alarm.metric.unit);
        out["Dimensions"] = dimension_array(alarm.metric);
        out["Period"] = alarm.metric.metric_period;
    } else {
        out["Period"] = alarm.metric.metric_period;
    }
    out["EvaluationPeriods"] = alarm.evaluation_periods;
    if (alarm.datapoints_to_alarm) out["DatapointsToAlarm"] = *alarm.datapoints_to_alarm;
    out["ComparisonOperator"] = alarm.comparison;
    out["Threshold"] = alarm.threshold;
    out["TreatMissingData"] = alarm.treat_missing.value_or("missing");
    out["EvaluateLowSampleCountPercentile"] = alarm.low_samples.value_or("");
    if (!alarm.queries.empty()) {
        Json::Array metrics;
        for (const StoredQuery& query : alarm.queries) metrics.push_back(query_document(query));
        out["Metrics"] = Json(std::move(metrics));
    }
    return Json(std::move(out));
}

template <class Alarm>
void describe_common(const AlarmPlace& place, const StoredAlarm& alarm, Alarm& out) {
    out.alarm_name = alarm.name;
    out.alarm_arn = place.arn(alarm.name);
    out.alarm_description = alarm.description;
    out.actions_enabled = alarm.actions_enabled;
    out.alarm_configuration_updated_timestamp = alarm.configured;
    out.ok_actions = alarm.ok_actions;
    out.alarm_actions = alarm.alarm_actions;
    out.insufficient_data_actions = alarm.insufficient_data_actions;
    out.state_value = std::string(state_name(alarm.state));
    out.state_reason = alarm.reason;
    if (!alarm.reason_data.empty()) out.state_reason_data = alarm.reason_data;
    out.state_updated_timestamp = alarm.state_updated;
    out.state_transitioned_timestamp = alarm.state_transitioned;
}

}  // namespace

std::string region_title(const std::string& region) {
    static constexpr std::pair<std::string_view, std::string_view> titles[] = {
        {"us-east-1", "US East (N. Virginia)"},
        {"us-east-2", "US East (Ohio)"},
        {"us-west-1", "US West (N. California)"},
        {"us-west-2", "US West (Oregon)"},
        {"ap-northeast-1", "Asia Pacific (Tokyo)"},
        {"ap-northeast-2", "Asia Pacific (Seoul)"},
        {"ap-northeast-3", "Asia Pacific (Osaka)"},
        {"ap-southeast-1", "Asia Pacific (Singapore)"},
        {"ap-southeast-2", "Asia Pacific (Sydney)"},
        {"ap-south-1", "Asia Pacific (Mumbai)"},
        {"ca-central-1", "Canada (Central)"},
        {"eu-central-1", "EU (Frankfurt)"},
        {"eu-west-1", "EU (Ireland)"},
        {"eu-west-2", "EU (London)"},
        {"eu-west-3", "EU (Paris)"},
        {"eu-north-1", "EU (Stockholm)"},
        {"sa-east-1", "South America (Sao Paulo)"}};
    for (const auto& [name, title] : titles)
        if (name == region) return std::string(title);
    return region;
}

std::string alarm_subject(const StoredAlarm& alarm, const std::string& region) {
    constexpr size_t most = 100;  // SNS's.
    const std::string before = std::string(state_name(alarm.state)) + ": \"";
    const std::string after = "\" in " + region_title(region);
    std::string name = alarm.name;
    if (before.size() + name.size() + after.size() > most)
        name = name.substr(0, most - before.size() - after.size() - 3) + "...";
    return before + name + after;
}

Json state_document(const StoredAlarm& alarm) {
    Json::Object out;
    out["stateValue"] = std::string(state_name(alarm.state));
    out["stateReason"] = alarm.reason;
    if (!alarm.reason_data.empty())
        if (auto data = Json::parse(alarm.reason_data)) out["stateReasonData"] = *std::move(data);
    return Json(std::move(out));
}

Json alarm_message(const AlarmPlace& place, const StoredAlarm& alarm, AlarmState from) {
    Json::Object out;
    out["AlarmName"] = alarm.name;
    out["AlarmDescription"] = optional_text(alarm.description);
    out["AWSAccountId"] = place.account;
    out["AlarmConfigurationUpdatedTimestamp"] = java_time(alarm.configured);
    out["NewStateValue"] = std::string(state_name(alarm.state));
    out["NewStateReason"] = alarm.reason;
    out["StateChangeTime"] = java_time(alarm.state_updated);
    out["Region"] = region_title(place.region);
    out["AlarmArn"] = place.arn(alarm.name);
    out["OldStateValue"] = std::string(state_name(from));
    out["OKActions"] = string_array(alarm.ok_actions);
    out["AlarmActions"] = string_array(alarm.alarm_actions);
    out["InsufficientDataActions"] = string_array(alarm.insufficient_data_actions);
    if (!alarm.composite) {
        out["Trigger"] = trigger_document(alarm);
        return Json(std::move(out));
    }
    out["AlarmRule"] = alarm.rule;
    if (const auto data = Json::parse(alarm.reason_data); data && data->is_object()) {
        Json::Array children;
        for (const Json& child : (*data)["triggeringAlarms"].is_array()
                                     ? (*data)["triggeringAlarms"].as_array()
                                     : Json::Array{})
            children.push_back(Json::object(
                {{"Arn", child["arn"]},
                 {"State", Json::object({{"Value", child["state"]["value"]},
                                         {"Timestamp", child["state"]["timestamp"]}})}}));
        out["TriggeringChildren"] = Json(std::move(children));
    }
    return Json(std::move(out));
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
Json lambda_event(const AlarmPlace& place, const StoredAlarm& alarm, const Json& before) {
    Json::Object state;
    state["value"] = std::string(state_name(alarm.state));
    state["reason"] = alarm.reason;
    state["reasonData"] = alarm.reason_data;
    state["timestamp"] = java_time(alarm.state_updated);
    Json::Object configuration;
    if (alarm.description) configuration["description"] = *alarm.description;
    if (alarm.composite) {
        configuration["alarmRule"] = alarm.rule;
    } else {
        Json::Array metrics;
        for (const StoredQuery& query : alarm.queries) metrics.push_back(query_document(query));
        if (alarm.queries.empty()) metrics.push_back(query_document(alarm.metric));
        configuration["metrics"] = Json(std::move(metrics));
    }
    return Json::object(
        {{"source", "aws.cloudwatch"},
         {"alarmArn", place.arn(alarm.name)},
         {"accountId", place.account},
         {"time", java_time(alarm.state_updated)},
         {"region", place.region},
         {"alarmData",
          Json::object({{"alarmName", alarm.name},
                        {"state", Json(std::move(state))},
                        {"previousState", Json::object({{"value", before["stateValue"]}})},
                        {"configuration", Json(std::move(configuration))}})}});
}

MetricDataQuery describe_query(const StoredQuery& query) {
    MetricDataQuery out{.id = query.id};
    out.expression = query.expression;
    out.label = query.label;
    out.return_data = query.return_data;
    out.period = query.period;
    if (query.expression) return out;
    MetricStat& statistic = out.metric_stat.emplace();
    statistic.metric.namespace_ = query.space;
    statistic.metric.metric_name = query.name;
    statistic.metric.dimensions.present = true;
    for (const auto& [name, value] : query.dimensions)
        statistic.metric.dimensions.push_back({name, value});
    statistic.period = query.metric_period;
    statistic.stat = query.statistic;
    statistic.unit = query.unit;
    return out;
}

List<MetricDataQuery> alarm_queries(const StoredAlarm& alarm) {
    List<MetricDataQuery> out;
    for (const StoredQuery& query : alarm.queries) out.push_back(describe_query(query));
    return out;
}

MetricAlarm describe_metric_alarm(const AlarmPlace& place, const StoredAlarm& alarm) {
    MetricAlarm out;
    describe_common(place, alarm, out);
    if (alarm.queries.empty()) {
        out.metric_name = alarm.metric.name;
        out.namespace_ = alarm.metric.space;
        (alarm.extended ? out.extended_statistic : out.statistic) = alarm.metric.statistic;
        for (const auto& [name, value] : alarm.metric.dimensions)
            out.dimensions.push_back({name, value});
        out.period = alarm.metric.metric_period;
        out.unit = alarm.metric.unit;
    }
    out.dimensions.present = true;
    out.metrics = alarm_queries(alarm);
    out.evaluation_periods = alarm.evaluation_periods;
    out.datapoints_to_alarm = alarm.datapoints_to_alarm;
    out.threshold = alarm.threshold;
    out.comparison_operator = alarm.comparison;
    out.treat_missing_data = alarm.treat_missing;
    out.evaluate_low_sample_count_percentile = alarm.low_samples;
    return out;
}

CompositeAlarm describe_composite_alarm(const AlarmPlace& place, const StoredAlarm& alarm) {
    CompositeAlarm out;
    describe_common(place, alarm, out);
    out.alarm_rule = alarm.rule;
    out.actions_suppressor = alarm.suppressor;
    if (alarm.suppressor) {
        out.actions_suppressor_wait_period = alarm.suppressor_wait;
        out.actions_suppressor_extension_period = alarm.suppressor_extension;
    }
    if (alarm.owed_from && !alarm.suppressed_by.empty()) {
        out.actions_suppressed_by = alarm.suppressed_by;
        out.actions_suppressed_reason = "Actions suppressed by " + alarm.suppressed_by;
    }
    return out;
}

}  // namespace unkai::services::cloudwatch
