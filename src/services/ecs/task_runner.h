// One task's life, from PROVISIONING to STOPPED.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
//   PROVISIONING   its network interface is made
//   PENDING        image, secrets, log streams, sandbox, containers; started in the order of
//   dependsOn ACTIVATING     registered with its target groups RUNNING        until an essential
//   container ends or its desired status becomes STOPPED DEACTIVATING   deregistered; waits until
//   the load balancer has drained it (not if it died) STOPPING       SIGTERM, stopTimeout, SIGKILL,
//   in the reverse order DEPROVISIONING sandbox and network interface go
// Each step is in the store before the next begins. Whatever fails, the task ends STOPPED, with
// nothing left on the machine, and says why in AWS's words.
#pragma once

#include <memory>
#include <string>

#include "services/ecs/engine.h"
#include "services/ecs/health_check.h"

namespace unkai::services::ecs {

class TaskRunner {
public:
    TaskRunner(Engine& engine, TaskKey key, StoredTask task, model::TaskDefinition definition);

    unkai::Task<void> run();
    // Cleans up a task of an earlier run of the program: its containers are gone already.
    unkai::Task<void> bury();
    // Tells that the record changed, or that the engine stops.
    void notify() { changed_.notify_all(); }

    const TaskKey& key() const { return key_; }
    const std::string& id() const { return std::get<3>(key_); }
    Place place() const { return {std::get<0>(key_), std::get<1>(key_)}; }
    const model::TaskDefinition& definition() const { return definition_; }
    // The container whose metadata address has this secret; empty when it is the task's
    // credentials'.
    const std::map<std::string, std::string>& metadata_ids() const { return metadata_ids_; }
    const std::string& credentials_id() const { return credentials_id_; }
    std::string role_arn() const;
    const StoredTask& task() const { return task_; }  // As this runner last wrote it.
    std::vector<TargetAddress> targets() const;       // In its target groups.

private:
    struct StopCause {
        std::string code, reason;
    };
    unkai::Task<Status> set_status(std::string status);
    unkai::Task<Status> provision();
    unkai::Task<Status> prepare();
    unkai::Task<Status> pull_images();
    unkai::Task<Status> make_log_streams();
    unkai::Task<Status> resolve_secrets();
    unkai::Task<Status> start_containers();
    unkai::Task<Status> wait_for(const model::ContainerDefinition& container);
    unkai::Task<Status> register_targets();
    unkai::Task<void> deregister_targets(bool drain);
    unkai::Task<void> stop_containers();
    unkai::Task<void> deprovision();
    unkai::Task<void> watch_container(std::string name);
    unkai::Task<void> check_health(std::string name, HealthRules rules);
    unkai::Task<void> write_end(Time stopped_at);
    void count_failure(StoredTask& task, store::Txn& txn, Time stopped_at);

    planes::containers::ContainerSpec container_spec(const model::ContainerDefinition& container);
    planes::containers::SandboxSpec sandbox_spec(const TaskNetwork& network) const;
    const model::ContainerDefinition& definition_of(const std::string& name) const;
    const model::ContainerOverride* override_of(const std::string& name) const;
    bool dead() const;         // An essential container has ended.
    bool stop_wanted() const;  // In the store, or a cause of our own.

    Engine& engine_;
    TaskKey key_;
    StoredTask task_;  // As it was at the start, with what this runner learned since.
    model::TaskDefinition definition_;
    std::string hostname_;
    std::map<std::string, planes::containers::Image> images_;  // By reference.
    std::map<std::string, std::map<std::string, std::string>>
        secrets_;                                      // Container → name → value.
    std::map<std::string, std::string> metadata_ids_;  // Container → secret.
    std::string credentials_id_;
    std::map<std::string, planes::containers::ContainerExit> exits_;
    std::set<std::string> started_;
    std::map<std::string, Health> health_;
    std::optional<StopCause> cause_;
    bool sandbox_made_ = false;
    Event changed_;
    Stop checks_;  // Ends the health checks.
    Scope scope_;
};

// Pure: the Docker-style identifier, task-local hostname and the like.
std::string task_hostname(const std::string& address, const std::string& region);

}  // namespace unkai::services::ecs
