#include "services/cloudwatch/alarm_rules.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr std::string_view state_names[] = {"OK", "ALARM", "INSUFFICIENT_DATA"};

std::string_view comparison_words(std::string_view comparison) {
    if (comparison == "GreaterThanOrEqualToThreshold") return "greater than or equal to";
    if (comparison == "GreaterThanThreshold") return "greater than";
    if (comparison == "LessThanThreshold") return "less than";
    return "less than or equal to";
}

AlarmState by_count(int32_t breaching, int32_t needed) {
    return breaching >= needed ? AlarmState::alarm : AlarmState::ok;
}

// How many periods old the oldest of the evaluated ones is; the newest period is 1.
int32_t oldest_age(const std::vector<Observation>& range) {
    for (size_t i = 0; i < range.size(); ++i)
        if (range[i].value) return static_cast<int32_t>(range.size() - i);
    return 0;
}

std::string listed(const StoredAlarm& alarm, const Verdict& verdict, bool breaching,
                   int32_t& count) {
    std::string out;
    for (const Observation& each : verdict.evaluated) {
        if (breaches(alarm, *each.value) != breaching) continue;
        ++count;
        const std::chrono::sys_seconds time{std::chrono::seconds{each.start}};
        out += fmt::format("{}{} ({:%d/%m/%y %H:%M:%S})", out.empty() ? "" : ", ",
                           java_double(*each.value), time);
    }
    return out;
}

std::string datapoints(int32_t count, std::string_view before = "") {
    return fmt::format("{} {}datapoint{}", count, before, count == 1 ? "" : "s");
}

std::string_view were(int32_t count) { return count == 1 ? "was" : "were"; }

std::string treated_words(const StoredAlarm& alarm, int32_t filled) {
    const bool breaching = alarm.treat_missing.value_or("") == "breaching";
    return datapoints(filled, "missing ") + " " + std::string(were(filled)) + " treated as [" +
           (breaching ? "Breaching" : "NonBreaching") + "]";
}

wire::Json observed(const Observation& each) {
    wire::Json::Object out;
    const Time time{std::chrono::seconds{each.start}};
    out["timestamp"] = java_time(time);
    if (each.value) {
        out["sampleCount"] = each.samples;
        out["value"] = *each.value;
    }
    return wire::Json(std::move(out));
}

}  // namespace

std::string_view state_name(AlarmState state) { return state_names[static_cast<size_t>(state)]; }

std::optional<AlarmState> parse_state(std::string_view name) {
    for (size_t i = 0; i < std::size(state_names); ++i)
        if (state_names[i] == name) return static_cast<AlarmState>(i);
    return std::nullopt;
}

bool breaches(const StoredAlarm& alarm, double value) {
    if (alarm.comparison == "GreaterThanOrEqualToThreshold") return value >= alarm.threshold;
    if (alarm.comparison == "GreaterThanThreshold") return value > alarm.threshold;
    if (alarm.comparison == "LessThanThreshold") return value < alarm.threshold;
    return value <= alarm.threshold;
}

Verdict judge(const StoredAlarm& alarm, const std::vector<Observation>& range) {
    Verdict out;
    const int32_t needed = needed_points(alarm);
    int32_t breaching = 0;
    for (auto each = range.rbegin(); each != range.rend(); ++each) {
        if (!each->value) continue;
        if (static_cast<int32_t>(out.evaluated.size()) == alarm.evaluation_periods) break;
        out.evaluated.push_back(*each);
        breaching += breaches(alarm, *each->value);
    }
    const auto real = static_cast<int32_t>(out.evaluated.size());
    const int32_t missing = alarm.evaluation_periods - real;
    const std::string treat = alarm.treat_missing.value_or("missing");
    if (missing == 0) {
        out.state = by_count(breaching, needed);
    } else if (treat == "breaching" || treat == "notBreaching") {
        out.filled = missing;
        out.state = by_count(breaching + (treat == "breaching" ? missing : 0), needed);
    } else if (breaching >= needed) {
        out.state = AlarmState::alarm;
    } else if (breaching < real) {
        out.state = AlarmState::ok;
    } else if (treat == "missing") {
        const bool old_enough = real > 0 && oldest_age(range) >= needed;
        out.state = old_enough ? AlarmState::alarm : AlarmState::insufficient_data;
    }
    return out;
}

std::string state_reason(const StoredAlarm& alarm, const Verdict& verdict) {
    if (verdict.state == AlarmState::insufficient_data) {
        const int32_t unknown =
            alarm.evaluation_periods - static_cast<int32_t>(verdict.evaluated.size());
        return "Insufficient Data: " + datapoints(unknown) + " " + std::string(were(unknown)) +
               " unknown.";
    }
    const bool alarming = verdict.state == AlarmState::alarm;
    const std::string threshold =
        fmt::format("{}{} the threshold ({})", alarming ? "" : "not ",
                    comparison_words(alarm.comparison), java_double(alarm.threshold));
    int32_t count = 0;
    const std::string points = listed(alarm, verdict, alarming, count);
    if (verdict.filled > 0 && count == 0)
        return fmt::format("Threshold Crossed: no datapoints were received for {} period{} and {}.",
                           verdict.filled, verdict.filled == 1 ? "" : "s",
                           treated_words(alarm, verdict.filled));
    if (verdict.filled > 0)
        return fmt::format("Threshold Crossed: {} [{}] {} {} and {}.", datapoints(count), points,
                           were(count), threshold, treated_words(alarm, verdict.filled));
    if (static_cast<int32_t>(verdict.evaluated.size()) < alarm.evaluation_periods)
        return fmt::format("Threshold Crossed: {} [{}] {} {}.", datapoints(count), points,
                           were(count), threshold);
    const int32_t least =
        alarming ? needed_points(alarm) : alarm.evaluation_periods - needed_points(alarm) + 1;
    return fmt::format(
        "Threshold Crossed: {} out of the last {} datapoints [{}] {} {} (minimum {} datapoint{} "
        "for {} transition).",
        count, alarm.evaluation_periods, points, were(count), threshold, least,
        least == 1 ? "" : "s", alarming ? "OK -> ALARM" : "ALARM -> OK");
}

std::string state_reason_data(const StoredAlarm& alarm, const Verdict& verdict, Time asked,
                              int32_t period) {
    wire::Json::Object out;
    out["version"] = "1.0";
    out["queryDate"] = java_time(asked);
    wire::Json::Array recent, evaluated;
    for (auto each = verdict.evaluated.rbegin(); each != verdict.evaluated.rend(); ++each)
        recent.push_back(*each->value);
    for (const Observation& each : verdict.evaluated) evaluated.push_back(observed(each));
    if (!verdict.evaluated.empty()) {
        const Time start{std::chrono::seconds{verdict.evaluated.back().start}};
        out["startDate"] = java_time(start);
    }
    if (alarm.metric.unit) out["unit"] = *alarm.metric.unit;
    if (alarm.queries.empty()) out["statistic"] = alarm.metric.statistic;
    out["period"] = period;
    out["recentDatapoints"] = std::move(recent);
    out["threshold"] = alarm.threshold;
    out["evaluatedDatapoints"] = std::move(evaluated);
    return java_json(wire::Json(std::move(out)));
}

std::string java_double(double value) {
    const double size = std::fabs(value);
    if (value == 0 || (size >= 1e-3 && size < 1e7)) {
        std::string out = fmt::format("{}", value);
        return out.find('.') == out.npos ? out + ".0" : out;
    }
    const int exponent = static_cast<int>(std::floor(std::log10(size)));
    std::string mantissa = fmt::format("{}", value / std::pow(10, exponent));
    if (mantissa.find('.') == mantissa.npos) mantissa += ".0";
    return fmt::format("{}E{}", mantissa, exponent);
}

std::string java_json(const wire::Json& value) {
    if (value.type() == wire::Json::Type::number) return java_double(value.as_double());
    std::string out;
    if (value.is_array()) {
        for (const wire::Json& each : value.as_array())
            out += (out.empty() ? "" : ",") + java_json(each);
        return "[" + out + "]";
    }
    if (!value.is_object()) return value.dump();
    for (const auto& [name, each] : value.as_object())
        out += (out.empty() ? "" : ",") + wire::Json(name).dump() + ":" + java_json(each);
    return "{" + out + "}";
}

std::string java_time(Time time) {
    std::string out = iso8601_millis(time);
    out.pop_back();  // Z
    return out + "+0000";
}

}  // namespace unkai::services::cloudwatch
