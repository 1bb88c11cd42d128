// From what a container should be to the OCI runtime's config.json (runtime specification 1.0.2).
// Pure.
//
// Every container gets: its own pid, ipc, uts and mount namespaces (and a user namespace where the
// machine can), Docker's default capabilities without NET_RAW and MKNOD, no_new_privs, the seccomp
// profile of seccomp.h, masked and read-only parts of /proc and /sys, a /dev of its own, its own
// control group to look at below /sys/fs/cgroup. Nothing of the host's file system except what
// `binds` names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "planes/containers/cgroup.h"
#include "planes/containers/image.h"

namespace unkai::planes::containers {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Limit {
    std::string name;  // As in ECS and Docker: "nofile", "nproc", "core", …
    uint64_t soft = 0;
    uint64_t hard = 0;
};

struct Bind {
    std::string source;       // On the host, absolute.
    std::string destination;  // In the container, absolute.
    bool read_only = true;
};

struct UserIds {
    uint32_t user = 0;
    uint32_t group = 0;
    std::vector<uint32_t> further_groups;
    std::string home = "/";
};
// "", "name", "uid", "name:group", "uid:gid" looked up in the image's /etc/passwd and /etc/group,
// as Docker does. Error "InvalidUser" when a name is not there. Pure.
Result<UserIds> find_user(std::string_view user, std::string_view passwd, std::string_view group);

// What a process in the container starts with.
struct ProcessSpec {
    std::vector<std::string> arguments;
    Environment environment;
    std::string working_directory = "/";
    UserIds user;
    std::vector<Limit> limits;
    bool trace = false;  // Adds SYS_PTRACE, the only capability that can be added.
};

struct RuntimeSpec {
    ProcessSpec process;
    std::string root;  // The mounted root file system.
    bool read_only_root = false;
    std::string hostname;
    // A new network namespace, with nothing but a loopback device; or the one in which the runtime
    // program is started. Never the runtime's own joining: runc 1.1 enters the user namespace first
    // when it executes a further command, and may then not enter a network namespace of the
    // machine.
    bool new_network = false;
    std::string sysfs;  // A mounted sysfs of the network namespace; empty: the runtime mounts one.
    std::optional<uint32_t> first_id;  // Of the user namespace; none: no user namespace.
    std::string cgroup;                // "/unkai-…/task/c0"
    std::vector<std::pair<std::string, std::string>> cgroup_views;  // As CgroupLayout::views().
    CgroupLimits resources;
    std::vector<Bind> binds;
    int64_t shared_memory_bytes = 64 << 20;
};

std::string oci_config(const RuntimeSpec& spec);
std::string oci_process(const ProcessSpec& process);  // process.json, for exec.

// What is run: as Docker and ECS merge an image with overrides. An entry point given replaces the
// image's and drops the image's command; a command given replaces the image's command only.
// Error "InvalidImage" when nothing is left to run.
Result<std::vector<std::string>> merge_arguments(
    const ImageConfig& image, const std::optional<std::vector<std::string>>& entry_point,
    const std::optional<std::vector<std::string>>& command);
// The image's variables, overridden and added to by `own`, in this order; PATH, HOME and HOSTNAME
// are added when nobody sets them.
Environment merge_environment(const ImageConfig& image, const Environment& own,
                              std::string_view home, std::string_view hostname);

// The limit of Docker's name ("nofile" → "RLIMIT_NOFILE"); nullopt for one that is not.
std::optional<std::string> rlimit_name(std::string_view name);
// What this machine lets us set, given its own hard limits and whether we may raise them
// (CAP_SYS_RESOURCE). `clamped` receives the names of those that had to be lowered.
std::vector<Limit> clamp_limits(std::vector<Limit> wanted,
                                const std::map<std::string, uint64_t>& hard_limits, bool may_raise,
                                std::vector<std::string>& clamped);

}  // namespace unkai::planes::containers
