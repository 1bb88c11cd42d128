// Health checks: one probe a target, from a node of its load balancer, in the load balancer's
// network.
//
// ALB guide, target-group-health-checks: after registration one passed check makes a target
// healthy; later `healthy_threshold` passed ones do, and `unhealthy_threshold` failed ones make it
// unhealthy. Differs: while a target is `initial`, it is asked twice a second, so that a stack
// serves as soon as its tasks do; what fails then counts once per interval, as on AWS. Runs on one
// loop (the control loop).
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "planes/proxy/functions.h"
#include "planes/proxy/snapshot.h"
#include "rt/loop.h"

namespace unkai::planes::proxy {

enum class HealthState { initial, healthy, unhealthy, draining, unavailable };
std::string_view name_of(HealthState state);  // As DescribeTargetHealth says it.

struct TargetHealth {
    HealthState state = HealthState::initial;
    std::string reason = "Elb.RegistrationInProgress";  // AWS's code; empty when healthy.
    std::string description = "Target registration is in progress";
    bool operator==(const TargetHealth&) const = default;
};

class HealthChecker {
public:
    using Changed = std::function<void(const std::string& group, const std::string& target,
                                       const TargetHealth& health)>;
    HealthChecker(Loop& loop, Changed changed, AskFunction ask)
        : loop_(loop), changed_(std::move(changed)), ask_(std::move(ask)) {}
    ~HealthChecker();

    void apply(const Snapshot& snapshot);
    // nullptr: not a target of a group in use (AWS: unused).
    const TargetHealth* find(const std::string& group, const std::string& target) const;
    Task<void> stop();

    struct Probe;

private:
    using Key = std::pair<std::string, std::string>;
    Task<void> watch(std::shared_ptr<Probe> probe);
    void settle(Probe& probe, const TargetHealth& outcome, bool counts);
    void set(Probe& probe, TargetHealth health);

    Loop& loop_;
    Changed changed_;
    AskFunction ask_;
    std::map<Key, std::shared_ptr<Probe>> probes_;
    Scope scope_;
};

}  // namespace unkai::planes::proxy
