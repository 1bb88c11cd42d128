// Metric math: the expressions of GetMetricData and of alarms. Pure.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
// A value is a number, a time series, or a list of time series. Operators between two series keep
// the times that both have; between a list and a series they go through the list. What AWS has and
// this has not (ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, DB_PERF_INSIGHTS, SELECT) answers
// ValidationError with a sentence. SEARCH takes a namespace with dimension names and words that
// must occur; its statistic and period come from its arguments.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace unkai::services::cloudwatch {

struct MathSeries {
    std::string label;
    int64_t period = 60;               // Seconds.
    std::map<int64_t, double> points;  // By the period's start in seconds.
};
using MathList = std::vector<MathSeries>;
using MathValue = std::variant<double, MathSeries, MathList>;

struct MathNode {
    enum class Kind { number, text, name, operation, call };
    Kind kind;
    double number = 0;
    std::string text;  // The text, name, operator or function.
    std::vector<std::unique_ptr<MathNode>> parts;
};
using MathTree = std::unique_ptr<MathNode>;

// Limits: 1,024 characters (AWS's), 64 levels.
Result<MathTree> parse_math(std::string_view expression);

// The names of metrics and expressions that this one uses, and whether it calls METRICS or SEARCH.
struct MathUses {
    std::vector<std::string> names;
    bool metrics = false, search = false;
};
MathUses math_uses(const MathNode& tree);

struct SearchQuery {
    std::string expression, statistic;
    int64_t period = 0;  // 0: that of the query.
};

// What an expression sees.
struct MathContext {
    int64_t from = 0, to = 0;  // Seconds; multiples of the period apart.
    int64_t period = 60;
    // The value with this id; an error when there is none.
    std::function<Result<MathValue>(const std::string& id)> value;
    // All metrics of the request (no expressions), with ids that hold this text.
    std::function<Result<MathList>(const std::string& part)> metrics;
    std::function<Result<MathList>(const SearchQuery&)> search;
};
Result<MathValue> evaluate_math(const MathNode& tree, const MathContext& context);

// The functions by name; "no such function" otherwise (math_functions.cc).
Result<MathValue> call_math(const std::string& name, const MathNode& call,
                            std::vector<MathValue> values, const MathContext& context);
// Whether arguments of this function are evaluated before the call.
bool takes_values(const std::string& name);
inline Unexpected math_error(std::string message) {
    return fail("ValidationError", std::move(message), 400);
}

}  // namespace unkai::services::cloudwatch
