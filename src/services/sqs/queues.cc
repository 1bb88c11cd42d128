#include "services/sqs/queues.h"

#include "base/log.h"
#include "services/sqs/limits.h"

namespace unkai::services::sqs {

std::string queue_arn(const std::string& account, const std::string& region,
                      const std::string& name) {
    return "arn:aws:sqs:" + region + ":" + account + ":" + name;
}

void Queues::load() {
    store::Txn txn = store_.begin();
    for (auto& [key, record] : schema::queues.list(txn)) {
        const auto& [account, region, name] = key;
        const auto queue = std::make_shared<LiveQueue>(account, region, std::move(record));
        queue->last_used = env_.now();
        queues_[queue->arn()] = queue;
        load_queue(txn, queue);
    }
}

void Queues::load_queue(store::Txn& txn, const QueuePointer& queue) {
    const int64_t content = queue->record.content;
    schema::messages.each(txn, store::key_prefix(content),
                          [&](const auto& key, const StoredMessage& message) {
                              const int64_t sequence = std::get<1>(key);
                              Entry entry{.sent = message.sent, .visible = message.visible};
                              if (queue->settings.fifo) entry.group = message.group;
                              queue->order.add(sequence, std::move(entry));
                              queue->order.publish(sequence);
                              last_sequence_ = std::max(last_sequence_, sequence);
                              return true;
                          });
    queue->order.advance(env_.now());
    schema::receipts.each(
        txn, store::key_prefix(content), [&](const auto& key, const StoredReceipt& receipt) {
            Entry* const entry = queue->order.find(std::get<1>(key));
            if (entry == nullptr) return true;
            if (receipt.visible > env_.now())
                queue->order.set_visible(std::get<1>(key), env_.now(), receipt.visible);
            entry->receives = static_cast<uint32_t>(receipt.receives);
            entry->nonce = static_cast<uint32_t>(receipt.nonce);
            entry->first_received = receipt.first_received;
            entry->received = receipt.received;
            entry->stored = true;
            entry->dirty = false;
            return true;
        });
    std::multimap<Time, std::string> ages;
    for (auto& [key, duplicate] : schema::duplicates.list(txn, content)) {
        ages.emplace(duplicate.sent, std::get<1>(key));
        last_sequence_ = std::max(last_sequence_, duplicate.sequence);
        queue->duplicates[std::get<1>(key)] = std::move(duplicate);
    }
    queue->duplicate_ages.assign(ages.begin(), ages.end());
}

void Queues::forget() {
    for (const auto& [arn, queue] : queues_) {
        queue->deleted = true;
        wake(queue);
    }
    queues_.clear();
    dirty_.clear();
}

QueuePointer Queues::find(const std::string& account, const std::string& region,
                          const std::string& name) const {
    return find_arn(queue_arn(account, region, name));
}

QueuePointer Queues::find_arn(std::string_view arn) const {
    const auto found = queues_.find(std::string(arn));
    return found == queues_.end() ? nullptr : found->second;
}

std::vector<QueuePointer> Queues::list(const std::string& account,
                                       const std::string& region) const {
    const std::string prefix = queue_arn(account, region, "");
    std::vector<QueuePointer> out;
    for (auto it = queues_.lower_bound(prefix);
         it != queues_.end() && it->first.starts_with(prefix); ++it)
        out.push_back(it->second);
    return out;
}

QueuePointer Queues::create(store::Txn& txn, const std::string& account, const std::string& region,
                            StoredQueue record) {
    record.content = next_sequence();
    const auto queue = std::make_shared<LiveQueue>(account, region, std::move(record));
    queue->last_used = queue->record.created;
    queues_[queue->arn()] = queue;
    save(txn, *queue);
    return queue;
}

void Queues::save(store::Txn& txn, LiveQueue& queue) {
    queue.settings = settings_of(queue.record.attributes);
    schema::queues.put(txn, {queue.account, queue.region, queue.record.name}, queue.record);
}

void Queues::drop_messages(store::Txn& txn, LiveQueue& queue, Time now) {
    schema::doomed.put(txn, {queue.record.content}, {now});
    queue.record.content = next_sequence();
    queue.order.clear();
    queue.attempts.clear();
    for (const auto& [id, duplicate] : queue.duplicates)  // They outlive a purge.
        schema::duplicates.put(txn, {queue.record.content, id}, duplicate);
}

void Queues::erase(store::Txn& txn, const QueuePointer& queue, Time now) {
    queue->duplicates.clear();
    drop_messages(txn, *queue, now);
    schema::queues.erase(txn, {queue->account, queue->region, queue->record.name});
    queues_.erase(queue->arn());
    queue->deleted = true;
    wake(queue);
}

int64_t Queues::next_sequence() {
    // Never one that was given before the program was started again.
    return last_sequence_ = std::max(last_sequence_ + 1, micros(env_.now()));
}

void Queues::add(store::Txn& txn, LiveQueue& queue, int64_t sequence,
                 const StoredMessage& message) {
    schema::messages.put(txn, {queue.record.content, sequence}, message);
    Entry entry{.sent = message.sent, .visible = message.visible};
    if (queue.settings.fifo) entry.group = message.group;
    queue.order.add(sequence, std::move(entry));
}

void Queues::publish(const QueuePointer& queue, int64_t sequence) {
    queue->order.publish(sequence);
    wake(queue);
}

void Queues::remove(store::Txn& txn, LiveQueue& queue, int64_t sequence) {
    const Entry* const entry = queue.order.find(sequence);
    if (entry == nullptr) return;
    schema::messages.erase(txn, {queue.record.content, sequence});
    if (entry->stored) schema::receipts.erase(txn, {queue.record.content, sequence});
    queue.order.remove(sequence);
}

void Queues::note_receipt(const QueuePointer& queue, int64_t sequence) {
    dirty_.emplace_back(queue, sequence);
    dirtied_.notify_all();
}

// Receivers go on in the loop's next turn: everything that one commit made visible is there then.
void Queues::wake(const QueuePointer& queue) {
    if (queue->waking || queue->arrived.waiting() == 0) return;
    queue->waking = true;
    env_.loop.post([queue] {
        queue->waking = false;
        queue->arrived.notify_all();
    });
}

Task<Status> Queues::flush() {
    const auto dirty = std::exchange(dirty_, {});
    store::Txn txn = store_.begin();
    for (const auto& [queue, sequence] : dirty) {
        Entry* const entry = queue->deleted ? nullptr : queue->order.find(sequence);
        if (entry == nullptr || !entry->dirty) continue;
        entry->dirty = false;
        entry->stored = true;
        schema::receipts.put(txn, {queue->record.content, sequence},
                             {.receives = entry->receives,
                              .first_received = entry->first_received,
                              .received = entry->received,
                              .visible = entry->visible,
                              .nonce = entry->nonce});
    }
    co_return co_await store_.commit(txn);
}

Task<void> Queues::run(Stop& stop) {
    Scope scope;
    scope.spawn(sweep_often(stop));
    while (!stop.requested()) {
        if (dirty_.empty() && co_await dirtied_.wait(env_.loop, never, &stop) == Wake::stopped)
            break;
        co_await env_.loop.sleep(receipt_delay, &stop);
        if (const Status flushed = co_await flush(); !flushed)
            log::warn("sqs: receipts were not written", {{"error", flushed.error().message}});
    }
    polls_.request();
    co_await scope.join();
    if (const Status flushed = co_await flush(); !flushed)
        log::warn("sqs: receipts were not written", {{"error", flushed.error().message}});
}

Task<void> Queues::sweep_often(Stop& stop) {
    do {
        if (const Status swept = co_await sweep(); !swept)
            log::warn("sqs: sweeping failed", {{"error", swept.error().message}});
    } while (co_await env_.loop.sleep(sweep_period, &stop));
}

Task<Status> Queues::sweep() {
    CO_REQUIRE(co_await clear_doomed());
    std::vector<QueuePointer> queues;
    for (const auto& [arn, queue] : queues_) queues.push_back(queue);
    for (const auto& queue : queues) CO_REQUIRE(co_await expire(queue));
    co_return ok();
}

Task<Status> Queues::expire(QueuePointer queue) {
    const Time now = env_.now();
    std::erase_if(queue->attempts,
                  [&](const auto& attempt) { return attempt.second.at + limits::attempt < now; });
    for (bool more = true; more && !queue->deleted;) {
        store::Txn txn = store_.begin();
        size_t count = 0;
        auto& ages = queue->duplicate_ages;
        for (; !ages.empty() && ages.front().first + limits::deduplication < now &&
               count < messages_per_transaction;
             ++count) {
            const std::string id = std::move(ages.front().second);
            ages.pop_front();
            const auto found = queue->duplicates.find(id);
            // Not when it was sent anew meanwhile.
            if (found == queue->duplicates.end() ||
                found->second.sent + limits::deduplication >= now)
                continue;
            queue->duplicates.erase(found);
            schema::duplicates.erase(txn, {queue->record.content, id});
        }
        for (; count < messages_per_transaction; ++count) {
            const auto old = queue->order.older_than(now - queue->settings.retention);
            if (!old) break;
            remove(txn, *queue, *old);
        }
        more = count == messages_per_transaction;
        CO_REQUIRE(co_await store_.commit(txn));
    }
    co_return ok();
}

namespace {

// Erases what lies under a content number, a piece a transaction. Each piece begins after the last
// one: what was erased is not passed over again.
template <class Table>
Task<Status> clear_content(store::Store& store, const Table& table, int64_t content) {
    std::optional<typename Table::Key> last;
    for (size_t count = Queues::messages_per_transaction;
         count == Queues::messages_per_transaction;) {
        store::Txn txn = store.begin();
        std::vector<typename Table::Key> keys;
        table.each(
            txn, store::key_prefix(content),
            [&](const auto& key, const auto&) {
                keys.push_back(key);
                return keys.size() < Queues::messages_per_transaction;
            },
            last);
        for (const auto& key : keys) table.erase(txn, key);
        count = keys.size();
        if (!keys.empty()) last = keys.back();
        CO_REQUIRE(co_await store.commit(txn));
    }
    co_return ok();
}

}  // namespace

Task<Status> Queues::clear_doomed() {
    store::Txn txn = store_.begin();
    const auto doomed = schema::doomed.list(txn);
    for (const auto& [key, since] : doomed) {
        const int64_t content = std::get<0>(key);
        CO_REQUIRE(co_await clear_content(store_, schema::messages, content));
        CO_REQUIRE(co_await clear_content(store_, schema::receipts, content));
        CO_REQUIRE(co_await clear_content(store_, schema::duplicates, content));
        txn = store_.begin();
        schema::doomed.erase(txn, key);
        CO_REQUIRE(co_await store_.commit(txn));
    }
    co_return ok();
}

}  // namespace unkai::services::sqs
