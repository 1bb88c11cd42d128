// All queues in memory: settings, the order of their messages, who waits for some. The store is
// their log: what is acknowledged lies there, and load() makes all of this from it again.
//
// Contract
// - What a sender was told is on disk. A message is offered to receivers after that, not before.
// - Deleting and moving take effect in memory at once, in the operation that commits them.
// - Receiving writes nothing by itself: counts, visibility and receipt handles follow within
//   `receipt_delay`, many in one transaction, and not at all for messages deleted meanwhile. After
//   kill -9 a message may therefore be given out once more than its count says, and at once
//   instead of at the end of its visibility timeout, if it was received in the last 100 ms.
// - Purging and deleting a queue are O(1) for the caller: its messages lie under a content number
//   that is left behind ("doomed") and cleared a bounded piece a transaction.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
#pragma once

#include <deque>
#include <memory>

#include "rt/env.h"
#include "rt/event.h"
#include "services/sqs/attributes.h"
#include "services/sqs/queue.h"

namespace unkai::services::sqs {

// Since the last minute's metrics.
struct Counters {
    double sent = 0, received = 0, deleted = 0, empty_receives = 0;
    double bytes = 0, least_bytes = 0, most_bytes = 0;
    bool any() const { return sent + received + deleted + empty_receives > 0; }
};

struct LiveQueue {
    LiveQueue(std::string account_, std::string region_, StoredQueue stored)
        : account(std::move(account_)),
          region(std::move(region_)),
          record(std::move(stored)),
          settings(settings_of(record.attributes)),
          order(settings.fifo) {}

    std::string account, region;
    StoredQueue record;
    Settings settings;
    Queue order;
    bool deleted = false;
    Event arrived;  // Something may be received now, or the queue is gone.
    bool waking = false;
    std::map<std::string, StoredDuplicate> duplicates;
    std::deque<std::pair<Time, std::string>> duplicate_ages;  // Of `duplicates`, oldest first.
    struct Attempt {
        Time at;
        std::vector<std::pair<int64_t, uint32_t>> taken;  // Sequence, nonce.
    };
    std::map<std::string, Attempt> attempts;
    Counters counters;
    Time last_used;

    std::string arn() const { return "arn:aws:sqs:" + region + ":" + account + ":" + record.name; }
};
using QueuePointer = std::shared_ptr<LiveQueue>;

class Queues {
public:
    static constexpr Duration receipt_delay = std::chrono::milliseconds(100);
    static constexpr Duration sweep_period = std::chrono::seconds(10);
    static constexpr size_t messages_per_transaction = 500;

    Queues(Env& env, store::Store& store) : env_(env), store_(store) { load(); }
    Queues(const Queues&) = delete;

    // Writes receipts, expires messages, clears what is doomed; until stopped. Ends long polls.
    Task<void> run(Stop& stop);
    void forget();  // All state was cleared.

    QueuePointer find(const std::string& account, const std::string& region,
                      const std::string& name) const;
    QueuePointer find_arn(std::string_view arn) const;
    std::vector<QueuePointer> list(const std::string& account, const std::string& region) const;
    const std::map<std::string, QueuePointer>& all() const { return queues_; }

    // Definitions: memory and transaction together.
    QueuePointer create(store::Txn& txn, const std::string& account, const std::string& region,
                        StoredQueue record);
    void save(store::Txn& txn, LiveQueue& queue);  // Settings follow the record.
    void drop_messages(store::Txn& txn, LiveQueue& queue, Time now);
    void erase(store::Txn& txn, const QueuePointer& queue, Time now);

    // Messages.
    int64_t next_sequence();
    void add(store::Txn& txn, LiveQueue& queue, int64_t sequence, const StoredMessage& message);
    void publish(const QueuePointer& queue, int64_t sequence);  // After the commit of add().
    void remove(store::Txn& txn, LiveQueue& queue, int64_t sequence);
    void note_receipt(const QueuePointer& queue, int64_t sequence);
    void wake(const QueuePointer& queue);
    Task<Status> flush();  // The receipts.
    Task<Status> sweep();

    Env& env() { return env_; }
    store::Store& store() { return store_; }
    Stop& stopping() { return polls_; }

private:
    void load();
    void load_queue(store::Txn& txn, const QueuePointer& queue);
    Task<void> sweep_often(Stop& stop);
    Task<Status> clear_doomed();
    Task<Status> expire(QueuePointer queue);

    Env& env_;
    store::Store& store_;
    std::map<std::string, QueuePointer> queues_;  // By ARN.
    int64_t last_sequence_ = 0;
    std::vector<std::pair<QueuePointer, int64_t>> dirty_;
    Event dirtied_;
    Stop polls_;
};

std::string queue_arn(const std::string& account, const std::string& region,
                      const std::string& name);

}  // namespace unkai::services::sqs
