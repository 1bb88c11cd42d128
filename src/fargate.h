// What the program needs for ECS, put together: the container plane, the engine, the service, and
// the task metadata endpoint inside every VPC (169.254.170.2).
//
//     Fargate fargate(env, store, client, vpc_endpoints, images, {…});
//     dispatcher.add(api::ecs::bind(fargate.service()));
//     CO_REQUIRE(co_await fargate.start());   // networks are up, other services are added
//     co_await fargate.stop();                // before the network goes
#pragma once

#include "net/server.h"
#include "planes/containers/oci_plane.h"
#include "services/ecs/client_surroundings.h"
#include "services/ecs/ecs.h"
#include "services/ecs/metadata.h"
#include "services/ecs/metrics.h"
#include "vpc_endpoints.h"

namespace unkai {

struct FargateOptions {
    planes::containers::OciPlaneOptions plane;
    services::ecs::EngineOptions engine;
};

class Fargate final : public services::ecs::TaskNetworks, public net::Handler {
public:
    Fargate(Env& env, store::Store& store, aws::Client& client, VpcEndpoints& vpcs,
            std::shared_ptr<planes::containers::ImageSource> images, FargateOptions options);

    services::ecs::Ecs& service() { return ecs_; }
    planes::containers::OciPlane& plane() { return plane_; }

    // Removes what a killed program left, buries its tasks, and begins to run what the store says.
    Task<Status> start();
    // Containers end; the store keeps saying what shall run.
    Task<void> stop();
    // Before all state is cleared: no task runs any more, and nothing of it is left.
    Task<void> stop_all_tasks() { co_await engine_.stop_all_tasks(); }
    // After stop(): the machine has nothing of ours any more, unpacked images included.
    Task<Status> purge() { co_return co_await plane_.purge(); }

    Task<Result<services::ecs::TaskNetwork>> ready(std::string interface, Steady deadline) override;
    Task<void> handle(net::Exchange& exchange) override;

private:
    void follow_vpc(const std::string& vpc, const std::string& network);
    Task<void> close_endpoint(std::unique_ptr<net::Server> server);

    Env& env_;
    VpcEndpoints& vpcs_;
    planes::containers::OciPlane plane_;
    services::ecs::ClientSurroundings surroundings_;
    services::ecs::Engine engine_;
    services::ecs::Ecs ecs_{surroundings_};
    services::ecs::Metadata metadata_{engine_};
    std::map<std::string, std::unique_ptr<net::Server>> endpoints_;  // By VPC.
    services::ecs::MetricsPublisher metrics_;
    Stop stop_;
    Scope background_;
    Scope scope_;
    bool started_ = false;
    bool stopped_ = false;
};

}  // namespace unkai
