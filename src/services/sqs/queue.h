// The order of one queue's messages: who may be received now, who is in flight, who waits. Pure: no
// clock, no store; messages are sequence numbers here, their bodies stay in the store.
//
//     Queue queue(fifo);
//     queue.add(sequence, {.sent = now, .visible = now});   // pending: nobody sees it
//     queue.publish(sequence);                              // after its commit
//     for (int64_t next; queue.take(now, next);) queue.hide(next, now, now + 30s, nonce);
//
// Standard queues give the oldest first. FIFO queues give each group's in order, and nothing of a
// group while one of it is in flight, delayed at its head, or on its way to the disk.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
// FIFO-queues-understanding-logic.html
// Cost: O(log messages) each; about 400 bytes of memory a message.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace unkai::services::sqs {

struct Entry {
    enum class State : uint8_t { pending, waiting, ready, in_flight };
    State state = State::pending;
    bool stored = false;  // Its receipt lies in the store.
    bool dirty = false;   // Its receipt is newer than what lies there.
    uint32_t receives = 0;
    uint32_t nonce = 0;  // Of the latest receive.
    Time sent;
    Time visible;  // waiting, in_flight: when it becomes ready.
    Time first_received, received;
    std::string group;  // FIFO
};

class Queue {
public:
    explicit Queue(bool fifo) : fifo_(fifo) {}

    void add(int64_t sequence, Entry entry);
    void publish(int64_t sequence);  // Does nothing when it is gone.
    void remove(int64_t sequence);
    void clear();

    // Makes ready whose time has come. The others below do so themselves.
    void advance(Time now);
    // The next that may be received, in order; it stays where it is until hidden or removed.
    // After a FIFO message was hidden, its group goes on only through `take_more`.
    bool take(Time now, int64_t& sequence);
    // The next of the same group as `after`, which this very receive took. FIFO only.
    bool take_more(int64_t after, int64_t& sequence);
    void hide(int64_t sequence, Time now, Time until, uint32_t nonce);
    // In flight or not: visible at that time; now: at once.
    void set_visible(int64_t sequence, Time now, Time visible);

    Entry* find(int64_t sequence);
    std::optional<Time> next_change() const;  // When something becomes ready by time alone.
    std::optional<Time> oldest() const;       // When the oldest was sent.
    // The oldest when it was sent before `before`.
    std::optional<int64_t> older_than(Time before) const;

    size_t size() const { return entries_.size(); }
    size_t ready() const { return ready_count_; }
    size_t in_flight() const { return in_flight_; }
    size_t delayed() const { return entries_.size() - ready_count_ - in_flight_ - pending_; }
    bool fifo() const { return fifo_; }

private:
    struct Group {
        std::set<int64_t> all;
        size_t in_flight = 0;
        std::optional<int64_t> offered;  // Its head, when it is in ready_.
    };
    void set_state(int64_t sequence, Entry& entry, Entry::State state, Time visible);
    void leave_state(int64_t sequence, Entry& entry);
    void refresh(const std::string& group);

    bool fifo_;
    std::unordered_map<int64_t, Entry> entries_;
    std::set<int64_t> ready_;  // What take() offers; of FIFO groups their heads.
    std::set<std::pair<Time, int64_t>> timed_;
    std::set<std::pair<Time, int64_t>> by_age_;
    std::map<std::string, Group, std::less<>> groups_;
    size_t in_flight_ = 0, pending_ = 0, ready_count_ = 0;
};

}  // namespace unkai::services::sqs
