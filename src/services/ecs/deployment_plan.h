// What a service must do next: plan(what is wanted, what is there) → actions. Pure.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
//
// The scheduler calls it whenever something changed or `wake_at` has come, carries the actions out
// in one transaction, and calls again: the same input gives the same output, and when nothing is
// left to do nothing is answered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace unkai::services::ecs {

enum class Health { none, unknown, healthy, unhealthy };

// As the load balancer sees a task, over all target groups: the worst of them.
enum class TargetState { none, waiting, healthy, unhealthy };

struct TaskView {
    std::string id;
    std::string deployment;
    std::string subnet;
    bool wanted = true;    // Its desired status is RUNNING.
    bool running = false;  // Its last status is RUNNING.
    Time running_since{};
    Health health = Health::none;  // Of the container health checks; none: it has none.
    TargetState target = TargetState::none;
    int64_t number = 0;  // Order of starting.
};

struct DeploymentView {
    std::string id;
    bool failed = false;  // The circuit breaker opened: it starts nothing.
    bool completed = false;
    int64_t failed_tasks = 0;
};

struct ServiceView {
    bool active = true;  // Else it is being deleted and all tasks go.
    int64_t desired = 0;
    int64_t minimum_percent = 100;
    int64_t maximum_percent = 200;
    bool circuit_breaker = false;
    bool roll_back = false;
    bool can_roll_back = false;  // An earlier deployment completed.
    Duration grace{};            // healthCheckGracePeriodSeconds
    Time retry_at{};
    bool steady = false;                       // Said so already.
    std::vector<DeploymentView> deployments;   // The primary one first.
    std::map<std::string, std::string> zones;  // Subnet → availability zone.
};

enum class StopReason { scaling, deployment, container_health, target_health };

struct Actions {
    struct Start {
        std::string deployment, subnet;
    };
    struct Stop {
        std::string task;
        StopReason reason;
    };
    std::vector<Start> starts;
    std::vector<Stop> stops;
    bool complete = false;              // The primary deployment has completed.
    bool fail = false;                  // The circuit breaker opens for the primary deployment…
    bool roll_back = false;             // …and the last completed one comes back.
    std::vector<std::string> finished;  // Older deployments without tasks: they go.
    bool became_steady = false;
    bool lost_steady = false;
    std::optional<Time> wake_at;  // When time alone will change the answer.

    bool nothing() const {
        return starts.empty() && stops.empty() && !complete && !fail && finished.empty() &&
               !became_steady && !lost_steady;
    }
};

Actions plan(const ServiceView& service, const std::vector<TaskView>& tasks, Time now);

// Failed tasks at which the circuit breaker opens: half of the desired ones, at least 3, at most
// 200.
int64_t breaker_threshold(int64_t desired);
// How long to wait before the next start, after so many tasks in a row failed or ended within
// seconds. Tasks that never ran: doubling from 10 s at the fourth, to 15 minutes. Those that ran
// shortly: the same up to 30 s, so that a crash loop does not eat the machine (ours, not AWS's).
constexpr int64_t first_throttled_failure = 4;
Duration restart_delay(int64_t quick_failures, bool never_ran);

}  // namespace unkai::services::ecs
