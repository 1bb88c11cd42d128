// Acts: each 10 s, a moment after CloudWatch has judged its alarms, every target is looked at.
//
//     scope.spawn(scaler.run(stop));
//
// Scheduled actions that are due change a target's bounds; a capacity outside of them is brought
// back. Policies whose alarms are in ALARM propose a capacity (scaling_rules.h); the largest wins.
// A policy acts again while its alarm stays in ALARM, as its cooldown allows. What was done is an
// activity; what a target waits for (cooldowns) lies in the store, and so survives a restart.
#pragma once

#include "api/cloudwatch.h"
#include "aws/schedule_expression.h"
#include "rt/env.h"
#include "services/application_autoscaling/scaled.h"
#include "services/application_autoscaling/scaling_rules.h"

namespace unkai::services::application_autoscaling {

class Scaler {
public:
    static constexpr int64_t tick = 10;  // Seconds.
    static constexpr Duration delay = std::chrono::seconds{4};

    Scaler(Env& env, store::Store& store, aws::Client& client, Scaled& scaled)
        : env_(env), store_(store), client_(client), scaled_(scaled) {}
    Task<void> run(Stop& stop);
    // One look at everything.
    Task<Status> look();

private:
    using Policies = std::vector<model::ScalingPolicy>;
    struct Views {
        std::vector<Proposal> proposals;
        int holds = 0;  // Tracking policies that do not agree to scale in.
    };
    Task<Status> look_at(TargetName name);
    Task<Status> fire_scheduled(TargetName name, int32_t capacity);
    Task<Status> keep_bounds(TargetName name, StoredTarget target, int32_t capacity,
                             std::string cause);
    Task<Result<Views>> ask(TargetName name, Policies policies, int32_t capacity);
    Task<Result<Views>> ask_tracking(TargetName name, model::ScalingPolicy policy,
                                     int32_t capacity);
    Task<Result<Views>> ask_steps(TargetName name, model::ScalingPolicy policy, int32_t capacity);
    Task<Result<std::vector<api::cloudwatch::MetricAlarm>>> alarms(
        TargetName name, api::cloudwatch::DescribeAlarmsInput input);
    Task<Result<std::optional<double>>> newest(TargetName name, api::cloudwatch::MetricAlarm alarm);
    Task<Status> act(TargetName name, int32_t before, Decision decision);
    Task<Status> set_capacity(TargetName name, int32_t capacity, std::string cause);
    void add_activity(store::Txn& txn, const TargetName& name, const model::ScalingActivity& made);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    Scaled& scaled_;
};

}  // namespace unkai::services::application_autoscaling
