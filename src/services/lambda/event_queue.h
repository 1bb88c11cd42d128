// The queue of asynchronous invocations: what was accepted is run, retried, and told of.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
// An event is in the store before its caller is answered, and leaves it when the function has
// succeeded or its record was delivered: a killed program runs it again (at least once, as AWS).
// When the function fails it is tried again after one and two minutes (MaximumRetryAttempts);
// throttles and failures of the system are tried again with growing pauses, from a second to five
// minutes, until the event is too old (MaximumEventAgeInSeconds). The order lives in memory, with
// the store as its log.
#pragma once

#include <map>
#include <set>
#include <string>

#include "rt/env.h"
#include "rt/event.h"
#include "services/lambda/destinations.h"
#include "services/lambda/invoker.h"

namespace unkai::services::lambda {

class EventQueue {
public:
    EventQueue(Env& env, store::Store& store, aws::Client& client, Invoker& invoker, Stop& stop)
        : env_(env),
          store_(store),
          invoker_(invoker),
          stop_(stop),
          destinations_(env, client, stop) {}

    // Into the caller's transaction; then arrived(), after its commit.
    void put(store::Txn& txn, const std::string& request_id, const StoredEvent& event,
             const std::string& payload);
    void arrived(const std::string& request_id, Time due) { add(request_id, due); }
    bool full() const { return known_.size() >= limits_queued(); }

    // Reads what is in the store, and works until stopped; what is at work then is finished.
    unkai::Task<void> run();
    size_t size() const { return known_.size(); }

private:
    struct Config {
        int64_t retries = 0;
        Duration age{};
        std::string on_success, on_failure;
    };
    static size_t limits_queued();
    void add(const std::string& id, Time due);
    void load();
    unkai::Task<void> attempt(std::string id, std::string function);
    unkai::Task<void> work(const std::string& id);
    unkai::Task<void> settle(const std::string& id, StoredEvent event, const Target& target,
                             std::string payload, std::optional<Invoked> last,
                             std::string condition);
    unkai::Task<void> postpone(const std::string& id, StoredEvent event, Duration pause);
    unkai::Task<void> drop(const std::string& id);
    Config config(const Target& target);

    Env& env_;
    store::Store& store_;
    Invoker& invoker_;
    Stop& stop_;
    Destinations destinations_;
    Scope scope_;
    Event changed_;
    std::multimap<Time, std::string> due_;
    std::set<std::string> known_;                             // Waiting or at work.
    std::map<std::string, size_t> working_;                   // By function.
    std::map<std::string, std::vector<std::string>> parked_;  // Until their function has room.
    size_t at_work_ = 0;
};

// When an event that the function failed runs again: after its `attempt`th failure.
Duration retry_pause(int64_t attempt);
// When one that could not run is tried again: after its `refusal`th.
Duration refusal_pause(int64_t refusal);

}  // namespace unkai::services::lambda
