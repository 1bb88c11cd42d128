// What the metric data of a CLOUDWATCH_METRIC check's alarm says, whatever the alarm's state is.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/
// dns-failover-determining-health-of-endpoints.html
#include "api/cloudwatch.h"
#include "services/route53/health_monitor.h"

namespace unkai::services::route53 {

namespace cloudwatch = api::cloudwatch;

Task<std::optional<bool>> HealthMonitor::ask_alarm(HealthCheckRecord check) {
    const aws::Caller caller =
        aws::service_caller("route53.amazonaws.com", check.account, check.alarm_region);
    const auto found = co_await client_.call<cloudwatch::op::DescribeAlarms>(
        caller, {.alarm_names = {check.alarm_name}});
    if (!found || found->metric_alarms.empty()) co_return std::nullopt;
    const cloudwatch::MetricAlarm& alarm = found->metric_alarms[0];
    AlarmRule rule{.comparison = alarm.comparison_operator.value_or(""),
                   .threshold = alarm.threshold.value_or(0),
                   .periods = static_cast<size_t>(alarm.evaluation_periods.value_or(1)),
                   .missing = alarm.treat_missing_data.value_or("missing")};
    rule.to_alarm =
        static_cast<size_t>(alarm.datapoints_to_alarm.value_or(static_cast<int32_t>(rule.periods)));
    const int32_t period = alarm.period.value_or(60);
    cloudwatch::GetMetricDataInput input;
    if (alarm.metric_name) {
        cloudwatch::MetricDataQuery query{.id = "m1"};
        cloudwatch::MetricStat stat;
        stat.metric.namespace_ = alarm.namespace_;
        stat.metric.metric_name = alarm.metric_name;
        stat.metric.dimensions = alarm.dimensions;
        stat.period = period;
        stat.stat = alarm.statistic.value_or(alarm.extended_statistic.value_or("Average"));
        query.metric_stat = std::move(stat);
        input.metric_data_queries.push_back(std::move(query));
    } else {
        input.metric_data_queries = alarm.metrics;
    }
    const auto length = std::chrono::seconds(period);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(env_.now().time_since_epoch());
    const Time end = Time(now / length * length);
    input.start_time = end - length * static_cast<int64_t>(rule.periods);
    input.end_time = end;
    const auto data = co_await client_.call<cloudwatch::op::GetMetricData>(caller, input);
    if (!data || data->metric_data_results.empty()) co_return std::nullopt;
    std::vector<std::optional<double>> points(rule.periods);
    const cloudwatch::MetricDataResult& result = data->metric_data_results[0];
    for (size_t i = 0; i < result.timestamps.size() && i < result.values.size(); ++i) {
        const auto index = (result.timestamps[i] - input.start_time) / length;
        if (index >= 0 && static_cast<size_t>(index) < points.size())
            points[static_cast<size_t>(index)] = result.values[i];
    }
    co_return alarm_passes(rule, points);
}

}  // namespace unkai::services::route53
