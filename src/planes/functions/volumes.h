// File systems of environments: the root that generic sandboxes share, /tmp with its size, and
// mounting a function's code into a sandbox that runs already.
//
// Blocking; call on Workers.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rt/fd.h"

namespace unkai::planes::functions {

constexpr uint32_t environment_user = 993;  // sbx_user1051, as on Lambda.
constexpr uint32_t environment_group = 990;

// Makes `folder` a root file system: mount points, links as this machine has them (/bin → usr/bin),
// /etc with the users, the loader's cache and the trusted certificates. /usr is bound by the
// sandbox.
Status make_root(const std::string& folder);
// What a sandbox of that root binds from the machine, read-only: /usr, and where they are no links,
// /lib and its like.
std::vector<std::string> machine_folders();

// /tmp of `mib` MiB: an ext4 file system in a sparse file on a loop device, so that what lies there
// is on the disk and not in the environment's memory. `templates` keeps an empty one of each size.
Status make_tmp(const std::string& templates, const std::string& file, const std::string& target,
                int64_t mib);
// Whether loop devices work here; else /tmp is a tmpfs, which counts as memory.
bool loop_devices_work();

// A mount that is nowhere yet: one folder, or several merged (later ones win), read-only.
Result<Fd> merged_folders(const std::vector<std::string>& folders);
Result<Fd> writable_folder(const std::string& folder);
// Moves mounts to their places in the mount namespace of process `pid`.
Status mount_inside(pid_t pid, const std::vector<std::pair<int, std::string>>& mounts);

}  // namespace unkai::planes::functions
