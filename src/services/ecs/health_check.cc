#include "services/ecs/health_check.h"

#include <algorithm>

namespace unkai::services::ecs {

std::optional<HealthRules> health_rules(const api::ecs::ContainerDefinition& container) {
    if (!container.health_check || container.health_check->command.empty()) return std::nullopt;
    const api::ecs::HealthCheck& check = *container.health_check;
    HealthRules out;
    const std::string& kind = check.command[0];
    if (kind == "NONE") return std::nullopt;
    if (kind == "CMD-SHELL") {
        out.command = {"/bin/sh", "-c"};
        out.command.insert(out.command.end(), check.command.begin() + 1, check.command.end());
    } else {
        const auto first = check.command.begin() + (kind == "CMD" ? 1 : 0);
        out.command.assign(first, check.command.end());
    }
    if (out.command.empty()) return std::nullopt;
    out.interval = std::chrono::seconds(check.interval.value_or(30));
    out.timeout = std::chrono::seconds(check.timeout.value_or(5));
    out.start_period = std::chrono::seconds(check.start_period.value_or(0));
    out.retries = check.retries.value_or(3);
    return out;
}

bool HealthState::record(bool success, Time at, const HealthRules& rules) {
    const Health before = health_;
    if (success) {
        failures_ = 0;
        health_ = Health::healthy;
    } else if (health_ == Health::healthy || at >= started_ + rules.start_period) {
        if (++failures_ >= rules.retries) health_ = Health::unhealthy;
    }
    return health_ != before;
}

std::string_view health_name(Health health) {
    switch (health) {
        case Health::healthy:
            return "HEALTHY";
        case Health::unhealthy:
            return "UNHEALTHY";
        default:
            return "UNKNOWN";
    }
}

Health health_of(const std::optional<std::string>& name) {
    if (name == "HEALTHY") return Health::healthy;
    if (name == "UNHEALTHY") return Health::unhealthy;
    return Health::unknown;
}

Health task_health(const api::ecs::TaskDefinition& definition, const api::ecs::Task& task) {
    Health out = Health::none;
    const auto rank = [](Health health) {
        switch (health) {
            case Health::none:
                return 0;
            case Health::healthy:
                return 1;
            case Health::unknown:
                return 2;
            case Health::unhealthy:
                return 3;
        }
        return 0;
    };
    for (const auto& container : definition.container_definitions) {
        if (!container.essential.value_or(true) || !health_rules(container)) continue;
        Health health = Health::unknown;
        for (const auto& running : task.containers)
            if (running.name == container.name) health = health_of(running.health_status);
        if (rank(health) > rank(out)) out = health;
    }
    return out;
}

}  // namespace unkai::services::ecs
