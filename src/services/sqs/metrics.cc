#include "services/sqs/metrics.h"

#include "base/log.h"

namespace unkai::services::sqs {

void Metrics::tell(LiveQueue& queue, Time now, List<api::cloudwatch::MetricDatum>& out) {
    queue.order.advance(now);
    const Counters counters = std::exchange(queue.counters, {});
    if (counters.any() || queue.order.size() > 0) queue.last_used = now;
    if (queue.last_used + active < now) return;
    const auto put = [&](const char* name, double value, const char* unit = "Count") {
        api::cloudwatch::MetricDatum datum{.metric_name = name, .timestamp = now - period};
        datum.dimensions = {{.name = "QueueName", .value = queue.record.name}};
        datum.value = value;
        datum.unit = unit;
        out.push_back(std::move(datum));
    };
    put("NumberOfMessagesSent", counters.sent);
    put("NumberOfMessagesReceived", counters.received);
    put("NumberOfMessagesDeleted", counters.deleted);
    put("NumberOfEmptyReceives", counters.empty_receives);
    put("ApproximateNumberOfMessagesVisible", static_cast<double>(queue.order.ready()));
    put("ApproximateNumberOfMessagesNotVisible", static_cast<double>(queue.order.in_flight()));
    put("ApproximateNumberOfMessagesDelayed", static_cast<double>(queue.order.delayed()));
    const Time oldest = queue.order.oldest().value_or(now);
    put("ApproximateAgeOfOldestMessage", static_cast<double>((now - oldest) / 1s), "Seconds");
    if (counters.sent == 0) return;
    put("SentMessageSize", 0, "Bytes");
    out.back().value.reset();
    out.back().statistic_values = {.sample_count = counters.sent,
                                   .sum = counters.bytes,
                                   .minimum = counters.least_bytes,
                                   .maximum = counters.most_bytes};
}

Task<void> Metrics::publish() {
    // By account and region, which is what a call is made for.
    std::map<std::pair<std::string, std::string>, List<api::cloudwatch::MetricDatum>> all;
    for (const auto& [arn, queue] : queues_.all())
        tell(*queue, queues_.env().now(), all[{queue->account, queue->region}]);
    for (auto& [place, data] : all) {
        const auto caller = aws::service_caller("sqs.amazonaws.com", place.first, place.second);
        for (size_t at = 0; at < data.size(); at += metrics_per_call) {
            api::cloudwatch::PutMetricDataInput in{.namespace_ = "AWS/SQS"};
            const size_t end = std::min(data.size(), at + metrics_per_call);
            in.metric_data.assign(data.begin() + static_cast<ptrdiff_t>(at),
                                  data.begin() + static_cast<ptrdiff_t>(end));
            const auto put = co_await client_.call<api::cloudwatch::op::PutMetricData>(caller, in);
            if (!put) log::debug("sqs: metrics were refused", {{"error", put.error().message}});
        }
    }
}

Task<void> Metrics::run(Stop& stop) {
    Loop& loop = queues_.env().loop;
    const auto until_next = [&loop] { return period - loop.now().time_since_epoch() % period; };
    while (co_await loop.sleep(until_next(), &stop)) co_await publish();
}

}  // namespace unkai::services::sqs
