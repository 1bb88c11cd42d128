// The engine: makes the world follow what the store says about tasks and services.
//
//     Engine engine(env, store, plane, surroundings, options);
//     CO_REQUIRE(co_await engine.start());      // after the container plane was opened
//     …
//     co_await engine.close();                  // leaves tasks as they are in the store
//
// Every task that is not STOPPED has a runner, a coroutine that takes it through its life and
// writes each step into the store (task_runner.h). Services are planned whenever something changed
// or time alone changes the answer (scheduler.h). Both learn of changes by watching the store, so
// operations only write. What ran when the program was killed is stopped at start(), and services
// replace it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "planes/containers/plane.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/ecs/schema.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

class TaskRunner;

// What load balancers say of tasks, by task id; kept in memory only.
struct TargetSight {
    TargetState state = TargetState::waiting;
    std::string reason;     // Why it is unhealthy.
    std::string group_arn;  // Where.
    bool operator==(const TargetSight&) const = default;
};
using TargetSights = std::map<std::string, TargetSight>;

struct EngineOptions {
    std::string ca_certificate;  // PEM, trusted in every container. Empty: none.
    // Added to every container's environment where it is not set: AWS_ENDPOINT_URL and the like.
    std::map<std::string, std::string> environment;
};

class Engine {
public:
    Engine(Env& env, store::Store& store, planes::containers::ContainerPlane& plane,
           Surroundings& surroundings, EngineOptions options);
    ~Engine();

    unkai::Task<Status> start();
    unkai::Task<void> close();
    // Stops all tasks and removes what they have on the machine; for a reset of all state, before
    // the store is cleared.
    unkai::Task<void> stop_all_tasks();

    Env& env() { return env_; }
    store::Store& store() { return store_; }
    planes::containers::ContainerPlane& plane() { return plane_; }
    Surroundings& surroundings() { return surroundings_; }
    const EngineOptions& options() const { return options_; }
    Stop& stopping() { return stop_; }

    // The runner of a task that has not stopped; nullptr otherwise.
    std::shared_ptr<TaskRunner> runner(const std::string& task_id) const;
    const std::map<std::string, std::shared_ptr<TaskRunner>>& runners() const { return runners_; }
    // By the secret in a container's metadata address.
    std::shared_ptr<TaskRunner> runner_by_metadata(const std::string& id) const;

    // Reads, changes and writes a record in one transaction. False from `change`: leave it.
    // A task that is gone is passed over.
    template <class Change>
    unkai::Task<Status> update_task(TaskKey key, Change change) {
        store::Txn txn = store_.begin();
        auto task = schema::tasks.get(txn, key);
        if (!task || !change(*task, txn)) co_return ok();
        task->shape.version = task->shape.version.value_or(0) + 1;
        schema::tasks.put(txn, key, *task);
        co_return co_await store_.commit(txn);
    }

private:
    void kick();
    unkai::Task<void> follow();
    unkai::Task<void> run_task(std::shared_ptr<TaskRunner> runner);
    unkai::Task<Status> stop_survivors();
    void start_runners();
    unkai::Task<Steady> plan_service(const ServiceKey& key, const TargetSights& sights);
    unkai::Task<void> sweep();

    Env& env_;
    store::Store& store_;
    planes::containers::ContainerPlane& plane_;
    Surroundings& surroundings_;
    const EngineOptions options_;
    Stop stop_;
    Scope scope_;
    Event changed_;
    bool dirty_ = false;
    bool kicked_ = false;
    std::map<std::string, std::shared_ptr<TaskRunner>> runners_;  // By task id.
    std::vector<std::unique_ptr<store::Store::Watch>> watches_;
};

}  // namespace unkai::services::ecs
