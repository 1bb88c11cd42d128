#include "migration/shift.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace unkai::migration {

using wire::Json;

namespace {

constexpr Duration most_window = 60s, blind_patience = 60s;
constexpr size_t most_ticks = 20000;
constexpr int shown_periods = 3;  // What a person sees: the last whole ones, whatever the step.

struct ShiftRun {
    Loop& loop;
    ShiftWorld& world;
    ShiftOptions options;
    const ShiftFile* file;
    ShiftDesk& desk;
    ShiftState state = {};
    ShiftReport report = {};
    Readings readings = {};
    Time read_since = {};
    std::optional<Time> blind_since = std::nullopt;
    std::string blind_because = {};

    Task<Observed> look();
    Task<Status> carry_out(const Decision& decision);
    Tick tick_of(Time now) const;
    void note(std::string what);
    Json state_json() const;
    void save() const;
};

void ShiftRun::note(std::string what) {
    report.events.push_back({loop.now(), state.share, std::move(what)});
    desk.tell(report.events.back());
}

Json ShiftRun::state_json() const {
    return Json::object({{"name", options.names.name},
                         {"from", options.names.from},
                         {"to", options.names.to},
                         {"pid", static_cast<int64_t>(::getpid())},
                         {"phase", std::string(name_of(state.phase))},
                         {"paused", state.paused},
                         {"share", state.share},
                         {"lastGood", state.last_good},
                         {"originalShare", state.original},
                         {"outcome", state.outcome && state.phase == Phase::done
                                         ? Json(std::string(name_of(*state.outcome)))
                                         : Json()},
                         {"reason", state.reason},
                         {"since", iso8601(state.since)}});
}

void ShiftRun::save() const {
    // A state that cannot be written costs pause and undo from elsewhere, not the shift.
    if (file != nullptr)
        if (const auto written = file->write(state_json()); !written)
            desk.tell({loop.now(), state.share, written.error().message});
}

// Periods that overlap the change count, except after a roll-back: there what was before it would
// be held against it.
Task<Observed> ShiftRun::look() {
    const Time now = loop.now();
    Observed out{.now = now, .command = desk.take_command()};
    if (out.command == Command::none && file != nullptr) out.command = file->take_command();
    const Duration period = world.period();
    read_since =
        std::min(std::max(state.since, now - most_window) - period, now - shown_periods * period);
    auto read = co_await world.read(read_since);
    if (!read) {
        if (!blind_since) blind_since = now;
        blind_because = read.error().message;
        co_return out;  // Nothing arrived, as far as anybody knows.
    }
    readings = std::move(*read);
    blind_since.reset();
    const Time since = state.phase == Phase::rolling_back ? state.since + period : state.since;
    out.arrived = sum_up(readings.to, std::max(since, now - most_window), now, period);
    co_return out;
}

Tick ShiftRun::tick_of(Time now) const {
    const Duration period = world.period();
    const Time since = std::max(state.since, now - most_window);
    const Time shown = now - shown_periods * period;
    Tick out{.at = now,
             .phase = state.phase,
             .step = state.step,
             .paused = state.paused,
             .asked = state.share,
             .from = sum_up(readings.from, shown, now, period),
             .to = sum_up(readings.to, shown, now, period),
             .reason = state.reason};
    // Whole periods after the change only: the one it fell into has both shares in it.
    const Traffic old_side = sum_up(readings.from, since + period, now, period);
    const Traffic new_side = sum_up(readings.to, since + period, now, period);
    const double asked = state.share / 100.0;
    out.arrived = arrived_share(asked, old_side.requests, new_side.requests);
    out.why = why_different(out.arrived, asked, now - state.since, world.ttl(), world.keep_alive());
    out.left = std::max(Duration(0), options.settings.every - (now - state.since));
    return out;
}

Task<Status> ShiftRun::carry_out(const Decision& decision) {
    const bool turned =
        decision.state.phase != state.phase || decision.state.paused != state.paused;
    const bool share_changes = decision.share.has_value();
    state = decision.state;
    if (share_changes) {
        note(state.phase == Phase::shifting
                 ? fmt::format("Step {} of {}: {} % to {}.", *state.step + 1,
                               options.settings.steps.size(), *decision.share, options.names.to)
                 : fmt::format("Back to {} %: {}", *decision.share, state.reason));
        save();
        CO_REQUIRE(co_await world.set_share(*decision.share));
        // The step begins when the weights answer.
        state.since = loop.now();
    } else if (turned && !state.reason.empty()) {
        note(state.reason);
    }
    save();
    co_return ok();
}

Task<Status> watch(ShiftRun& run) {
    while (run.state.phase != Phase::done) {
        Observed observed = co_await run.look();
        if (run.blind_since && observed.command == Command::none) {
            if (observed.now - *run.blind_since < blind_patience) {
                co_await run.loop.sleep(run.options.look_every);
                continue;
            }
            run.note("The metrics cannot be read: " + run.blind_because);
            observed.command = Command::abort;
        }
        run.report.ticks.push_back(run.tick_of(observed.now));
        if (run.report.ticks.size() > most_ticks) run.report.ticks.erase(run.report.ticks.begin());
        run.desk.show(run.report.ticks.back(), run.options.settings);
        CO_REQUIRE(co_await run.carry_out(plan(run.options.settings, run.state, observed)));
        if (run.state.phase != Phase::done) co_await run.loop.sleep(run.options.look_every);
    }
    co_return ok();
}

}  // namespace

Task<Result<ShiftReport>> run_shift(Loop& loop, ShiftWorld& world, ShiftOptions options,
                                    const ShiftFile* file, ShiftDesk& desk) {
    ShiftRun run{loop, world, std::move(options), file, desk};
    CO_TRY(const int share, co_await world.share());
    run.state.share = run.state.original = run.state.last_good = share;
    run.state.since = loop.now();
    run.report.names = run.options.names;
    run.report.settings = run.options.settings;
    run.report.from_title = world.describe(false);
    run.report.to_title = world.describe(true);
    run.report.begun = loop.now();
    if (file != nullptr) file->take_command();  // Of a shift before this one.
    CO_REQUIRE(co_await watch(run));
    run.report.ended = loop.now();
    run.report.outcome = *run.state.outcome;
    run.report.reason = run.state.reason;
    run.report.share = run.state.share;
    run.note(fmt::format("{}: {}", name_of(run.report.outcome), run.report.reason));
    run.save();
    co_return std::move(run.report);
}

}  // namespace unkai::migration
