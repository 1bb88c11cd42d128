#include "services/sqs/limits.h"
#include "services/sqs/sqs.h"

namespace unkai::services::sqs {

namespace {

Unexpected bad_handle(const std::string& handle) {
    return unexpected(errors::ReceiptHandleIsInvalid("The input receipt handle \"" + handle +
                                                     "\" is not a valid receipt handle."));
}

Unexpected refused_handle(const std::string& handle, std::string_view reason) {
    return invalid_parameter(
        "Value " + handle +
        " for parameter ReceiptHandle is invalid. Reason: " + std::string(reason));
}

}  // namespace

// A message that is gone already is deleted. Of a standard queue any of its handles will do; of a
// FIFO queue the latest, while it is in flight.
Status Sqs::remove(aws::Call& call, const QueuePointer& queue, const std::string& handle) {
    const auto receipt = read_receipt(handle);
    if (!receipt) return bad_handle(handle);
    if (receipt->content != queue->record.content) return ok();
    queue->order.advance(call.now);
    const Entry* const entry = queue->order.find(receipt->sequence);
    if (entry == nullptr) return ok();
    if (queue->settings.fifo &&
        (entry->state != Entry::State::in_flight || entry->nonce != receipt->nonce))
        return refused_handle(handle, "The receipt handle has expired.");
    queues_.remove(call.txn(), *queue, receipt->sequence);
    ++queue->counters.deleted;
    queues_.wake(queue);  // A FIFO group may go on.
    return ok();
}

Status Sqs::change_visibility(aws::Call& call, const QueuePointer& queue, const std::string& handle,
                              int64_t seconds) {
    const auto receipt = read_receipt(handle);
    if (!receipt) return bad_handle(handle);
    if (seconds < 0 || seconds > limits::visibility)
        return invalid_parameter("Value " + std::to_string(seconds) +
                                 " for parameter VisibilityTimeout is invalid. Reason: Must be "
                                 "between 0 and 43200.");
    queue->order.advance(call.now);
    Entry* const entry =
        receipt->content == queue->record.content ? queue->order.find(receipt->sequence) : nullptr;
    if (entry == nullptr)
        return refused_handle(
            handle, "Message does not exist or is not available for visibility timeout change.");
    if (entry->state != Entry::State::in_flight || entry->nonce != receipt->nonce)
        return errors::MessageNotInflight("The message is not in flight.");
    const Time visible = call.now + std::chrono::seconds(seconds);
    if (visible > entry->received + std::chrono::seconds(limits::visibility))
        return invalid_parameter("Value " + std::to_string(seconds) +
                                 " for parameter VisibilityTimeout is invalid. Reason: Total "
                                 "VisibilityTimeout for the message is beyond the limit [43200 "
                                 "seconds].");
    queue->order.set_visible(receipt->sequence, call.now, visible);
    queues_.note_receipt(queue, receipt->sequence);
    if (seconds == 0) queues_.wake(queue);
    return ok();
}

Result<DeleteMessageOutput> Sqs::DeleteMessage(aws::Call& call, const DeleteMessageInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "DeleteMessage"));
    REQUIRE(remove(call, queue, in.receipt_handle));
    return DeleteMessageOutput{};
}

Result<DeleteMessageBatchOutput> Sqs::DeleteMessageBatch(aws::Call& call,
                                                         const DeleteMessageBatchInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "DeleteMessage"));
    REQUIRE(check_batch(in.entries));
    DeleteMessageBatchOutput out;
    for (const auto& entry : in.entries) {
        const Status removed = remove(call, queue, entry.receipt_handle);
        if (removed)
            out.successful.push_back({.id = entry.id});
        else
            out.failed.push_back(failed_entry(entry.id, removed.error()));
    }
    return out;
}

Result<ChangeMessageVisibilityOutput> Sqs::ChangeMessageVisibility(
    aws::Call& call, const ChangeMessageVisibilityInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "ChangeMessageVisibility"));
    REQUIRE(change_visibility(call, queue, in.receipt_handle, in.visibility_timeout));
    return ChangeMessageVisibilityOutput{};
}

Result<ChangeMessageVisibilityBatchOutput> Sqs::ChangeMessageVisibilityBatch(
    aws::Call& call, const ChangeMessageVisibilityBatchInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "ChangeMessageVisibility"));
    REQUIRE(check_batch(in.entries));
    ChangeMessageVisibilityBatchOutput out;
    for (const auto& entry : in.entries) {
        const Status changed = change_visibility(call, queue, entry.receipt_handle,
                                                 entry.visibility_timeout.value_or(30));
        if (changed)
            out.successful.push_back({.id = entry.id});
        else
            out.failed.push_back(failed_entry(entry.id, changed.error()));
    }
    return out;
}

}  // namespace unkai::services::sqs
