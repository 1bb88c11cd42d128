#include "aws/deliveries.h"

#include <algorithm>

#include "base/log.h"

namespace unkai::aws {

Deliveries::Deliveries(Env& env, store::Store& store, std::string table, Deliverer& deliverer)
    : env_(env), store_(store), table_(std::move(table)), deliverer_(deliverer) {
    store::Txn txn = store_.begin();
    for (const auto& [key, delivery] : table_.list(txn)) {
        last_id_ = std::max(last_id_, std::get<0>(key));
        queue(std::get<0>(key), {delivery.lane, delivery.order, delivery.next});
    }
}

void Deliveries::queue(int64_t id, Pending pending) {
    bool first = true;
    if (!pending.order.empty()) {
        auto& chain = chains_[pending.order];
        first = chain.empty();
        // Commits that end together may tell of it in another order; the first may be under way.
        const auto begin = first ? chain.begin() : chain.begin() + 1;
        chain.insert(std::upper_bound(begin, chain.end(), id), id);
    }
    if (first) due_.emplace(pending.next, id);
    pending_[id] = std::move(pending);
}

int64_t Deliveries::add(store::Txn& txn, Delivery delivery) {
    // Never one that was given before the program was started again.
    last_id_ = std::max(last_id_ + 1, micros(env_.now()));
    delivery.made = env_.now();
    table_.put(txn, {last_id_}, delivery);
    return last_id_;
}

void Deliveries::add(Call& call, Delivery delivery) {
    Pending pending{delivery.lane, delivery.order, delivery.next};
    const int64_t id = add(call.txn(), std::move(delivery));
    call.after_commit([this, id, pending = std::move(pending)] {
        queue(id, pending);
        changed_.notify_all();
    });
}

void Deliveries::begin(int64_t id) {
    store::Txn txn = store_.begin();
    const auto delivery = table_.get(txn, {id});
    if (!delivery) return;
    queue(id, {delivery->lane, delivery->order, delivery->next});
    changed_.notify_all();
}

void Deliveries::start(int64_t id) {
    Lane& lane = lanes_[pending_.at(id).lane];
    if (lane.running >= most_per_lane) {
        lane.blocked.push_back(id);
        return;
    }
    ++lane.running;
    ++running_;
    scope_.spawn(attempt(id));
}

void Deliveries::start_due() {
    const Time now = env_.now();
    while (running_ < most_attempts && !due_.empty() && due_.begin()->first <= now) {
        const int64_t id = due_.begin()->second;
        due_.erase(due_.begin());
        if (pending_.contains(id)) start(id);
    }
}

Task<void> Deliveries::attempt(int64_t id) {
    store::Txn txn = store_.begin();
    auto delivery = table_.get(txn, {id});
    Time next;
    bool done = true;
    if (delivery) {
        const Outcome outcome = co_await deliverer_.deliver(*delivery);
        done = outcome.done;
        next = env_.now() + outcome.retry;
        txn = store_.begin();
        if (done) {
            table_.erase(txn, {id});
        } else {
            ++delivery->attempts;
            delivery->next = next;
            table_.put(txn, {id}, *delivery);
        }
        if (!pending_.contains(id)) txn = store_.begin();  // All state was cleared meanwhile.
        if (const Status kept = co_await store_.commit(txn); !kept)
            log::warn("a delivery was not noted", {{"error", kept.error().message}});
    }
    finished(id, done, next);
}

void Deliveries::finished(int64_t id, bool done, Time next) {
    --running_;
    const auto found = pending_.find(id);
    if (found == pending_.end()) return changed_.notify_all();  // Forgotten meanwhile.
    Pending& pending = found->second;
    const auto lane = lanes_.find(pending.lane);
    --lane->second.running;
    if (!lane->second.blocked.empty()) {
        due_.emplace(env_.now(), lane->second.blocked.front());
        lane->second.blocked.pop_front();
    } else if (lane->second.running == 0) {
        lanes_.erase(lane);
    }
    if (!done) {
        pending.next = next;
        due_.emplace(next, id);
    } else {
        if (const auto chain = chains_.find(pending.order); chain != chains_.end()) {
            chain->second.pop_front();
            if (chain->second.empty())
                chains_.erase(chain);
            else
                due_.emplace(pending_.at(chain->second.front()).next, chain->second.front());
        }
        pending_.erase(found);
    }
    changed_.notify_all();
}

Task<void> Deliveries::run(Stop& stop) {
    while (!stop.requested()) {
        start_due();
        Steady until = never;
        if (!due_.empty() && running_ < most_attempts)
            until = env_.loop.steady() + std::max(due_.begin()->first - env_.now(),
                                                  Duration(std::chrono::milliseconds(1)));
        if (co_await changed_.wait(env_.loop, until, &stop) == Wake::stopped) break;
    }
    co_await scope_.join();
}

void Deliveries::forget() {
    pending_.clear();
    due_.clear();
    chains_.clear();
    lanes_.clear();
}

Duration back_off(int64_t attempts, Duration first, Duration slowest, Random& random) {
    Duration wait = first;
    for (int64_t i = 0; i < attempts && wait < slowest; ++i) wait *= 2;
    wait = std::min(wait, slowest);
    return wait / 2 +
           Duration(static_cast<int64_t>(random.unit() * static_cast<double>(wait.count()) / 2));
}

}  // namespace unkai::aws
