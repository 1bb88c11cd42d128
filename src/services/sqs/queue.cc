#include "services/sqs/queue.h"

#include "base/check.h"

namespace unkai::services::sqs {

void Queue::add(int64_t sequence, Entry entry) {
    entry.state = Entry::State::pending;
    by_age_.emplace(entry.sent, sequence);
    if (fifo_) groups_[entry.group].all.insert(sequence);
    const std::string group = entry.group;
    const bool fresh = entries_.emplace(sequence, std::move(entry)).second;
    CHECK(fresh, "a sequence number was given twice");
    ++pending_;
    if (fifo_) refresh(group);
}

void Queue::publish(int64_t sequence) {
    const auto found = entries_.find(sequence);
    if (found == entries_.end() || found->second.state != Entry::State::pending) return;
    // advance() makes it ready when its time has come.
    set_state(sequence, found->second, Entry::State::waiting, found->second.visible);
}

void Queue::remove(int64_t sequence) {
    const auto found = entries_.find(sequence);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    leave_state(sequence, entry);
    by_age_.erase({entry.sent, sequence});
    const std::string group = std::move(entry.group);
    entries_.erase(found);
    if (!fifo_) return;
    groups_[group].all.erase(sequence);
    refresh(group);
}

void Queue::clear() { *this = Queue(fifo_); }

void Queue::leave_state(int64_t sequence, Entry& entry) {
    switch (entry.state) {
        case Entry::State::pending:
            --pending_;
            break;
        case Entry::State::waiting:
            timed_.erase({entry.visible, sequence});
            break;
        case Entry::State::ready:
            --ready_count_;
            if (!fifo_) ready_.erase(sequence);
            break;
        case Entry::State::in_flight:
            timed_.erase({entry.visible, sequence});
            --in_flight_;
            if (fifo_) --groups_[entry.group].in_flight;
            break;
    }
}

void Queue::set_state(int64_t sequence, Entry& entry, Entry::State state, Time visible) {
    leave_state(sequence, entry);
    entry.state = state;
    entry.visible = visible;
    switch (state) {
        case Entry::State::pending:
            ++pending_;
            break;
        case Entry::State::waiting:
            timed_.emplace(visible, sequence);
            break;
        case Entry::State::ready:
            ++ready_count_;
            if (!fifo_) ready_.insert(sequence);
            break;
        case Entry::State::in_flight:
            timed_.emplace(visible, sequence);
            ++in_flight_;
            if (fifo_) ++groups_[entry.group].in_flight;
            break;
    }
    if (fifo_) refresh(entry.group);
}

// Offers the group's head, or takes the offer back.
void Queue::refresh(const std::string& name) {
    const auto found = groups_.find(name);
    Group& group = found->second;
    std::optional<int64_t> offer;
    if (!group.all.empty() && group.in_flight == 0 &&
        entries_.at(*group.all.begin()).state == Entry::State::ready)
        offer = *group.all.begin();
    if (offer != group.offered) {
        if (group.offered) ready_.erase(*group.offered);
        if (offer) ready_.insert(*offer);
        group.offered = offer;
    }
    if (group.all.empty()) groups_.erase(found);
}

void Queue::advance(Time now) {
    while (!timed_.empty() && timed_.begin()->first <= now) {
        const int64_t sequence = timed_.begin()->second;
        Entry& entry = entries_.at(sequence);
        set_state(sequence, entry, Entry::State::ready, entry.visible);
    }
}

bool Queue::take(Time now, int64_t& sequence) {
    advance(now);
    if (ready_.empty()) return false;
    sequence = *ready_.begin();
    return true;
}

bool Queue::take_more(int64_t after, int64_t& sequence) {
    const auto entry = entries_.find(after);
    if (entry == entries_.end() || !fifo_) return false;
    const Group& group = groups_.at(entry->second.group);
    const auto next = group.all.upper_bound(after);
    if (next == group.all.end()) return false;
    if (entries_.at(*next).state != Entry::State::ready) return false;
    sequence = *next;
    return true;
}

void Queue::hide(int64_t sequence, Time now, Time until, uint32_t nonce) {
    Entry& entry = entries_.at(sequence);
    if (entry.receives++ == 0) entry.first_received = now;
    entry.received = now;
    entry.nonce = nonce;
    entry.dirty = true;
    set_state(sequence, entry, Entry::State::in_flight, until);
}

void Queue::set_visible(int64_t sequence, Time now, Time visible) {
    Entry& entry = entries_.at(sequence);
    const bool at_once = visible <= now;
    entry.dirty = true;
    set_state(sequence, entry, at_once ? Entry::State::ready : Entry::State::in_flight, visible);
}

Entry* Queue::find(int64_t sequence) {
    const auto found = entries_.find(sequence);
    return found == entries_.end() ? nullptr : &found->second;
}

std::optional<Time> Queue::next_change() const {
    if (timed_.empty()) return std::nullopt;
    return timed_.begin()->first;
}

std::optional<Time> Queue::oldest() const {
    if (by_age_.empty()) return std::nullopt;
    return by_age_.begin()->first;
}

std::optional<int64_t> Queue::older_than(Time before) const {
    if (by_age_.empty() || by_age_.begin()->first >= before) return std::nullopt;
    return by_age_.begin()->second;
}

}  // namespace unkai::services::sqs
