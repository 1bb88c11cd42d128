#include "planes/containers/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/strings.h"
#include "planes/containers/mounts.h"
#include "rt/fd.h"

namespace unkai::planes::containers {

namespace {

constexpr int64_t period_microseconds = 100'000;
constexpr std::string_view needed[] = {"cpu", "memory", "pids"};

std::string read_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string out;
    char buffer[4096];
    ssize_t got = 0;
    while (file && (got = ::read(file.get(), buffer, sizeof buffer)) > 0) out.append(buffer, got);
    return out;
}

Status write_control(const std::string& path, std::string_view value) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file && ::write(file.get(), value.data(), value.size()) >= 0) return ok();
    return fail("CgroupFailed", "Cannot write " + path + ": " + std::strerror(errno) + ".");
}

std::vector<std::string> folders_in(const std::string& path) {
    std::vector<std::string> out;
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) return out;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string name = entry->d_name;
        if (entry->d_type == DT_DIR && name != "." && name != "..") out.push_back(name);
    }
    ::closedir(folder);
    return out;
}

void collect_processes(const std::string& path, std::vector<pid_t>& into) {
    const std::string content = read_file(path + "/cgroup.procs");
    for (const std::string_view line : split(content, '\n'))
        if (const auto pid = parse_int(line)) into.push_back(static_cast<pid_t>(*pid));
    for (const std::string& inner : folders_in(path)) collect_processes(path + "/" + inner, into);
}

Status remove_groups(const std::string& path) {
    for (const std::string& inner : folders_in(path)) REQUIRE(remove_groups(path + "/" + inner));
    // A process that was just reaped may hold the group for a moment longer.
    for (int attempt = 0; attempt < 200; ++attempt) {
        if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return ok();
        if (errno != EBUSY) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return fail("CgroupFailed", "Cannot remove " + path + ": " + std::strerror(errno) + ".");
}

int64_t number(std::string_view text) { return parse_int(trim(text)).value_or(0); }

}  // namespace

Result<CgroupLayout> parse_cgroup_layout(std::string_view mountinfo,
                                         std::string_view unified_controllers) {
    CgroupLayout v1;
    std::string unified;
    for (const MountEntry& mount : parse_mountinfo(mountinfo)) {
        if (mount.type == "cgroup2") unified = mount.target;
        if (mount.type != "cgroup") continue;
        bool named = true;
        for (const std::string_view option : split(mount.super_options, ',')) {
            for (const std::string_view known :
                 {"cpu", "cpuacct", "memory", "pids", "blkio", "cpuset", "devices", "freezer"}) {
                if (option != known) continue;
                v1.mounts[std::string(known)] = mount.target;
                named = false;
            }
        }
        if (named) v1.others.push_back(mount.target);
    }
    const auto controllers = split(trim(unified_controllers), ' ');
    const auto has = [&](std::string_view name) {
        return std::ranges::count(controllers, name) > 0;
    };
    if (!unified.empty() && std::ranges::all_of(needed, has)) {
        CgroupLayout v2;
        v2.version2 = true;
        v2.mounts[""] = unified;
        return v2;
    }
    if (!unified.empty()) v1.others.push_back(unified);
    for (const std::string_view controller : needed)
        if (!v1.mounts.contains(std::string(controller)))
            return fail("CgroupsMissing", "The kernel's control group '" + std::string(controller) +
                                              "' is not mounted; mount cgroup2 on /sys/fs/cgroup.");
    return v1;
}

Result<CgroupLayout> find_cgroup_layout() {
    const std::string mountinfo = read_file("/proc/self/mountinfo");
    std::string controllers;
    for (const MountEntry& mount : parse_mountinfo(mountinfo))
        if (mount.type == "cgroup2") controllers = read_file(mount.target + "/cgroup.controllers");
    return parse_cgroup_layout(mountinfo, controllers);
}

std::vector<std::pair<std::string, std::string>> CgroupLayout::views(std::string_view group) const {
    std::vector<std::pair<std::string, std::string>> out;
    if (version2) return {{"", mounts.at("") + std::string(group)}};
    for (const char* controller : {"cpu", "cpuacct", "memory", "pids"})
        if (const auto found = mounts.find(controller); found != mounts.end())
            out.emplace_back(controller, found->second + std::string(group));
    return out;
}

int64_t weight_of_shares(int64_t shares) {
    const int64_t bounded = std::clamp<int64_t>(shares, 2, 262'144);
    return 1 + ((bounded - 2) * 9999) / 262'142;
}

std::string Cgroups::folder(std::string_view controller, const std::string& group) const {
    const auto found = layout_.mounts.find(layout_.version2 ? "" : std::string(controller));
    return found == layout_.mounts.end() ? "" : found->second + group;
}

std::vector<std::string> Cgroups::all_folders(const std::string& group) const {
    std::vector<std::string> out;
    for (const auto& [controller, mount] : layout_.mounts) out.push_back(mount + group);
    for (const std::string& mount : layout_.others) out.push_back(mount + group);
    return out;
}

Status Cgroups::write(std::string_view controller, const std::string& group, const char* file,
                      const std::string& value) {
    return write_control(folder(controller, group) + "/" + file, value);
}

std::string Cgroups::read(std::string_view controller, const std::string& group,
                          const char* file) const {
    const std::string path = folder(controller, group);
    return path.empty() ? "" : read_file(path + "/" + file);
}

Status Cgroups::create(const std::string& group) {
    for (const auto& [controller, mount] : layout_.mounts) {
        if (controller == "cpuset" || controller == "devices" || controller == "freezer") continue;
        std::string path = mount;
        for (const std::string_view part : split(group, '/')) {
            if (part.empty()) continue;
            if (layout_.version2) {
                // One by one: a controller that the parent lacks must not lose us the others.
                for (const char* enabled : {"+cpu", "+memory", "+pids", "+io"})
                    (void)write_control(path + "/cgroup.subtree_control", enabled);
            }
            path += "/" + std::string(part);
            if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
                return fail("CgroupFailed", "Cannot make the control group " + path + ": " +
                                                std::strerror(errno) + ".");
        }
    }
    return ok();
}

Status Cgroups::limit(const std::string& group, const CgroupLimits& limits) {
    const bool v2 = layout_.version2;
    if (limits.cpus) {
        const auto quota = static_cast<int64_t>(*limits.cpus * period_microseconds);
        const std::string text = std::to_string(std::max<int64_t>(quota, 1000));
        if (v2) {
            REQUIRE(write("", group, "cpu.max", text + " " + std::to_string(period_microseconds)));
        } else {
            REQUIRE(write("cpu", group, "cpu.cfs_period_us", std::to_string(period_microseconds)));
            REQUIRE(write("cpu", group, "cpu.cfs_quota_us", text));
        }
    }
    if (limits.cpu_shares) {
        const int64_t shares = std::max<int64_t>(*limits.cpu_shares, 2);
        REQUIRE(v2 ? write("", group, "cpu.weight", std::to_string(weight_of_shares(shares)))
                   : write("cpu", group, "cpu.shares", std::to_string(shares)));
    }
    if (limits.memory_bytes) {
        const std::string bytes = std::to_string(*limits.memory_bytes);
        if (v2) {
            REQUIRE(write("", group, "memory.max", bytes));
            (void)write("", group, "memory.swap.max", "0");  // Absent without swap accounting.
        } else {
            REQUIRE(write("memory", group, "memory.limit_in_bytes", bytes));
            (void)write("memory", group, "memory.memsw.limit_in_bytes", bytes);
        }
    }
    if (limits.processes)
        REQUIRE(write("pids", group, "pids.max", std::to_string(*limits.processes)));
    return ok();
}

static void stats_v2(const auto& read, CgroupStats& out) {
    const auto cpu = parse_flat_keyed(read("", "cpu.stat"));
    const auto of = [](const auto& map, const char* key) {
        const auto found = map.find(key);
        return found == map.end() ? int64_t{0} : found->second;
    };
    out.cpu_nanoseconds = of(cpu, "usage_usec") * 1000;
    out.cpu_user_nanoseconds = of(cpu, "user_usec") * 1000;
    out.cpu_system_nanoseconds = of(cpu, "system_usec") * 1000;
    out.throttled_periods = of(cpu, "nr_throttled");
    out.throttled_nanoseconds = of(cpu, "throttled_usec") * 1000;
    out.memory_bytes = number(read("", "memory.current"));
    out.memory_limit_bytes = parse_limit(read("", "memory.max"));
    out.memory_cache_bytes = of(parse_flat_keyed(read("", "memory.stat")), "inactive_file");
    out.out_of_memory_kills = of(parse_flat_keyed(read("", "memory.events")), "oom_kill");
    out.processes = number(read("", "pids.current"));
    parse_io_stat(read("", "io.stat"), out);
}

static void stats_v1(const auto& read, CgroupStats& out) {
    const auto of = [](const auto& map, const char* key) {
        const auto found = map.find(key);
        return found == map.end() ? int64_t{0} : found->second;
    };
    constexpr int64_t nanoseconds_per_tick = 10'000'000;  // USER_HZ is 100 everywhere.
    out.cpu_nanoseconds = number(read("cpuacct", "cpuacct.usage"));
    const auto ticks = parse_flat_keyed(read("cpuacct", "cpuacct.stat"));
    out.cpu_user_nanoseconds = of(ticks, "user") * nanoseconds_per_tick;
    out.cpu_system_nanoseconds = of(ticks, "system") * nanoseconds_per_tick;
    const auto cpu = parse_flat_keyed(read("cpu", "cpu.stat"));
    out.throttled_periods = of(cpu, "nr_throttled");
    out.throttled_nanoseconds = of(cpu, "throttled_time");
    out.memory_bytes = number(read("memory", "memory.usage_in_bytes"));
    out.memory_limit_bytes = parse_limit(read("memory", "memory.limit_in_bytes"));
    out.memory_cache_bytes =
        of(parse_flat_keyed(read("memory", "memory.stat")), "total_inactive_file");
    out.out_of_memory_kills =
        of(parse_flat_keyed(read("memory", "memory.oom_control")), "oom_kill");
    out.processes = number(read("pids", "pids.current"));
    parse_blkio(read("blkio", "blkio.throttle.io_service_bytes_recursive"),
                read("blkio", "blkio.throttle.io_serviced_recursive"), out);
}

CgroupStats Cgroups::stats(const std::string& group) const {
    const auto from = [&](const char* controller, const char* file) {
        return read(controller, group, file);
    };
    CgroupStats out;
    if (layout_.version2)
        stats_v2(from, out);
    else
        stats_v1(from, out);
    return out;
}

std::vector<pid_t> Cgroups::processes(const std::string& group) const {
    std::vector<pid_t> out;
    collect_processes(folder("pids", group), out);
    return out;
}

std::vector<std::string> Cgroups::children(const std::string& group) const {
    std::vector<std::string> out;
    for (const std::string& path : all_folders(group))
        for (std::string& name : folders_in(path)) out.push_back(std::move(name));
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Status Cgroups::kill_all(const std::string& group) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        if (layout_.version2) (void)write("", group, "cgroup.kill", "1");
        const std::vector<pid_t> left = processes(group);
        if (left.empty()) return ok();
        for (const pid_t pid : left)
            if (pid > 1) ::kill(pid, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return fail("CgroupFailed", "Processes of " + group + " do not end, not even by SIGKILL.");
}

Status Cgroups::remove(const std::string& group) {
    CHECK(group.size() > 1 && group[0] == '/');
    for (const std::string& path : all_folders(group)) REQUIRE(remove_groups(path));
    return ok();
}

std::map<std::string, int64_t, std::less<>> parse_flat_keyed(std::string_view text) {
    std::map<std::string, int64_t, std::less<>> out;
    for (const std::string_view line : split(text, '\n')) {
        const auto [key, value] = split_once(line, ' ');
        if (const auto parsed = parse_int(trim(value))) out[std::string(key)] = *parsed;
    }
    return out;
}

void parse_io_stat(std::string_view text, CgroupStats& into) {
    for (const std::string_view line : split(text, '\n')) {
        for (const std::string_view word : split(line, ' ')) {
            const auto [key, value] = split_once(word, '=');
            const int64_t count = parse_int(value).value_or(0);
            if (key == "rbytes") into.read_bytes += count;
            if (key == "wbytes") into.written_bytes += count;
            if (key == "rios") into.read_operations += count;
            if (key == "wios") into.write_operations += count;
        }
    }
}

static void sum_blkio(std::string_view text, int64_t& read, int64_t& written) {
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(line, ' ');
        if (words.size() != 3) continue;  // The last line is "Total n".
        if (words[1] == "Read") read += parse_int(words[2]).value_or(0);
        if (words[1] == "Write") written += parse_int(words[2]).value_or(0);
    }
}

void parse_blkio(std::string_view bytes, std::string_view operations, CgroupStats& into) {
    sum_blkio(bytes, into.read_bytes, into.written_bytes);
    sum_blkio(operations, into.read_operations, into.write_operations);
}

int64_t parse_limit(std::string_view text) {
    const auto value = parse_int(trim(text));
    constexpr int64_t unlimited = int64_t{1} << 62;
    return value && *value < unlimited ? *value : 0;
}

}  // namespace unkai::planes::containers
