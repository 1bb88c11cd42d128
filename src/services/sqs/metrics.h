// AWS/SQS: what each active queue did, told to CloudWatch every minute.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
// sqs-available-cloudwatch-metrics.html
// A queue is active for six hours after something was in it or asked of it. Counts of a minute that
// the program did not live to its end are lost: metrics are not promised to be durable.
#pragma once

#include "api/cloudwatch.h"
#include "aws/client.h"
#include "services/sqs/queues.h"

namespace unkai::services::sqs {

class Metrics {
public:
    static constexpr Duration period = std::chrono::minutes(1);
    static constexpr Duration active = std::chrono::hours(6);
    static constexpr size_t metrics_per_call = 500;

    Metrics(Queues& queues, aws::Client& client) : queues_(queues), client_(client) {}
    // At each full minute, until stopped.
    Task<void> run(Stop& stop);
    Task<void> publish();

private:
    // What the minute before `now` was; the queue's counters begin anew.
    static void tell(LiveQueue& queue, Time now, List<api::cloudwatch::MetricDatum>& out);

    Queues& queues_;
    aws::Client& client_;
};

}  // namespace unkai::services::sqs
