#include <algorithm>

#include "aws/paging.h"
#include "base/strings.h"
#include "services/cloudwatch/limits.h"
#include "services/cloudwatch/query.h"

namespace unkai::services::cloudwatch {

namespace {

// A result with all its points, before pages are cut.
struct WholeResult {
    MetricDataResult head;
    std::vector<std::pair<int64_t, double>> points;
};

void add_result(std::vector<WholeResult>& out, const MetricDataQuery& query,
                const MathSeries& series, bool ascending) {
    WholeResult result;
    result.head.id = query.id;
    const std::string own_label = query.metric_stat ? series.label : query.id;
    result.head.label = query.label ? dynamic_label(*query.label, query, series) : own_label;
    result.points.assign(series.points.begin(), series.points.end());
    if (!ascending) std::reverse(result.points.begin(), result.points.end());
    out.push_back(std::move(result));
}

Result<std::vector<WholeResult>> run_queries(aws::Call& call, const GetMetricDataInput& in) {
    const QueryScope scope{call.txn(), call.account, call.region, call.now};
    QueryRun run(scope, in.metric_data_queries, whole_seconds(in.start_time),
                 whole_seconds(in.end_time));
    const bool ascending = in.scan_by.value_or("") == scan_by::timestamp_ascending;
    std::vector<WholeResult> out;
    for (const MetricDataQuery& query : in.metric_data_queries) {
        TRY(const MathValue value, run.value(query.id));
        if (!query.return_data.value_or(true)) continue;
        if (const auto* series = std::get_if<MathSeries>(&value)) {
            add_result(out, query, *series, ascending);
        } else if (const auto* list = std::get_if<MathList>(&value)) {
            for (const MathSeries& each : *list) {
                add_result(out, query, each, ascending);
                if (!query.label) out.back().head.label = each.label;
            }
        } else {
            return math_error("Error in expression '" + query.id +
                              "': the expression must result in a time series, and it is a "
                              "number. Use TIME_SERIES(…) or an operation with a metric.");
        }
    }
    return out;
}

Result<size_t> read_offset(const std::optional<std::string>& token) {
    if (!token || token->empty()) return size_t{0};
    TRY(const std::string text, aws::read_token(*token, "InvalidNextToken"));
    const auto offset = parse_uint(text);
    if (!offset) return errors::InvalidNextToken("The token was not made by this operation.");
    return static_cast<size_t>(*offset);
}

// Which points of which results stand on the page that starts after `offset` points.
GetMetricDataOutput cut_page(std::vector<WholeResult> results, size_t offset, size_t most) {
    GetMetricDataOutput out;
    size_t before = 0;
    for (WholeResult& result : results) {
        const size_t size = result.points.size();
        const size_t from = std::clamp(offset, before, before + size) - before;
        const size_t to = std::clamp(offset + most, before, before + size) - before;
        const bool on_first_page = offset == 0 && (size == 0 || from < to);
        before += size;
        if (from == to && !on_first_page) continue;
        for (size_t i = from; i < to; ++i) {
            result.head.timestamps.push_back(Time{std::chrono::seconds{result.points[i].first}});
            result.head.values.push_back(result.points[i].second);
        }
        result.head.timestamps.present = result.head.values.present = true;
        result.head.status_code = to < size ? status_code::partial_data : status_code::complete;
        out.metric_data_results.push_back(std::move(result.head));
    }
    if (offset + most < before) out.next_token = aws::make_token(std::to_string(offset + most));
    return out;
}

Status check_span(Time start, Time end) {
    if (start >= end)
        return invalid("The parameter StartTime must be less than the parameter EndTime.");
    return ok();
}

Status check_statistics_input(const GetMetricStatisticsInput& in) {
    if (in.statistics.empty() && in.extended_statistics.empty())
        return errors::MissingRequiredParameterException(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.");
    REQUIRE(check_span(in.start_time, in.end_time));
    if (!is_period(in.period))
        return invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
    for (const std::string& statistic : in.extended_statistics)
        if (!parse_statistic(statistic))
            return invalid("The value " + statistic +
                           " for parameter ExtendedStatistics is invalid.");
    if (in.unit && !unit_number(*in.unit))
        return invalid("The value " + *in.unit + " for parameter Unit is invalid.");
    const int64_t points = (whole_seconds(in.end_time) - whole_seconds(in.start_time)) / in.period;
    if (points > limits::statistics_points)
        return errors::InvalidParameterCombinationException(
            "You have requested up to " + std::to_string(points) +
            " datapoints, which exceeds the limit of 1,440. You may reduce the datapoints "
            "requested by increasing Period, or decreasing the time range.");
    return ok();
}

Datapoint make_datapoint(const GetMetricStatisticsInput& in, int64_t start, uint8_t unit,
                         const Statistics& samples) {
    Datapoint out;
    out.timestamp = Time{std::chrono::seconds{start}};
    out.unit = std::string(unit_name(unit));
    for (const std::string& name : in.statistics) {
        const auto value = parse_statistic(name)->of(samples);
        if (name == "SampleCount") out.sample_count = value;
        if (name == "Average") out.average = value;
        if (name == "Sum") out.sum = value;
        if (name == "Minimum") out.minimum = value;
        if (name == "Maximum") out.maximum = value;
    }
    for (const std::string& name : in.extended_statistics)
        if (const auto value = parse_statistic(name)->of(samples))
            out.extended_statistics[name] = *value;
    return out;
}

bool matches(const StoredMetric& metric, const List<DimensionFilter>& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const DimensionFilter& filter) {
        return std::any_of(metric.dimensions.begin(), metric.dimensions.end(),
                           [&](const auto& dimension) {
                               return dimension.first == filter.name &&
                                      (!filter.value || *filter.value == dimension.second);
                           });
    });
}

}  // namespace

Result<GetMetricDataOutput> CloudWatch::GetMetricData(aws::Call& call,
                                                      const GetMetricDataInput& in) {
    REQUIRE(check_queries(in.metric_data_queries));
    if (in.start_time >= in.end_time)
        return math_error("The parameter StartTime must be less than the parameter EndTime.");
    const int32_t most = in.max_datapoints.value_or(limits::data_points);
    if (most < 1 || most > limits::data_points)
        return math_error("The parameter MaxDatapoints must be between 1 and 100800.");
    TRY(const size_t offset, read_offset(in.next_token));
    TRY(auto results, run_queries(call, in));
    return cut_page(std::move(results), offset, static_cast<size_t>(most));
}

Result<GetMetricStatisticsOutput> CloudWatch::GetMetricStatistics(
    aws::Call& call, const GetMetricStatisticsInput& in) {
    REQUIRE(check_statistics_input(in));
    GetMetricStatisticsOutput out;
    out.label = in.metric_name;
    const QueryScope scope{call.txn(), call.account, call.region, call.now};
    const auto metric =
        find_metric(call.txn(), metric_name(scope, {in.namespace_, in.metric_name, in.dimensions}));
    if (!metric) return out;
    const SeriesRange range{round_start(whole_seconds(in.start_time), in.period),
                            whole_seconds(in.end_time), in.period,
                            in.unit ? unit_number(*in.unit) : std::nullopt};
    std::map<std::pair<int64_t, uint8_t>, Statistics> periods;
    read_points(call.txn(), metric->id, range, call.now,
                [&](int64_t second, uint8_t unit, const Statistics& statistics) {
                    const int64_t start = second - (second - range.from) % range.period;
                    periods[{start, unit}].add(statistics);
                });
    for (const auto& [key, samples] : periods)
        out.datapoints.push_back(make_datapoint(in, key.first, key.second, samples));
    return out;
}

Result<ListMetricsOutput> CloudWatch::ListMetrics(aws::Call& call, const ListMetricsInput& in) {
    if (in.dimensions.size() > limits::dimension_filters)
        return invalid("The collection Dimensions must not have a size greater than 10.");
    if (in.recently_active && *in.recently_active != recently_active::pt3_h)
        return invalid("The value " + *in.recently_active +
                       " for parameter RecentlyActive is invalid: it can be PT3H.");
    const Time since =
        call.now - (in.recently_active ? std::chrono::hours{3} : limits::oldest_datum);
    using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
    std::optional<Key> after;
    if (in.next_token && !in.next_token->empty()) {
        TRY(const std::string key, aws::read_token(*in.next_token, "InvalidNextToken"));
        if (!key.starts_with(schema::metrics.prefix()))
            return errors::InvalidNextToken("The token was not made by ListMetrics.");
        after = schema::metrics.decode(key);
    }
    std::string prefix = store::key_prefix(call.account, call.region);
    if (in.namespace_) store::put_key_part(prefix, *in.namespace_);
    if (in.namespace_ && in.metric_name) store::put_key_part(prefix, *in.metric_name);
    ListMetricsOutput out;
    Key last;
    const auto each_metric = [&](const Key& key, const StoredMetric& metric) {
        const auto& [account, region, space, name, dimensions] = key;
        if (metric.last_data < since || (in.metric_name && *in.metric_name != name) ||
            !matches(metric, in.dimensions))
            return true;
        if (out.metrics.size() == limits::listed_metrics) {
            out.next_token = aws::make_token(schema::metrics.encode(last));
            return false;
        }
        Metric& listed = out.metrics.emplace_back();
        listed.namespace_ = space;
        listed.metric_name = name;
        listed.dimensions.present = true;
        for (const auto& [dimension, value] : metric.dimensions)
            listed.dimensions.push_back({dimension, value});
        last = key;
        return true;
    };
    schema::metrics.each(call.txn(), prefix, each_metric, after);
    return out;
}

}  // namespace unkai::services::cloudwatch
