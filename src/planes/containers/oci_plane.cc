#include "planes/containers/oci_plane.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "base/strings.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"
#include "planes/containers/rootfs.h"

namespace unkai::planes::containers {

namespace {

constexpr Duration runtime_time = std::chrono::seconds(60);
constexpr int64_t default_processes = 4096;
constexpr uint64_t default_open_files = 65'535;  // As on Fargate.

bool valid_id(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Unexpected no_such(std::string_view kind, std::string_view name) {
    return fail("NoSuch" + std::string(kind),
                "There is no " + to_lower(kind) + " '" + std::string(name) + "'.", 404);
}

}  // namespace

struct OciPlane::Pipes {
    Fd output_read, output_write, error_read, error_write;
    std::shared_ptr<LogSink> log;

    // `owner`: the container's user, who may open /dev/stdout anew, which asks for permission.
    static Result<std::shared_ptr<Pipes>> make(Owner owner, std::shared_ptr<LogSink> log) {
        int output[2];
        int error[2];
        auto pipes = std::make_shared<Pipes>();
        const auto no_descriptor = [] {
            return fail("FileFailed", "No file descriptor is left for a container's output.");
        };
        if (::pipe2(output, O_CLOEXEC) != 0) return no_descriptor();
        pipes->output_read = Fd(output[0]);
        pipes->output_write = Fd(output[1]);
        if (::pipe2(error, O_CLOEXEC) != 0) return no_descriptor();
        pipes->error_read = Fd(error[0]);
        pipes->error_write = Fd(error[1]);
        for (const int fd : {output[1], error[1]})
            if (::fchown(fd, owner.user, owner.group) != 0) return no_descriptor();
        pipes->log = std::move(log);
        return pipes;
    }
};

OciPlane::OciPlane(Env& env, OciPlaneOptions options)
    : env_(env),
      options_(std::move(options)),
      cgroup_("/unkai-" + sha256_digest(options_.run_folder).substr(7, 12)),
      images_(env, options_.data_folder + "/layers") {}

OciPlane::~OciPlane() { CHECK(sandboxes_.empty(), "close() the container plane first"); }

Task<Status> OciPlane::open() {
    CHECK(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    auto layout = find_cgroup_layout();
    if (layout)
        cgroups_.emplace(std::move(*layout));
    else
        runtime_error_ = layout.error();
    CO_REQUIRE(co_await env_.workers.run([this] { return remove_leftovers(); }));
    co_return co_await images_.open();
}

Task<void> OciPlane::close() {
    for (const std::string& id : sandboxes()) {
        const auto removed = co_await remove_sandbox(id);
        if (!removed)
            log::error("sandbox not removed", {{"id", id}, {"reason", removed.error().message}});
    }
    co_await scope_.join();
    sandboxes_.clear();
}

Task<Status> OciPlane::purge() {
    co_await close();
    CO_REQUIRE(co_await env_.workers.run([this] { return remove_leftovers(); }));
    runtime_.reset();
    CO_REQUIRE(co_await images_.purge());
    co_return co_await env_.workers.run([options = options_]() -> Status {
        REQUIRE(remove_folder(options.run_folder));
        return remove_folder(options.data_folder);
    });
}

Status OciPlane::remove_leftovers() const {
    if (cgroups_ && !cgroups_->processes(cgroup_).empty()) {
        log::warn("ending containers of an earlier run", {{"group", cgroup_}});
        Cgroups groups = *cgroups_;
        REQUIRE(groups.kill_all(cgroup_));
    }
    REQUIRE(unmount_all_below(options_.run_folder));
    if (cgroups_) {
        Cgroups groups = *cgroups_;
        REQUIRE(groups.remove(cgroup_));
    }
    REQUIRE(remove_folder(options_.run_folder));
    REQUIRE(remove_folder(options_.data_folder + "/sandboxes"));
    REQUIRE(make_folder(options_.run_folder, 0711));
    return make_folder(options_.data_folder + "/sandboxes", 0711);
}

Task<Status> OciPlane::ensure_runtime() {
    while (probing_) co_await probed_.wait(env_.loop);
    if (runtime_) co_return ok();
    if (!cgroups_) co_return *runtime_error_;
    probing_ = true;
    auto found = co_await probe_runtime(env_, options_.run_folder, cgroup_, cgroups_->layout());
    probing_ = false;
    if (found) {
        runtime_ = std::move(*found);
        runtime_error_.reset();
        log::info("container runtime",
                  {{"program", runtime_->program},
                   {"user_namespaces", runtime_->user_namespaces ? "yes" : "no"},
                   {"cgroups", cgroups_->layout().version2 ? "2" : "1"}});
    } else {
        runtime_error_ = found.error();
    }
    probed_.notify_all();
    if (!found) co_return std::move(found.error());
    co_return ok();
}

std::vector<Finding> OciPlane::findings() const {
    std::vector<Finding> out = findings_;
    if (runtime_) out.insert(out.end(), runtime_->findings.begin(), runtime_->findings.end());
    if (runtime_error_)
        out.push_back({runtime_error_->message, "Install runc: apt-get install runc."});
    return out;
}

Task<Result<Image>> OciPlane::pull(std::shared_ptr<ImageSource> source, std::string reference) {
    CO_REQUIRE(co_await ensure_runtime());
    co_return co_await images_.pull(std::move(source), std::move(reference), runtime_->first_id());
}

Result<std::shared_ptr<OciPlane::Sandbox>> OciPlane::find(std::string_view sandbox) const {
    const auto found = sandboxes_.find(sandbox);
    if (found == sandboxes_.end() || found->second->removing) return no_such("Sandbox", sandbox);
    return found->second;
}

Result<std::shared_ptr<OciPlane::Container>> OciPlane::find(std::string_view sandbox,
                                                            std::string_view container) const {
    TRY(const auto inside, find(sandbox));
    const auto found = inside->containers.find(container);
    if (found == inside->containers.end()) return no_such("Container", container);
    return found->second;
}

Task<Status> OciPlane::create_sandbox(SandboxSpec spec) {
    if (!valid_id(spec.id))
        co_return fail("InvalidSandbox", "'" + spec.id + "' is not a sandbox's name.", 400);
    if (sandboxes_.contains(spec.id))
        co_return fail("SandboxExists", "There is a sandbox '" + spec.id + "' already.", 409);
    CO_REQUIRE(co_await ensure_runtime());
    const auto sandbox = std::make_shared<Sandbox>();
    sandbox->run_folder = options_.run_folder + "/sandboxes/" + spec.id;
    sandbox->data_folder = options_.data_folder + "/sandboxes/" + spec.id;
    sandbox->cgroup = cgroup_ + "/" + spec.id;
    if (!spec.limits.processes) spec.limits.processes = default_processes;
    sandbox->spec = std::move(spec);
    sandboxes_[sandbox->spec.id] = sandbox;
    const auto made = co_await env_.workers.run(
        [sandbox, groups = *cgroups_, owner = runtime_->first_id()]() mutable {
            return make_sandbox_files(sandbox->spec, sandbox->run_folder, sandbox->data_folder,
                                      sandbox->cgroup, owner, groups);
        });
    if (made) co_return ok();
    (void)co_await remove_sandbox(sandbox->spec.id);
    co_return made.error();
}

Task<Status> OciPlane::remove_sandbox(std::string id) {
    const auto found = sandboxes_.find(id);
    if (found == sandboxes_.end()) co_return ok();
    const std::shared_ptr<Sandbox> sandbox = found->second;
    if (sandbox->removing) {
        while (sandboxes_.contains(id) && sandboxes_[id] == sandbox)
            co_await sandbox->removed.wait(env_.loop);
        co_return ok();
    }
    sandbox->removing = true;
    const Status cleaned = co_await clean_sandbox(sandbox);
    sandboxes_.erase(id);
    sandbox->removed.notify_all();
    if (const Steady now = env_.loop.steady(); now - swept_ > options_.between_sweeps) {
        swept_ = now;
        scope_.spawn(sweep_layers());
    }
    if (!cleaned) co_return cleaned.error();
    co_return ok();
}

Task<void> OciPlane::sweep_layers() {
    if (const auto swept = co_await images_.remove_unused(options_.layers_kept); !swept)
        log::warn("unused image layers stay", {{"reason", swept.error().message}});
}

Task<Status> OciPlane::clean_sandbox(std::shared_ptr<Sandbox> sandbox) {
    CO_REQUIRE(co_await env_.workers.run([groups = *cgroups_, group = sandbox->cgroup]() mutable {
        return groups.kill_all(group);
    }));
    for (const auto& [name, container] : sandbox->containers) {
        while (container->init.started() && !container->status.exit)
            co_await container->ended.wait(env_.loop);
        if (container->created)
            (void)co_await run_runtime(container,
                                       {.arguments = {"delete", "--force", container->id}});
    }
    co_return co_await env_.workers.run([groups = *cgroups_, sandbox]() mutable -> Status {
        REQUIRE(unmount_all_below(sandbox->run_folder));
        REQUIRE(groups.remove(sandbox->cgroup));
        REQUIRE(remove_folder(sandbox->run_folder));
        return remove_folder(sandbox->data_folder);
    });
}

Result<RuntimeSpec> OciPlane::prepare(const SandboxSpec& sandbox, const std::string& volumes,
                                      Container& container) const {
    const ContainerSpec& spec = container.spec;
    const uint32_t first_id = runtime_->first_id();
    const std::string root = container.run_folder + "/rootfs";
    const std::string upper = container.data_folder + "/upper";
    const std::string work = container.data_folder + "/work";
    REQUIRE(make_folder(root, 0755));
    REQUIRE(make_folder(work, 0700));
    REQUIRE(make_folder(upper, 0755, first_id));
    REQUIRE(mount_overlay(spec.image.layers, upper, work, root));
    TRY(const RootfsResult files, prepare_rootfs(root, sandbox, spec, first_id));
    Cgroups groups = *cgroups_;
    REQUIRE(groups.create(container.cgroup));

    RuntimeSpec out;
    ProcessSpec& process = out.process;
    TRY(process.arguments, merge_arguments(spec.image.config, spec.entry_point, spec.command));
    process.environment =
        merge_environment(spec.image.config, spec.environment, files.user.home, sandbox.hostname);
    for (const auto& [name, value] : files.trust)
        if (std::ranges::none_of(process.environment, [&](auto& one) { return one.first == name; }))
            process.environment.emplace_back(name, value);
    process.working_directory = spec.working_directory;
    if (process.working_directory.empty())
        process.working_directory = spec.image.config.working_directory;
    if (process.working_directory.empty()) process.working_directory = "/";
    process.user = files.user;
    process.trace = spec.trace;
    process.limits = spec.ulimits;
    if (std::ranges::none_of(process.limits, [](auto& one) { return one.name == "nofile"; }))
        process.limits.push_back({"nofile", default_open_files, default_open_files});
    std::vector<std::string> clamped;
    process.limits = clamp_limits(std::move(process.limits), runtime_->hard_limits,
                                  runtime_->may_raise_limits, clamped);

    out.root = root;
    out.read_only_root = spec.read_only_root;
    out.hostname = sandbox.hostname;
    out.new_network = sandbox.network_namespace.empty();
    if (!out.new_network)
        out.sysfs = container.run_folder.substr(0, container.run_folder.rfind('/')) + "/sys";
    if (runtime_->user_namespaces) out.first_id = first_id;
    out.cgroup = container.cgroup;
    out.cgroup_views = cgroups_->layout().views(container.cgroup);
    out.resources = spec.limits;
    out.binds = spec.binds;
    for (const VolumeMount& volume : spec.volumes) {
        const auto known = std::ranges::find(sandbox.volumes, volume.volume);
        if (known == sandbox.volumes.end()) return no_such("Volume", volume.volume);
        const auto number = std::to_string(known - sandbox.volumes.begin());
        out.binds.push_back({volumes + "/" + number, volume.destination, volume.read_only});
    }
    REQUIRE(write_file(container.run_folder + "/config.json", oci_config(out)));
    return out;
}

Task<Status> OciPlane::create(std::string sandbox_id, ContainerSpec spec) {
    CO_TRY(const auto sandbox, find(sandbox_id));
    if (sandbox->containers.contains(spec.name))
        co_return fail("ContainerExists", "There is a container '" + spec.name + "' already.", 409);
    const auto container = std::make_shared<Container>();
    container->network_namespace = sandbox->spec.network_namespace;
    const std::string number = "c" + std::to_string(sandbox->next_number++);
    container->id = sandbox->spec.id + "-" + number;
    container->run_folder = sandbox->run_folder + "/" + number;
    container->data_folder = sandbox->data_folder + "/" + number;
    container->cgroup = sandbox->cgroup + "/" + number;
    container->status.created_at = env_.now();
    container->stop_signal = signal_number(spec.image.config.stop_signal).value_or(SIGTERM);
    container->spec = std::move(spec);
    sandbox->containers[container->spec.name] = container;

    // Until the runtime has started its process nobody but this coroutine touches the container.
    auto prepared = co_await env_.workers.run([this, sandbox, container] {
        return prepare(sandbox->spec, sandbox->data_folder + "/volumes", *container);
    });
    if (!prepared) co_return prepared.error();
    container->process = std::move(prepared->process);
    const uint32_t first_id = runtime_->first_id();
    const Owner owner{first_id + container->process.user.user,
                      first_id + container->process.user.group};
    CO_TRY(const auto pipes, Pipes::make(owner, container->spec.log));
    const std::string pid_file = container->run_folder + "/pid";
    if (sandbox->removing) co_return no_such("Sandbox", sandbox_id);
    container->created = true;  // Even when it fails: the runtime may have left something.
    RuntimeCall call{.arguments = {"create", "--bundle", container->run_folder, "--pid-file",
                                   pid_file, container->id}};
    call.output = pipes->output_write.get();
    call.error = pipes->error_write.get();
    call.in_network = true;
    CO_REQUIRE(co_await run_runtime(container, std::move(call)));
    CO_TRY(container->init, adopt(pid_file));
    pipes->output_write.reset();
    pipes->error_write.reset();
    scope_.spawn(watch(container, pipes));
    // Removed meanwhile, before the process was there to be killed: end it now.
    if (sandbox->removing) container->init.signal(SIGKILL);
    co_return ok();
}

Task<Status> OciPlane::run_runtime(std::shared_ptr<Container> container, RuntimeCall call) {
    const std::string log = container->run_folder + "/runtime.log";
    SpawnOptions options{
        .argv = runtime_->command(log), .output = call.output, .error = call.error};
    for (std::string& word : call.arguments) options.argv.push_back(std::move(word));
    Fd network;
    if (call.in_network && !container->network_namespace.empty()) {
        network = Fd(::open(container->network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
        if (!network)
            co_return fail("NetworkMissing",
                           "The network namespace " + container->network_namespace +
                               " cannot be opened: " + std::strerror(errno) + ".");
        options.network = network.get();
    }
    CO_TRY(Process child, spawn(env_.loop, options));
    const auto exit = co_await child.wait(env_.loop.steady() + runtime_time);
    if (exit && exit->ok()) co_return ok();
    if (!exit) {
        child.signal(SIGKILL);
        co_await child.wait();
        co_return fail("RuntimeFailed", "The OCI runtime did not answer within a minute.");
    }
    const std::string reason = co_await env_.workers.run([log] { return read_file(log); });
    co_return fail("RuntimeFailed", last_runtime_error(reason));
}

Result<Process> OciPlane::adopt(const std::string& pid_file) {
    const auto pid = parse_int(trim(read_file(pid_file)));
    if (!pid || *pid <= 1) return fail("RuntimeFailed", "The OCI runtime named no process.");
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
    if (!pidfd)
        return fail("RuntimeFailed",
                    std::string("The container's process is gone: ") + std::strerror(errno) + ".");
    return Process(env_.loop, static_cast<pid_t>(*pid), std::move(pidfd));
}

Task<void> OciPlane::watch(std::shared_ptr<Container> container, std::shared_ptr<Pipes> pipes) {
    Scope readers;
    readers.spawn(pump_lines(Io(env_.loop, std::move(pipes->output_read)), false, pipes->log));
    readers.spawn(pump_lines(Io(env_.loop, std::move(pipes->error_read)), true, pipes->log));
    const Exit exit = *co_await container->init.wait();
    ContainerExit result{.code = exit.signal != 0 ? 128 + exit.signal : exit.code};
    result.at = env_.now();
    const CgroupStats last = co_await env_.workers.run(
        [groups = *cgroups_, group = container->cgroup] { return groups.stats(group); });
    result.out_of_memory = last.out_of_memory_kills > 0 && exit.signal == SIGKILL;
    co_await readers.join();
    container->status.state = ContainerState::stopped;
    container->status.exit = result;
    container->ended.notify_all();
}

Task<Status> OciPlane::start(std::string sandbox, std::string name) {
    CO_TRY(const auto container, find(sandbox, name));
    if (!container->init.started() || container->status.state != ContainerState::created)
        co_return fail("InvalidState", "The container '" + name + "' cannot be started again.",
                       409);
    container->status.state = ContainerState::running;
    container->status.started_at = env_.now();
    co_return co_await run_runtime(container, {.arguments = {"start", container->id}});
}

Task<Result<ContainerExit>> OciPlane::wait(std::string sandbox, std::string name) {
    CO_TRY(const auto container, find(sandbox, name));
    while (!container->status.exit) co_await container->ended.wait(env_.loop);
    co_return *container->status.exit;
}

Task<Result<ContainerExit>> OciPlane::stop(std::string sandbox, std::string name, Duration grace) {
    CO_TRY(const auto container, find(sandbox, name));
    if (container->status.exit) co_return *container->status.exit;
    if (!container->init.started()) {
        container->status.state = ContainerState::stopped;
        container->status.exit = ContainerExit{137, false, env_.now()};
        container->ended.notify_all();
        co_return *container->status.exit;
    }
    const bool started = container->status.state == ContainerState::running;
    container->init.signal(started ? container->stop_signal : SIGKILL);
    const Steady deadline = env_.loop.steady() + grace;
    while (!container->status.exit)
        if (co_await container->ended.wait(env_.loop, deadline) == Wake::timed_out) break;
    if (!container->status.exit) container->init.signal(SIGKILL);
    while (!container->status.exit) co_await container->ended.wait(env_.loop);
    co_return *container->status.exit;
}

Result<ContainerStatus> OciPlane::status(std::string_view sandbox,
                                         std::string_view container) const {
    TRY(const auto found, find(sandbox, container));
    return found->status;
}

Task<Result<CgroupStats>> OciPlane::stats(std::string sandbox, std::string name) {
    CO_TRY(const auto container, find(sandbox, name));
    co_return co_await env_.workers.run(
        [groups = *cgroups_, group = container->cgroup] { return groups.stats(group); });
}

Task<Result<NetworkStats>> OciPlane::network_stats(std::string id) {
    CO_TRY(const auto sandbox, find(id));
    const std::string devices = sandbox->run_folder + "/sys/class/net";
    co_return co_await env_.workers.run([devices] { return read_network_stats(devices); });
}

Result<OciPlane::Inside> OciPlane::inside(std::string_view sandbox,
                                          std::string_view container) const {
    TRY(const auto within, find(sandbox));
    TRY(const auto found, find(sandbox, container));
    if (!found->init.started()) return no_such("Container", container);
    return Inside{found->init.pid(), within->cgroup};
}

std::vector<std::string> OciPlane::sandboxes() const {
    std::vector<std::string> out;
    for (const auto& [id, sandbox] : sandboxes_) out.push_back(id);
    return out;
}

}  // namespace unkai::planes::containers
