// Control groups, version 1, version 2 and the hybrid of both: found out once, then one interface.
//
// A group is named by its path from the hierarchy's root, "/unkai-1a2b/task/c0"; on version 1 it
// exists in every hierarchy. Version 2 is used when it has the memory controller; else version 1.
// Blocking but short (files of the kernel): some 10 µs a call; kill_all() and remove() wait for
// processes to go and belong on Workers. Numbers of the kernel's documentation:
// cgroup-v1/memory.rst, cgroup-v2.rst.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::planes::containers {

struct CgroupLimits {
    std::optional<double> cpus;         // 0.25 is a quarter of one CPU's time, per 100 ms.
    std::optional<int64_t> cpu_shares;  // Weight under contention; 1,024 is one CPU of Docker's.
    std::optional<int64_t> memory_bytes;
    std::optional<int64_t> processes;
};

struct CgroupStats {
    int64_t cpu_nanoseconds = 0;
    int64_t cpu_user_nanoseconds = 0;
    int64_t cpu_system_nanoseconds = 0;
    int64_t throttled_periods = 0;
    int64_t throttled_nanoseconds = 0;
    int64_t memory_bytes = 0;        // All that is charged, page cache included.
    int64_t memory_cache_bytes = 0;  // Of that, inactive file cache, which costs nobody anything.
    int64_t memory_limit_bytes = 0;  // 0: none.
    int64_t processes = 0;
    int64_t out_of_memory_kills = 0;
    int64_t read_bytes = 0, written_bytes = 0;
    int64_t read_operations = 0, write_operations = 0;
};

// Where the hierarchies are mounted.
struct CgroupLayout {
    bool version2 = false;
    // Version 2: "" → its mount point. Version 1: controller → mount point, of all that are
    // mounted.
    std::map<std::string, std::string> mounts;
    // Version 1's named hierarchies and the unified one beside it: only to be swept.
    std::vector<std::string> others;

    // What a container sees below /sys/fs/cgroup: (name, folder on the host) of `group`. For
    // version 2 one pair with an empty name.
    std::vector<std::pair<std::string, std::string>> views(std::string_view group) const;
};
// From /proc/self/mountinfo and the contents of the unified hierarchy's cgroup.controllers. Pure.
Result<CgroupLayout> parse_cgroup_layout(std::string_view mountinfo,
                                         std::string_view unified_controllers);
Result<CgroupLayout> find_cgroup_layout();

// Version 2's weight (1 to 10,000) for version 1's shares (2 to 262,144): the kernel's range
// mapping that runc and crun use too.
int64_t weight_of_shares(int64_t shares);

class Cgroups {
public:
    explicit Cgroups(CgroupLayout layout) : layout_(std::move(layout)) {}
    const CgroupLayout& layout() const { return layout_; }

    // Makes the group and those above it. Existing is fine.
    Status create(const std::string& group);
    Status limit(const std::string& group, const CgroupLimits& limits);
    CgroupStats stats(const std::string& group) const;
    std::vector<pid_t> processes(const std::string& group) const;  // With those of inner groups.
    std::vector<std::string> children(const std::string& group) const;
    // SIGKILL to all below, until none is left; an error after 10 s.
    Status kill_all(const std::string& group);
    // Removes the group and its inner ones, in every hierarchy. They must have no process.
    Status remove(const std::string& group);

private:
    std::string folder(std::string_view controller, const std::string& group) const;
    std::vector<std::string> all_folders(const std::string& group) const;
    Status write(std::string_view controller, const std::string& group, const char* file,
                 const std::string& value);
    std::string read(std::string_view controller, const std::string& group, const char* file) const;

    CgroupLayout layout_;
};

// Pure parsers of what the kernel writes.
std::map<std::string, int64_t, std::less<>> parse_flat_keyed(std::string_view text);
void parse_io_stat(std::string_view text, CgroupStats& into);  // Version 2.
void parse_blkio(std::string_view bytes, std::string_view operations, CgroupStats& into);
int64_t parse_limit(std::string_view text);  // "max" and version 1's huge number are 0.

}  // namespace unkai::planes::containers
