// Deliveries: an outbox. What a service owes to others lies in the store until it was delivered, is
// tried again with whatever patience the service has, and goes on after a restart.
//
//     class Sender : public aws::Deliverer { Task<aws::Outcome> deliver(aws::Delivery) override; };
//     aws::Deliveries outbox(env, store, "sns/deliveries", sender);
//     outbox.add(call, {.lane = subscription, .body = …});      // with the operation's own writes
//     scope.spawn(outbox.run(stop));
//
// Contract
// - At least once: what add()'s transaction committed is delivered, or given up by the deliverer
//   (which then says done). Only what was under way at a kill may be delivered twice.
// - A lane (one destination) has at most `most_per_lane` attempts at the same time; all together
//   `most_attempts`. A slow destination holds up nobody else.
// - Deliveries of the same non-empty `order` go one after another, in the order of add(): the next
//   begins when the one before is done.
// - add() never waits; ask full() first and refuse the call then.
// Memory: about 300 bytes for each that waits; bodies stay in the store.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "aws/call.h"
#include "store/table.h"

namespace unkai::aws {

struct Delivery {
    std::string lane;
    std::string order = {};
    std::string body = {};  // The service's own record.
    Time made = {};         // Set by add().
    Time next = {};         // Not before; set by retries. add() takes it as the first time.
    int64_t attempts = 0;   // Those that failed.
    void fields(auto& field) {
        field(1, lane);
        field(2, order);
        field(3, body);
        field(4, made);
        field(5, next);
        field(6, attempts);
    }
};

struct Outcome {
    bool done = true;
    Duration retry = {};  // When not done.
};

class Deliverer {
public:
    virtual ~Deliverer() = default;
    // One attempt. Delivered, or given up for good: done.
    virtual Task<Outcome> deliver(Delivery delivery) = 0;
};

class Deliveries {
public:
    static constexpr size_t most_attempts = 256, most_per_lane = 16;
    static constexpr size_t most_waiting = 200'000;

    Deliveries(Env& env, store::Store& store, std::string table, Deliverer& deliverer);
    Deliveries(const Deliveries&) = delete;

    bool full() const { return pending_.size() >= most_waiting; }
    size_t waiting() const { return pending_.size(); }
    // In the call's transaction; under way when that is durable.
    void add(Call& call, Delivery delivery);
    // The same for transactions of one's own: begin() after the commit.
    int64_t add(store::Txn& txn, Delivery delivery);
    void begin(int64_t id);

    Task<void> run(Stop& stop);  // Ends when attempts under way have ended.
    void forget();               // All state was cleared.

private:
    struct Pending {
        std::string lane, order;
        Time next;
    };
    struct Lane {
        size_t running = 0;
        std::deque<int64_t> blocked;
    };
    void queue(int64_t id, Pending pending);
    void start_due();
    void start(int64_t id);
    Task<void> attempt(int64_t id);
    void finished(int64_t id, bool done, Time next);

    Env& env_;
    store::Store& store_;
    const store::Table<Delivery, int64_t> table_;
    Deliverer& deliverer_;
    std::map<int64_t, Pending> pending_;  // Begun, until done.
    std::set<std::pair<Time, int64_t>> due_;
    std::map<std::string, std::deque<int64_t>> chains_;  // By order; the first is the one that may.
    std::map<std::string, Lane> lanes_;
    int64_t last_id_ = 0;
    size_t running_ = 0;
    Event changed_;
    Scope scope_;
};

// 1, 2, 4 … `slowest`, each between half and all of it at random: for Outcome::retry.
Duration back_off(int64_t attempts, Duration first, Duration slowest, Random& random);

}  // namespace unkai::aws
