#include "planes/functions/control.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"

namespace unkai::planes::functions {

namespace {

Status write_control(const std::string& path, const std::string& value) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file && ::write(file.get(), value.data(), value.size()) >= 0) return ok();
    return fail("EnvironmentFailed", "Cannot write " + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

int64_t machine_memory_mib() {
    const int64_t pages = ::sysconf(_SC_PHYS_PAGES);
    int64_t bytes = pages * ::sysconf(_SC_PAGESIZE);
    // A container sees its own group as the root, which has a limit; a machine's has none.
    for (const std::string& limit : {find_unified_hierarchy() + "/memory.max",
                                     std::string("/sys/fs/cgroup/memory/memory.limit_in_bytes")})
        if (const auto own = parse_int(trim(containers::read_file(limit))); own && *own > 0)
            bytes = std::min(bytes, *own);
    return bytes >> 20;
}

std::string find_unified_hierarchy() {
    for (const auto& mount :
         containers::parse_mountinfo(containers::read_file("/proc/self/mountinfo")))
        if (mount.type == "cgroup2") return mount.target;
    return {};
}

Result<Control> Control::open(const containers::Cgroups& groups, const std::string& unified,
                              const std::string& group, pid_t first) {
    Control out;
    const bool version2 = groups.layout().version2;
    if (!unified.empty()) {
        const std::string folder = unified + group;
        if (!version2) {
            for (size_t at = group.find('/', 1); at != std::string::npos;
                 at = group.find('/', at + 1))
                ::mkdir((unified + group.substr(0, at)).c_str(), 0755);
            ::mkdir(folder.c_str(), 0755);
            const Fd processes(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
            const std::string text = std::to_string(first);
            if (!processes || ::write(processes.get(), text.data(), text.size()) < 0)
                return fail("EnvironmentFailed",
                            "Cannot enter " + folder + ": " + std::strerror(errno) + ".");
        }
        out.freeze_ = Fd(::open((folder + "/cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
    }
    const std::string memory =
        version2 ? groups.layout().mounts.at("") + group + "/memory.peak"
                 : groups.layout().mounts.at("memory") + group + "/memory.max_usage_in_bytes";
    out.version2_ = version2;
    out.cpu_folder_ = groups.layout().mounts.at(version2 ? "" : "cpu") + group;
    out.peak_ = Fd(::open(memory.c_str(), O_RDONLY | O_CLOEXEC));
    return out;
}

bool Control::freeze() {
    if (!frozen_ && freeze_) frozen_ = ::pwrite(freeze_.get(), "1", 1, 0) == 1;
    return frozen_;
}

bool Control::thaw() {
    if (frozen_) frozen_ = ::pwrite(freeze_.get(), "0", 1, 0) != 1;
    return !frozen_;
}

Status Control::limit_cpus(double cpus) {
    constexpr int64_t period = 20'000;  // Microseconds.
    const auto quota = std::to_string(std::max<int64_t>(static_cast<int64_t>(cpus * period), 1000));
    const std::string slice = std::to_string(period);
    if (version2_) return write_control(cpu_folder_ + "/cpu.max", quota + " " + slice);
    REQUIRE(write_control(cpu_folder_ + "/cpu.cfs_period_us", slice));
    return write_control(cpu_folder_ + "/cpu.cfs_quota_us", quota);
}

int64_t Control::peak_bytes() const {
    char text[32];
    const ssize_t got = peak_ ? ::pread(peak_.get(), text, sizeof text, 0) : 0;
    if (got <= 0) return 0;
    return parse_int(trim({text, static_cast<size_t>(got)})).value_or(0);
}

}  // namespace unkai::planes::functions
