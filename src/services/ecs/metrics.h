// Publishes what tasks use, from their cgroups, each 10 s by the clock: AWS/ECS by service, and
// ECS/ContainerInsights for clusters that have it enabled.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
// CloudWatch user guide: Container-Insights-metrics-ECS
// CPUUtilization and MemoryUtilization are of each task against what the task reserves, one sample
// a task, so that their average is the service's.
//
//     scope.spawn(metrics.run(stop));
#pragma once

#include "aws/metrics.h"
#include "planes/containers/plane.h"
#include "rt/env.h"
#include "services/ecs/schema.h"

namespace unkai::services::ecs {

class MetricsPublisher {
public:
    static constexpr int64_t period = 10;  // Seconds.

    MetricsPublisher(Env& env, store::Store& store, aws::Client& client,
                     planes::containers::ContainerPlane& plane)
        : env_(env), store_(store), client_(client), plane_(plane) {}
    unkai::Task<void> run(Stop& stop);
    // What was used since the last time, as data of the period that begins at `start`.
    unkai::Task<Status> publish(Time start);

private:
    using Owner = std::pair<std::string, std::string>;  // Account, region.
    struct Use {
        int64_t cpu_nanoseconds = 0, memory_bytes = 0, read_bytes = 0, written_bytes = 0,
                received_bytes = 0, sent_bytes = 0;
    };
    struct Sample {
        Use use;
        Steady at;
    };
    struct Both {
        aws::Metrics service{"AWS/ECS"}, insights{"ECS/ContainerInsights"};
    };
    unkai::Task<Use> use_of(const StoredTask& task, std::string id);
    unkai::Task<void> add_task(const TaskKey& key, const StoredTask& task, bool insights,
                               Both& metrics, std::map<std::string, Sample>& samples);
    void add_insights(const TaskKey& key, const StoredTask& task, const Use& since, double seconds,
                      aws::Metrics& metrics);
    void add_counts(store::Txn& txn, const Owner& owner, const std::string& cluster,
                    aws::Metrics& metrics);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    planes::containers::ContainerPlane& plane_;
    std::map<std::string, Sample> before_;  // By task id.
};

}  // namespace unkai::services::ecs
