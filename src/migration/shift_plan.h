// The rules of a shift, pure: what was seen and asked → what to do next. No clock, no I/O.
//
//     while (!state.outcome) {
//         const Step step = plan(settings, state, observed);
//         state = step.state;                       // and carry out step.share, if given
//     }
//
// A step is good when it lasted `every`, no guard broke, and enough requests came to judge by. A
// broken guard goes back to the last good share at once; if guards break there, too, to the share
// from before the shift. abort goes back to the last good share and ends; undo to that from before.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migration/guard.h"

namespace unkai::migration {

struct ShiftSettings {
    std::vector<int> steps;  // Percent of the traffic for the new side.
    Duration every = std::chrono::seconds(20);
    std::vector<Guard> guards;
    double least_requests = 10;  // Of the new side, before a step or a guard is judged.
    // A step that gets too few requests waits so many times `every`, then pauses.
    int most_waits = 5;
};

enum class Command { none, pause, resume, promote, promote_fully, abort, undo };
enum class Phase { shifting, rolling_back, done };
// The exit code follows: completed 0, aborted and undone 1, guard_failed 99.
enum class Outcome { completed, guard_failed, aborted, undone };

struct ShiftState {
    Phase phase = Phase::shifting;
    std::optional<Outcome> outcome;  // Set: it ends like this (at the latest when done).
    std::optional<size_t> step;      // Of the settings; nullopt: before the first.
    int share = 0, last_good = 0, original = 0;  // Percent.
    bool paused = false;
    Time since;          // When the share was set.
    std::string reason;  // Why it paused, rolled back or ended: a sentence.
};

struct Observed {
    Time now;
    Traffic arrived;  // Of the new side, since the share was set.
    Command command = Command::none;
};

struct Decision {
    ShiftState state;
    std::optional<int> share;  // To be set now.
};

Decision plan(const ShiftSettings& settings, ShiftState state, const Observed& observed);

int exit_code_of(Outcome outcome);
std::string_view name_of(Outcome outcome);
std::string_view name_of(Phase phase);

// Route 53 weights for a share in percent: of the old side and of the new one.
std::pair<int, int> weights_of(int share);

// The share that arrived beside the one asked for.
struct Arrived {
    double share = 0;            // 0–1 of the requests.
    double least = 0, most = 1;  // Where 99.9 % of fair draws lie, given the share asked for.
    bool enough = false;         // There were requests at all.
    bool differs() const { return enough && (share < least || share > most); }
};
Arrived arrived_share(double asked, double old_requests, double new_requests);
// Why the two differ, most likely; empty when they do not.
std::string why_different(const Arrived& arrived, double asked, Duration since_change, Duration ttl,
                          Duration keep_alive);

}  // namespace unkai::migration
