// The container plane for real: overlay root file systems, control groups, and runc or crun.
//
// Names by which everything is found and removed: the run folder (mounts, runtime state,
// configurations), the data folder (layers, writable layers, volumes), the control group
// /unkai-<hash of the run folder>. open() removes what a killed program left under these names,
// processes first; purge() removes all. The program becomes the subreaper of its containers, so
// that their exits are seen without a monitor process for each.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "planes/containers/plane.h"
#include "planes/containers/runtime.h"
#include "rt/event.h"
#include "rt/process.h"

namespace unkai::planes::containers {

struct OciPlaneOptions {
    std::string data_folder;  // On a disk. Must not be an overlay itself.
    std::string run_folder;   // For mounts; made with mode 0711, since containers walk through it.
    Duration layers_kept = 6h;     // After the last image that held a layer is gone.
    Duration between_sweeps = 1h;  // Of such layers, after a sandbox was removed.
};

class OciPlane final : public ContainerPlane {
public:
    OciPlane(Env& env, OciPlaneOptions options);
    ~OciPlane() override;

    // Removes leftovers. Cheap when there are none; the runtime is probed at the first use.
    Task<Status> open();
    // Ends all containers and waits. Required before destruction.
    Task<void> close();
    // close(), and nothing of ours is left on the machine, layers included.
    Task<Status> purge();
    // Finds a runtime, or says what is missing.
    Task<Status> ensure_runtime();
    ImageStore& images() { return images_; }

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
    std::vector<Finding> findings() const override;

    // Where a created container runs: its init process, and its sandbox's control group, for who
    // freezes it or mounts something into it.
    struct Inside {
        pid_t pid = 0;
        std::string cgroup;
    };
    Result<Inside> inside(std::string_view sandbox, std::string_view container) const;

private:
    struct Container {
        ContainerSpec spec;
        std::string id;  // The runtime's: "<sandbox>-c0".
        std::string run_folder, data_folder, cgroup, network_namespace;
        ProcessSpec process;
        ContainerStatus status;
        Process init;
        bool created = false;  // The runtime knows it.
        int stop_signal = 15;
        Event ended;
    };
    struct Sandbox {
        SandboxSpec spec;
        std::string run_folder, data_folder, cgroup;
        std::map<std::string, std::shared_ptr<Container>, std::less<>> containers;
        size_t next_number = 0;
        bool removing = false;
        Event removed;
    };
    struct Pipes;

    Result<std::shared_ptr<Sandbox>> find(std::string_view sandbox) const;
    Result<std::shared_ptr<Container>> find(std::string_view sandbox,
                                            std::string_view container) const;
    Result<RuntimeSpec> prepare(const SandboxSpec& sandbox, const std::string& volumes,
                                Container& container) const;
    struct RuntimeCall {
        std::vector<std::string> arguments;
        int output = -1, error = -1;
        bool in_network = false;  // Started inside the sandbox's network namespace.
    };
    Task<Status> run_runtime(std::shared_ptr<Container> container, RuntimeCall call);
    Result<Process> adopt(const std::string& pid_file);
    Task<void> watch(std::shared_ptr<Container> container, std::shared_ptr<Pipes> pipes);
    Task<Status> clean_sandbox(std::shared_ptr<Sandbox> sandbox);
    Status remove_leftovers() const;  // On a worker.
    Task<void> sweep_layers();

    Env& env_;
    OciPlaneOptions options_;
    std::string cgroup_;
    ImageStore images_;
    std::optional<Cgroups> cgroups_;
    std::optional<OciRuntime> runtime_;
    std::optional<Error> runtime_error_;
    bool probing_ = false;
    Event probed_;
    std::vector<Finding> findings_;
    std::map<std::string, std::shared_ptr<Sandbox>, std::less<>> sandboxes_;
    Scope scope_;
    Steady swept_{};
    uint64_t next_exec_ = 0;
};

}  // namespace unkai::planes::containers
