#include "planes/functions/environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"
#include "planes/functions/report.h"
#include "planes/functions/start.h"
#include "planes/functions/volumes.h"

namespace unkai::planes::functions {

namespace {

constexpr int64_t usual_tmp_mib = 512;
constexpr int64_t most_processes = 1024;  // Lambda's quota of processes and threads.
constexpr uint64_t most_open_files = 1024;
constexpr Duration client_start_time = std::chrono::seconds(60);
// How long a foreign runtime may take from its answer to asking for more before the caller gets
// the answer without waiting for that.
constexpr Duration next_time = std::chrono::milliseconds(5);
constexpr const char* container_name = "function";
constexpr uint16_t runtime_api_port = 9001;  // As in AWS's.

std::string exit_words(int code) {
    switch (code) {
        case 0:
            return {};
        case 128 + 6:
            return "signal: aborted";
        case 128 + 9:
            return "signal: killed";
        case 128 + 11:
            return "signal: segmentation fault";
        case 128 + 15:
            return "signal: terminated";
        default:
            return "exit status " + std::to_string(code);
    }
}

}  // namespace

const RuntimeStatus* Machine::runtime(std::string_view name) const {
    const auto found = std::ranges::find(runtimes, name, &RuntimeStatus::name);
    return found == runtimes.end() ? nullptr : &*found;
}

Environment::Environment(Machine& machine, std::string id)
    : machine_(machine),
      id_(std::move(id)),
      api_(machine.env.loop),
      log_(std::make_shared<EnvironmentLog>(machine.env.loop)) {}

Environment::~Environment() { CHECK(ended_, "end() the environment first"); }

Status Environment::make_folders(int64_t tmp_mib) {
    const std::string folder = machine_.run_folder + "/env/" + id_;
    REQUIRE(containers::make_folder(folder, 0755));
    const std::string go = folder + "/go";
    if (::mkfifo(go.c_str(), 0600) != 0 || ::chmod(go.c_str(), 0644) != 0)
        return fail("EnvironmentFailed", "Cannot make " + go + ".");
    return make_tmp(machine_.data_folder + "/templates", machine_.data_folder + "/tmp/" + id_,
                    machine_.run_folder + "/tmp/" + id_, tmp_mib);
}

containers::SandboxSpec Environment::sandbox_spec(const FunctionNetwork& network) const {
    containers::SandboxSpec out;
    out.id = "f" + id_;
    out.network_namespace = network_path_;
    out.hostname = "lambda";
    out.name_servers = network.name_servers;
    out.search_domains = network.search_domains;
    out.hosts = network.hosts;
    out.limits.processes = most_processes;
    return out;
}

Task<Status> Environment::start(containers::SandboxSpec sandbox,
                                containers::ContainerSpec container) {
    const std::string name = sandbox.id;
    container.name = container_name;
    container.read_only_root = true;
    container.ulimits = {{"nofile", most_open_files, most_open_files}};
    container.binds.push_back({machine_.run_folder + "/tmp/" + id_, "/tmp", false});
    container.log = log_;
    sandboxed_ = true;
    CO_REQUIRE(co_await machine_.sandboxes.create_sandbox(std::move(sandbox)));
    CO_REQUIRE(co_await machine_.sandboxes.create(name, std::move(container)));
    CO_TRY(const auto inside, machine_.sandboxes.inside(name, container_name));
    process_ = inside.pid;
    cgroup_ = inside.cgroup;
    CO_TRY(control_, Control::open(machine_.groups, machine_.unified, cgroup_, process_));
    if (runtime_.family == RuntimeFamily::provided && network_path_.empty())
        CO_REQUIRE(listen_tcp("/proc/" + std::to_string(process_) + "/ns/net"));
    if (spec_) limit(false);
    CO_REQUIRE(co_await machine_.sandboxes.start(name, container_name));
    scope_.spawn(watch());
    co_return ok();
}

Task<void> Environment::watch() {
    auto exit = co_await machine_.sandboxes.wait("f" + id_, container_name);
    exit_ = exit ? *exit : containers::ContainerExit{137, false, machine_.env.now()};
    api_.changed().notify_all();
}

Task<Status> Environment::join(const FunctionNetwork& network) {
    if (network.name.empty()) co_return ok();
    if (machine_.networks == nullptr)
        co_return fail("EnvironmentFailed", "There are no networks for functions on this machine.");
    CO_TRY(network_path_, co_await machine_.networks->take(network.name));
    if (runtime_.family == RuntimeFamily::provided) CO_REQUIRE(listen_tcp(network_path_));
    co_return ok();
}

Status Environment::listen_tcp(const std::string& network) {
    TRY(const auto address, net::Address::parse("127.0.0.1", runtime_api_port));
    REQUIRE(api_.listen(network, address));
    return ok();
}

Task<Status> Environment::start_generic(Template wanted) {
    template_ = wanted;
    const RuntimeStatus* const runtime = machine_.runtime(wanted.runtime);
    const auto name = parse_runtime_name(wanted.runtime);
    if (runtime == nullptr || !name) co_return invalid_runtime(wanted.runtime);
    if (!runtime->problem.empty()) co_return missing_runtime(wanted.runtime, machine_.runtimes);
    runtime_ = *name;
    CO_REQUIRE(co_await join(wanted.network));
    CO_REQUIRE(co_await machine_.env.workers.run([this] { return make_folders(usual_tmp_mib); }));
    CO_TRY(const auto address,
           net::Address::unix_socket(machine_.run_folder + "/env/" + id_ + "/api.sock"));
    CO_REQUIRE(api_.listen("", address));
    containers::ContainerSpec container = generic_container(runtime_, runtime->program);
    container.image.layers = {machine_.root()};
    container.ca_certificate = wanted.ca_certificate;
    container.binds.push_back({machine_.data_folder + "/clients", "/var/runtime", true});
    container.binds.push_back({machine_.run_folder + "/env/" + id_, "/run/lambda", true});
    for (const std::string& folder : machine_folders())
        container.binds.push_back({folder, folder, true});
    CO_REQUIRE(co_await start(sandbox_spec(wanted.network), std::move(container)));
    if (runtime_.family == RuntimeFamily::provided) co_return ok();
    const Steady deadline = machine_.env.loop.steady() + client_start_time;
    while (!api_.awaits_claim()) {
        const Wake wake = co_await api_.changed().wait(machine_.env.loop, deadline);
        if (wake == Wake::timed_out || over())
            co_return fail("EnvironmentFailed", "The interpreter of " + wanted.runtime +
                                                    " does not start in a sandbox.");
    }
    co_return ok();
}

Task<Status> Environment::start_image(FunctionSpecPtr spec, containers::Image image, Grant grant) {
    spec_ = spec;
    grants_ = spec->grants;
    expires_at_ = grant.expires_at;
    claimed_at_ = machine_.env.loop.steady();
    log_->open(grant.log, false);
    CO_REQUIRE(co_await join(spec->network));
    CO_REQUIRE(co_await machine_.env.workers.run(
        [this, mib = spec->tmp_mib] { return make_folders(mib); }));
    containers::ContainerSpec container;
    container.image = std::move(image);
    container.entry_point = spec->image->entry_point;
    container.command = spec->image->command;
    container.working_directory = spec->image->working_directory;
    container.user = fmt::format("{}:{}", environment_user, environment_group);
    container.ca_certificate = spec->ca_certificate;
    container.environment = environment_variables(*spec, grant, runtime_);
    container.environment.emplace_back("AWS_LAMBDA_RUNTIME_API",
                                       fmt::format("127.0.0.1:{}", runtime_api_port));
    co_return co_await start(sandbox_spec(spec->network), std::move(container));
}

void Environment::limit(bool with_cpu) {
    const double cpus = static_cast<double>(spec_->memory_mib) / mib_per_cpu;
    const Status limited =
        with_cpu ? control_.limit_cpus(cpus)
                 : machine_.groups.limit(cgroup_, {.memory_bytes = spec_->memory_mib << 20});
    if (!limited)
        log::error("environment without limits",
                   {{"id", id_}, {"reason", limited.error().message}});
}

// On a worker: what a claim mounts.
static Status mount_function(const Machine& machine, const FunctionSpec& spec,
                             const std::string& id, pid_t process) {
    std::vector<Fd> held;
    std::vector<std::pair<int, std::string>> mounts;
    const auto add = [&](Fd mount, const char* target) {
        mounts.emplace_back(mount.get(), target);
        held.push_back(std::move(mount));
    };
    if (!spec.code.empty()) {
        TRY(Fd mount, merged_folders({spec.code}));
        add(std::move(mount), "/var/task");
    }
    if (!spec.layers.empty()) {
        TRY(Fd mount, merged_folders(spec.layers));
        add(std::move(mount), "/opt");
    }
    if (spec.tmp_mib != usual_tmp_mib) {
        const std::string target = machine.run_folder + "/tmp/" + id;
        REQUIRE(containers::unmount(target));
        REQUIRE(make_tmp(machine.data_folder + "/templates", machine.data_folder + "/tmp/" + id,
                         target, spec.tmp_mib));
        TRY(Fd mount, writable_folder(target));
        add(std::move(mount), "/tmp");
    }
    return mount_inside(process, mounts);
}

Task<Status> Environment::claim(FunctionSpecPtr spec, Grant grant) {
    claimed_at_ = machine_.env.loop.steady();
    spec_ = spec;
    grants_ = spec->grants;
    expires_at_ = grant.expires_at;
    if (over()) co_return fail("EnvironmentFailed", "The sandbox has ended before it was used.");
    limit(false);
    CO_REQUIRE(co_await machine_.env.workers.run(
        [this, spec] { return mount_function(machine_, *spec, id_, process_); }));
    const bool own_client = runtime_.family != RuntimeFamily::provided;
    log_->open(grant.log, own_client);
    Variables variables = environment_variables(*spec, grant, runtime_);
    if (own_client) {
        api_.claim(claim_document(*spec, grant, variables));
        co_return ok();
    }
    variables.emplace_back("AWS_LAMBDA_RUNTIME_API", fmt::format("127.0.0.1:{}", runtime_api_port));
    const std::string folder = machine_.run_folder + "/env/" + id_;
    const std::string script = bootstrap_script(variables, wrapper_of(*spec));
    CO_REQUIRE(containers::write_file(folder + "/start.sh", script));
    (void)::chmod((folder + "/start.sh").c_str(), 0644);
    go_ = Fd(::open((folder + "/go").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!go_ || ::write(go_.get(), "go\n", 3) != 3)
        co_return fail("EnvironmentFailed", "Cannot start the bootstrap.");
    co_return ok();
}

Task<Environment::Init> Environment::wait_init(Steady deadline) {
    while (true) {
        if (api_.state() == RuntimeApi::State::failed) co_return Init::failed;
        if (api_.state() != RuntimeApi::State::starting && !over()) co_return Init::ready;
        if (over()) co_return Init::exited;
        if (co_await api_.changed().wait(machine_.env.loop, deadline) == Wake::timed_out)
            co_return Init::late;
    }
}

int64_t Environment::peak_mib() const {
    const int64_t mib = (control_.peak_bytes() + (1 << 20) - 1) >> 20;
    return std::min(mib, spec_->memory_mib);
}

Outcome Environment::exit_outcome(const Invocation& invocation) {
    const bool out_of_memory = exit_ && exit_->out_of_memory;
    const std::string words = exit_words(exit_ ? exit_->code : 137);
    Outcome out = exited(invocation.request_id, words, out_of_memory);
    log_->push(exit_message(invocation.request_id, words) + "\n" + out.error_type);
    return out;
}

Outcome Environment::outcome_of(Answer answer) {
    if (answer.too_large) return response_too_large(answer.bytes);
    Outcome out;
    if (answer.error) out.kind = Outcome::Kind::function_error;
    out.payload = std::move(answer.body);
    out.content_type = std::move(answer.content_type);
    out.error_type = std::move(answer.error_type);
    return out;
}

Task<Outcome> Environment::answer_of(const Invocation& invocation, Steady deadline) {
    Loop& loop = machine_.env.loop;
    control_.thaw();
    api_.give({.request_id = invocation.request_id,
               .payload = invocation.payload,
               .function_arn = invocation.function_arn,
               .trace_id = invocation.trace_id,
               .client_context = invocation.client_context,
               .cognito_identity = invocation.cognito_identity,
               .deadline = machine_.env.now() + spec_->timeout});
    while (api_.state() == RuntimeApi::State::running && !over())
        if (co_await api_.changed().wait(loop, deadline) == Wake::timed_out) break;
    if (api_.state() == RuntimeApi::State::running)
        co_return over() ? exit_outcome(invocation)
                         : timed_out(invocation.request_id, spec_->timeout);
    Outcome out = outcome_of(api_.take_answer());
    const Steady patience = std::min(deadline, loop.steady() + next_time);
    while (api_.state() != RuntimeApi::State::ready && !over())
        if (co_await api_.changed().wait(loop, patience) == Wake::timed_out) break;
    co_return out;
}

// What was printed before the runtime spoke was written to its pipe before: a turn of the loop
// reads it.
Task<void> Environment::read_output() {
    for (int turn = 0; turn < 2; ++turn) co_await machine_.env.loop.yield();
}

Task<Outcome> Environment::run(Invocation invocation) {
    Loop& loop = machine_.env.loop;
    const bool cold = !initialised_;
    if (!cold && invocation.log_tail) log_->begin_tail();
    std::optional<Duration> init_time;
    Init init = Init::ready;
    if (cold) {
        init = co_await wait_init(claimed_at_ + most_init_time);
        const Duration took = loop.steady() - claimed_at_;
        if (init == Init::ready) init_time = took;
        co_await read_output();
        if (init == Init::late) log_->push(init_report_line(took, "timeout", ""));
    }
    log_->push(start_line(invocation.request_id, spec_->version));
    const Steady began = loop.steady();
    if (init == Init::late) init = co_await wait_init(began + spec_->timeout);
    Outcome out;
    if (init == Init::ready) {
        if (cold) limit(true);
        initialised_ = true;
        out = co_await answer_of(invocation, began + spec_->timeout);
    } else if (init == Init::failed) {
        out = outcome_of(api_.take_answer());
        out.kind = Outcome::Kind::init_error;
    } else if (init == Init::exited) {
        out = exit_outcome(invocation);
    } else {
        out = timed_out(invocation.request_id, spec_->timeout);
    }
    out.duration = loop.steady() - began;
    if (warm()) control_.freeze();
    co_await read_output();
    if (out.kind == Outcome::Kind::timeout) {
        out.duration = spec_->timeout;
        log_->push(timeout_line(machine_.env.now(), invocation.request_id, spec_->timeout));
    }
    out.environment = id_;
    out.cold = cold;
    out.init_duration = init_time;
    out.billed_duration = billed(out.duration, init_time);
    out.max_memory_mib = peak_mib();
    log_->push(end_line(invocation.request_id));
    log_->push(report_line(invocation.request_id, *spec_, out));
    std::string tail = log_->take_tail();
    if (invocation.log_tail) out.log_tail = std::move(tail);
    co_return out;
}

Task<void> Environment::settle(Steady deadline) {
    while (api_.state() == RuntimeApi::State::answered && !over())
        if (co_await api_.changed().wait(machine_.env.loop, deadline) == Wake::timed_out) break;
    if (warm()) control_.freeze();
}

Task<void> Environment::end() {
    if (ending_) {
        while (!ended_) co_await end_done_.wait(machine_.env.loop);
        co_return;
    }
    ending_ = true;
    api_.changed().notify_all();
    if (sandboxed_) {
        const Status removed = co_await machine_.sandboxes.remove_sandbox("f" + id_);
        if (!removed)
            log::error("environment not removed", {{"id", id_}, {"why", removed.error().message}});
    }
    co_await scope_.join();
    co_await api_.close();  // After the processes: a client would tell the log that it lost us.
    co_await log_->close();
    if (!network_path_.empty()) machine_.networks->give_back(network_path_);
    const Status cleaned = co_await machine_.env.workers.run([this]() -> Status {
        REQUIRE(containers::unmount(machine_.run_folder + "/tmp/" + id_));
        REQUIRE(containers::remove_folder(machine_.run_folder + "/tmp/" + id_));
        return containers::remove_folder(machine_.run_folder + "/env/" + id_);
    });
    if (!cleaned)
        log::error("environment left files", {{"id", id_}, {"why", cleaned.error().message}});
    if (grants_) grants_->ended(id_);
    ended_ = true;
    end_done_.notify_all();
}

}  // namespace unkai::planes::functions
