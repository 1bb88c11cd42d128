#include "services/sqs/mover.h"

#include "base/log.h"

namespace unkai::services::sqs {

QueuePointer Mover::destination(const StoredMove& move, const StoredMessage& message) const {
    return queues_.find_arn(move.destination.empty() ? message.dead_source : move.destination);
}

Task<Status> Mover::step(MoveKey key, bool& more) {
    store::Txn txn = queues_.store().begin();
    auto move = schema::moves.get(txn, key);
    if (!move || (move->status != "RUNNING" && move->status != "CANCELLING")) co_return ok();
    const QueuePointer source = queues_.find_arn(std::get<0>(key));
    std::vector<std::pair<QueuePointer, int64_t>> added;
    const Time now = queues_.env().now();
    if (move->status == "CANCELLING") {
        move->status = "CANCELLED";
    } else if (source == nullptr) {
        move->status = "FAILED";
        move->failure = "AWS.SimpleQueueService.NonExistentQueue";
    } else {
        const int64_t most = std::max<int64_t>(1, move->rate / 10);
        int64_t sequence = 0;
        for (int64_t i = 0; i < most && move->moved < move->to_move; ++i) {
            if (!source->order.take(now, sequence)) break;
            auto message = schema::messages.get(txn, {source->record.content, sequence});
            CHECK(message.has_value(), "a message in the queue's order is not in the store");
            const QueuePointer target = destination(*move, *message);
            if (target == nullptr || target->settings.fifo != source->settings.fifo) {
                move->status = "FAILED";
                move->failure = "AWS.SimpleQueueService.NonExistentQueue";
                break;
            }
            queues_.remove(txn, *source, sequence);
            message->dead_source.clear();
            message->sent = message->visible = now;  // It counts as new.
            const int64_t place = queues_.next_sequence();
            queues_.add(txn, *target, place, *message);
            added.emplace_back(target, place);
            ++move->moved;
        }
        // Those in flight may still come back; the task waits for as many as there were.
        if (move->status == "RUNNING" &&
            (move->moved >= move->to_move || source->order.size() == 0))
            move->status = "COMPLETED";
    }
    more = move->status == "RUNNING";
    if (more && added.empty()) co_return ok();
    schema::moves.put(txn, key, *move);
    CO_REQUIRE(co_await queues_.store().commit(txn));
    for (const auto& [target, place] : added) queues_.publish(target, place);
    co_return ok();
}

void Mover::begin() {
    look_ = true;
    begun_.notify_all();
}

Task<void> Mover::run(Stop& stop) {
    while (!stop.requested()) {
        look_ = false;
        store::Txn txn = queues_.store().begin();
        bool any = false;
        for (const auto& [key, move] : schema::moves.list(txn)) {
            if (move.status != "RUNNING" && move.status != "CANCELLING") continue;
            bool more = false;
            if (const Status stepped = co_await step(key, more); !stepped) {
                log::warn("sqs: moving messages failed", {{"error", stepped.error().message}});
                more = true;
            }
            any = any || more;
        }
        if (look_ && !any) continue;
        const Steady next = any ? queues_.env().loop.steady() + period : never;
        if (co_await begun_.wait(queues_.env().loop, next, &stop) == Wake::stopped) co_return;
    }
}

}  // namespace unkai::services::sqs
