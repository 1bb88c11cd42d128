#include "base/strings.h"
#include "services/sqs/limits.h"
#include "services/sqs/message.h"
#include "services/sqs/sqs.h"

namespace unkai::services::sqs {

namespace {

Status check_range(std::string_view name, const std::optional<int32_t>& value, int64_t least,
                   int64_t most) {
    if (!value || (*value >= least && *value <= most)) return ok();
    return invalid_parameter("Value " + std::to_string(*value) + " for parameter " +
                             std::string(name) +
                             " is invalid. Reason: Must be >= " + std::to_string(least) +
                             " and <= " + std::to_string(most) + ", if provided.");
}

Status check_receive(const ReceiveMessageInput& in, const LiveQueue& queue) {
    REQUIRE(check_range("MaxNumberOfMessages", in.max_number_of_messages, 1, limits::batch));
    REQUIRE(check_range("WaitTimeSeconds", in.wait_time_seconds, 0, limits::wait));
    REQUIRE(check_range("VisibilityTimeout", in.visibility_timeout, 0, limits::visibility));
    if (in.receive_request_attempt_id && !queue.settings.fifo)
        return invalid_parameter(
            "Value " + *in.receive_request_attempt_id +
            " for parameter ReceiveRequestAttemptId is invalid. Reason: The request include "
            "parameter that is not valid for this queue type.");
    return ok();
}

// One ReceiveMessage's pass over the queue.
class Receiver {
public:
    Receiver(aws::Call& call, Queues& queues, const QueuePointer& queue,
             const ReceiveMessageInput& in)
        : call_(call), queues_(queues), queue_(queue), in_(in), now_(call.env.now()) {
        const Duration asked = in.visibility_timeout
                                   ? Duration(std::chrono::seconds(*in.visibility_timeout))
                                   : queue->settings.visibility;
        // Never offered again within the same pass.
        until_ = now_ + std::max(asked, Duration(1));
        asked_.system.assign(in.attribute_names.begin(), in.attribute_names.end());
        asked_.system.insert(asked_.system.end(), in.message_system_attribute_names.begin(),
                             in.message_system_attribute_names.end());
        asked_.attributes.assign(in.message_attribute_names.begin(),
                                 in.message_attribute_names.end());
    }

    Result<std::vector<Message>> run() {
        Queue& order = queue_->order;
        order.advance(now_);
        if (replay()) return std::move(out_);
        const auto most = static_cast<size_t>(in_.max_number_of_messages.value_or(1));
        int64_t sequence = 0;
        while (out_.size() < most && next(sequence)) {
            if (order.in_flight() >= limits::in_flight) {
                if (!out_.empty() || queue_->settings.fifo) break;
                return errors::OverLimit(
                    "The maximum number of in flight messages (120,000) is reached. Delete some.");
            }
            if (order.find(sequence)->sent + queue_->settings.retention <= now_)
                queues_.remove(call_.txn(), *queue_, sequence);
            else if (!give_up(sequence))
                give(sequence);
        }
        if (in_.receive_request_attempt_id && !out_.empty())
            queue_->attempts[*in_.receive_request_attempt_id] = {now_, taken_};
        return std::move(out_);
    }

private:
    bool next(int64_t& sequence) {
        if (!taken_.empty() && queue_->order.take_more(taken_.back().first, sequence)) return true;
        return queue_->order.take(now_, sequence);
    }

    // To the dead-letter queue, when it was received often enough. With none there it stays.
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    // sqs-dead-letter-queues.html
    bool give_up(int64_t sequence) {
        const auto& policy = queue_->settings.redrive;
        if (!policy || queue_->order.find(sequence)->receives < policy->most_receives) return false;
        const QueuePointer dead = queues_.find_arn(policy->target);
        const std::string arn = queue_->arn();
        if (dead == nullptr || dead->settings.fifo != queue_->settings.fifo ||
            !dead->settings.redrive_allow.allows(arn))
            return false;
        StoredMessage message = stored(sequence);
        queues_.remove(call_.txn(), *queue_, sequence);
        message.dead_source = arn;
        message.visible = now_;
        if (dead->settings.fifo) message.sent = now_;  // Standard queues keep the first time.
        const int64_t place = queues_.next_sequence();
        queues_.add(call_.txn(), *dead, place, message);
        call_.after_commit([&queues = queues_, dead, place] { queues.publish(dead, place); });
        return true;
    }

    void give(int64_t sequence) {
        const auto nonce = static_cast<uint32_t>(call_.env.random.u64());
        queue_->order.hide(sequence, now_, until_, nonce);
        queues_.note_receipt(queue_, sequence);
        taken_.emplace_back(sequence, nonce);
        show(sequence, nonce);
        ++queue_->counters.received;
    }

    void show(int64_t sequence, uint32_t nonce) {
        const Entry& entry = *queue_->order.find(sequence);
        Message shown =
            show_message(stored(sequence), sequence, entry, asked_, queue_->settings.fifo);
        shown.receipt_handle = write_receipt({queue_->record.content, sequence, nonce});
        out_.push_back(std::move(shown));
    }

    StoredMessage stored(int64_t sequence) {
        auto message = schema::messages.get(call_.txn(), {queue_->record.content, sequence});
        CHECK(message.has_value(), "a message in the queue's order is not in the store");
        return *std::move(message);
    }

    // A FIFO receive that is sent again gets the same messages, for as long as none of them was
    // deleted or shown again.
    bool replay() {
        if (!in_.receive_request_attempt_id) return false;
        const auto found = queue_->attempts.find(*in_.receive_request_attempt_id);
        if (found == queue_->attempts.end() || found->second.at + limits::attempt < now_)
            return false;
        for (const auto& [sequence, nonce] : found->second.taken) {
            const Entry* const entry = queue_->order.find(sequence);
            if (entry == nullptr || entry->state != Entry::State::in_flight ||
                entry->nonce != nonce)
                return false;
        }
        for (const auto& [sequence, nonce] : found->second.taken) {
            queue_->order.set_visible(sequence, now_, until_);
            queues_.note_receipt(queue_, sequence);
            show(sequence, nonce);
        }
        return true;
    }

    aws::Call& call_;
    Queues& queues_;
    const QueuePointer& queue_;
    const ReceiveMessageInput& in_;
    const Time now_;
    Time until_;
    Asked asked_;
    std::vector<std::pair<int64_t, uint32_t>> taken_;
    std::vector<Message> out_;
};

}  // namespace

std::string write_receipt(const Receipt& receipt) {
    return base64(std::to_string(receipt.content) + ":" + std::to_string(receipt.sequence) + ":" +
                  std::to_string(receipt.nonce));
}

std::optional<Receipt> read_receipt(std::string_view handle) {
    const auto text = from_base64(handle);
    if (!text) return std::nullopt;
    const auto parts = split(*text, ':');
    if (parts.size() != 3) return std::nullopt;
    const auto content = parse_int(parts[0]);
    const auto sequence = parse_int(parts[1]);
    const auto nonce = parse_uint(parts[2]);
    if (!content || !sequence || !nonce || *nonce > UINT32_MAX) return std::nullopt;
    return Receipt{*content, *sequence, static_cast<uint32_t>(*nonce)};
}

Task<Result<ReceiveMessageOutput>> Sqs::ReceiveMessage(aws::Call& call,
                                                       const ReceiveMessageInput& in) {
    CO_TRY(const QueuePointer queue, open(call, in.queue_url, "ReceiveMessage"));
    CO_REQUIRE(check_receive(in, *queue));
    Loop& loop = call.env.loop;
    const Duration wait = in.wait_time_seconds
                              ? Duration(std::chrono::seconds(*in.wait_time_seconds))
                              : queue->settings.wait;
    const Steady deadline = loop.steady() + wait;
    for (;;) {
        CO_TRY(auto messages, Receiver(call, queues_, queue, in).run());
        // What was given up is on its way to the dead-letter queue before anything is waited for.
        CO_REQUIRE(co_await call.commit());
        const bool last = loop.steady() >= deadline || queues_.stopping().requested();
        if (!messages.empty() || last) {
            if (messages.empty()) ++queue->counters.empty_receives;
            ReceiveMessageOutput out;
            for (Message& message : messages) out.messages.push_back(std::move(message));
            co_return out;
        }
        Steady until = deadline;
        if (const auto next = queue->order.next_change())
            until = std::min(until, loop.steady() + std::max(*next - call.env.now(), Duration(1)));
        co_await queue->arrived.wait(loop, until, &queues_.stopping());
        if (queue->deleted)
            co_return errors::QueueDoesNotExist("The specified queue does not exist.");
    }
}

}  // namespace unkai::services::sqs
