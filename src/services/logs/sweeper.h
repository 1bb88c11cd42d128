// Clears what has expired or belongs to deleted groups and streams, a bounded piece a transaction.
//
//     scope.spawn(sweeper.run(stop));   // sweeps every `period`, until stopped
#pragma once

#include "rt/env.h"
#include "services/logs/schema.h"

namespace unkai::services::logs {

class Sweeper {
public:
    static constexpr Duration period = std::chrono::minutes{10};
    static constexpr size_t chunks_per_transaction = 500;

    Sweeper(Env& env, store::Store& store) : env_(env), store_(store) {}
    Task<void> run(Stop& stop);
    // One pass over everything; ends early when the store refuses.
    Task<Status> sweep();

private:
    Task<Status> clear_doomed();
    Task<Status> expire(std::string group, std::string stream, int64_t before);

    Env& env_;
    store::Store& store_;
};

}  // namespace unkai::services::logs
