// Publishes what the edges count to CloudWatch as AWS/CloudFront, each 10 s by the clock.
//
// CloudFront developer guide: programming-cloudwatch-metrics
// Dimensions: DistributionId and Region=Global, in us-east-1. Error rates have one sample a request
// (100 or 0), so that their average is exact over any period.
//
//     scope.spawn(metrics.run(stop));
#pragma once

#include <functional>

#include "aws/metrics.h"
#include "planes/cdn/cdn.h"
#include "rt/env.h"
#include "store/store.h"

namespace unkai::services::cloudfront {

using CountersById = std::map<std::string, planes::cdn::CdnCounters>;

class MetricsPublisher {
public:
    static constexpr int64_t period = 10;  // Seconds.

    MetricsPublisher(Env& env, store::Store& store, aws::Client& client,
                     std::function<Task<CountersById>()> collect)
        : env_(env), store_(store), client_(client), collect_(std::move(collect)) {}
    Task<void> run(Stop& stop);
    // What was counted since the last time, as data of the period that begins at `start`.
    Task<Status> publish(Time start);

private:
    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    std::function<Task<CountersById>()> collect_;
    CountersById before_;
};

}  // namespace unkai::services::cloudfront
