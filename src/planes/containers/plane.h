// The container plane: sandboxes (a task: one network namespace, one control group) with containers
// in them. It knows nothing of AWS. Two implementations: OciPlane (runc or crun, oci_plane.h) and
// the simulated one (sim_plane.h) for control planes under simulated time.
//
//     CO_TRY(Image image, co_await plane.pull(source, "…/app:1"));
//     CO_REQUIRE(co_await plane.create_sandbox({.id = task, .network_namespace = "/run/…/netns"}));
//     CO_REQUIRE(co_await plane.create(task, {.name = "app", .image = image, .log = sink}));
//     CO_REQUIRE(co_await plane.start(task, "app"));
//     const ContainerExit exit = co_await plane.wait(task, "app");
//     CO_REQUIRE(co_await plane.remove_sandbox(task));
//
// create() does all the slow work, start() lets the process go (some 20 ms with runc). Everything
// waits on the control loop and works on Workers or in child processes. Unknown names answer
// "NoSuchSandbox"/"NoSuchContainer" (404). Calls on one sandbox may overlap; remove_sandbox ends
// all. Nothing that runs survives the plane: what a killed program left is removed at open().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "planes/containers/cgroup.h"
#include "planes/containers/image_store.h"
#include "planes/containers/log_pipe.h"
#include "planes/containers/spec.h"

namespace unkai::planes::containers {

struct SandboxSpec {
    std::string id;                 // [a-z0-9-], at most 64: names its folder and control group.
    std::string network_namespace;  // A bind-mounted namespace file; empty: loopback only.
    std::string hostname;
    std::vector<std::string> name_servers;
    std::vector<std::string> search_domains;
    std::vector<std::pair<std::string, std::string>> hosts;  // Address, names; beside localhost.
    std::vector<std::string> loopback_addresses;             // See prepare_network() in mounts.h.
    CgroupLimits limits;  // Of all containers together. Processes: 4,096 unless told.
    std::vector<std::string>
        volumes;  // Scratch folders that containers share; gone with the sandbox.
};

struct VolumeMount {
    std::string volume;       // One of the sandbox's.
    std::string destination;  // In the container.
    bool read_only = false;
};

struct ContainerSpec {
    std::string name;  // As the user calls it; unique in the sandbox.
    Image image;
    std::optional<std::vector<std::string>> entry_point;
    std::optional<std::vector<std::string>> command;
    Environment environment;
    std::string user;               // Empty: the image's.
    std::string working_directory;  // Empty: the image's.
    bool read_only_root = false;
    bool trace = false;
    CgroupLimits limits;
    std::vector<Limit> ulimits;
    std::vector<VolumeMount> volumes;
    std::vector<Bind> binds;
    std::string ca_certificate;  // PEM, added to what the container trusts (trust.h). Empty: none.
    std::shared_ptr<LogSink> log;
};

struct ContainerExit {
    int code = 0;  // 128 + signal when a signal ended it, as a shell has it.
    bool out_of_memory = false;
    Time at{};
};

enum class ContainerState { created, running, stopped };

struct ContainerStatus {
    ContainerState state = ContainerState::created;
    Time created_at{};
    Time started_at{};
    std::optional<ContainerExit> exit;
};

struct NetworkStats {
    int64_t received_bytes = 0, sent_bytes = 0;
    int64_t received_packets = 0, sent_packets = 0;
    int64_t received_errors = 0, sent_errors = 0;
    int64_t received_dropped = 0, sent_dropped = 0;
};

struct ExecResult {
    int code = 0;
    bool timed_out = false;
    std::string output;  // Standard output and error, the first 4 KiB.
};

// What the machine lacks, for `unkai doctor`: a sentence and the fix.
struct Finding {
    std::string problem;
    std::string fix;
};

class ContainerPlane {
public:
    virtual ~ContainerPlane() = default;

    virtual Task<Result<Image>> pull(std::shared_ptr<ImageSource> source,
                                     std::string reference) = 0;

    virtual Task<Status> create_sandbox(SandboxSpec spec) = 0;
    // Kills what runs, waits for it, removes everything. Absent is fine.
    virtual Task<Status> remove_sandbox(std::string sandbox) = 0;

    virtual Task<Status> create(std::string sandbox, ContainerSpec spec) = 0;
    virtual Task<Status> start(std::string sandbox, std::string container) = 0;
    // Until it has ended and all that it printed was taken. Any number may wait.
    virtual Task<Result<ContainerExit>> wait(std::string sandbox, std::string container) = 0;
    // The image's stop signal (SIGTERM unless told), SIGKILL after `grace`; then as wait(). A
    // container that never started ends with code 137 at once.
    virtual Task<Result<ContainerExit>> stop(std::string sandbox, std::string container,
                                             Duration grace) = 0;
    // Runs a command in a running container as its user, with its environment. At the timeout it is
    // killed with what it started.
    virtual Task<Result<ExecResult>> exec(std::string sandbox, std::string container,
                                          std::vector<std::string> arguments, Duration timeout) = 0;

    virtual Result<ContainerStatus> status(std::string_view sandbox,
                                           std::string_view container) const = 0;
    virtual Task<Result<CgroupStats>> stats(std::string sandbox, std::string container) = 0;
    virtual Task<Result<NetworkStats>> network_stats(std::string sandbox) = 0;
    virtual std::vector<std::string> sandboxes() const = 0;

    virtual std::vector<Finding> findings() const = 0;
};

}  // namespace unkai::planes::containers
