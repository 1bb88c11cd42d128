#include <algorithm>

#include "base/strings.h"
#include "services/cloudwatch/alarm_support.h"
#include "services/cloudwatch/limits.h"
#include "services/cloudwatch/query.h"

namespace unkai::services::cloudwatch {

namespace {

Status check_comparison(const PutMetricAlarmInput& in) {
    if (in.threshold_metric_id ||
        (in.comparison_operator && in.comparison_operator->find("Upper") != std::string::npos))
        return math_error(
            "Unkai has no anomaly detection: give a Threshold and a comparison with it.");
    if (in.evaluation_criteria || in.evaluation_window || in.warm_up_configuration ||
        in.evaluation_interval)
        return math_error(
            "Unkai has alarms on metrics and metric math only: leave out EvaluationCriteria, "
            "EvaluationWindow, EvaluationInterval and WarmUpConfiguration.");
    if (!in.comparison_operator)
        return errors::MissingRequiredParameterException(
            "The parameter ComparisonOperator is required.");
    if (!in.threshold)
        return errors::MissingRequiredParameterException("The parameter Threshold is required.");
    return ok();
}

Status check_counts(const PutMetricAlarmInput& in) {
    if (!in.evaluation_periods)
        return errors::MissingRequiredParameterException(
            "The parameter EvaluationPeriods is required.");
    const int32_t needed = in.datapoints_to_alarm.value_or(*in.evaluation_periods);
    if (*in.evaluation_periods < 1 || needed < 1)
        return math_error("EvaluationPeriods and DatapointsToAlarm must be at least 1.");
    if (needed > *in.evaluation_periods)
        return math_error("DatapointsToAlarm (" + std::to_string(needed) +
                          ") must be lower than or equal to EvaluationPeriods (" +
                          std::to_string(*in.evaluation_periods) + ").");
    return ok();
}

Status check_options(const PutMetricAlarmInput& in) {
    static constexpr std::string_view treatments[] = {"breaching", "notBreaching", "ignore",
                                                      "missing"};
    if (in.treat_missing_data && std::find(std::begin(treatments), std::end(treatments),
                                           *in.treat_missing_data) == std::end(treatments))
        return math_error("Option " + *in.treat_missing_data +
                          " is not supported for TreatMissingData. Supported options: breaching, "
                          "notBreaching, ignore, missing.");
    if (in.evaluate_low_sample_count_percentile &&
        *in.evaluate_low_sample_count_percentile != "evaluate" &&
        *in.evaluate_low_sample_count_percentile != "ignore")
        return math_error("Option " + *in.evaluate_low_sample_count_percentile +
                          " is not supported for EvaluateLowSampleCountPercentile. Supported "
                          "options: evaluate, ignore.");
    return ok();
}

bool is_alarm_period(int64_t period) {
    return period == 10 || period == 20 || period == 30 || (period > 0 && period % 60 == 0);
}

Status check_alarm_period(int32_t period, int32_t periods) {
    if (!is_alarm_period(period))
        return math_error("Period must be 10, 20, 30 or a multiple of 60.");
    const int64_t span = static_cast<int64_t>(period) * periods;
    if (period < limits::hour && span > limits::day)
        return math_error(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be "
            "<= 86400).");
    if (span > 7 * limits::day)
        return math_error(
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must "
            "be <= 604800).");
    return ok();
}

Status read_single_metric(const PutMetricAlarmInput& in, StoredAlarm& alarm) {
    if (!in.namespace_ || !in.metric_name || !in.period)
        return errors::MissingRequiredParameterException(
            "The parameters Namespace, MetricName and Period are required without Metrics.");
    if (in.statistic.has_value() == in.extended_statistic.has_value())
        return errors::InvalidParameterCombinationException(
            "Exactly one of the parameters Statistic and ExtendedStatistic must be specified.");
    alarm.extended = in.extended_statistic.has_value();
    alarm.metric = {.id = "m1",
                    .unit = in.unit,
                    .space = *in.namespace_,
                    .name = *in.metric_name,
                    .statistic = alarm.extended ? *in.extended_statistic : *in.statistic,
                    .metric_period = *in.period};
    if (!parse_statistic(alarm.metric.statistic))
        return math_error("The value " + alarm.metric.statistic +
                          " for parameter ExtendedStatistic is invalid.");
    for (const Dimension& dimension : in.dimensions)
        alarm.metric.dimensions.emplace_back(dimension.name, dimension.value);
    return check_alarm_period(*in.period, *in.evaluation_periods);
}

StoredQuery store_query(const MetricDataQuery& query) {
    StoredQuery out{.id = query.id,
                    .expression = query.expression,
                    .label = query.label,
                    .return_data = query.return_data,
                    .period = query.period};
    if (!query.metric_stat) return out;
    out.space = query.metric_stat->metric.namespace_.value_or("");
    out.name = query.metric_stat->metric.metric_name.value_or("");
    out.statistic = query.metric_stat->stat;
    out.unit = query.metric_stat->unit;
    out.metric_period = query.metric_stat->period;
    for (const Dimension& dimension : query.metric_stat->metric.dimensions)
        out.dimensions.emplace_back(dimension.name, dimension.value);
    return out;
}

Status read_queries(const PutMetricAlarmInput& in, StoredAlarm& alarm) {
    if (in.namespace_ || in.metric_name || in.period || in.statistic || in.extended_statistic ||
        in.unit || in.dimensions.given())
        return errors::InvalidParameterCombinationException(
            "The parameter Metrics cannot be used with MetricName, Namespace, Dimensions, Period, "
            "Unit, Statistic or ExtendedStatistic.");
    REQUIRE(check_queries(in.metrics));
    size_t returned = 0, metrics = 0;
    std::optional<int32_t> period;
    for (const MetricDataQuery& query : in.metrics) {
        returned += query.return_data.value_or(true);
        if (query.expression) {
            const auto tree = parse_math(*query.expression);
            if (math_uses(**tree).search)
                return math_error("SEARCH cannot be used in the Metrics of an alarm.");
        } else {
            ++metrics;
            if (period && *period != query.metric_stat->period)
                return math_error("All metrics of an alarm must have the same period.");
            period = query.metric_stat->period;
        }
        alarm.queries.push_back(store_query(query));
    }
    if (returned != 1)
        return math_error("Exactly one element of the metrics list should return data.");
    if (metrics > limits::alarm_metrics || !period)
        return math_error("The Metrics of an alarm have 1 to 10 metrics.");
    alarm.metric.metric_period = *period;
    return check_alarm_period(*period, *in.evaluation_periods);
}

// Every expression must find what it names.
Status check_references(const StoredAlarm& alarm) {
    for (const StoredQuery& query : alarm.queries) {
        if (!query.expression) continue;
        TRY(const MathTree tree, parse_math(*query.expression));
        for (const std::string& name : math_uses(*tree).names)
            if (std::none_of(alarm.queries.begin(), alarm.queries.end(),
                             [&](const StoredQuery& other) { return other.id == name; }))
                return math_error("Error in expression '" + query.id + "': no query has the Id " +
                                  name + ".");
    }
    return ok();
}

}  // namespace

Result<PutMetricAlarmOutput> CloudWatch::PutMetricAlarm(aws::Call& call,
                                                        const PutMetricAlarmInput& in) {
    REQUIRE(check_alarm_name(in.alarm_name));
    REQUIRE(check_comparison(in));
    REQUIRE(check_counts(in));
    REQUIRE(check_options(in));
    StoredAlarm alarm{.name = in.alarm_name};
    alarm.evaluation_periods = *in.evaluation_periods;
    alarm.datapoints_to_alarm = in.datapoints_to_alarm;
    alarm.threshold = *in.threshold;
    alarm.comparison = *in.comparison_operator;
    alarm.treat_missing = in.treat_missing_data;
    alarm.low_samples = in.evaluate_low_sample_count_percentile;
    if (in.metrics.given()) {
        REQUIRE(read_queries(in, alarm));
        REQUIRE(check_references(alarm));
    } else {
        REQUIRE(read_single_metric(in, alarm));
    }
    REQUIRE(store_alarm(call, alarm, common_of(in)));
    return PutMetricAlarmOutput{};
}

}  // namespace unkai::services::cloudwatch
