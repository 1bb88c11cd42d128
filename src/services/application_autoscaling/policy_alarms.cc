#include "services/application_autoscaling/policy_alarms.h"

#include "base/strings.h"

namespace unkai::services::application_autoscaling {

namespace {

using Dimensions = std::vector<std::pair<std::string, std::string>>;

Dimensions service_dimensions(const TargetName& name) {
    const auto parts = split(name.resource, '/');
    return {{"ClusterName", std::string(parts.at(1))}, {"ServiceName", std::string(parts.at(2))}};
}

// app/web/50dc6c495c0c9188/targetgroup/web/943f017f100becff
Result<Dimensions> request_dimensions(const std::optional<std::string>& label) {
    const size_t at = label.value_or("").find("/targetgroup/");
    if (!label || !label->starts_with("app/") || at == std::string::npos)
        return validation_error(
            "ALBRequestCountPerTarget needs a ResourceLabel: "
            "app/LOAD-BALANCER/ID/targetgroup/TARGET-GROUP/ID.");
    return Dimensions{{"LoadBalancer", label->substr(0, at)},
                      {"TargetGroup", label->substr(at + 1)}};
}

Result<AlarmSettings> predefined(const TargetName& name,
                                 const PredefinedMetricSpecification& metric) {
    const std::string& type = metric.predefined_metric_type;
    AlarmSettings out{.space = "AWS/ECS", .statistic = "Average"};
    if (name.space == "ecs" && (type == "ECSServiceAverageCPUUtilization" ||
                                type == "ECSServiceAverageMemoryUtilization")) {
        out.metric =
            type == "ECSServiceAverageCPUUtilization" ? "CPUUtilization" : "MemoryUtilization";
        out.dimensions = service_dimensions(name);
        return out;
    }
    if (name.space == "ecs" && type == "ALBRequestCountPerTarget") {
        out.space = "AWS/ApplicationELB";
        out.metric = "RequestCountPerTarget";
        out.statistic = "Sum";
        TRY(out.dimensions, request_dimensions(metric.resource_label));
        return out;
    }
    if (name.space == "rds" && (type == "RDSReaderAverageCPUUtilization" ||
                                type == "RDSReaderAverageDatabaseConnections")) {
        out.space = "AWS/RDS";
        out.metric =
            type == "RDSReaderAverageCPUUtilization" ? "CPUUtilization" : "DatabaseConnections";
        out.dimensions = {{"DBClusterIdentifier", name.resource.substr(8)}, {"Role", "READER"}};
        return out;
    }
    return validation_error("The predefined metric " + type + " is not one of " + name.space +
                            ", " + name.dimension + ".");
}

Result<AlarmSettings> customized(const CustomizedMetricSpecification& metric) {
    AlarmSettings out;
    if (metric.metrics.given()) {
        if (metric.metric_name || metric.namespace_ || metric.statistic)
            return validation_error("A customized metric has either Metrics or MetricName.");
        out.queries = metric.metrics;
        return out;
    }
    if (!metric.metric_name || !metric.namespace_ || !metric.statistic)
        return validation_error(
            "A customized metric needs MetricName, Namespace and Statistic, or Metrics.");
    out.metric = *metric.metric_name;
    out.space = *metric.namespace_;
    out.statistic = *metric.statistic;
    out.unit = metric.unit;
    for (const MetricDimension& dimension : metric.dimensions)
        out.dimensions.emplace_back(dimension.name, dimension.value);
    return out;
}

api::cloudwatch::MetricDataQuery alarm_query(const TargetTrackingMetricDataQuery& query) {
    api::cloudwatch::MetricDataQuery out{.id = query.id};
    out.expression = query.expression;
    out.label = query.label;
    out.return_data = query.return_data;
    if (!query.metric_stat) return out;
    auto& metric = out.metric_stat.emplace();
    metric.metric.namespace_ = query.metric_stat->metric.namespace_;
    metric.metric.metric_name = query.metric_stat->metric.metric_name;
    for (const auto& dimension : query.metric_stat->metric.dimensions)
        metric.metric.dimensions.push_back({dimension.name, dimension.value});
    metric.period = 60;
    metric.stat = query.metric_stat->stat;
    metric.unit = query.metric_stat->unit;
    return out;
}

api::cloudwatch::PutMetricAlarmInput tracking_alarm(const ScalingPolicy& policy,
                                                    const AlarmSettings& settings) {
    api::cloudwatch::PutMetricAlarmInput out;
    out.alarm_description =
        "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + policy.policy_arn + ".";
    out.actions_enabled = true;
    out.alarm_actions = {policy.policy_arn};
    if (!settings.queries.empty()) {
        for (const auto& query : settings.queries) out.metrics.push_back(alarm_query(query));
        return out;
    }
    out.namespace_ = settings.space;
    out.metric_name = settings.metric;
    out.statistic = settings.statistic;
    out.unit = settings.unit;
    out.period = 60;
    for (const auto& [name, value] : settings.dimensions) out.dimensions.push_back({name, value});
    return out;
}

}  // namespace

Result<AlarmSettings> alarm_settings(const TargetName& name,
                                     const TargetTrackingScalingPolicyConfiguration& policy) {
    if (policy.predefined_metric_specification.has_value() ==
        policy.customized_metric_specification.has_value())
        return validation_error(
            "A target tracking policy has either PredefinedMetricSpecification or "
            "CustomizedMetricSpecification.");
    if (!(policy.target_value > 0)) return validation_error("TargetValue must be above 0.");
    if (policy.predefined_metric_specification)
        return predefined(name, *policy.predefined_metric_specification);
    return customized(*policy.customized_metric_specification);
}

List<api::cloudwatch::PutMetricAlarmInput> tracking_alarms(const TargetName& name,
                                                           const ScalingPolicy& policy,
                                                           const AlarmSettings& settings,
                                                           Random& random) {
    const auto& tracking = *policy.target_tracking_scaling_policy_configuration;
    List<api::cloudwatch::PutMetricAlarmInput> out;
    for (const bool high : {true, false}) {
        if (!high && tracking.disable_scale_in.value_or(false)) continue;
        auto alarm = tracking_alarm(policy, settings);
        alarm.alarm_name = "TargetTracking-" + name.resource +
                           (high ? "-AlarmHigh-" : "-AlarmLow-") + random.uuid();
        alarm.evaluation_periods = high ? 3 : 15;
        alarm.threshold = high ? tracking.target_value : tracking.target_value * 0.9;
        alarm.comparison_operator = high ? "GreaterThanThreshold" : "LessThanThreshold";
        out.push_back(std::move(alarm));
    }
    return out;
}

api::cloudwatch::GetMetricDataInput newest_data(const api::cloudwatch::MetricAlarm& alarm,
                                                Time now) {
    api::cloudwatch::GetMetricDataInput out;
    out.metric_data_queries = alarm.metrics;
    int32_t period = alarm.period.value_or(60);
    if (alarm.metrics.empty()) {
        api::cloudwatch::MetricDataQuery query{.id = "m1"};
        auto& metric = query.metric_stat.emplace();
        metric.metric.namespace_ = alarm.namespace_;
        metric.metric.metric_name = alarm.metric_name;
        metric.metric.dimensions = alarm.dimensions;
        metric.period = period;
        metric.stat =
            alarm.statistic ? *alarm.statistic : alarm.extended_statistic.value_or("Average");
        metric.unit = alarm.unit;
        out.metric_data_queries.push_back(std::move(query));
    }
    const int64_t step = std::max<int32_t>(period, 10);
    const int64_t end = whole_seconds(now) - whole_seconds(now) % std::min<int64_t>(step, 60);
    out.end_time = Time{std::chrono::seconds{end}};
    out.start_time = out.end_time - std::chrono::seconds{step * 5};
    out.scan_by = "TimestampDescending";
    return out;
}

}  // namespace unkai::services::application_autoscaling
