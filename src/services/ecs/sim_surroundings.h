// The other services, simulated: enough of EC2, load balancers, secrets and logs for tasks to live.
#pragma once

#include <set>

#include "rt/env.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

class SimSurroundings : public Surroundings {
public:
    explicit SimSurroundings(Env& env) : env_(env) {}

    // What tests look at and turn.
    std::map<std::string, SubnetInfo> known_subnets = {{"subnet-a", {"subnet-a", "az-a", "vpc-1"}},
                                                       {"subnet-b", {"subnet-b", "az-b", "vpc-1"}}};
    std::set<std::string> interfaces;             // That exist.
    std::map<std::string, std::string> secrets;   // By what valueFrom says.
    std::map<std::string, TargetHealth> targets;  // "address:port"
    Duration target_becomes_healthy = std::chrono::seconds(10);
    bool new_targets_healthy = true;
    Duration drain_time = std::chrono::seconds(5);
    std::set<std::string> log_groups = {"group"};
    std::vector<std::string> logged;
    std::map<std::string, Time> registered_at;
    int most_draining = 0;

    unkai::Task<Result<std::vector<SubnetInfo>>> subnets(Place,
                                                         std::vector<std::string> ids) override {
        std::vector<SubnetInfo> out;
        for (const std::string& id : ids) {
            const auto found = known_subnets.find(id);
            if (found == known_subnets.end())
                co_return fail("InvalidSubnetID.NotFound",
                               "The subnet ID '" + id + "' does not exist", 400);
            out.push_back(found->second);
        }
        co_return out;
    }
    unkai::Task<Result<InterfaceInfo>> create_interface(Place, InterfaceRequest) override {
        co_await env_.loop.sleep(std::chrono::milliseconds(20));
        const std::string number = std::to_string(++next_);
        InterfaceInfo out{"eni-" + number, "10.0.0." + number, "02:00:00:00:00:01", "", "",
                          "10.0.0.0/24"};
        interfaces.insert(out.id);
        co_return out;
    }
    unkai::Task<Status> delete_interface(Place, std::string interface, std::string) override {
        interfaces.erase(interface);
        co_return ok();
    }
    unkai::Task<Result<TaskNetwork>> network_ready(std::string interface, Steady) override {
        co_return TaskNetwork{"/run/netns/" + interface, {"10.0.0.2"}};
    }
    unkai::Task<Result<std::string>> secret(Place, std::string value_from) override {
        const auto found = secrets.find(value_from);
        if (found == secrets.end())
            co_return fail("ResourceNotFoundException",
                           "Secrets Manager can't find the specified secret.", 400);
        co_return found->second;
    }
    unkai::Task<Status> target_group_exists(Place, std::string) override { co_return ok(); }
    unkai::Task<Status> register_target(Place, TargetAddress target) override {
        const std::string key = target.address + ":" + std::to_string(target.port);
        targets[key] = {"initial", "Target registration is in progress"};
        registered_at[key] = env_.now();
        co_return ok();
    }
    unkai::Task<Status> deregister_target(Place, TargetAddress target) override {
        const std::string key = target.address + ":" + std::to_string(target.port);
        targets[key] = {"draining", "Target deregistration is in progress"};
        registered_at[key] = env_.now();
        co_return ok();
    }
    unkai::Task<Result<std::map<std::string, TargetHealth>>> target_health(Place,
                                                                           std::string) override {
        int draining = 0;
        for (auto& [key, health] : std::map(targets)) {
            const Duration age = env_.now() - registered_at[key];
            if (health.state == "initial" && age >= target_becomes_healthy)
                targets[key] = new_targets_healthy
                                   ? TargetHealth{"healthy", ""}
                                   : TargetHealth{"unhealthy", "Health checks failed"};
            if (health.state == "draining" && age >= drain_time)
                targets.erase(key);
            else if (health.state == "draining")
                ++draining;
        }
        most_draining = std::max(most_draining, draining);
        co_return targets;
    }
    unkai::Task<Status> create_log_stream(Place, LogStream stream, bool create_group) override {
        if (create_group) log_groups.insert(stream.group);
        if (log_groups.contains(stream.group)) co_return ok();
        co_return fail("ResourceNotFoundException", "The specified log group does not exist.", 400);
    }
    unkai::Task<Status> put_log_events(Place, LogStream stream,
                                       std::vector<LogEvent> events) override {
        for (const LogEvent& event : events) logged.push_back(stream.stream + ": " + event.message);
        co_return ok();
    }
    unkai::Task<Result<std::string>> role_credentials(Place, std::string role,
                                                      std::string) override {
        co_return "{\"RoleArn\":\"" + role + "\"}";
    }
    std::shared_ptr<planes::containers::ImageSource> images() override { return nullptr; }

private:
    Env& env_;
    int next_ = 0;
};

}  // namespace unkai::services::ecs
