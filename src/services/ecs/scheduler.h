// Services: builds the views that plan() takes, and writes what it answers, one transaction a
// service.
#pragma once

#include "services/ecs/engine.h"

namespace unkai::services::ecs {

// Plans one service until nothing is left to do. Answers when to look again, if time alone will
// change something.
unkai::Task<Result<std::optional<Time>>> reconcile(Engine& engine, ServiceKey key,
                                                   const TargetSights& sights);

// Asks the load balancers about the tasks of one service. True when something changed. Errors leave
// the sights as they were.
unkai::Task<bool> look_at_targets(Engine& engine, ServiceKey key, TargetSights& sights);

ServiceView service_view(const StoredService& service);
TaskView task_view(const std::string& id, const StoredTask& task,
                   const std::optional<model::TaskDefinition>& definition,
                   const TargetSights& sights);

}  // namespace unkai::services::ecs
