// Judges alarms by the clock, as AWS does: those with periods below a minute every 10 s, the others
// (and new ones until they were judged once, every 10 s) every minute; composite alarms whenever
// another alarm changes.
//
//     scope.spawn(evaluator.run(stop));
//
// A pass begins `delay` after the clock's ten seconds, so that what was measured until then has
// arrived. Everything lies in the store: after a crash the next pass goes on with the states that
// were; a change of state, its history and the actions that it owes are one transaction. Cost: at
// most 0.1 ms an alarm (tests/bench/alarms.py, unoptimised), in slices of `alarms_per_slice`.
#pragma once

#include "rt/env.h"
#include "rt/event.h"
#include "services/cloudwatch/alarms.h"

namespace unkai::services::cloudwatch {

class Evaluator {
public:
    static constexpr int64_t tick = 10;  // Seconds.
    static constexpr Duration delay = std::chrono::seconds{2};
    static constexpr size_t alarms_per_slice = 50;

    Evaluator(Env& env, store::Store& store) : env_(env), store_(store) {}
    Task<void> run(Stop& stop);

    // One pass over the metric alarms that are due at this second, a multiple of `tick`.
    Task<Status> evaluate(int64_t second);
    // Composite alarms until none changes, and the actions that suppressors held back.
    Task<Status> settle();

private:
    using Key = std::tuple<std::string, std::string, std::string>;

    AlarmPlace place(store::Txn& txn, const Key& key);
    void evaluate_one(store::Txn& txn, const Key& key, int64_t second);
    bool evaluate_composite(store::Txn& txn, const Key& key);
    void release_actions(store::Txn& txn, const Key& key);

    Env& env_;
    store::Store& store_;
    Event changed_;
    bool dirty_ = true;     // An alarm changed since composites were settled.
    bool waiting_ = false;  // A suppressor's time runs.
};

// The newest periods of the alarm that end at `end`, oldest first (evaluator.cc; for its tests).
Result<std::vector<Observation>> observe(const AlarmPlace& place, const StoredAlarm& alarm,
                                         int64_t end);

}  // namespace unkai::services::cloudwatch
