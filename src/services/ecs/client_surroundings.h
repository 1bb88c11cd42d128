// The other services for real, asked through aws::Client as the service ECS would on AWS.
//
// What lies below no AWS API comes from the composition root: a task's network namespace, and the
// bytes of images.
#pragma once

#include "aws/client.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

// Knows where containers of a network interface run. Implemented in main.cc over planes/network.
class TaskNetworks {
public:
    virtual ~TaskNetworks() = default;
    // Waits until the interface is in place on the machine.
    virtual unkai::Task<Result<TaskNetwork>> ready(std::string interface, Steady deadline) = 0;
};

class ClientSurroundings final : public Surroundings {
public:
    ClientSurroundings(aws::Client& client, TaskNetworks& networks,
                       std::shared_ptr<planes::containers::ImageSource> images)
        : client_(client), networks_(networks), images_(std::move(images)) {}

    unkai::Task<Result<std::vector<SubnetInfo>>> subnets(Place place,
                                                         std::vector<std::string> ids) override;
    unkai::Task<Result<InterfaceInfo>> create_interface(Place place,
                                                        InterfaceRequest request) override;
    unkai::Task<Status> delete_interface(Place place, std::string interface,
                                         std::string allocation) override;
    unkai::Task<Result<TaskNetwork>> network_ready(std::string interface, Steady deadline) override;
    unkai::Task<Result<std::string>> secret(Place place, std::string value_from) override;
    unkai::Task<Status> target_group_exists(Place place, std::string arn) override;
    unkai::Task<Status> register_target(Place place, TargetAddress target) override;
    unkai::Task<Status> deregister_target(Place place, TargetAddress target) override;
    unkai::Task<Result<std::map<std::string, TargetHealth>>> target_health(
        Place place, std::string group_arn) override;
    unkai::Task<Status> create_log_stream(Place place, LogStream stream,
                                          bool create_group) override;
    unkai::Task<Status> put_log_events(Place place, LogStream stream,
                                       std::vector<LogEvent> events) override;
    unkai::Task<Result<std::string>> role_credentials(Place place, std::string role_arn,
                                                      std::string session) override;
    std::shared_ptr<planes::containers::ImageSource> images() override { return images_; }

private:
    unkai::Task<Result<std::string>> public_address(Place place, std::string interface);

    aws::Client& client_;
    TaskNetworks& networks_;
    std::shared_ptr<planes::containers::ImageSource> images_;
};

// "arn:…:secret:name[:json-key:version-stage:version-id]" taken apart. Pure.
struct SecretName {
    std::string id, key, stage, version;
};
SecretName parse_secret_name(std::string_view value_from);

}  // namespace unkai::services::ecs
