// How much capacity a policy wants. Pure.
//
// User guide: application-auto-scaling-target-tracking,
// application-auto-scaling-step-scaling-policies
#pragma once

#include "services/application_autoscaling/schema.h"

namespace unkai::services::application_autoscaling {

// In proportion to the metric, and never the other way: `high` scales out by one at least, low in
// by one at least.
int32_t track(double target, double metric, int32_t capacity, bool high);
// `breach`: the metric less the alarm's threshold. nullopt: no step is for it.
std::optional<int32_t> step(const model::StepScalingPolicyConfiguration& policy, double breach,
                            int32_t capacity);
// Errors: ValidationException.
Status check_steps(const model::StepScalingPolicyConfiguration& policy);

// What a policy that is ready to act proposes.
struct Proposal {
    std::string policy, alarm;
    int32_t capacity = 0;
    int32_t cooldown = 0;  // Seconds.
};
struct Decision {
    int32_t capacity = 0;
    Proposal because;
};
// The largest capacity wins, within the target's bounds; nullopt: it stays. Scaling in needs all
// tracking policies that may (`holds` counts those that do not agree). Cooldowns: within the one of
// scaling out only more than before is given; scaling in waits for both.
// `proposals` were computed from `base_capacity()`.
std::optional<Decision> decide(const StoredTarget& target, int32_t capacity,
                               const std::vector<Proposal>& proposals, int holds, Time now);
// Within the cooldown of scaling out, from what was before it: what was added counts.
int32_t base_capacity(const StoredTarget& target, int32_t capacity, Time now);

}  // namespace unkai::services::application_autoscaling
