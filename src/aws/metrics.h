// What a service measures, collected and published to CloudWatch as AWS's own metrics.
//
//     aws::Metrics metrics{"AWS/SQS"};
//     metrics.add("NumberOfMessagesSent", {{"QueueName", name}}, "Count", 1);       // cheap, often
//     co_await metrics.publish(client, aws::service_caller("sqs.amazonaws.com", account, region),
//                              env.now());                                  // each 10 s, not
//                              oftener
//
// Each metric and dimension set becomes one datum with its distinct values and their counts, so
// that sums, averages and percentiles hold; more than 150 distinct values are rounded to steps of
// at least 2 % (at most 1 % off). Data is stored by the second, so that alarms on 10-second periods
// see it. A metric that was not added to since the last publish publishes nothing: for those that
// AWS reports as 0, add 0. Control loop only.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/cloudwatch.h"
#include "aws/client.h"

namespace unkai::aws {

class Metrics {
public:
    using Dimensions = std::vector<std::pair<std::string, std::string>>;
    static constexpr size_t values_per_datum = 150, data_per_call = 1000;

    explicit Metrics(std::string space) : space_(std::move(space)) {}

    // `times` samples of `value`; `unit` is one of CloudWatch's, e.g. Seconds, Percent, None.
    void add(std::string_view name, const Dimensions& dimensions, std::string_view unit,
             double value, double times = 1) {
        Sample& sample = samples_[{std::string(name), dimensions}];
        sample.unit = unit;
        sample.values[value] += times;
        if (sample.values.size() > 4 * values_per_datum) shrink(sample.values);
    }
    bool empty() const { return samples_.empty(); }

    // What was added since the last time, as data of `time`, a thousand a call.
    std::vector<api::cloudwatch::PutMetricDataInput> take(Time time) {
        std::vector<api::cloudwatch::PutMetricDataInput> out;
        for (auto& [key, sample] : samples_) {
            shrink(sample.values);
            if (out.empty() || out.back().metric_data.size() == data_per_call)
                out.emplace_back().namespace_ = space_;
            api::cloudwatch::MetricDatum& datum = out.back().metric_data.emplace_back();
            datum.metric_name = key.first;
            for (const auto& [name, value] : key.second) datum.dimensions.push_back({name, value});
            datum.timestamp = time;
            datum.unit = sample.unit;
            datum.storage_resolution = 1;
            for (const auto& [value, times] : sample.values) {
                datum.values.push_back(value);
                datum.counts.push_back(times);
            }
        }
        samples_.clear();
        return out;
    }

    // The first error; what could not be published is dropped.
    Task<Status> publish(Client& client, Caller caller, Time time) {
        Status status;
        for (auto& input : take(time)) {
            const auto put =
                co_await client.call<api::cloudwatch::op::PutMetricData>(caller, std::move(input));
            if (!put && status) status = put.error();
        }
        co_return status;
    }

private:
    using Values = std::map<double, double>;
    struct Sample {
        std::string unit;
        Values values;
    };

    static void shrink(Values& values) {
        for (double step = std::log(1.02); values.size() > values_per_datum; step *= 2) {
            Values rounded;
            for (const auto& [value, times] : values) {
                const double size = std::fabs(value);
                const double near =
                    size == 0 ? 0 : std::exp(std::round(std::log(size) / step) * step);
                rounded[value < 0 ? -near : near] += times;
            }
            values = std::move(rounded);
        }
    }

    std::string space_;
    std::map<std::pair<std::string, Dimensions>, Sample> samples_;
};

}  // namespace unkai::aws
