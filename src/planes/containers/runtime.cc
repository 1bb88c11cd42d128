#include "planes/containers/runtime.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "rt/process.h"
#include "wire/json.h"

namespace unkai::planes::containers {

namespace {

constexpr Duration probe_time = std::chrono::seconds(20);

bool has_sys_resource() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) return false;
    return (data[CAP_SYS_RESOURCE / 32].effective >> (CAP_SYS_RESOURCE % 32)) & 1;
}

std::map<std::string, uint64_t> own_hard_limits() {
    static constexpr std::pair<const char*, __rlimit_resource> known[] = {
        {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
        {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
        {"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
        {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
        {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
        {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
        {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
        {"stack", RLIMIT_STACK}};
    std::map<std::string, uint64_t> out;
    for (const auto& [name, resource] : known) {
        rlimit limit{};
        if (::getrlimit(resource, &limit) == 0) out[name] = limit.rlim_max;
    }
    return out;
}

Status write_bundle(const std::string& folder, const RuntimeSpec& spec) {
    std::error_code error;
    std::filesystem::create_directories(spec.sysfs, error);
    REQUIRE(unmount(spec.sysfs));
    REQUIRE(mount_sysfs("/proc/thread-self/ns/net", spec.sysfs));
    std::filesystem::create_directories(spec.root, error);
    REQUIRE(unmount(spec.root));
    REQUIRE(bind_folder("/", spec.root));
    TRY(const Fd opened, open_folder(folder));
    return write_beneath(opened.get(), "config.json", oci_config(spec), {}, 0600);
}

// The host's own root, read-only, is a root file system that is always there.
RuntimeSpec probe_spec(const std::string& folder, const std::string& group, bool user_namespace) {
    RuntimeSpec spec;
    spec.process.arguments = {find_program("true")};
    spec.root = folder + "/root";
    spec.read_only_root = true;
    spec.hostname = "probe";
    spec.cgroup = group;
    spec.resources.processes = 64;
    spec.sysfs = folder + "/sys";
    if (user_namespace) spec.first_id = first_container_id;
    return spec;
}

Task<Status> try_runtime(Env& env, OciRuntime runtime, std::string folder, RuntimeSpec spec) {
    CO_REQUIRE(co_await env.workers.run([folder, spec] { return write_bundle(folder, spec); }));
    std::vector<std::string> command = runtime.command(folder + "/log");
    for (const char* word : {"run", "--bundle"}) command.push_back(word);
    command.push_back(folder);
    command.push_back("probe");
    const auto deadline = env.loop.steady() + probe_time;
    CO_TRY(const Output output, co_await run(env.loop, {.argv = command}, deadline));
    if (output.exit.ok()) co_return ok();
    co_return fail("RuntimeFailed", std::string(trim(output.error)));
}

}  // namespace

std::vector<std::string> OciRuntime::command(const std::string& log) const {
    return {program, "--root", state_folder, "--log", log, "--log-format", "json"};
}

std::string last_runtime_error(std::string_view log) {
    std::string last;
    for (const std::string_view line : split(log, '\n')) {
        if (trim(line).empty()) continue;
        const auto parsed = wire::Json::parse(line);
        if (!parsed)
            last = trim(line);
        else if (parsed->find("msg") != nullptr)
            last = (*parsed)["msg"].string_or("");
    }
    return last;
}

Task<Result<OciRuntime>> probe_runtime(Env& env, std::string run_folder, std::string cgroup,
                                       CgroupLayout layout) {
    OciRuntime runtime;
    runtime.may_raise_limits = has_sys_resource();
    runtime.hard_limits = own_hard_limits();
    if (!runtime.may_raise_limits)
        runtime.findings.push_back(
            {"Unkai may not raise limits (CAP_SYS_RESOURCE is missing): a container gets at most " +
                 std::to_string(runtime.hard_limits["nofile"]) + " open files.",
             "Start Unkai with CAP_SYS_RESOURCE, or with a higher `ulimit -Hn`."});
    const std::string folder = run_folder + "/probe";
    const std::string group = cgroup + "/probe";
    CO_REQUIRE(co_await env.workers.run([group, layout] {
        Cgroups groups(layout);
        return groups.create(group);
    }));
    std::string reasons;
    bool found = false;
    for (const char* name : {"crun", "runc"}) {
        runtime.program = find_program(name);
        if (runtime.program.empty()) continue;
        runtime.state_folder = run_folder + "/" + name;
        for (const bool user_namespaces : {true, false}) {
            runtime.user_namespaces = user_namespaces;
            const auto tried = co_await try_runtime(env, runtime, folder,
                                                    probe_spec(folder, group, user_namespaces));
            found = tried.has_value();
            if (found) break;
            reasons += std::string(" ") + name + ": " + tried.error().message;
        }
        if (found) break;
    }
    CO_REQUIRE(co_await env.workers.run([folder, group, layout]() -> Status {
        Cgroups groups(layout);
        (void)groups.kill_all(group);
        REQUIRE(groups.remove(group));
        REQUIRE(unmount_all_below(folder));
        return remove_folder(folder);
    }));
    if (!found)
        co_return fail(
            "RuntimeMissing",
            "No OCI runtime works on this machine; install runc or crun (apt-get install "
            "runc)." +
                reasons);
    if (!runtime.user_namespaces)
        runtime.findings.push_back(
            {"Containers run without a user namespace: root in a container is root of the machine, "
             "held by capabilities, seccomp and mounts only." +
                 reasons,
             "Allow user namespaces: sysctl user.max_user_namespaces=10000."});
    co_return runtime;
}

}  // namespace unkai::planes::containers
