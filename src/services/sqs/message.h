// What a message may be, and what it becomes in the store and in an answer. Pure.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
#pragma once

#include "api/sqs.h"
#include "services/sqs/attributes.h"
#include "services/sqs/queue.h"

namespace unkai::services::sqs {

// Checks everything that the queue asks for. The id and the sender are the caller's to set.
// InvalidParameterValue, MissingParameter, InvalidMessageContents.
Result<StoredMessage> make_message(const Settings& settings,
                                   const api::sqs::SendMessageBatchRequestEntry& entry, Time now);
// Body, and names, types and values of attributes: what limits count.
size_t message_bytes(const StoredMessage& message);

// As ReceiveMessage shows it, with the attributes that were asked for.
struct Asked {
    std::vector<std::string> system, attributes;
};
api::sqs::Message show_message(const StoredMessage& message, int64_t sequence, const Entry& entry,
                               const Asked& asked, bool fifo);

}  // namespace unkai::services::sqs
