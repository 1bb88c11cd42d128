// Mounts of containers: overlay root file systems, and finding what is left of them by its path.
//
// Blocking; call on Workers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::planes::containers {

struct MountEntry {
    std::string target;
    std::string type;
    std::string super_options;
};
// The lines of /proc/self/mountinfo (proc(5)). Pure.
std::vector<MountEntry> parse_mountinfo(std::string_view text);

// Mounts an overlay on `target`: `layers` lowest first, changes go to `upper`. Any number of layers
// up to most_layers fits, however long their paths are. What a container calls sync is not waited
// for (the mount is volatile): its writable layer never outlives it.
Status mount_overlay(const std::vector<std::string>& layers, const std::string& upper,
                     const std::string& work, const std::string& target);
// A sysfs that shows the network devices of the namespace at `network_namespace` (a bind-mounted
// file): a container in a user namespace may not mount its own.
Status mount_sysfs(const std::string& network_namespace, const std::string& target);
Status bind_folder(const std::string& source, const std::string& target);  // That mount only.
Status unmount(const std::string& target);  // Absent is fine. Detaches at once if it is busy.
// Unmounts all at or below `folder`, last first.
Status unmount_all_below(const std::string& folder);

// Readies a task's network namespace for containers: the loopback device up, any user may bind low
// ports (as Docker has it), and `loopback_addresses` (IPv4, such as 169.254.170.2) on the loopback
// device, where the task's metadata endpoint listens.
Status prepare_network(const std::string& network_namespace,
                       const std::vector<std::string>& loopback_addresses);

}  // namespace unkai::planes::containers
