// Publishes what the proxy counts to CloudWatch as AWS/ApplicationELB, each 10 s by the clock.
//
// Application Load Balancer guide: load-balancer-cloudwatch-metrics
// Dimensions: LoadBalancer; of what a target group has, also TargetGroup with LoadBalancer. Health
// also by AvailabilityZone; the proxy counts no other metric by zone. As on AWS, RequestCount and
// ProcessedBytes are always reported, counts of codes and errors only when they are not zero.
//
//     scope.spawn(metrics.run(stop));
#pragma once

#include <functional>

#include "aws/metrics.h"
#include "planes/proxy/counters.h"
#include "planes/proxy/plane.h"
#include "rt/env.h"
#include "services/elbv2/schema.h"

namespace unkai::services::elbv2 {

using Collect = std::function<Task<planes::proxy::Counters>()>;

class MetricsPublisher {
public:
    static constexpr int64_t period = 10;  // Seconds.

    MetricsPublisher(Env& env, store::Store& store, aws::Client& client,
                     const planes::proxy::Plane& plane, Collect collect)
        : env_(env), store_(store), client_(client), plane_(plane), collect_(std::move(collect)) {}
    Task<void> run(Stop& stop);
    // What was counted since the last time, as data of the period that begins at `start`.
    Task<Status> publish(Time start);

private:
    using Owner = std::pair<std::string, std::string>;  // Account, region.
    void add_balancer(const BalancerRecord& record, const planes::proxy::BalancerCounters& now,
                      bool whole_minute, aws::Metrics& metrics);
    void add_group(store::Txn& txn, const Owner& owner, const GroupRecord& record,
                   const std::string& balancer, const planes::proxy::GroupCounters& now,
                   aws::Metrics& metrics);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    const planes::proxy::Plane& plane_;
    Collect collect_;
    planes::proxy::Counters before_;
};

// "app/web/50dc6c495c0c9188" and "targetgroup/web/943f017f100becff" of ARNs.
std::string balancer_dimension(const std::string& arn);
std::string group_dimension(const std::string& arn);
// The load balancer that forwards to each target group, by ARNs.
std::map<std::string, std::string> balancers_of_groups(store::Txn& txn, const std::string& account,
                                                       const std::string& region);

}  // namespace unkai::services::elbv2
