// A container's health, from the results of its checks. Pure.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
// UNKNOWN until the first success or until `retries` failures in a row after the start period; a
// success counts at any time, failures in the start period do not.
#pragma once

#include <string>
#include <vector>

#include "api/ecs.h"
#include "services/ecs/deployment_plan.h"

namespace unkai::services::ecs {

struct HealthRules {
    Duration interval{}, timeout{}, start_period{};
    int32_t retries = 3;
    std::vector<std::string> command;  // As it is executed: CMD-SHELL became /bin/sh -c.
};
// nullopt: no health check (or ["NONE"]).
std::optional<HealthRules> health_rules(const api::ecs::ContainerDefinition& container);

class HealthState {
public:
    explicit HealthState(Time started) : started_(started) {}
    // True when the health changed.
    bool record(bool success, Time at, const HealthRules& rules);
    Health health() const { return health_; }

private:
    Time started_;
    Health health_ = Health::unknown;
    int32_t failures_ = 0;
};

std::string_view health_name(Health health);  // HEALTHY, UNHEALTHY, UNKNOWN
Health health_of(const std::optional<std::string>& name);
// Of a task, over its essential containers with health checks: UNHEALTHY before UNKNOWN before
// HEALTHY; none when no essential container has a check.
Health task_health(const api::ecs::TaskDefinition& definition, const api::ecs::Task& task);

}  // namespace unkai::services::ecs
