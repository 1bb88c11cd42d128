// The folders and files behind a sandbox of OciPlane. Blocking; call on Workers.
#pragma once

#include <cstdint>
#include <string>

#include "planes/containers/plane.h"

namespace unkai::planes::containers {

Status make_folder(const std::string& path, unsigned mode, uint32_t owner = 0);
Status write_file(const std::string& path, std::string_view content);  // Mode 0600.
std::string read_file(const std::string& path);  // Empty when it is not there.

// Control group with its limits, volumes, the network namespace made ready and its sysfs mounted.
Status make_sandbox_files(const SandboxSpec& spec, const std::string& run_folder,
                          const std::string& data_folder, const std::string& cgroup, uint32_t owner,
                          Cgroups& groups);

// Sums the counters of all devices but the loopback one; `devices` is a …/class/net folder.
NetworkStats read_network_stats(const std::string& devices);

}  // namespace unkai::planes::containers
