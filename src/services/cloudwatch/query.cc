#include "services/cloudwatch/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr int most_references = 64;

bool is_query_id(const std::string& id) {
    return !id.empty() && id.size() <= 255 && id[0] >= 'a' && id[0] <= 'z' &&
           std::all_of(id.begin(), id.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

Status check_query(const MetricDataQuery& query) {
    if (!is_query_id(query.id))
        return math_error("The value " + query.id +
                          " for parameter MetricDataQueries Id is invalid: it starts with a "
                          "lower-case letter and has letters, digits and _ only.");
    if (query.metric_stat.has_value() == query.expression.has_value())
        return math_error("Query " + query.id + " must have either MetricStat or Expression.");
    if (query.expression) {
        auto tree = parse_math(*query.expression);
        if (!tree)
            return math_error("Error in expression '" + query.id + "': " + tree.error().message);
        if (query.period && !is_period(*query.period))
            return math_error("The value " + std::to_string(*query.period) +
                              " for parameter Period is invalid.");
        return ok();
    }
    const MetricStat& metric = *query.metric_stat;
    if (!metric.metric.namespace_ || !metric.metric.metric_name)
        return math_error("Query " + query.id + " must have Namespace and MetricName.");
    if (!parse_statistic(metric.stat))
        return math_error("The value " + metric.stat + " for parameter Stat of query " + query.id +
                          " is invalid.");
    if (!is_period(metric.period))
        return math_error("The value " + std::to_string(metric.period) +
                          " for parameter Period is invalid. It must be 1, 5, 10, 20, 30 or a "
                          "multiple of 60.");
    if (metric.unit && !unit_number(*metric.unit))
        return math_error("The value " + *metric.unit + " for parameter Unit is invalid.");
    return ok();
}

// What ${…} stands for; nothing when there is no such word.
std::optional<std::string> label_word(const std::string& word, const MetricDataQuery& query,
                                      const MathSeries& series) {
    if (word == "LABEL") return series.label;
    if (word == "DATAPOINT_COUNT") return std::to_string(series.points.size());
    if (word.starts_with("PROP('") && word.ends_with("')") && query.metric_stat) {
        const std::string name = word.substr(6, word.size() - 8);
        const MetricStat& metric = *query.metric_stat;
        if (name == "Stat") return metric.stat;
        if (name == "Period") return std::to_string(metric.period);
        if (name == "MetricName") return metric.metric.metric_name.value_or("");
        if (name == "Namespace") return metric.metric.namespace_.value_or("");
        for (const Dimension& dimension : metric.metric.dimensions)
            if (name == "Dim." + dimension.name) return dimension.value;
        return std::string();
    }
    if (series.points.empty()) return std::string("--");
    double sum = 0, least = series.points.begin()->second, most = least;
    for (const auto& [at, value] : series.points) {
        sum += value;
        least = std::min(least, value);
        most = std::max(most, value);
    }
    const std::pair<std::string_view, double> numbers[] = {
        {"AVG", sum / static_cast<double>(series.points.size())},
        {"SUM", sum},
        {"MIN", least},
        {"MAX", most},
        {"FIRST", series.points.begin()->second},
        {"LAST", series.points.rbegin()->second}};
    for (const auto& [name, value] : numbers)
        if (word == name) return fmt::format("{:.2f}", value);
    return std::nullopt;
}

}  // namespace

bool is_period(int64_t period) {
    return period == 1 || period == 5 || period == 10 || period == 20 || period == 30 ||
           (period > 0 && period % 60 == 0);
}

int64_t round_start(int64_t second, int64_t period) {
    return second - second % std::min<int64_t>(period, 60);
}

MetricName metric_name(const QueryScope& scope, const Metric& metric) {
    MetricName out{scope.account,
                   scope.region,
                   metric.namespace_.value_or(""),
                   metric.metric_name.value_or(""),
                   {}};
    for (const Dimension& dimension : metric.dimensions)
        out.dimensions[dimension.name] = dimension.value;
    return out;
}

Status check_queries(const List<MetricDataQuery>& queries) {
    if (queries.empty() || queries.size() > limits::queries_per_request)
        return math_error("A request has 1 to 500 metric data queries.");
    std::set<std::string> ids;
    for (const MetricDataQuery& query : queries) {
        REQUIRE(check_query(query));
        if (!ids.insert(query.id).second)
            return math_error("The Id " + query.id + " is used by more than one query.");
    }
    return ok();
}

const MetricDataQuery* QueryRun::find(const std::string& id) const {
    for (const MetricDataQuery& query : queries_)
        if (query.id == id) return &query;
    return nullptr;
}

int64_t QueryRun::period(const MetricDataQuery& query, int depth) const {
    if (query.metric_stat) return query.metric_stat->period;
    if (query.period) return *query.period;
    if (depth > most_references) return 60;
    auto tree = parse_math(query.expression.value_or(""));
    if (!tree) return 60;
    const MathUses uses = math_uses(**tree);
    std::optional<int64_t> shortest;
    for (const MetricDataQuery& other : queries_) {
        const bool used =
            std::find(uses.names.begin(), uses.names.end(), other.id) != uses.names.end();
        if (&other == &query || (!used && !(uses.metrics && other.metric_stat))) continue;
        const int64_t its = period(other, depth + 1);
        shortest = std::min(shortest.value_or(its), its);
    }
    return shortest.value_or(60);
}

Result<MathValue> QueryRun::value(const std::string& id) {
    if (const auto known = done_.find(id); known != done_.end()) return known->second;
    const MetricDataQuery* query = find(id);
    if (!query) return math_error("The expression uses " + id + ", and no query has that Id.");
    if (std::find(under_way_.begin(), under_way_.end(), id) != under_way_.end() ||
        under_way_.size() > most_references)
        return math_error("The expressions refer to each other in a circle: " + id + ".");
    under_way_.push_back(id);
    auto value = compute(*query);
    under_way_.pop_back();
    if (value) done_.emplace(id, *value);
    return value;
}

MathSeries QueryRun::metric_series(const Metric& metric, const std::string& statistic,
                                   int64_t period, const std::optional<std::string>& unit) const {
    MathSeries out{metric.metric_name.value_or(""), period, {}};
    const auto found = find_metric(scope_.txn, metric_name(scope_, metric));
    if (!found) return out;
    const auto what = parse_statistic(statistic);
    const SeriesRange range{round_start(from_, period), to_, period,
                            unit ? unit_number(*unit) : std::nullopt};
    for (const auto& [at, samples] : read_series(scope_.txn, found->id, range, scope_.now).periods)
        if (const auto value = what->of(samples)) out.points[at] = *value;
    return out;
}

Result<MathList> QueryRun::search(const SearchQuery& query, int64_t period) const {
    TRY(const SearchTerms terms, parse_search(query.expression));
    if (!parse_statistic(query.statistic))
        return math_error("SEARCH: the statistic " + query.statistic + " is invalid.");
    if (query.period != 0 && !is_period(query.period))
        return math_error("SEARCH: the period is invalid.");
    MathList out;
    std::vector<Metric> found;
    schema::metrics.each(scope_.txn, store::key_prefix(scope_.account, scope_.region),
                         [&](const auto& key, const StoredMetric& stored) {
                             if (!terms.match(std::get<2>(key), std::get<3>(key), stored))
                                 return true;
                             Metric metric{.namespace_ = std::get<2>(key),
                                           .metric_name = std::get<3>(key)};
                             for (const auto& [name, value] : stored.dimensions)
                                 metric.dimensions.push_back({name, value});
                             found.push_back(std::move(metric));
                             return found.size() < limits::search_results;
                         });
    for (const Metric& metric : found) {
        out.push_back(metric_series(metric, query.statistic,
                                    query.period != 0 ? query.period : period, std::nullopt));
        for (const Dimension& dimension : metric.dimensions)
            out.back().label += " " + dimension.value;
    }
    return out;
}

Result<MathValue> QueryRun::compute(const MetricDataQuery& query) {
    if (query.expression) {
        auto value = compute_expression(query);
        if (!value && !value.error().message.starts_with("Error in expression"))
            return math_error("Error in expression '" + query.id + "': " + value.error().message);
        return value;
    }
    const MetricStat& metric = *query.metric_stat;
    return MathValue(metric_series(metric.metric, metric.stat, metric.period, metric.unit));
}

Result<MathValue> QueryRun::compute_expression(const MetricDataQuery& query) {
    TRY(const MathTree tree, parse_math(*query.expression));
    const int64_t its_period = period(query);
    MathContext context;
    context.period = its_period;
    const int64_t kept = its_period < 60     ? limits::fine_seconds
                         : its_period < 300  ? limits::minute_seconds
                         : its_period < 3600 ? limits::five_minute_seconds
                                             : limits::hour_seconds;
    const int64_t first = std::max(from_, whole_seconds(scope_.now) - kept);
    const int64_t start = round_start(from_, its_period);
    context.from = start + (first - start) / its_period * its_period;
    context.to = std::min(to_, whole_seconds(scope_.now) + limits::day);
    context.value = [this](const std::string& id) { return value(id); };
    context.metrics = [this](const std::string& part) -> Result<MathList> {
        MathList out;
        for (const MetricDataQuery& other : queries_) {
            if (!other.metric_stat || other.id.find(part) == std::string::npos) continue;
            TRY(MathValue each, value(other.id));
            out.push_back(std::get<MathSeries>(std::move(each)));
        }
        return out;
    };
    context.search = [this, its_period](const SearchQuery& wanted) {
        return search(wanted, its_period);
    };
    return evaluate_math(*tree, context);
}

std::string dynamic_label(const std::string& label, const MetricDataQuery& query,
                          const MathSeries& series) {
    std::string out;
    size_t at = 0;
    for (size_t open; (open = label.find("${", at)) != label.npos;) {
        const size_t close = label.find('}', open);
        if (close == label.npos) break;
        out += label.substr(at, open - at);
        const auto word = label_word(label.substr(open + 2, close - open - 2), query, series);
        out += word ? *word : label.substr(open, close + 1 - open);
        at = close + 1;
    }
    return out + label.substr(at);
}

}  // namespace unkai::services::cloudwatch
