// The container plane simulated: for control planes under simulated time. Nothing runs; what a
// container would do is told beforehand by its image's reference, and it may be killed from
// outside.
//
//     SimPlane plane(world.env);
//     plane.images["app:2"] = {.exits_after = 1s, .exit_code = 1};
//     plane.kill(task_id, "app");
#pragma once

#include <map>

#include "planes/containers/plane.h"
#include "rt/event.h"

namespace unkai::planes::containers {

struct SimImage {
    bool missing = false;
    Duration pull_time = std::chrono::milliseconds(500);
    std::optional<Duration> exits_after;  // By itself.
    int exit_code = 0;
    Duration stop_time = std::chrono::milliseconds(100);  // From SIGTERM to its end.
    bool healthy = true;  // What commands that are executed in it answer.
};

class SimPlane final : public ContainerPlane {
public:
    explicit SimPlane(Env& env) : env_(env) {}
    ~SimPlane() override { CHECK(scope_.running() == 0, "close() the simulated plane first"); }

    std::map<std::string, SimImage> images;  // By reference; others run until they are stopped.
    // Ends a container as a signal from outside would. False when it does not run.
    bool kill(const std::string& sandbox, const std::string& container, int code = 137);
    // Everything is gone at once, without any exit being told: the machine lost its power.
    void forget();
    Task<void> close();

    Task<Result<Image>> pull(std::shared_ptr<ImageSource> source, std::string reference) override;
    Task<Status> create_sandbox(SandboxSpec spec) override;
    Task<Status> remove_sandbox(std::string sandbox) override;
    Task<Status> create(std::string sandbox, ContainerSpec spec) override;
    Task<Status> start(std::string sandbox, std::string container) override;
    Task<Result<ContainerExit>> wait(std::string sandbox, std::string container) override;
    Task<Result<ContainerExit>> stop(std::string sandbox, std::string container,
                                     Duration grace) override;
    Task<Result<ExecResult>> exec(std::string sandbox, std::string container,
                                  std::vector<std::string> arguments, Duration timeout) override;
    Result<ContainerStatus> status(std::string_view sandbox,
                                   std::string_view container) const override;
    Task<Result<CgroupStats>> stats(std::string sandbox, std::string container) override;
    Task<Result<NetworkStats>> network_stats(std::string sandbox) override;
    std::vector<std::string> sandboxes() const override;
    std::vector<Finding> findings() const override { return {}; }

    const ContainerSpec* spec(const std::string& sandbox, const std::string& container) const;
    const SandboxSpec* spec(const std::string& sandbox) const;

private:
    struct Container {
        ContainerSpec spec;
        ContainerStatus status;
        Event ended;
        Stop life;
    };
    struct Sandbox {
        SandboxSpec spec;
        std::map<std::string, std::shared_ptr<Container>, std::less<>> containers;
    };
    std::shared_ptr<Container> find(std::string_view sandbox, std::string_view container) const;
    SimImage image_of(const ContainerSpec& spec) const;
    void end(Container& container, int code);
    Task<void> live(std::shared_ptr<Container> container, Duration time, int code);

    Env& env_;
    std::map<std::string, Sandbox, std::less<>> sandboxes_;
    Scope scope_;
};

}  // namespace unkai::planes::containers
