#include "services/cloudwatch/math.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace unkai::services::cloudwatch {
namespace {

MathContext sample_context() {
    static const std::map<std::string, MathSeries> series = {
        {"m1", {"m1", 60, {{0, 1}, {60, 2}, {180, 4}}}},
        {"m2", {"m2", 60, {{0, 10}, {60, 0}, {120, 30}, {180, 40}}}},
        {"none", {"none", 60, {}}}};
    MathContext context{.from = 0, .to = 240, .period = 60};
    context.value = [](const std::string& id) -> Result<MathValue> {
        const auto found = series.find(id);
        if (found == series.end()) return math_error("no " + id);
        return MathValue(found->second);
    };
    context.metrics = [](const std::string& part) -> Result<MathList> {
        MathList out;
        for (const auto& [id, each] : series)
            if (id.find(part) != id.npos) out.push_back(each);
        return out;
    };
    context.search = [](const SearchQuery& query) -> Result<MathList> {
        return MathList{{query.expression, query.period, {{0, 5}}}};
    };
    return context;
}

std::string show_series(const MathSeries& series) {
    std::string out;
    for (const auto& [at, value] : series.points) out += fmt::format(" {}={:.4g}", at, value);
    return out;
}

std::string evaluate_text(std::string_view expression) {
    const auto tree = parse_math(expression);
    if (!tree) return "error";
    const auto value = evaluate_math(**tree, sample_context());
    if (!value) return "error";
    if (const auto* number = std::get_if<double>(&*value)) return fmt::format("{:.4g}", *number);
    if (const auto* series = std::get_if<MathSeries>(&*value)) return show_series(*series);
    std::string out;
    for (const MathSeries& series : std::get<MathList>(*value))
        out += "[" + show_series(series) + "]";
    return out;
}

TEST(MetricMath, EvaluatesExpressions) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"1 + 2 * 3 ^ 2", "19"},
        {"-2 ^ 2", "-4"},
        {"2 ^ 3 ^ 2", "512"},
        {"(1 + 2) * 3", "9"},
        {"1e3 / 4", "250"},
        {"m1 + m2", " 0=11 60=2 180=44"},
        {"m1 / m2", " 0=0.1 180=0.1"},
        {"100 * (m1 / m1)", " 0=100 60=100 180=100"},
        {"m1 > 1", " 0=0 60=1 180=1"},
        {"m1 == 2 OR m2 >= 40", " 0=0 60=1 180=1"},
        {"m1 > 1 && m2 > 1", " 0=0 60=0 180=1"},
        {"!(m1 > 1)", " 0=1 60=0 180=0"},
        {"SUM(METRICS(\"m\"))", " 0=11 60=2 120=30 180=44"},
        {"AVG([m1, m2])", " 0=5.5 60=1 120=30 180=22"},
        {"MAX(m2)", "40"},
        {"MIN([m1, m2])", " 0=1 60=0 120=30 180=4"},
        {"STDDEV([m1, m2])", " 0=4.5 60=1 120=0 180=18"},
        {"m2 / SUM(m2)", " 0=0.125 60=0 120=0.375 180=0.5"},
        {"FILL(m1, 0)", " 0=1 60=2 120=0 180=4"},
        {"FILL(m1, REPEAT)", " 0=1 60=2 120=2 180=4"},
        {"FILL(m1, LINEAR)", " 0=1 60=2 120=3 180=4"},
        {"FILL(m1, m2)", " 0=1 60=2 120=30 180=4"},
        {"FILL(none, 0)", " 0=0 60=0 120=0 180=0"},
        {"IF(m1 > 1, m2, -1)", " 0=-1 60=0 180=40"},
        {"IF(m2 > 5, m1)", " 0=1 180=4"},
        {"IF(1, m1, m2)", " 0=1 60=2 180=4"},
        {"RATE(m2)", " 60=-0.1667 120=0.5 180=0.1667"},
        {"DIFF(m1)", " 60=1 180=2"},
        {"DIFF_TIME(m1)", " 60=60 180=120"},
        {"RUNNING_SUM(m1)", " 0=1 60=3 180=7"},
        {"m1 * PERIOD(m1)", " 0=60 60=120 180=240"},
        {"ABS(0 - m1)", " 0=1 60=2 180=4"},
        {"CEIL(1.2) + FLOOR(1.8)", "3"},
        {"METRIC_COUNT(METRICS())", "3"},
        {"DATAPOINT_COUNT(m1)", "3"},
        {"METRICS(\"m\") * 2", "[ 0=2 60=4 180=8][ 0=20 60=0 120=60 180=80]"},
        {"REMOVE_EMPTY(METRICS())", "[ 0=1 60=2 180=4][ 0=10 60=0 120=30 180=40]"},
        {"FIRST(METRICS(\"m\"))", " 0=1 60=2 180=4"},
        {"SLICE(METRICS(\"m\"), 1)", "[ 0=10 60=0 120=30 180=40]"},
        {"TIME_SERIES(7)", " 0=7 60=7 120=7 180=7"},
        {"SEARCH('{N,d} x', 'Sum', 60)", "[ 0=5]"},
        {"MINUTE(m1)", " 0=0 60=1 180=3"},
        {"sum(m1)", "7"}};
    for (const auto& [expression, wanted] : cases)
        EXPECT_EQ(evaluate_text(expression), wanted) << expression;
}

TEST(MetricMath, RefusesWhatItCannot) {
    for (const char* expression :
         {"", "m1 +", "(m1", "m1 m2", "m9", "NOPE(m1)", "1/0", "FILL(m1)", "IF(m1)", "\"text\"",
          "METRICS() + METRICS()", "ANOMALY_DETECTION_BAND(m1)", "SELECT AVG(x) FROM y", "SUM()",
          "SEARCH(m1, 'Sum')", "m1 + \"x\"", "LOG(0)", "#"})
        EXPECT_EQ(evaluate_text(expression), "error") << expression;
    EXPECT_EQ(evaluate_text(std::string(200, '(')), "error");
}

}  // namespace
}  // namespace unkai::services::cloudwatch
