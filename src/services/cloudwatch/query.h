// Queries: metrics and math over a span of time, as GetMetricData and alarms ask.
#pragma once

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/math.h"
#include "services/cloudwatch/series.h"

namespace unkai::services::cloudwatch {

struct QueryScope {
    store::Txn& txn;
    std::string account, region;
    Time now;
};

// 1, 5, 10, 20, 30, or a multiple of 60.
bool is_period(int64_t period);
// The start of the span as AWS rounds it: to the period below a minute, else to the minute.
int64_t round_start(int64_t second, int64_t period);
MetricName metric_name(const QueryScope& scope, const Metric& metric);

// Ids, statistics, periods and expressions of a request; ValidationError says what is wrong.
Status check_queries(const List<MetricDataQuery>& queries);

// The results of some queries; each is computed once. The queries and the scope outlive it.
class QueryRun {
public:
    // Seconds. `most_expressions` deep references end in an error, as cycles do.
    QueryRun(const QueryScope& scope, const List<MetricDataQuery>& queries, int64_t from,
             int64_t to)
        : scope_(scope), queries_(queries), from_(from), to_(to) {}

    Result<MathValue> value(const std::string& id);
    // The period of a query: its own, or the shortest of those that it uses.
    int64_t period(const MetricDataQuery& query, int depth = 0) const;

private:
    const MetricDataQuery* find(const std::string& id) const;
    Result<MathValue> compute(const MetricDataQuery& query);
    Result<MathValue> compute_expression(const MetricDataQuery& query);
    MathSeries metric_series(const Metric& metric, const std::string& statistic, int64_t period,
                             const std::optional<std::string>& unit) const;
    Result<MathList> search(const SearchQuery& query, int64_t period) const;

    const QueryScope& scope_;
    const List<MetricDataQuery>& queries_;
    int64_t from_, to_;
    std::map<std::string, MathValue> done_;
    std::vector<std::string> under_way_;
};

// A label with ${…} filled in from its series, e.g. "${LABEL}: ${AVG}".
std::string dynamic_label(const std::string& label, const MetricDataQuery& query,
                          const MathSeries& series);

// Whether a metric is one that a SEARCH expression asks for (search.cc).
struct SearchTerms {
    std::optional<std::string> space;
    std::vector<std::string> dimension_names;  // Exactly these, when a schema was given.
    bool has_schema = false;
    std::vector<std::pair<std::string, std::string>> exact;  // Property or dimension, and value.
    std::vector<std::string> words;                          // Anywhere, in any case.
    bool match(const std::string& metric_space, const std::string& name,
               const StoredMetric& metric) const;
};
Result<SearchTerms> parse_search(std::string_view text);

}  // namespace unkai::services::cloudwatch
