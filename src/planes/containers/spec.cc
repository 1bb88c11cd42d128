#include "planes/containers/spec.h"

#include <algorithm>

#include "base/strings.h"
#include "planes/containers/layer.h"
#include "planes/containers/seccomp.h"
#include "wire/json.h"

namespace unkai::planes::containers {

using wire::Json;

namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr const char* capabilities[] = {
    "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FSETID",  "CAP_FOWNER",           "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP",      "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",   "CAP_AUDIT_WRITE"};

constexpr const char* masked_paths[] = {
    "/proc/acpi",       "/proc/asound",      "/proc/kcore",
    "/proc/keys",       "/proc/interrupts",  "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};

constexpr const char* read_only_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                           "/proc/sysrq-trigger"};

constexpr std::pair<std::string_view, const char*> rlimits[] = {
    {"core", "RLIMIT_CORE"},         {"cpu", "RLIMIT_CPU"},
    {"data", "RLIMIT_DATA"},         {"fsize", "RLIMIT_FSIZE"},
    {"locks", "RLIMIT_LOCKS"},       {"memlock", "RLIMIT_MEMLOCK"},
    {"msgqueue", "RLIMIT_MSGQUEUE"}, {"nice", "RLIMIT_NICE"},
    {"nofile", "RLIMIT_NOFILE"},     {"nproc", "RLIMIT_NPROC"},
    {"rss", "RLIMIT_RSS"},           {"rtprio", "RLIMIT_RTPRIO"},
    {"rttime", "RLIMIT_RTTIME"},     {"sigpending", "RLIMIT_SIGPENDING"},
    {"stack", "RLIMIT_STACK"}};

Json list(const auto& texts) {
    Json out = Json::array();
    for (const auto& text : texts) out.push(text);
    return out;
}

Json process_json(const ProcessSpec& process) {
    Json environment = Json::array();
    for (const auto& [name, value] : process.environment) environment.push(name + "=" + value);
    Json granted = list(capabilities);
    if (process.trace) granted.push("CAP_SYS_PTRACE");
    Json limits = Json::array();
    for (const Limit& limit : process.limits) {
        Json one;
        one.set("type", rlimit_name(limit.name).value_or(""));
        one.set("soft", limit.soft);
        one.set("hard", limit.hard);
        limits.push(std::move(one));
    }
    Json user = Json::object({{"uid", process.user.user}, {"gid", process.user.group}});
    if (!process.user.further_groups.empty())
        user.set("additionalGids", list(process.user.further_groups));
    Json out;
    out.set("terminal", false);
    out.set("user", std::move(user));
    out.set("args", list(process.arguments));
    out.set("env", std::move(environment));
    out.set("cwd", process.working_directory);
    out.set("capabilities",
            Json::object({{"bounding", granted}, {"effective", granted}, {"permitted", granted}}));
    out.set("rlimits", std::move(limits));
    out.set("noNewPrivileges", true);
    return out;
}

Json mount(std::string_view destination, std::string_view type, std::string_view source,
           std::initializer_list<const char*> options) {
    Json out;
    out.set("destination", destination);
    out.set("type", type);
    out.set("source", source);
    out.set("options", list(options));
    return out;
}

Json mounts_json(const RuntimeSpec& spec) {
    Json out = Json::array();
    out.push(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
    out.push(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
    // No gid=5: that group need not be mapped, and nobody here shares a terminal.
    out.push(mount("/dev/pts", "devpts", "devpts",
                   {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}));
    out.push(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
    const std::string size = "size=" + std::to_string(spec.shared_memory_bytes);
    out.push(mount("/dev/shm", "tmpfs", "shm",
                   {"nosuid", "noexec", "nodev", "mode=1777", size.c_str()}));
    if (spec.sysfs.empty())
        out.push(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
    else
        out.push(mount("/sys", "bind", spec.sysfs, {"bind", "nosuid", "noexec", "nodev", "ro"}));
    const bool split_views = !spec.cgroup_views.empty() && !spec.cgroup_views[0].first.empty();
    if (split_views)
        out.push(mount("/sys/fs/cgroup", "tmpfs", "tmpfs",
                       {"nosuid", "noexec", "nodev", "mode=755", "size=64k"}));
    for (const auto& [name, folder] : spec.cgroup_views)
        out.push(mount("/sys/fs/cgroup" + (name.empty() ? "" : "/" + name), "bind", folder,
                       {"bind", "nosuid", "noexec", "nodev", "ro"}));
    for (const Bind& bind : spec.binds)
        out.push(mount(bind.destination, "bind", bind.source,
                       {"rbind", "nosuid", "nodev", bind.read_only ? "ro" : "rw"}));
    return out;
}

Json namespaces_json(const RuntimeSpec& spec) {
    Json out = Json::array();
    for (const char* type : {"pid", "ipc", "uts", "mount"})
        out.push(Json::object({{"type", type}}));
    if (spec.new_network) out.push(Json::object({{"type", "network"}}));
    if (spec.first_id) out.push(Json::object({{"type", "user"}}));
    return out;
}

Json resources_json(const CgroupLimits& limits) {
    Json out;
    // Enforced where there is no user namespace; the runtime itself adds the usual devices.
    out.set("devices", Json::array({Json::object({{"allow", false}, {"access", "rwm"}})}));
    Json cpu = Json::object({});
    if (limits.cpus) {
        cpu.set("period", 100'000);
        cpu.set("quota", std::max<int64_t>(static_cast<int64_t>(*limits.cpus * 100'000), 1000));
    }
    if (limits.cpu_shares) cpu.set("shares", std::max<int64_t>(*limits.cpu_shares, 2));
    if (cpu.size() > 0) out.set("cpu", std::move(cpu));
    if (limits.memory_bytes) out.set("memory", Json::object({{"limit", *limits.memory_bytes}}));
    if (limits.processes) out.set("pids", Json::object({{"limit", *limits.processes}}));
    return out;
}

Json mapping_json(uint32_t first_id) {
    return Json::array(
        {Json::object({{"containerID", 0}, {"hostID", first_id}, {"size", ids_in_container}})});
}

std::vector<std::vector<std::string_view>> records(std::string_view text) {
    std::vector<std::vector<std::string_view>> out;
    for (const std::string_view line : split(text, '\n'))
        if (!line.empty() && line[0] != '#') out.push_back(split(line, ':'));
    return out;
}

std::optional<uint32_t> id_of(std::string_view text) {
    const auto number = parse_uint(text);
    if (!number || *number >= ids_in_container) return std::nullopt;
    return static_cast<uint32_t>(*number);
}

Unexpected no_such_user(std::string_view what) {
    return fail("InvalidUser",
                "The image has no user or group '" + std::string(what) +
                    "', or its number is not "
                    "below 65,536.",
                400);
}

}  // namespace

Result<UserIds> find_user(std::string_view user, std::string_view passwd, std::string_view group) {
    const auto [name, group_name] = split_once(user, ':');
    UserIds out;
    std::string found_name;
    const auto wanted = name.empty() ? std::optional<uint32_t>(0) : id_of(name);
    bool found = false;
    for (const auto& fields : records(passwd)) {
        if (fields.size() < 6) continue;
        const auto id = id_of(fields[2]);
        if (!id || (fields[0] != name && !(wanted && *id == *wanted))) continue;
        out.user = *id;
        out.group = id_of(fields[3]).value_or(0);
        if (!fields[5].empty()) out.home = fields[5];
        found_name = fields[0];
        found = true;
        break;
    }
    if (!found) {
        if (!wanted) return no_such_user(name);
        out.user = *wanted;
    }
    const auto wanted_group = id_of(group_name);
    bool found_group = group_name.empty() || wanted_group.has_value();
    if (wanted_group) out.group = *wanted_group;
    for (const auto& fields : records(group)) {
        if (fields.size() < 4) continue;
        const auto id = id_of(fields[2]);
        if (!id) continue;
        if (!group_name.empty() && fields[0] == group_name) {
            out.group = *id;
            found_group = true;
        }
        const auto members = split(fields[3], ',');
        if (group_name.empty() && !found_name.empty() &&
            std::ranges::count(members, found_name) > 0)
            out.further_groups.push_back(*id);
    }
    if (!found_group) return no_such_user(group_name);
    return out;
}

std::string oci_config(const RuntimeSpec& spec) {
    Json linux;
    linux.set("cgroupsPath", spec.cgroup);
    linux.set("resources", resources_json(spec.resources));
    linux.set("namespaces", namespaces_json(spec));
    if (spec.first_id) {
        linux.set("uidMappings", mapping_json(*spec.first_id));
        linux.set("gidMappings", mapping_json(*spec.first_id));
    }
    linux.set("seccomp", seccomp_profile(spec.process.trace));
    linux.set("maskedPaths", list(masked_paths));
    linux.set("readonlyPaths", list(read_only_paths));
    Json out;
    out.set("ociVersion", "1.0.2");
    out.set("process", process_json(spec.process));
    out.set("root", Json::object({{"path", spec.root}, {"readonly", spec.read_only_root}}));
    out.set("hostname", spec.hostname);
    out.set("mounts", mounts_json(spec));
    out.set("linux", std::move(linux));
    return out.dump();
}

std::string oci_process(const ProcessSpec& process) { return process_json(process).dump(); }

Result<std::vector<std::string>> merge_arguments(
    const ImageConfig& image, const std::optional<std::vector<std::string>>& entry_point,
    const std::optional<std::vector<std::string>>& command) {
    std::vector<std::string> out = entry_point ? *entry_point : image.entry_point;
    if (command)
        out.insert(out.end(), command->begin(), command->end());
    else if (!entry_point)
        out.insert(out.end(), image.command.begin(), image.command.end());
    if (out.empty())
        return fail("InvalidImage", "Neither the image nor the container names a command to run.",
                    400);
    return out;
}

Environment merge_environment(const ImageConfig& image, const Environment& own,
                              std::string_view home, std::string_view hostname) {
    Environment out;
    const auto find = [&](std::string_view name) {
        return std::ranges::find_if(out, [&](const auto& pair) { return pair.first == name; });
    };
    const auto put = [&](std::string_view name, std::string_view value, bool replace) {
        if (const auto found = find(name); found == out.end())
            out.emplace_back(name, value);
        else if (replace)
            found->second = value;
    };
    for (const std::string& entry : image.environment) {
        const auto [name, value] = split_once(entry, '=');
        if (!name.empty()) put(name, value, true);
    }
    for (const auto& [name, value] : own) put(name, value, true);
    put("PATH", default_path, false);
    put("HOME", home, false);
    put("HOSTNAME", hostname, false);
    return out;
}

std::optional<std::string> rlimit_name(std::string_view name) {
    for (const auto& [known, full] : rlimits)
        if (known == name) return full;
    return std::nullopt;
}

std::vector<Limit> clamp_limits(std::vector<Limit> wanted,
                                const std::map<std::string, uint64_t>& hard_limits, bool may_raise,
                                std::vector<std::string>& clamped) {
    if (may_raise) return wanted;
    for (Limit& limit : wanted) {
        const auto found = hard_limits.find(limit.name);
        if (found == hard_limits.end() || limit.hard <= found->second) continue;
        limit.hard = found->second;
        limit.soft = std::min(limit.soft, limit.hard);
        clamped.push_back(limit.name);
    }
    return wanted;
}

}  // namespace unkai::planes::containers
