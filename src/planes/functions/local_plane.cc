#include "planes/functions/local_plane.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"
#include "planes/functions/clients.h"
#include "planes/functions/report.h"
#include "planes/functions/volumes.h"

namespace unkai::planes::functions {

namespace {

using containers::make_folder;
using containers::remove_folder;
using State = EnvironmentStatus::State;

constexpr Duration sweep_time = std::chrono::seconds(5);
// A spare starts a moment after the environment in whose place it comes: not beside its init.
constexpr Duration spare_delay = std::chrono::milliseconds(300);
constexpr Duration settling_time = std::chrono::milliseconds(200);
constexpr Duration turn_time = std::chrono::seconds(2);
// Of one function, that load their code at a time: more would only slow each other down, and while
// they do, environments that are warm are done sooner.
const size_t most_loading = std::max<size_t>(4, 2 * std::thread::hardware_concurrency());

std::string_view host_architecture() {
    return containers::host_platform().architecture == "arm64" ? "arm64" : "x86_64";
}

Status write_client(const std::string& path, std::string_view text) {
    REQUIRE(containers::write_file(path, text));
    if (::chmod(path.c_str(), 0644) != 0)
        return fail("EnvironmentFailed", "Cannot write " + path + ".");
    return ok();
}

}  // namespace

LocalPlane::LocalPlane(Env& env, LocalPlaneOptions options)
    : env_(env),
      options_(std::move(options)),
      sandboxes_(env, {options_.data_folder + "/containers", options_.run_folder + "/c"}) {}

LocalPlane::~LocalPlane() {
    CHECK(members_.empty() && spares_.empty(), "close() the function plane first");
}

Task<Status> LocalPlane::open() {
    CO_REQUIRE(co_await sandboxes_.open());
    auto layout = containers::find_cgroup_layout();
    if (!layout) co_return layout.error();
    machine_ = std::make_unique<Machine>(Machine{env_,
                                                 sandboxes_,
                                                 containers::Cgroups(std::move(*layout)),
                                                 find_unified_hierarchy(),
                                                 options_.run_folder,
                                                 options_.data_folder,
                                                 options_.networks,
                                                 {}});
    CO_REQUIRE(co_await env_.workers.run([options = options_]() -> Status {
        REQUIRE(containers::unmount_all_below(options.run_folder));
        for (const char* name : {"/env", "/tmp"}) {
            REQUIRE(remove_folder(options.run_folder + name));
            REQUIRE(make_folder(options.run_folder + name, 0711));
        }
        REQUIRE(make_folder(options.run_folder, 0711));
        REQUIRE(remove_folder(options.data_folder + "/tmp"));
        return make_folder(options.data_folder, 0711);
    }));
    auto found = co_await env_.workers.run(
        []() -> Result<std::vector<RuntimeStatus>> { return find_runtimes(); });
    machine_->runtimes = std::move(*found);
    scope_.spawn(sweep());
    co_return ok();
}

Task<Status> LocalPlane::make_ready() {
    while (making_ready_) co_await changed_.wait(env_.loop);
    if (ready_) co_return ok();
    making_ready_ = true;
    Status made = co_await sandboxes_.ensure_runtime();
    if (made)
        made = co_await env_.workers.run([data = options_.data_folder]() -> Status {
            REQUIRE(remove_folder(data + "/root"));
            REQUIRE(make_root(data + "/root"));
            for (const char* name : {"/tmp", "/templates"}) REQUIRE(make_folder(data + name, 0700));
            REQUIRE(make_folder(data + "/clients", 0755));
            REQUIRE(write_client(data + "/clients/client.py", python_client()));
            REQUIRE(write_client(data + "/clients/client.cjs", node_client()));
            return write_client(data + "/clients/launch.sh", launch_script());
        });
    making_ready_ = false;
    ready_ = made.has_value();
    changed_.notify_all();
    co_return made;
}

Task<void> LocalPlane::close() {
    closing_.request();
    while (!members_.empty()) {
        // One that is starting ends by the invocation that started it.
        for (const MemberPtr& member : std::vector<MemberPtr>(members_.begin(), members_.end()))
            if (member->started) end_soon(member);
        if (!members_.empty()) co_await changed_.wait(env_.loop);
    }
    co_await scope_.join();
    for (Spares& spares : spares_)
        for (const EnvironmentPtr& one : spares.ready) co_await one->end();
    spares_.clear();
    co_await sandboxes_.close();
}

Task<Status> LocalPlane::purge() {
    co_await close();
    CO_REQUIRE(co_await sandboxes_.purge());
    co_return co_await env_.workers.run([options = options_]() -> Status {
        REQUIRE(containers::unmount_all_below(options.run_folder));
        REQUIRE(remove_folder(options.run_folder));
        return remove_folder(options.data_folder);
    });
}

std::vector<RuntimeStatus> LocalPlane::runtimes() const {
    return machine_ ? machine_->runtimes : std::vector<RuntimeStatus>{};
}

Status LocalPlane::check_runtime(std::string_view runtime) const {
    if (!parse_runtime_name(runtime)) return invalid_runtime(runtime);
    const RuntimeStatus* const found = machine_ ? machine_->runtime(runtime) : nullptr;
    if (found == nullptr || !found->problem.empty()) return missing_runtime(runtime, runtimes());
    return ok();
}

Status LocalPlane::check(const FunctionSpec& spec) const {
    if (spec.architecture != host_architecture())
        return fail("ArchitectureMismatch",
                    "This machine runs " + std::string(host_architecture()) + ", not " +
                        spec.architecture + "; choose its architecture for the function.",
                    400);
    if (spec.image) return ok();
    return check_runtime(spec.runtime);
}

std::vector<containers::Finding> LocalPlane::findings() const {
    std::vector<containers::Finding> out = sandboxes_.findings();
    if (machine_ && machine_->unified.empty())
        out.push_back({"Functions are not frozen between invocations: cgroup2 is not mounted.",
                       "Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified."});
    if (!loop_devices_work())
        out.push_back({"Files in a function's /tmp count as its memory: no loop device works here.",
                       "Load the loop module and install e2fsprogs: modprobe loop."});
    return out;
}

// ---- Generic environments, made ahead

EnvironmentPtr LocalPlane::new_environment() {
    return std::make_shared<Environment>(*machine_, env_.random.hex(32));
}

LocalPlane::Spares& LocalPlane::spares_for(const FunctionSpec& spec) {
    Template wanted{spec.runtime, spec.network, spec.ca_certificate};
    const auto found = std::ranges::find(spares_, wanted, &Spares::made_for);
    Spares& spares = found == spares_.end()
                         ? spares_.emplace_back(Spares{std::move(wanted), {}, 0, {}})
                         : *found;
    spares.used_at = env_.loop.steady();
    return spares;
}

void LocalPlane::refill(Spares& spares) {
    std::erase_if(spares.ready, [this](const EnvironmentPtr& one) {
        if (one->over()) scope_.spawn(end_spare(one));
        return one->over();
    });
    while (!closing_.requested() && spares.ready.size() + spares.starting < options_.spare) {
        ++spares.starting;
        scope_.spawn(start_spare(spares));
    }
}

// `spares` stays where it is while one of its environments is starting.
Task<void> LocalPlane::start_spare(Spares& spares) {
    if (co_await env_.loop.sleep(spare_delay, &closing_)) {
        const EnvironmentPtr made = new_environment();
        const Status started = co_await made->start_generic(spares.made_for);
        if (started && !closing_.requested()) {
            spares.ready.push_back(made);
        } else {
            if (!started)
                log::error("no generic environment", {{"runtime", spares.made_for.runtime},
                                                      {"reason", started.error().message}});
            co_await made->end();
        }
    }
    --spares.starting;
    changed_.notify_all();
}

Task<void> LocalPlane::end_spare(EnvironmentPtr environment) { co_await environment->end(); }

Task<void> LocalPlane::settled() {
    const auto busy = [this] {
        return std::ranges::any_of(spares_, [](const Spares& one) { return one.starting > 0; }) ||
               std::ranges::any_of(members_, [](const MemberPtr& one) {
                   return one->settling || one->status.state == State::ending;
               });
    };
    while (busy()) co_await changed_.wait(env_.loop);
}

Task<Result<EnvironmentPtr>> LocalPlane::take_generic(FunctionSpecPtr spec) {
    Spares& spares = spares_for(*spec);
    while (!spares.ready.empty()) {
        const EnvironmentPtr taken = spares.ready.back();
        spares.ready.pop_back();
        if (!taken->over()) {
            refill(spares);
            co_return taken;
        }
        scope_.spawn(end_spare(taken));
    }
    refill(spares);
    const EnvironmentPtr made = new_environment();
    const Status started =
        co_await made->start_generic(Template{spec->runtime, spec->network, spec->ca_certificate});
    if (started) co_return made;
    co_await made->end();
    co_return started.error();
}

// ---- Environments of functions

Task<Result<containers::Image>> LocalPlane::image_of(FunctionSpecPtr spec) {
    const std::string key = spec->id + "\n" + spec->revision;
    if (const auto found = images_.find(key); found != images_.end()) co_return found->second;
    CO_TRY(containers::Image image,
           co_await sandboxes_.pull(spec->image->source, spec->image->reference));
    images_[key] = image;
    co_return image;
}

Task<Status> LocalPlane::prepare(FunctionSpecPtr spec) {
    CO_REQUIRE(check(*spec));
    CO_REQUIRE(co_await make_ready());
    if (spec->image) {
        const auto image = co_await image_of(spec);
        if (!image) co_return image.error();
        co_return ok();
    }
    refill(spares_for(*spec));
    co_return ok();
}

Task<Status> LocalPlane::start_member(MemberPtr member, FunctionSpecPtr spec) {
    CO_REQUIRE(co_await make_ready());
    EnvironmentPtr environment;
    containers::Image image;
    if (spec->image) {
        CO_TRY(image, co_await image_of(spec));
        environment = new_environment();
    } else {
        CO_TRY(environment, co_await take_generic(spec));
    }
    member->environment = environment;
    member->status.id = environment->id();
    Grant grant;
    if (spec->grants) {
        CO_TRY(grant, co_await spec->grants->grant(environment->id()));
    }
    if (spec->image)
        co_return co_await environment->start_image(spec, std::move(image), std::move(grant));
    co_return co_await environment->claim(spec, std::move(grant));
}

// An environment that is about to be free is worth a moment: a start costs more.
Task<void> LocalPlane::await_settling(const FunctionSpec& spec) {
    const auto alike = [&](const MemberPtr& one) {
        return one->status.function == spec.id && one->status.revision == spec.revision;
    };
    const Steady patience = env_.loop.steady() + settling_time;
    while (std::ranges::any_of(members_, [&](auto& one) { return alike(one) && one->settling; })) {
        for (const MemberPtr& one : members_)
            if (alike(one) && one->status.state == State::idle) co_return;
        if (co_await changed_.wait(env_.loop, patience) == Wake::timed_out) co_return;
    }
}

// After a stall, requests that piled up would each start an environment.
Task<void> LocalPlane::await_turn(const FunctionSpec& spec) {
    const Steady patience = env_.loop.steady() + turn_time;
    while (true) {
        size_t loading = 0;
        for (const MemberPtr& one : members_) {
            if (one->status.function != spec.id || one->status.revision != spec.revision) continue;
            if (one->status.state == State::idle) co_return;
            loading += !one->proven && !one->ends;
        }
        if (loading < most_loading) co_return;
        if (co_await changed_.wait(env_.loop, patience) == Wake::timed_out) co_return;
    }
}

Task<Result<LocalPlane::MemberPtr>> LocalPlane::take(FunctionSpecPtr spec) {
    co_await await_settling(*spec);
    co_await await_turn(*spec);
    std::vector<MemberPtr> all, dead;
    std::vector<PoolMember> members;
    for (const MemberPtr& one : members_) {
        if (one->status.state == State::ending) continue;
        // Its process may have ended while nobody looked.
        if (one->status.state == State::idle && !one->environment->warm()) {
            dead.push_back(one);
            continue;
        }
        all.push_back(one);
        members.push_back({one->status.function, one->status.revision,
                           one->status.state == State::idle, one->status.memory_mib, one->used_at,
                           one->environment ? one->environment->expires_at() : std::nullopt});
    }
    for (const MemberPtr& one : dead) end_soon(one);
    const Claim plan =
        plan_claim(members, {spec->id, spec->revision, spec->memory_mib, spec->most_environments},
                   options_.limits, env_.now());
    if (plan.kind == Claim::Kind::throttle) co_return MemberPtr{};
    if (plan.kind == Claim::Kind::use) {
        all[plan.use]->status.state = State::busy;
        co_return all[plan.use];
    }
    for (const size_t index : plan.evict) end_soon(all[index]);
    const auto member = std::make_shared<Member>();
    member->status = {.function = spec->id,
                      .revision = spec->revision,
                      .started_at = env_.now(),
                      .memory_mib = spec->memory_mib};
    members_.push_back(member);
    const Status started = co_await start_member(member, spec);
    if (!started) {
        member->started = true;
        end_soon(member);
        co_return started.error();
    }
    member->started = true;
    if (member->status.state == State::starting) member->status.state = State::busy;
    co_return member;
}

Task<Result<Outcome>> LocalPlane::invoke(FunctionSpecPtr spec, Invocation invocation) {
    if (invocation.payload.size() > most_payload_bytes)
        co_return fail("PayloadTooLarge", "The payload is larger than 6 MB.", 413);
    if (closing_.requested() || !machine_)
        co_return fail("EnvironmentFailed", "The function plane is not open.", 503);
    CO_REQUIRE(check(*spec));
    CO_TRY(const MemberPtr member, co_await take(spec));
    if (!member) co_return Outcome{.kind = Outcome::Kind::throttled};
    if (closing_.requested()) {
        end_soon(member);
        co_return fail("EnvironmentFailed", "The function plane is closing.", 503);
    }
    ++member->status.invocations;
    Outcome outcome = co_await member->environment->run(std::move(invocation));
    const bool may_go_on =
        outcome.kind == Outcome::Kind::response || outcome.kind == Outcome::Kind::function_error;
    if (!may_go_on || member->environment->over() || closing_.requested())
        end_soon(member);
    else if (member->environment->warm())
        release(member);
    else
        scope_.spawn(settle(member, spec->timeout));
    co_return outcome;
}

// A foreign runtime that has answered may still work until it asks for more.
Task<void> LocalPlane::settle(MemberPtr member, Duration patience) {
    member->settling = true;
    co_await member->environment->settle(env_.loop.steady() + patience);
    member->settling = false;
    if (member->environment->warm())
        release(member);
    else
        end_soon(member);
}

void LocalPlane::release(MemberPtr member) {
    member->used_at = env_.now();
    member->proven = true;
    if (member->status.state == State::ending) return end_soon(member);
    member->status.state = State::idle;
    if (changed_.waiting() > 0) changed_.notify_all();
}

void LocalPlane::end_soon(MemberPtr member) {
    if (std::exchange(member->ends, true)) return;
    member->status.state = State::ending;
    scope_.spawn(end_member(std::move(member)));
}

Task<void> LocalPlane::end_member(MemberPtr member) {
    if (member->environment) co_await member->environment->end();
    members_.remove(member);
    changed_.notify_all();
}

Task<void> LocalPlane::retire(std::string id) {
    std::erase_if(images_, [&](const auto& one) { return one.first.starts_with(id + "\n"); });
    for (const MemberPtr& member : std::vector<MemberPtr>(members_.begin(), members_.end())) {
        if (member->status.function != id) continue;
        if (member->status.state == State::idle)
            end_soon(member);
        else
            member->status.state = State::ending;  // After its invocation.
    }
    co_return;
}

std::vector<EnvironmentStatus> LocalPlane::environments() const {
    std::vector<EnvironmentStatus> out;
    for (const MemberPtr& member : members_) out.push_back(member->status);
    return out;
}

Task<void> LocalPlane::sweep() {
    while (co_await env_.loop.sleep(sweep_time, &closing_)) {
        std::vector<MemberPtr> idle;
        std::vector<PoolMember> members;
        for (const MemberPtr& one : members_) {
            if (one->status.state != State::idle) continue;
            idle.push_back(one);
            members.push_back({one->status.function, one->status.revision, true,
                               one->status.memory_mib, one->used_at,
                               one->environment->expires_at()});
        }
        for (const size_t index : plan_sweep(members, options_.limits, env_.now()))
            end_soon(idle[index]);
        for (auto spares = spares_.begin(); spares != spares_.end();) {
            const bool old = env_.loop.steady() - spares->used_at >= options_.spare_time;
            if (!old || spares->starting > 0) {
                ++spares;
                continue;
            }
            for (const EnvironmentPtr& one : spares->ready) scope_.spawn(end_spare(one));
            spares = spares_.erase(spares);
        }
    }
}

}  // namespace unkai::planes::functions
