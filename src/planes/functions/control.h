// The control group of one environment: frozen between invocations, its limits, its memory's peak.
//
// Freezing is version 2's (cgroup.freeze): on a hybrid machine the environment's first process is
// put into the unified hierarchy too, before it starts others. Frozen processes can be killed.
// A few 10 µs a call; on the control loop.
#pragma once

#include <sys/types.h>

#include <string>

#include "planes/containers/cgroup.h"
#include "rt/fd.h"

namespace unkai::planes::functions {

class Control {
public:
    Control() = default;
    // `unified`: where cgroup2 is mounted; empty: there is none, and nothing freezes.
    static Result<Control> open(const containers::Cgroups& groups, const std::string& unified,
                                const std::string& group, pid_t first);

    // True when it is (or was) so. Waits for nothing.
    bool freeze();
    bool thaw();
    bool frozen() const { return frozen_; }

    // CPU time in slices of 20 ms, as Lambda shares it out: short pauses instead of long ones.
    Status limit_cpus(double cpus);

    int64_t peak_bytes() const;  // Of memory since the environment began.

private:
    Fd freeze_, peak_;
    std::string cpu_folder_;
    bool version2_ = false;
    bool frozen_ = false;
};

// The machine's memory, or the limit of the container that all this runs in.
int64_t machine_memory_mib();

// The mount point of cgroup2, or empty.
std::string find_unified_hierarchy();

}  // namespace unkai::planes::functions
