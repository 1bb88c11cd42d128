// Amazon Simple Queue Service.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
// Queues live in memory with the store as their log (queues.h, queue.h). Both wire forms are taken:
// JSON, and the query form of clients from before it. Only ReceiveMessage waits.
#pragma once

#include "api/sqs.h"
#include "aws/call.h"
#include "services/sqs/mover.h"
#include "services/sqs/queues.h"

namespace unkai::services::sqs {

using namespace api::sqs;
namespace errors = api::sqs::errors;

class Sqs final : public api::sqs::Service {
public:
    // `base_url`: of queue URLs told to callers in process, "http://localhost:4566".
    Sqs(Queues& queues, Mover& mover, std::string base_url)
        : queues_(queues), mover_(mover), base_url_(std::move(base_url)) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // queue_ops.cc
    OPERATION(CreateQueue);
    OPERATION(GetQueueUrl);
    OPERATION(GetQueueAttributes);
    OPERATION(SetQueueAttributes);
    OPERATION(ListQueues);
    OPERATION(DeleteQueue);
    OPERATION(PurgeQueue);
    OPERATION(ListDeadLetterSourceQueues);
    // send_ops.cc
    OPERATION(SendMessage);
    OPERATION(SendMessageBatch);
    // receive_ops.cc
    Task<Result<ReceiveMessageOutput>> ReceiveMessage(aws::Call& call,
                                                      const ReceiveMessageInput& in) override;
    // receipt_ops.cc
    OPERATION(DeleteMessage);
    OPERATION(DeleteMessageBatch);
    OPERATION(ChangeMessageVisibility);
    OPERATION(ChangeMessageVisibilityBatch);
    // permission_ops.cc
    OPERATION(AddPermission);
    OPERATION(RemovePermission);
    OPERATION(TagQueue);
    OPERATION(UntagQueue);
    OPERATION(ListQueueTags);
    // move_ops.cc
    OPERATION(StartMessageMoveTask);
    OPERATION(ListMessageMoveTasks);
    OPERATION(CancelMessageMoveTask);
#undef OPERATION

private:
    // The queue of that URL, if the caller may do that. QueueDoesNotExist, AccessDenied,
    // InvalidAddress.
    Result<QueuePointer> open(const aws::Call& call, std::string_view url,
                              std::string_view action) const;
    std::string url_of(const aws::Call& call, const LiveQueue& queue) const;
    Status check_redrive(const LiveQueue* queue, const aws::Call& call, const std::string& arn,
                         const AttributeMap& attributes, bool fifo) const;
    Result<SendMessageBatchResultEntry> send(aws::Call& call, const QueuePointer& queue,
                                             const SendMessageBatchRequestEntry& entry);
    Status remove(aws::Call& call, const QueuePointer& queue, const std::string& handle);
    Status change_visibility(aws::Call& call, const QueuePointer& queue, const std::string& handle,
                             int64_t seconds);

    Queues& queues_;
    Mover& mover_;
    const std::string base_url_;
};

// A receipt handle: which message, and which receive of it.
struct Receipt {
    int64_t content = 0, sequence = 0;
    uint32_t nonce = 0;
};
std::string write_receipt(const Receipt& receipt);
std::optional<Receipt> read_receipt(std::string_view handle);

// What a FIFO queue calls that number: 20 digits.
std::string sequence_text(int64_t sequence);

// EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct.
Status check_batch_ids(std::vector<std::string> ids);
template <class Entries>
Status check_batch(const Entries& entries) {
    std::vector<std::string> ids;
    for (const auto& entry : entries) ids.push_back(entry.id);
    return check_batch_ids(std::move(ids));
}
BatchResultErrorEntry failed_entry(const std::string& id, const Error& error);
Unexpected invalid_parameter(std::string message);  // InvalidParameterValue

}  // namespace unkai::services::sqs
