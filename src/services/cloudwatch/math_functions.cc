#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/strings.h"
#include "services/cloudwatch/math.h"

namespace unkai::services::cloudwatch {

namespace {

using Values = std::vector<MathValue>;
using Numbers = std::vector<double>;

Unexpected wrong_arguments(const std::string& name, std::string_view form) {
    return math_error("Wrong arguments of " + name + ": it is called as " + std::string(form) +
                      ".");
}

template <class Change>  // std::optional<double>(int64_t at, double value)
MathSeries each_point(const MathSeries& in, const Change& change) {
    MathSeries out{in.label, in.period, {}};
    for (const auto& [at, value] : in.points)
        if (const std::optional<double> made = change(at, value); made && std::isfinite(*made))
            out.points[at] = *made;
    return out;
}

// A function of one series, or of each of a list.
template <class Function>  // MathSeries(const MathSeries&)
Result<MathValue> map_series(const std::string& name, const Values& values,
                             const Function& function) {
    if (values.empty()) return wrong_arguments(name, name + "(metric)");
    if (const auto* series = std::get_if<MathSeries>(&values[0]))
        return MathValue(function(*series));
    if (const auto* list = std::get_if<MathList>(&values[0])) {
        MathList out;
        for (const MathSeries& series : *list) out.push_back(function(series));
        return MathValue(std::move(out));
    }
    return wrong_arguments(name, name + "(metric) with a time series");
}

// ABS, CEIL, FLOOR, LOG, LOG10: of numbers too.
std::optional<double> plain_function(const std::string& name, double value) {
    if (name == "ABS") return std::fabs(value);
    if (name == "CEIL") return std::ceil(value);
    if (name == "FLOOR") return std::floor(value);
    if (value <= 0) return std::nullopt;
    return name == "LOG" ? std::log(value) : std::log10(value);
}

Result<MathValue> plain_call(const std::string& name, const Values& values) {
    if (values.size() == 1)
        if (const auto* number = std::get_if<double>(&values[0])) {
            const auto value = plain_function(name, *number);
            if (!value) return math_error("The logarithm of a number that is not positive.");
            return MathValue(*value);
        }
    return map_series(name, values, [&](const MathSeries& in) {
        return each_point(in, [&](int64_t, double value) { return plain_function(name, value); });
    });
}

double aggregate(const std::string& name, const Numbers& numbers) {
    const double count = static_cast<double>(numbers.size());
    double sum = 0;
    for (const double number : numbers) sum += number;
    if (name == "SUM") return sum;
    if (name == "AVG") return sum / count;
    if (name == "MIN") return *std::min_element(numbers.begin(), numbers.end());
    if (name == "MAX") return *std::max_element(numbers.begin(), numbers.end());
    double squares = 0;  // STDDEV
    for (const double number : numbers) squares += std::pow(number - sum / count, 2);
    return std::sqrt(squares / count);
}

Result<MathValue> aggregate_call(const std::string& name, Values values,
                                 const MathContext& context) {
    if (values.empty()) return wrong_arguments(name, name + "(metric) or " + name + "([a, b])");
    if (values.size() == 1)
        if (const auto* series = std::get_if<MathSeries>(&values[0])) {
            if (series->points.empty()) return MathValue(MathSeries{name, context.period, {}});
            Numbers numbers;
            for (const auto& [at, value] : series->points) numbers.push_back(value);
            return MathValue(aggregate(name, numbers));
        }
    MathSeries out{name, context.period, {}};
    std::map<int64_t, Numbers> by_time;
    Numbers constants;
    const auto add = [&](const MathSeries& series) {
        for (const auto& [at, value] : series.points) by_time[at].push_back(value);
        out.period = series.period;
    };
    for (const MathValue& value : values) {
        if (const auto* number = std::get_if<double>(&value)) constants.push_back(*number);
        if (const auto* series = std::get_if<MathSeries>(&value)) add(*series);
        if (const auto* list = std::get_if<MathList>(&value))
            for (const MathSeries& series : *list) add(series);
    }
    if (by_time.empty() && !constants.empty()) return MathValue(aggregate(name, constants));
    for (auto& [at, numbers] : by_time) {
        numbers.insert(numbers.end(), constants.begin(), constants.end());
        out.points[at] = aggregate(name, numbers);
    }
    return MathValue(std::move(out));
}

MathSeries filled(const MathSeries& in, const MathContext& context,
                  const std::function<std::optional<double>(int64_t)>& missing) {
    MathSeries out = in;
    const int64_t step = std::max<int64_t>(1, in.period);
    for (int64_t at = context.from; at < context.to; at += step)
        if (!in.points.contains(at))
            if (const auto value = missing(at)) out.points[at] = *value;
    return out;
}

MathSeries fill_repeat(const MathSeries& in, const MathContext& context) {
    return filled(in, context, [&](int64_t at) -> std::optional<double> {
        const auto next = in.points.lower_bound(at);
        if (next == in.points.begin()) return std::nullopt;
        return std::prev(next)->second;
    });
}

MathSeries fill_linear(const MathSeries& in, const MathContext& context) {
    return filled(in, context, [&](int64_t at) -> std::optional<double> {
        const auto next = in.points.lower_bound(at);
        if (next == in.points.begin() || next == in.points.end()) return std::nullopt;
        const auto before = std::prev(next);
        const double share = static_cast<double>(at - before->first) /
                             static_cast<double>(next->first - before->first);
        return before->second + share * (next->second - before->second);
    });
}

Result<MathValue> fill_call(const MathNode& call, const MathContext& context) {
    constexpr std::string_view form = "FILL(metric, number | metric | REPEAT | LINEAR)";
    if (call.parts.size() != 2) return wrong_arguments("FILL", form);
    TRY(MathValue first, evaluate_math(*call.parts[0], context));
    const MathNode& with = *call.parts[1];
    if (with.kind == MathNode::Kind::name && to_upper(with.text) == "REPEAT")
        return map_series("FILL", {first},
                          [&](const MathSeries& in) { return fill_repeat(in, context); });
    if (with.kind == MathNode::Kind::name && to_upper(with.text) == "LINEAR")
        return map_series("FILL", {first},
                          [&](const MathSeries& in) { return fill_linear(in, context); });
    TRY(MathValue second, evaluate_math(with, context));
    if (std::holds_alternative<MathList>(second)) return wrong_arguments("FILL", form);
    return map_series("FILL", {first}, [&](const MathSeries& in) {
        return filled(in, context, [&](int64_t at) -> std::optional<double> {
            if (const auto* number = std::get_if<double>(&second)) return *number;
            const auto& points = std::get<MathSeries>(second).points;
            const auto found = points.find(at);
            return found == points.end() ? std::nullopt : std::optional(found->second);
        });
    });
}

std::optional<double> value_at_time(const MathValue& value, int64_t at) {
    if (const auto* number = std::get_if<double>(&value)) return *number;
    const auto& points = std::get<MathSeries>(value).points;
    const auto found = points.find(at);
    return found == points.end() ? std::nullopt : std::optional(found->second);
}

Result<MathValue> if_call(const Values& values) {
    constexpr std::string_view form = "IF(condition, value, other)";
    if (values.size() < 2 || values.size() > 3) return wrong_arguments("IF", form);
    for (const MathValue& value : values)
        if (std::holds_alternative<MathList>(value))
            return math_error("IF takes single time series and numbers, not arrays.");
    if (const auto* condition = std::get_if<double>(&values[0])) {
        if (*condition != 0) return values[1];
        if (values.size() == 3) return values[2];
        return MathValue(MathSeries{"IF", 60, {}});
    }
    const auto& condition = std::get<MathSeries>(values[0]);
    return MathValue(each_point(condition, [&](int64_t at, double holds) -> std::optional<double> {
        if (holds != 0) return value_at_time(values[1], at);
        if (values.size() == 3) return value_at_time(values[2], at);
        return std::nullopt;
    }));
}

// DIFF, DIFF_TIME, RATE: of each point and the one before it.
MathSeries steps(const std::string& name, const MathSeries& in) {
    MathSeries out{in.label, in.period, {}};
    const std::pair<const int64_t, double>* before = nullptr;
    for (const auto& point : in.points) {
        if (before) {
            const double seconds = static_cast<double>(point.first - before->first);
            const double change = point.second - before->second;
            out.points[point.first] = name == "DIFF"   ? change
                                      : name == "RATE" ? change / seconds
                                                       : seconds;
        }
        before = &point;
    }
    return out;
}

MathSeries running_sum(const MathSeries& in) {
    double sum = 0;
    return each_point(in, [&](int64_t, double value) { return sum += value; });
}

std::optional<double> calendar(const std::string& name, int64_t at) {
    using namespace std::chrono;
    const sys_seconds time{seconds{at}};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    if (name == "EPOCH") return static_cast<double>(at);
    if (name == "MINUTE") return static_cast<double>(clock.minutes().count());
    if (name == "HOUR") return static_cast<double>(clock.hours().count());
    if (name == "DAY") return weekday{day}.iso_encoding();
    if (name == "DATE") return static_cast<unsigned>(date.day());
    if (name == "MONTH") return static_cast<unsigned>(date.month());
    if (name == "YEAR") return static_cast<int>(date.year());
    return std::nullopt;
}

Result<MathValue> one_number(const std::string& name, const Values& values) {
    const auto* series = values.size() == 1 ? std::get_if<MathSeries>(&values[0]) : nullptr;
    if (name == "METRIC_COUNT" && values.size() == 1 && !series) {
        const auto* list = std::get_if<MathList>(&values[0]);
        return MathValue(list ? static_cast<double>(list->size()) : 0.0);
    }
    if (!series) return wrong_arguments(name, name + "(metric)");
    if (name == "METRIC_COUNT") return MathValue(1.0);
    if (name == "PERIOD") return MathValue(static_cast<double>(series->period));
    return MathValue(static_cast<double>(series->points.size()));  // DATAPOINT_COUNT
}

Result<MathValue> list_call(const std::string& name, const Values& values) {
    MathList list;
    for (const MathValue& value : values) {
        if (const auto* series = std::get_if<MathSeries>(&value)) list.push_back(*series);
        if (const auto* more = std::get_if<MathList>(&value))
            list.insert(list.end(), more->begin(), more->end());
    }
    if (name == "[]") return MathValue(std::move(list));
    if (name == "REMOVE_EMPTY") {
        std::erase_if(list, [](const MathSeries& series) { return series.points.empty(); });
        return MathValue(std::move(list));
    }
    if (list.empty()) return MathValue(std::move(list));
    return MathValue(name == "FIRST" ? std::move(list.front()) : std::move(list.back()));
}

Result<MathValue> slice_call(const Values& values) {
    const auto* list = !values.empty() ? std::get_if<MathList>(&values[0]) : nullptr;
    if (!list || values.size() < 2 || values.size() > 3 ||
        !std::holds_alternative<double>(values[1]))
        return wrong_arguments("SLICE", "SLICE([series], from, to)");
    const double from = std::get<double>(values[1]);
    const double to = values.size() == 3 && std::holds_alternative<double>(values[2])
                          ? std::get<double>(values[2])
                          : from + 1;
    MathList out;
    for (size_t i = 0; i < list->size(); ++i)
        if (static_cast<double>(i) >= from && static_cast<double>(i) < to)
            out.push_back((*list)[i]);
    return MathValue(std::move(out));
}

Result<MathValue> series_of(const Values& values, const MathContext& context) {
    const auto* number = values.size() == 1 ? std::get_if<double>(&values[0]) : nullptr;
    if (!number) return wrong_arguments("TIME_SERIES", "TIME_SERIES(number)");
    MathSeries out{"TIME_SERIES", context.period, {}};
    for (int64_t at = context.from; at < context.to; at += context.period) out.points[at] = *number;
    return MathValue(std::move(out));
}

Result<MathValue> search_call(const MathNode& call, const MathContext& context) {
    constexpr std::string_view form = "SEARCH('{Namespace,Dimension} MetricName=\"x\"', 'Sum', 60)";
    if (call.parts.size() < 2 || call.parts.size() > 3) return wrong_arguments("SEARCH", form);
    SearchQuery query;
    for (const size_t i : {0, 1})
        if (call.parts[i]->kind != MathNode::Kind::text) return wrong_arguments("SEARCH", form);
    query.expression = call.parts[0]->text;
    query.statistic = call.parts[1]->text;
    if (call.parts.size() == 3) query.period = static_cast<int64_t>(call.parts[2]->number);
    TRY(MathList found, context.search(query));
    return MathValue(std::move(found));
}

Result<MathValue> metrics_call(const MathNode& call, const MathContext& context) {
    std::string part;
    if (!call.parts.empty()) {
        if (call.parts[0]->kind != MathNode::Kind::text)
            return wrong_arguments("METRICS", "METRICS() or METRICS(\"part of an id\")");
        part = call.parts[0]->text;
    }
    TRY(MathList list, context.metrics(part));
    return MathValue(std::move(list));
}

bool is_one_of(const std::string& name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool takes_values(const std::string& name) {
    return !is_one_of(name, {"FILL", "METRICS", "SEARCH", "ANOMALY_DETECTION_BAND",
                             "INSIGHT_RULE_METRIC", "DB_PERF_INSIGHTS", "SERVICE_QUOTA"});
}

Result<MathValue> call_math(const std::string& name, const MathNode& call,
                            std::vector<MathValue> values, const MathContext& context) {
    if (is_one_of(name, {"ABS", "CEIL", "FLOOR", "LOG", "LOG10"})) return plain_call(name, values);
    if (is_one_of(name, {"SUM", "AVG", "MIN", "MAX", "STDDEV"}))
        return aggregate_call(name, std::move(values), context);
    if (name == "FILL") return fill_call(call, context);
    if (name == "IF") return if_call(values);
    if (name == "METRICS") return metrics_call(call, context);
    if (name == "SEARCH") return search_call(call, context);
    if (is_one_of(name, {"DIFF", "DIFF_TIME", "RATE"}))
        return map_series(name, values, [&](const MathSeries& in) { return steps(name, in); });
    if (name == "RUNNING_SUM") return map_series(name, values, running_sum);
    if (is_one_of(name, {"EPOCH", "MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR"}))
        return map_series(name, values, [&](const MathSeries& in) {
            return each_point(in, [&](int64_t at, double) { return calendar(name, at); });
        });
    if (is_one_of(name, {"PERIOD", "METRIC_COUNT", "DATAPOINT_COUNT"}))
        return one_number(name, values);
    if (is_one_of(name, {"[]", "REMOVE_EMPTY", "FIRST", "LAST"})) return list_call(name, values);
    if (name == "SLICE") return slice_call(values);
    if (name == "TIME_SERIES") return series_of(values, context);
    if (!takes_values(name) || name == "SORT")
        return math_error("Unkai has no " + name +
                          ": leave it out, or compare with a threshold of your own.");
    return math_error("Invalid function name: " + name + ".");
}

}  // namespace unkai::services::cloudwatch
