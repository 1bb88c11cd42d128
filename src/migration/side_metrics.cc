// What CloudWatch says of the two sides.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
// load-balancer-cloudwatch-metrics.html, https://docs.aws.amazon.com/apigateway/latest/
// developerguide/api-gateway-metrics-and-dimensions.html
#include <fmt/format.h>

#include "base/strings.h"
#include "migration/sides.h"

namespace unkai::migration {

using wire::Json;

namespace {

enum class Column { requests, errors, p50, p99 };

struct MetricColumn {
    Column column;
    std::string_view name, statistic;
    double factor = 1;  // To milliseconds.
};

constexpr MetricColumn balancer_columns[] = {
    {Column::requests, "RequestCount", "Sum"},
    {Column::errors, "HTTPCode_Target_5XX_Count", "Sum"},
    {Column::errors, "HTTPCode_ELB_5XX_Count", "Sum"},
    {Column::p50, "TargetResponseTime", "p50", 1000},
    {Column::p99, "TargetResponseTime", "p99", 1000},
};
constexpr MetricColumn rest_columns[] = {
    {Column::requests, "Count", "Sum"},
    {Column::errors, "5XXError", "Sum"},
    {Column::p50, "Latency", "p50"},
    {Column::p99, "Latency", "p99"},
};
constexpr MetricColumn http_columns[] = {
    {Column::requests, "Count", "Sum"},
    {Column::errors, "5xx", "Sum"},
    {Column::p50, "Latency", "p50"},
    {Column::p99, "Latency", "p99"},
};

std::span<const MetricColumn> columns_of(Source::Kind kind) {
    if (kind == Source::Kind::load_balancer) return balancer_columns;
    if (kind == Source::Kind::rest_api) return rest_columns;
    return http_columns;
}

Cloud::Params data_request(const Source& source, Time since, Time until, Duration period) {
    Cloud::Params out{{"StartTime", iso8601(since)},
                      {"EndTime", iso8601(until)},
                      {"ScanBy", "TimestampAscending"}};
    int number = 0;
    for (const MetricColumn& column : columns_of(source.kind)) {
        const std::string at = fmt::format("MetricDataQueries.member.{}.", ++number);
        const std::string stat = at + "MetricStat.";
        out.emplace_back(at + "Id", fmt::format("m{}", number));
        out.emplace_back(stat + "Metric.Namespace", source.kind == Source::Kind::load_balancer
                                                        ? "AWS/ApplicationELB"
                                                        : "AWS/ApiGateway");
        out.emplace_back(stat + "Metric.MetricName", column.name);
        int place = 0;
        for (const auto& [name, value] : source.dimensions) {
            const std::string dimension =
                stat + fmt::format("Metric.Dimensions.member.{}.", ++place);
            out.emplace_back(dimension + "Name", name);
            out.emplace_back(dimension + "Value", value);
        }
        out.emplace_back(stat + "Period", std::to_string(period / Duration(1s)));
        out.emplace_back(stat + "Stat", column.statistic);
    }
    return out;
}

void add_column(std::map<Time, Reading>& rows, const MetricColumn& column, Time at, double value) {
    Reading& row = rows[at];
    row.at = at;
    switch (column.column) {
        case Column::requests:
            row.requests += value;
            break;
        case Column::errors:
            row.errors += value;
            break;
        case Column::p50:
            row.p50 = value * column.factor;
            break;
        case Column::p99:
            row.p99 = value * column.factor;
            break;
    }
}

}  // namespace

Task<Status> Sides::read_sources(const std::vector<Source>& sources, Time since,
                                 std::vector<Reading>& out) {
    std::map<Time, Reading> all;
    for (const Source& source : sources) {
        std::map<Time, Reading> rows;
        CO_TRY(const Json answer,
               co_await cloud_.query("cloudwatch", "GetMetricData",
                                     data_request(source, since, loop_.now() + period_, period_),
                                     source.region));
        const auto columns = columns_of(source.kind);
        for (const Json& result : list_of(answer["MetricDataResults"])) {
            const auto number = parse_uint(std::string_view(result["Id"].text()).substr(1));
            if (!number || *number == 0 || *number > columns.size()) continue;
            const std::vector<Json> times = list_of(result["Timestamps"]);
            const std::vector<Json> values = list_of(result["Values"]);
            for (size_t i = 0; i < std::min(times.size(), values.size()); ++i)
                if (const auto at = parse_iso8601(times[i].text()))
                    add_column(rows, columns[*number - 1], *at,
                               parse_double(values[i].text()).value_or(0));
        }
        for (const auto& [at, row] : rows) {
            Reading& sum = all.try_emplace(at, Reading{.at = at}).first->second;
            const double before = sum.requests;
            sum.requests += row.requests;
            sum.errors += row.errors;
            // Of several APIs behind one name: by their requests.
            for (auto member : {&Reading::p50, &Reading::p99})
                if (row.*member)
                    sum.*member =
                        ((sum.*member).value_or(0) * before + *(row.*member) * row.requests) /
                        std::max(1.0, sum.requests);
        }
    }
    for (const auto& [at, row] : all) out.push_back(row);
    co_return ok();
}

Task<Result<Readings>> Sides::read(Time since) {
    const Duration from_epoch =
        std::chrono::duration_cast<Duration>(since.time_since_epoch()) / period_ * period_;
    Readings out;
    CO_REQUIRE(co_await read_sources(from_, Time(from_epoch), out.from));
    CO_REQUIRE(co_await read_sources(to_, Time(from_epoch), out.to));
    co_return out;
}

}  // namespace unkai::migration
