#include "services/elbv2/publisher.h"

namespace unkai::services::elbv2 {

bool answers_for_dns(const std::map<std::string, planes::proxy::TargetGroup>& groups,
                     const planes::proxy::Plane& plane, const std::string& balancer) {
    using planes::proxy::HealthState;
    for (const auto& [id, group] : groups) {
        if (group.load_balancer != balancer) continue;
        bool any = false, healthy = false;
        for (const planes::proxy::Target& target : group.targets) {
            if (target.draining) continue;
            any = true;
            const auto* health = plane.health(id, target.id);
            healthy = healthy || (health != nullptr && (health->state == HealthState::healthy ||
                                                        health->state == HealthState::unavailable));
        }
        if (any && !healthy) return false;
    }
    return true;
}

}  // namespace unkai::services::elbv2
