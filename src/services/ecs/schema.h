// Every key and record that ecs stores. Shapes of the API are kept as they are (as JSON): what a
// client described is what it gets back. What only we need to know stands beside them.
#pragma once

#include "api/ecs.h"
#include "aws/protocol/json_record.h"
#include "store/table.h"

namespace unkai::services::ecs {

namespace model = unkai::api::ecs;

struct StoredTaskDefinition {
    model::TaskDefinition definition;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, definition);
        field(2, tags);
    }
};

struct StoredDeployment {
    model::Deployment shape;      // Without counts, which are computed.
    int64_t failed = 0;           // Tasks that failed to start or failed their health checks.
    bool completed_once = false;  // A roll-back may go back to it.
    void fields(auto& field) {
        field(1, shape);
        field(2, failed);
        field(3, completed_once);
    }
};

struct StoredService {
    model::ServiceShape shape;                  // Without counts, deployments and events.
    std::vector<StoredDeployment> deployments;  // The primary one first.
    std::vector<model::ServiceEvent> events;    // The newest first.
    std::map<std::string, std::string> zones;   // Subnet → availability zone.
    std::map<std::string, std::string> tags;
    bool steady = false;         // The event that says so was written.
    int64_t quick_failures = 0;  // Tasks in a row that failed or ended at once.
    bool never_ran = false;      // All of them before RUNNING.
    Time retry_at{};             // No task starts before.
    std::optional<model::Deployment> last_completed;  // What a circuit breaker rolls back to.
    void fields(auto& field) {
        field(1, shape);
        field(2, deployments);
        field(3, events);
        field(4, zones);
        field(5, tags);
        field(6, steady);
        field(7, quick_failures);
        field(8, never_ran);
        field(9, retry_at);
        field(10, last_completed);
    }
};

struct StoredTask {
    model::Task shape;
    std::string service;                 // Name; empty for a task of RunTask.
    std::string deployment;              // "ecs-svc/…"
    model::AwsVpcConfiguration network;  // With the one subnet chosen.
    std::vector<model::LoadBalancer> load_balancers;
    std::string interface;       // eni-…, while it exists.
    std::string allocation;      // Of the public address, while it exists.
    std::string address;         // The private one.
    bool registered = false;     // With its target groups.
    bool failed_health = false;  // It is being stopped because of a health check.
    int64_t number = 0;          // Orders tasks by their start.
    void fields(auto& field) {
        field(1, shape);
        field(2, service);
        field(3, deployment);
        field(4, network);
        field(5, load_balancers);
        field(6, interface);
        field(7, allocation);
        field(8, address);
        field(9, registered);
        field(11, failed_health);
        field(12, number);
    }
};

struct StoredFamily {
    int64_t last_revision = 0;  // Numbers are never used again.
    void fields(auto& field) { field(1, last_revision); }
};

namespace schema {
using Name = std::string;
// Each begins with account and region.
inline const store::Table<model::Cluster, Name, Name, Name> clusters{"ecs/clusters"};
inline const store::Table<StoredFamily, Name, Name, Name> families{"ecs/families"};
inline const store::Table<StoredTaskDefinition, Name, Name, Name, int64_t> task_definitions{
    "ecs/task-definitions"};
// …, cluster, service
inline const store::Table<StoredService, Name, Name, Name, Name> services{"ecs/services"};
// …, cluster, task id
inline const store::Table<StoredTask, Name, Name, Name, Name> tasks{"ecs/tasks"};
// …, principal ("" is the account's default), setting
inline const store::Table<model::Setting, Name, Name, Name, Name> settings{"ecs/settings"};
}  // namespace schema

using ServiceKey = decltype(schema::services)::Key;
using TaskKey = decltype(schema::tasks)::Key;

}  // namespace unkai::services::ecs
