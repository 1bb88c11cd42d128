// Publishes what database servers do to CloudWatch as AWS/RDS, each 10 s by the clock.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
// Dimensions: DBInstanceIdentifier; DBClusterIdentifier with Role; DBClusterIdentifier. CPU and
// memory are the server process's against what the instance class has; the rest is asked of the
// server (SHOW GLOBAL STATUS).
//
//     scope.spawn(metrics.run(stop));
#pragma once

#include "aws/metrics.h"
#include "planes/mysql/plane.h"
#include "rt/env.h"
#include "services/rds/schema.h"

namespace unkai::services::rds {

class MetricsPublisher {
public:
    static constexpr int64_t period = 10;  // Seconds.

    MetricsPublisher(Env& env, store::Store& store, aws::Client& client,
                     planes::mysql::Plane& plane)
        : env_(env), store_(store), client_(client), plane_(plane) {}
    Task<void> run(Stop& stop);
    // What happened since the last time, as data of the period that begins at `start`.
    Task<Status> publish(Time start);

private:
    struct Sample {
        Steady at;
        int pid = 0;
        double cpu_seconds = 0;
        std::map<std::string, double> counters;  // Of SHOW GLOBAL STATUS.
    };
    Task<Result<Sample>> sample(const std::string& cluster, const std::string& instance, int pid);
    Task<void> add_instance(Instance instance, Cluster cluster, aws::Metrics& metrics,
                            std::map<std::string, Sample>& samples);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    planes::mysql::Plane& plane_;
    std::map<std::string, Sample> before_;  // By instance's resource id.
};

}  // namespace unkai::services::rds
