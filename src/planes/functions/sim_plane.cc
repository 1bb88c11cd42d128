#include "planes/functions/sim_plane.h"

#include <algorithm>

#include "planes/functions/pool.h"
#include "planes/functions/report.h"
#include "planes/functions/runtime_names.h"

namespace unkai::planes::functions {

namespace {

Task<void> say(const Env& env, const Grant& grant, std::vector<std::string> texts) {
    if (!grant.log || texts.empty()) co_return;
    std::vector<containers::LogLine> lines;
    for (std::string& text : texts) lines.push_back({env.now(), false, false, std::move(text)});
    co_await grant.log->lines(std::move(lines));
}

}  // namespace

Status SimPlane::check_runtime(std::string_view runtime) const {
    if (!parse_runtime_name(runtime)) return invalid_runtime(runtime);
    if (missing_runtimes.contains(runtime)) return missing_runtime(runtime, runtimes());
    return ok();
}

std::vector<RuntimeStatus> SimPlane::runtimes() const {
    std::vector<RuntimeStatus> out;
    for (const std::string& name : runtime_identifiers())
        if (!missing_runtimes.contains(name)) out.push_back({name, "/simulated/" + name, ""});
    return out;
}

Task<Status> SimPlane::prepare(FunctionSpecPtr spec) {
    co_await env_.loop.yield();
    if (!spec->image) co_return check_runtime(spec->runtime);
    if (missing_images.contains(spec->image->reference))
        co_return fail("ImageNotFound", "There is no image " + spec->image->reference + ".", 404);
    co_return ok();
}

Task<Result<SimPlane::EnvironmentPtr>> SimPlane::claim(FunctionSpecPtr spec, bool& cold) {
    std::vector<EnvironmentPtr> all(environments_.begin(), environments_.end());
    std::vector<PoolMember> members;
    for (const EnvironmentPtr& one : all)
        members.push_back({one->status.function, one->status.revision,
                           one->status.state == EnvironmentStatus::State::idle,
                           one->status.memory_mib, one->status.started_at, one->grant.expires_at});
    const Claim plan =
        plan_claim(members, {spec->id, spec->revision, spec->memory_mib, spec->most_environments},
                   PoolLimits{}, env_.now());
    cold = plan.kind == Claim::Kind::start;
    if (plan.kind == Claim::Kind::throttle) co_return EnvironmentPtr{};
    if (plan.kind == Claim::Kind::use) {
        all[plan.use]->status.state = EnvironmentStatus::State::busy;
        co_return all[plan.use];
    }
    const auto made = std::make_shared<Environment>();
    made->spec = spec;
    made->status = {.id = env_.random.hex(32),
                    .function = spec->id,
                    .revision = spec->revision,
                    .started_at = env_.now(),
                    .memory_mib = spec->memory_mib};
    environments_.push_back(made);
    for (const size_t index : plan.evict) end(all[index]);
    if (!spec->grants) co_return made;
    auto granted = co_await spec->grants->grant(made->status.id);
    if (!granted) {
        end(made);
        co_return granted.error();
    }
    made->grant = std::move(*granted);
    co_return made;
}

void SimPlane::end(const EnvironmentPtr& environment) {
    if (environments_.remove(environment) > 0 && environment->spec->grants)
        environment->spec->grants->ended(environment->status.id);
}

Task<Outcome> SimPlane::run(EnvironmentPtr environment, const Invocation& invocation) {
    const FunctionSpec& spec = *environment->spec;
    const auto found = functions.find(spec.name);
    const SimFunction function = found == functions.end() ? SimFunction{} : found->second;
    const bool cold = environment->status.invocations++ == 0;
    if (cold) co_await env_.loop.sleep(function.init);
    environment->status.state = EnvironmentStatus::State::busy;
    std::vector<std::string> said{start_line(invocation.request_id, spec.version)};
    said.insert(said.end(), function.prints.begin(), function.prints.end());
    co_await say(env_, environment->grant, std::move(said));
    co_await env_.loop.sleep(std::min(function.duration, spec.timeout));

    Outcome out;
    if (function.duration > spec.timeout || function.kind == Outcome::Kind::timeout)
        out = timed_out(invocation.request_id, spec.timeout);
    else if (function.handler)
        out = function.handler(spec, invocation);
    else if (function.kind == Outcome::Kind::exited)
        out = exited(invocation.request_id, "exit status 1", false);
    else if (function.kind == Outcome::Kind::out_of_memory)
        out = exited(invocation.request_id, "signal: killed", true);
    else
        out = {.kind = function.kind, .payload = function.response};
    out.environment = environment->status.id;
    out.cold = cold;
    out.duration = std::min(function.duration, spec.timeout);
    if (cold) out.init_duration = function.init;
    out.billed_duration = billed(out.duration, out.init_duration);
    out.max_memory_mib = 40;
    std::vector<std::string> end_said;
    if (out.kind == Outcome::Kind::timeout)
        end_said.push_back(timeout_line(env_.now(), invocation.request_id, spec.timeout));
    end_said.push_back(end_line(invocation.request_id));
    end_said.push_back(report_line(invocation.request_id, spec, out));
    if (invocation.log_tail) {
        out.log_tail = start_line(invocation.request_id, spec.version) + "\n";
        for (const std::string& line : function.prints) out.log_tail += line + "\n";
        for (const std::string& line : end_said) out.log_tail += line + "\n";
    }
    co_await say(env_, environment->grant, std::move(end_said));
    co_return out;
}

Task<Result<Outcome>> SimPlane::invoke(FunctionSpecPtr spec, Invocation invocation) {
    if (invocation.payload.size() > most_payload_bytes)
        co_return fail("PayloadTooLarge", "The payload is larger than 6 MB.", 413);
    if (!spec->image) CO_REQUIRE(check_runtime(spec->runtime));
    bool cold = false;
    CO_TRY(const EnvironmentPtr environment, co_await claim(spec, cold));
    if (!environment) co_return Outcome{.kind = Outcome::Kind::throttled};
    invoked.push_back(invocation);
    const Outcome out = co_await run(environment, invocation);
    const bool over = environment->status.state == EnvironmentStatus::State::ending;
    if (over || (out.kind != Outcome::Kind::response && out.kind != Outcome::Kind::function_error))
        end(environment);
    else
        environment->status.state = EnvironmentStatus::State::idle;
    co_return out;
}

Task<void> SimPlane::retire(std::string id) {
    const std::vector<EnvironmentPtr> all(environments_.begin(), environments_.end());
    for (const EnvironmentPtr& one : all) {
        if (one->status.function != id) continue;
        if (one->status.state == EnvironmentStatus::State::idle)
            end(one);
        else
            one->status.state = EnvironmentStatus::State::ending;
    }
    co_return;
}

std::vector<EnvironmentStatus> SimPlane::environments() const {
    std::vector<EnvironmentStatus> out;
    for (const EnvironmentPtr& one : environments_) out.push_back(one->status);
    return out;
}

}  // namespace unkai::planes::functions
