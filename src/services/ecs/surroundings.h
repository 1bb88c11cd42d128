// What tasks need of the other services and of the machine, in ECS's own words. One implementation
// asks them through aws::Client (client_surroundings.h), one simulates them (sim_surroundings.h).
//
// All calls wait on the control loop. Errors carry the other service's code and message.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "planes/containers/image_store.h"
#include "rt/task.h"
#include "services/ecs/deployment_plan.h"

namespace unkai::services::ecs {

// For whom: the account and region of the cluster.
struct Place {
    std::string account, region;
};

struct SubnetInfo {
    std::string id, zone, vpc;
};

struct InterfaceRequest {
    std::string subnet;
    std::vector<std::string> security_groups;
    std::string description;
    bool public_address = false;
};

struct InterfaceInfo {
    std::string id, address, mac, private_dns_name;
    std::string allocation;  // Of the public address, if one was asked for.
    std::string subnet_cidr;
};

// Where a container of that interface is to run.
struct TaskNetwork {
    std::string network_namespace;
    std::vector<std::string> name_servers;
};

struct LogEvent {
    int64_t at = 0;  // Milliseconds since 1970.
    std::string message;
};

struct LogStream {
    std::string region, group, stream;
};

struct TargetAddress {
    std::string group_arn, address;
    int32_t port = 0;
};

class Surroundings {
public:
    virtual ~Surroundings() = default;

    // Error of EC2 when one is not there.
    virtual unkai::Task<Result<std::vector<SubnetInfo>>> subnets(Place place,
                                                                 std::vector<std::string> ids) = 0;
    virtual unkai::Task<Result<InterfaceInfo>> create_interface(Place place,
                                                                InterfaceRequest request) = 0;
    // Absent is fine. `allocation` may be empty.
    virtual unkai::Task<Status> delete_interface(Place place, std::string interface,
                                                 std::string allocation) = 0;
    virtual unkai::Task<Result<TaskNetwork>> network_ready(std::string interface,
                                                           Steady deadline) = 0;

    // "arn:…:secretsmanager:…:secret:name[:json-key:version-stage:version-id]", a parameter's ARN,
    // or a parameter's name.
    virtual unkai::Task<Result<std::string>> secret(Place place, std::string value_from) = 0;

    virtual unkai::Task<Status> target_group_exists(Place place, std::string arn) = 0;
    virtual unkai::Task<Status> register_target(Place place, TargetAddress target) = 0;
    virtual unkai::Task<Status> deregister_target(Place place, TargetAddress target) = 0;
    struct TargetHealth {
        std::string state;   // initial, healthy, unhealthy, unused, draining
        std::string reason;  // In the load balancer's words.
    };
    // By "address:port".
    virtual unkai::Task<Result<std::map<std::string, TargetHealth>>> target_health(
        Place place, std::string group_arn) = 0;

    virtual unkai::Task<Status> create_log_stream(Place place, LogStream stream,
                                                  bool create_group) = 0;
    virtual unkai::Task<Status> put_log_events(Place place, LogStream stream,
                                               std::vector<LogEvent> events) = 0;

    // What the credentials endpoint answers for a task role: the JSON document.
    virtual unkai::Task<Result<std::string>> role_credentials(Place place, std::string role_arn,
                                                              std::string session) = 0;

    virtual std::shared_ptr<planes::containers::ImageSource> images() = 0;
};

}  // namespace unkai::services::ecs
