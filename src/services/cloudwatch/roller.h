// Rolls old points up into the next resolution, and forgets what is older than 455 days
// (of alarms' history: 30 days).
//
//     scope.spawn(roller.run(stop));   // every `period`, until stopped
//
// A block moves as a whole, in one transaction with its erasure, when all of it is past its
// resolution's time; reads leave out what is too old for its resolution before that.
#pragma once

#include "rt/env.h"
#include "services/cloudwatch/series.h"

namespace unkai::services::cloudwatch {

class Roller {
public:
    static constexpr Duration period = std::chrono::minutes{5};
    static constexpr size_t blocks_per_transaction = 16, history_per_transaction = 500;
    static constexpr Duration history_kept = std::chrono::hours{30 * 24};

    Roller(Env& env, store::Store& store) : env_(env), store_(store) {}
    Task<void> run(Stop& stop);
    // One pass over everything; ends early when the store refuses.
    Task<Status> roll();

private:
    Task<Status> roll_metric(int64_t metric);
    Task<Status> forget_history();  // Of alarms.

    Env& env_;
    store::Store& store_;
    size_t passes_ = 0;
};

}  // namespace unkai::services::cloudwatch
