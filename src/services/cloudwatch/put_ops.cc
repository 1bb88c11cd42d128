#include <cmath>

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/limits.h"
#include "services/cloudwatch/series.h"

namespace unkai::services::cloudwatch {

namespace {

bool blank(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isspace(c) != 0; });
}

Status check_number(double value, const std::string& parameter) {
    if (std::isnan(value) || std::isinf(value) || std::fabs(value) > limits::largest_value)
        return invalid("The value " + std::to_string(value) + " for parameter " + parameter +
                       " is invalid.");
    return ok();
}

Result<std::map<std::string, std::string>> read_dimensions(const MetricDatum& datum,
                                                           const std::string& where) {
    if (datum.dimensions.size() > limits::dimensions)
        return invalid("The collection " + where +
                       "Dimensions must not have a size greater than 30.");
    std::map<std::string, std::string> out;
    for (size_t i = 0; i < datum.dimensions.size(); ++i) {
        const Dimension& dimension = datum.dimensions[i];
        const std::string at = where + "Dimensions.member." + std::to_string(i + 1) + ".";
        if (blank(dimension.name) || dimension.name.starts_with(':'))
            return invalid("The value " + dimension.name + " for parameter " + at +
                           "Name is invalid.");
        if (blank(dimension.value))
            return invalid("The value " + dimension.value + " for parameter " + at +
                           "Value is invalid.");
        if (!out.emplace(dimension.name, dimension.value).second)
            return invalid("The parameter " + where +
                           "Dimensions must not name a dimension twice: " + dimension.name + ".");
    }
    return out;
}

Result<Statistics> read_array(const MetricDatum& datum, const std::string& where) {
    if (datum.values.size() > limits::values_per_datum)
        return invalid("The collection " + where + "Values must not have a size greater than 150.");
    if (!datum.counts.empty() && datum.counts.size() != datum.values.size())
        return invalid("The parameters " + where + "Values and " + where +
                       "Counts must be of the same size.");
    Statistics out;
    for (size_t i = 0; i < datum.values.size(); ++i) {
        REQUIRE(check_number(datum.values[i], where + "Values"));
        const double count = datum.counts.empty() ? 1 : datum.counts[i];
        REQUIRE(check_number(count, where + "Counts"));
        if (count < 0)
            return invalid("The value " + std::to_string(count) + " for parameter " + where +
                           "Counts is invalid.");
        out.add(datum.values[i], count);
    }
    return out;
}

Result<Statistics> read_set(const StatisticSet& set, const std::string& where) {
    for (const double value : {set.sample_count, set.sum, set.minimum, set.maximum})
        REQUIRE(check_number(value, where + "StatisticValues"));
    if (set.sample_count < 0)
        return invalid("The parameter " + where +
                       "StatisticValues.SampleCount must be greater than or equal to 0.");
    if (set.minimum > set.maximum)
        return invalid("The parameter " + where +
                       "StatisticValues.Maximum must be greater than or equal to " + where +
                       "StatisticValues.Minimum.");
    Statistics out;
    out.add_set(set.sample_count, set.sum, set.minimum, set.maximum);
    return out;
}

Result<Statistics> read_statistics(const MetricDatum& datum, const std::string& where) {
    const bool has_values = datum.values.given();
    if (datum.value.has_value() + datum.statistic_values.has_value() + has_values > 1)
        return errors::InvalidParameterCombinationException(
            "The parameters " + where + "Value, " + where + "StatisticValues and " + where +
            "Values are mutually exclusive and you have specified more than one.");
    if (has_values) return read_array(datum, where);
    if (datum.statistic_values) return read_set(*datum.statistic_values, where);
    if (!datum.value)
        return errors::MissingRequiredParameterException("The parameter " + where +
                                                         "Value is required.");
    REQUIRE(check_number(*datum.value, where + "Value"));
    Statistics out;
    out.add(*datum.value);
    return out;
}

Status check_time(Time time, Time now, const std::string& where) {
    if (time > now + limits::latest_datum)
        return invalid("The parameter " + where +
                       "Timestamp must specify a time no more than two hours in the future.");
    if (time < now - limits::oldest_datum)
        return invalid("The parameter " + where +
                       "Timestamp must specify a time within the past two weeks.");
    return ok();
}

Status put_datum(aws::Call& call, const std::string& space, const MetricDatum& datum,
                 const std::string& where) {
    if (blank(datum.metric_name) || datum.metric_name.size() > limits::name_characters)
        return invalid("The value " + datum.metric_name + " for parameter " + where +
                       "MetricName is invalid.");
    MetricName name{call.account, call.region, space, datum.metric_name, {}};
    TRY(name.dimensions, read_dimensions(datum, where));
    TRY(auto statistics, read_statistics(datum, where));
    const Time time = datum.timestamp.value_or(call.now);
    REQUIRE(check_time(time, call.now, where));
    const int32_t resolution = datum.storage_resolution.value_or(60);
    if (resolution != 1 && resolution != 60)
        return invalid("The value " + std::to_string(resolution) + " for parameter " + where +
                       "StorageResolution is invalid. Valid values are 1 and 60.");
    const auto unit = unit_number(datum.unit.value_or("None"));
    if (!unit)
        return invalid("The value " + *datum.unit + " for parameter " + where + "Unit is invalid.");
    if (statistics.empty()) return ok();
    add_sample(call.txn(), call.env.random, name,
               {whole_seconds(time), resolution == 1, *unit, std::move(statistics)}, call.now);
    return ok();
}

Status check_namespace(const aws::Call& call, const std::string& space) {
    const bool ours = call.principal.kind == aws::Principal::Kind::service;
    if (blank(space) || space.starts_with(':') || (space.starts_with("AWS/") && !ours))
        return invalid("The value " + space + " for parameter Namespace is invalid.");
    return ok();
}

}  // namespace

Result<PutMetricDataOutput> CloudWatch::PutMetricData(aws::Call& call,
                                                      const PutMetricDataInput& in) {
    REQUIRE(check_namespace(call, in.namespace_));
    size_t total = in.metric_data.size();
    for (const EntityMetricData& data : in.entity_metric_data) total += data.metric_data.size();
    if (total == 0)
        return errors::MissingRequiredParameterException("The parameter MetricData is required.");
    if (total > limits::data_per_put)
        return invalid("The collection MetricData must not have a size greater than 1000.");
    for (size_t i = 0; i < in.metric_data.size(); ++i)
        REQUIRE(put_datum(call, in.namespace_, in.metric_data[i],
                          "MetricData.member." + std::to_string(i + 1) + "."));
    for (const EntityMetricData& data : in.entity_metric_data)
        for (size_t i = 0; i < data.metric_data.size(); ++i)
            REQUIRE(put_datum(call, in.namespace_, data.metric_data[i],
                              "EntityMetricData.MetricData.member." + std::to_string(i + 1) + "."));
    return PutMetricDataOutput{};
}

}  // namespace unkai::services::cloudwatch
