#include "services/ecs/scheduler.h"

#include <algorithm>

#include "services/ecs/health_check.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_factory.h"
#include "services/ecs/task_runner.h"

namespace unkai::services::ecs {

namespace {

std::optional<model::TaskDefinition> find_definition(store::Txn& txn, const Place& place,
                                                     const std::optional<std::string>& arn) {
    const auto name = parse_task_definition(arn.value_or(""));
    if (!name || !name->revision) return std::nullopt;
    auto stored = schema::task_definitions.get(
        txn, {place.account, place.region, name->family, *name->revision});
    if (!stored) return std::nullopt;
    return std::move(stored->definition);
}

// One service with its tasks, read and written in one transaction without a wait in between.
class Round {
public:
    Round(Engine& engine, store::Txn& txn, const ServiceKey& key, StoredService service,
          const TargetSights& sights)
        : engine_(engine),
          txn_(txn),
          key_(key),
          service_(std::move(service)),
          sights_(sights),
          now_(engine.env().now()) {}

    Actions decide();
    void write(const Actions& actions);
    // A service that was deleted and has no task left.
    bool drained() const {
        return service_.shape.status == "DRAINING" && std::ranges::all_of(tasks_, [](auto& one) {
                   return one.second.shape.last_status == "STOPPED";
               });
    }

private:
    void start(const std::vector<Actions::Start>& starts);
    void stop(const std::vector<Actions::Stop>& stops);
    void fail_deployment(bool roll_back);
    std::string reason_text(const Actions::Stop& stop, const StoredTask& task);
    void event(std::string_view text) { add_event(service_, engine_.env().random, now_, text); }
    Place place() const { return {std::get<0>(key_), std::get<1>(key_)}; }

    Engine& engine_;
    store::Txn& txn_;
    const ServiceKey& key_;
    StoredService service_;
    const TargetSights& sights_;
    Time now_;
    std::map<std::string, StoredTask> tasks_;  // Of this service, the stopped ones too.
};

Actions Round::decide() {
    const auto& [account, region, cluster, name] = key_;
    std::map<std::string, std::optional<model::TaskDefinition>> definitions;
    std::vector<TaskView> views;
    for (auto& [task_key, task] : schema::tasks.list(txn_, account, region, cluster)) {
        if (task.service != name) continue;
        const std::string& id = std::get<3>(task_key);
        const std::string arn = task.shape.task_definition_arn.value_or("");
        if (!definitions.contains(arn)) definitions[arn] = find_definition(txn_, place(), arn);
        if (task.shape.last_status != "STOPPED")
            views.push_back(task_view(id, task, definitions[arn], sights_));
        tasks_.emplace(id, std::move(task));
    }
    return plan(service_view(service_), views, now_);
}

void Round::start(const std::vector<Actions::Start>& starts) {
    if (starts.empty()) return;
    const auto& [account, region, cluster, name] = key_;
    const StoredDeployment& deployment = service_.deployments[0];
    const auto definition = find_definition(txn_, place(), deployment.shape.task_definition);
    if (!definition) {
        service_.retry_at = now_ + limits::longest_restart_delay;
        event("was unable to place a task because its task definition does not exist.");
        return;
    }
    TaskRequest request{.place = place(), .cluster = cluster, .definition = *definition};
    request.group = "service:" + name;
    request.started_by = *deployment.shape.id;
    request.launch_type = service_.shape.launch_type.value_or("");
    if (!service_.shape.capacity_provider_strategy.empty())
        request.capacity_provider = service_.shape.capacity_provider_strategy[0].capacity_provider;
    request.platform_version = service_.shape.platform_version.value_or("");
    request.execute_command = service_.shape.enable_execute_command.value_or(false);
    if (service_.shape.propagate_tags == "SERVICE") request.tags = service_.tags;
    if (service_.shape.enable_ecs_managed_tags.value_or(false)) {
        request.tags["aws:ecs:clusterName"] = cluster;
        request.tags["aws:ecs:serviceName"] = name;
    }
    std::string text;
    for (size_t i = 0; i < starts.size(); ++i) {
        if (deployment.shape.network_configuration &&
            deployment.shape.network_configuration->awsvpc_configuration)
            request.network = *deployment.shape.network_configuration->awsvpc_configuration;
        request.network.subnets = {starts[i].subnet};
        const auto zone = service_.zones.find(starts[i].subnet);
        request.zone = zone == service_.zones.end() ? "" : zone->second;
        StoredTask task = make_task(engine_.env().random, request, now_);
        task.service = name;
        task.deployment = *deployment.shape.id;
        task.load_balancers = service_.shape.load_balancers;
        task.number += static_cast<int64_t>(i);
        const std::string id = last_part(*task.shape.task_arn);
        schema::tasks.put(txn_, {account, region, cluster, id}, task);
        text += " (task " + id + ")";
    }
    event("has started " + std::to_string(starts.size()) + " tasks:" + text + ".");
}

std::string Round::reason_text(const Actions::Stop& stop, const StoredTask& task) {
    const auto sight = sights_.find(stop.task);
    switch (stop.reason) {
        case StopReason::container_health:
            return "Task failed container health checks";
        case StopReason::target_health:
            return "Task failed ELB health checks in (target-group " +
                   (sight == sights_.end() ? "" : sight->second.group_arn) + ")";
        case StopReason::scaling:
        case StopReason::deployment:
            return "Scaling activity initiated by (deployment " +
                   (service_.deployments.empty() ? task.deployment
                                                 : *service_.deployments[0].shape.id) +
                   ")";
    }
    return {};
}

void Round::stop(const std::vector<Actions::Stop>& stops) {
    if (stops.empty()) return;
    const auto& [account, region, cluster, name] = key_;
    std::string text;
    size_t draining = 0;
    for (const Actions::Stop& stop : stops) {
        StoredTask& task = tasks_.at(stop.task);
        task.shape.desired_status = "STOPPED";
        task.shape.stop_code = "ServiceSchedulerInitiated";
        task.shape.stopped_reason = reason_text(stop, task);
        task.shape.stopping_at = now_;
        task.failed_health =
            stop.reason == StopReason::container_health || stop.reason == StopReason::target_health;
        if (task.registered) ++draining;
        if (const auto sight = sights_.find(stop.task);
            stop.reason == StopReason::target_health && sight != sights_.end())
            event("(task " + stop.task + ") is unhealthy in (target-group " +
                  sight->second.group_arn + ") due to (reason " + sight->second.reason + ").");
        schema::tasks.put(txn_, {account, region, cluster, stop.task}, task);
        text += " (task " + stop.task + ")";
    }
    event("has stopped " + std::to_string(stops.size()) + " running tasks:" + text + ".");
    if (draining > 0)
        event("has begun draining connections on " + std::to_string(draining) + " tasks.");
}

void Round::fail_deployment(bool roll_back) {
    StoredDeployment& primary = service_.deployments[0];
    const std::string id = *primary.shape.id;
    primary.shape.rollout_state = "FAILED";
    primary.shape.rollout_state_reason = "ECS deployment circuit breaker: tasks failed to start.";
    primary.shape.updated_at = now_;
    event("(deployment " + id + ") deployment failed: tasks failed to start.");
    if (!roll_back) return;
    service_.shape.task_definition = service_.last_completed->task_definition;
    StoredDeployment earlier = make_deployment(engine_.env().random, service_, now_);
    earlier.shape.network_configuration = service_.last_completed->network_configuration;
    earlier.shape.rollout_state_reason =
        "ECS deployment circuit breaker: rolling back to deploymentId " + *earlier.shape.id + ".";
    event("rolling back to deployment " + *earlier.shape.id + ".");
    add_deployment(service_, std::move(earlier));
}

void Round::write(const Actions& actions) {
    start(actions.starts);
    stop(actions.stops);
    for (const std::string& id : actions.finished)
        std::erase_if(service_.deployments, [&](auto& one) { return one.shape.id == id; });
    if (actions.fail) fail_deployment(actions.roll_back);
    if (actions.complete) {
        StoredDeployment& primary = service_.deployments[0];
        primary.shape.rollout_state = "COMPLETED";
        primary.shape.rollout_state_reason = "ECS deployment " + *primary.shape.id + " completed.";
        primary.shape.updated_at = now_;
        primary.completed_once = true;
        service_.last_completed = primary.shape;
        event("(deployment " + *primary.shape.id + ") deployment completed.");
    }
    if (actions.became_steady) {
        service_.steady = true;
        service_.quick_failures = 0;
        event("has reached a steady state.");
    }
    if (actions.lost_steady) service_.steady = false;
    if (drained()) service_.shape.status = "INACTIVE";
    schema::services.put(txn_, key_, service_);
}

}  // namespace

ServiceView service_view(const StoredService& service) {
    ServiceView out;
    const model::ServiceShape& shape = service.shape;
    out.active = shape.status == "ACTIVE";
    out.desired = shape.desired_count.value_or(0);
    if (shape.deployment_configuration) {
        const auto& configuration = *shape.deployment_configuration;
        out.minimum_percent = configuration.minimum_healthy_percent.value_or(100);
        out.maximum_percent = configuration.maximum_percent.value_or(200);
        if (configuration.deployment_circuit_breaker) {
            out.circuit_breaker = configuration.deployment_circuit_breaker->enable;
            out.roll_back = configuration.deployment_circuit_breaker->rollback;
        }
    }
    const bool can = service.last_completed && !service.deployments.empty();
    out.can_roll_back = can && service.last_completed->task_definition !=
                                   service.deployments[0].shape.task_definition;
    out.grace = std::chrono::seconds(shape.health_check_grace_period_seconds.value_or(0));
    out.retry_at = service.retry_at;
    out.steady = service.steady;
    out.zones = service.zones;
    for (const StoredDeployment& deployment : service.deployments)
        out.deployments.push_back({.id = deployment.shape.id.value_or(""),
                                   .failed = deployment.shape.rollout_state == "FAILED",
                                   .completed = deployment.completed_once,
                                   .failed_tasks = deployment.failed});
    return out;
}

TaskView task_view(const std::string& id, const StoredTask& task,
                   const std::optional<model::TaskDefinition>& definition,
                   const TargetSights& sights) {
    TaskView out;
    out.id = id;
    out.deployment = task.deployment;
    out.subnet = task.network.subnets.empty() ? "" : task.network.subnets[0];
    out.wanted = task.shape.desired_status == "RUNNING";
    out.running = task.shape.last_status == "RUNNING";
    out.running_since = task.shape.started_at.value_or(Time{});
    if (definition) out.health = task_health(*definition, task.shape);
    if (!task.load_balancers.empty()) {
        const auto sight = sights.find(id);
        out.target = sight == sights.end() ? TargetState::waiting : sight->second.state;
    }
    out.number = task.number;
    return out;
}

unkai::Task<Result<std::optional<Time>>> reconcile(Engine& engine, ServiceKey key,
                                                   const TargetSights& sights) {
    // Each round changes the records; a handful settles any service.
    for (int round = 0; round < 8; ++round) {
        store::Txn txn = engine.store().begin();
        auto service = schema::services.get(txn, key);
        if (!service || service->shape.status == "INACTIVE") co_return std::nullopt;
        Round one(engine, txn, key, std::move(*service), sights);
        const Actions actions = one.decide();
        if (actions.nothing() && !one.drained()) co_return actions.wake_at;
        one.write(actions);
        CO_REQUIRE(co_await engine.store().commit(txn));
    }
    co_return std::nullopt;
}

unkai::Task<bool> look_at_targets(Engine& engine, ServiceKey key, TargetSights& sights) {
    const Place place{std::get<0>(key), std::get<1>(key)};
    std::vector<std::shared_ptr<TaskRunner>> runners;
    std::map<std::string, std::map<std::string, Surroundings::TargetHealth>> groups;
    for (const auto& [id, runner] : engine.runners()) {
        const TaskKey& task = runner->key();
        const bool same_cluster = std::get<0>(task) == std::get<0>(key) &&
                                  std::get<1>(task) == std::get<1>(key) &&
                                  std::get<2>(task) == std::get<2>(key);
        if (!same_cluster || runner->task().service != std::get<3>(key)) continue;
        if (!runner->task().registered) continue;
        runners.push_back(runner);
        for (const TargetAddress& target : runner->targets()) groups[target.group_arn];
    }
    for (auto& [arn, health] : groups) {
        auto answered = co_await engine.surroundings().target_health(place, arn);
        if (!answered) co_return false;
        health = std::move(*answered);
    }
    bool changed = false;
    for (const auto& runner : runners) {
        TargetSight worst{.state = TargetState::healthy};
        for (const TargetAddress& target : runner->targets()) {
            const auto& health = groups[target.group_arn];
            const auto found = health.find(target.address + ":" + std::to_string(target.port));
            const std::string state = found == health.end() ? "initial" : found->second.state;
            // A group that no load balancer uses checks nobody: its targets count as healthy.
            if (state == "healthy" || state == "unused") continue;
            if (state == "unhealthy")
                worst = {TargetState::unhealthy, found->second.reason, target.group_arn};
            else if (worst.state == TargetState::healthy)
                worst.state = TargetState::waiting;
        }
        const auto known = sights.find(runner->id());
        if (known != sights.end() && known->second == worst) continue;
        sights[runner->id()] = worst;
        changed = true;
    }
    co_return changed;
}

}  // namespace unkai::services::ecs
