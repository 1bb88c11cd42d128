#include "migration/shift_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace unkai::migration {

namespace {

std::optional<std::string> broken_guard(const ShiftSettings& settings, const Traffic& arrived) {
    if (arrived.requests < settings.least_requests) return std::nullopt;
    for (const Guard& guard : settings.guards)
        if (auto why = guard.broken_by(arrived)) return why;
    return std::nullopt;
}

Decision set_share(ShiftState state, int share, Time now) {
    if (share == state.share) {
        if (state.phase == Phase::rolling_back) state.phase = Phase::done;
        return {std::move(state), std::nullopt};
    }
    state.share = share;
    state.since = now;
    // Nobody is asked to go there any more: there is nothing left to watch.
    if (state.phase == Phase::rolling_back && share == state.original) state.phase = Phase::done;
    return {std::move(state), share};
}

Decision roll_back(ShiftState state, Outcome outcome, int share, std::string reason, Time now) {
    state.phase = Phase::rolling_back;
    state.paused = false;
    if (!state.outcome) state.outcome = outcome;
    state.reason = std::move(reason);
    return set_share(std::move(state), share, now);
}

Decision next_step(const ShiftSettings& settings, ShiftState state, bool fully, Time now) {
    const size_t next = fully ? settings.steps.size() - 1 : state.step ? *state.step + 1 : 0;
    if (next >= settings.steps.size()) {
        state.phase = Phase::done;
        state.outcome = Outcome::completed;
        state.reason = fmt::format("All {} steps were good.", settings.steps.size());
        return {std::move(state), std::nullopt};
    }
    state.step = next;
    state.paused = false;
    state.reason.clear();
    state.since = now;
    return set_share(std::move(state), settings.steps[next], now);
}

Decision plan_rolling_back(const ShiftSettings& settings, ShiftState state,
                           const Observed& observed) {
    if (const auto why = broken_guard(settings, observed.arrived))
        return roll_back(std::move(state), *state.outcome, state.original,
                         *why + " after the first roll-back, too.", observed.now);
    if (observed.now - state.since >= settings.every) state.phase = Phase::done;
    return {std::move(state), std::nullopt};
}

}  // namespace

Decision plan(const ShiftSettings& settings, ShiftState state, const Observed& observed) {
    if (state.phase == Phase::done) return {std::move(state), std::nullopt};
    if (observed.command == Command::undo)
        return roll_back(std::move(state), Outcome::undone, state.original,
                         "Undone: the weights are those from before the shift.", observed.now);
    if (state.phase == Phase::rolling_back)
        return plan_rolling_back(settings, std::move(state), observed);
    if (observed.command == Command::abort) {
        Decision out = roll_back(std::move(state), Outcome::aborted, state.last_good, "Aborted.",
                                 observed.now);
        out.state.phase = Phase::done;  // Whoever aborts does not want to watch.
        return out;
    }
    if (!state.step) return next_step(settings, std::move(state), false, observed.now);
    if (const auto why = broken_guard(settings, observed.arrived))
        return roll_back(std::move(state), Outcome::guard_failed, state.last_good, *why + ".",
                         observed.now);
    if (observed.command == Command::pause) {
        state.paused = true;
        state.reason = "Paused by command.";
    } else if (observed.command == Command::resume) {
        state.paused = false;
        state.reason.clear();
    } else if (observed.command == Command::promote || observed.command == Command::promote_fully) {
        state.last_good = state.share;
        return next_step(
            settings, std::move(state),
            observed.command == Command::promote_fully && *state.step + 1 < settings.steps.size(),
            observed.now);
    }
    const Duration waited = observed.now - state.since;
    if (state.paused || waited < settings.every) return {std::move(state), std::nullopt};
    if (observed.arrived.requests < settings.least_requests && state.share > 0) {
        state.reason = fmt::format(
            "Waiting: only {:.0f} requests reached the new side, and {:.0f} are needed to judge.",
            observed.arrived.requests, settings.least_requests);
        if (waited >= settings.every * settings.most_waits) state.paused = true;
        return {std::move(state), std::nullopt};
    }
    state.last_good = state.share;
    return next_step(settings, std::move(state), false, observed.now);
}

int exit_code_of(Outcome outcome) {
    return outcome == Outcome::completed ? 0 : outcome == Outcome::guard_failed ? 99 : 1;
}

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::completed:
            return "completed";
        case Outcome::guard_failed:
            return "guard failed";
        case Outcome::aborted:
            return "aborted";
        default:
            return "undone";
    }
}

std::string_view name_of(Phase phase) {
    return phase == Phase::shifting ? "shifting" : phase == Phase::done ? "done" : "rolling back";
}

std::pair<int, int> weights_of(int share) { return {100 - share, share}; }

Arrived arrived_share(double asked, double old_requests, double new_requests) {
    Arrived out;
    const double all = old_requests + new_requests;
    if (all <= 0) return out;
    out.enough = true;
    out.share = new_requests / all;
    const double spread = 3.29 * std::sqrt(asked * (1 - asked) / all);
    out.least = std::max(0.0, asked - spread);
    out.most = std::min(1.0, asked + spread);
    return out;
}

std::string why_different(const Arrived& arrived, double asked, Duration since_change, Duration ttl,
                          Duration keep_alive) {
    if (!arrived.differs()) return {};
    const auto seconds = [](Duration length) {
        return std::chrono::duration_cast<std::chrono::seconds>(length).count();
    };
    if (since_change < ttl)
        return fmt::format(
            "resolver caches: answers are kept for {} s, and the weights changed {} s ago",
            seconds(ttl), seconds(since_change));
    if (asked <= 0 || asked >= 1 || since_change < keep_alive)
        return fmt::format(
            "connections kept alive: a client may keep its old one for up to {} s (or one resolver "
            "carries much of the traffic)",
            seconds(keep_alive));
    return "few resolvers carry much of the traffic: one answer a resolver a TTL";
}

}  // namespace unkai::migration
