// The OCI runtime program: which one works on this machine, found out once by running a container.
//
// Candidates are crun and runc, each with a user namespace first. crun is preferred (6 ms a
// container against 30), but refuses hybrid control groups. What does not work is remembered as
// findings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "planes/containers/plane.h"
#include "rt/env.h"

namespace unkai::planes::containers {

// Owner 0 of a container in a user namespace. Above all ranges that Debian's and systemd's tools
// give out (/etc/subuid starts at 100,000; systemd's containers end at 1,879,048,191). One range
// serves all containers: it protects the machine from them; they are kept apart by their other
// namespaces.
constexpr uint32_t first_container_id = 1'900'000'000;

struct OciRuntime {
    std::string program;
    std::string state_folder;
    bool user_namespaces = false;
    bool may_raise_limits = false;                // CAP_SYS_RESOURCE.
    std::map<std::string, uint64_t> hard_limits;  // Ours, by Docker's names.
    std::vector<Finding> findings;

    uint32_t first_id() const { return user_namespaces ? first_container_id : 0; }
    // The command line up to the subcommand, logging errors as JSON lines into `log`.
    std::vector<std::string> command(const std::string& log) const;
};

// `run_folder`: for the probe's bundle and the runtimes' state; `cgroup`: below which it may make
// one. Error "RuntimeMissing" with the fix when no runtime works.
Task<Result<OciRuntime>> probe_runtime(Env& env, std::string run_folder, std::string cgroup,
                                       CgroupLayout layout);

// The last error message in a runtime's log (JSON lines or plain text). Pure.
std::string last_runtime_error(std::string_view log);

}  // namespace unkai::planes::containers
