#include <algorithm>

#include "base/strings.h"
#include "services/sqs/digest.h"
#include "services/sqs/limits.h"
#include "services/sqs/message.h"
#include "services/sqs/sqs.h"

namespace unkai::services::sqs {

namespace {

void count_sent(LiveQueue& queue, size_t bytes) {
    Counters& counters = queue.counters;
    const auto size = static_cast<double>(bytes);
    counters.least_bytes = counters.sent == 0 ? size : std::min(counters.least_bytes, size);
    counters.most_bytes = std::max(counters.most_bytes, size);
    counters.bytes += size;
    ++counters.sent;
}

// Whom a message's SenderId names.
std::string sender_of(const aws::Principal& principal) {
    return principal.user_id.empty() ? principal.account : principal.user_id;
}

std::string duplicate_key(const LiveQueue& queue, const StoredMessage& message) {
    return queue.settings.deduplication_by_group ? message.group + '\0' + message.deduplication
                                                 : message.deduplication;
}

}  // namespace

std::string sequence_text(int64_t sequence) {
    std::string digits = std::to_string(sequence);
    digits.insert(0, 19 - digits.size(), '0');
    return "1" + digits;
}

Status check_batch_ids(std::vector<std::string> ids) {
    if (ids.empty())
        return errors::EmptyBatchRequest("There should be at least one entry in the request.");
    if (ids.size() > limits::batch)
        return errors::TooManyEntriesInBatchRequest(
            "Maximum number of entries per request are 10. You have sent " +
            std::to_string(ids.size()) + ".");
    for (const std::string& id : ids) {
        const bool good = !id.empty() && id.size() <= limits::batch_id &&
                          std::all_of(id.begin(), id.end(), [](char c) {
                              return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
                          });
        if (!good)
            return errors::InvalidBatchEntryId(
                "A batch entry id can only contain alphanumeric characters, hyphens and "
                "underscores. It can be at most 80 letters long.");
    }
    std::sort(ids.begin(), ids.end());
    const auto twice = std::adjacent_find(ids.begin(), ids.end());
    if (twice != ids.end()) return errors::BatchEntryIdsNotDistinct("Id " + *twice + " repeated.");
    return ok();
}

BatchResultErrorEntry failed_entry(const std::string& id, const Error& error) {
    return {.id = id,
            .sender_fault = error.sender_fault(),
            .code = error.code,
            .message = error.message};
}

// One message into the transaction; offered to receivers when that is durable.
Result<SendMessageBatchResultEntry> Sqs::send(aws::Call& call, const QueuePointer& queue,
                                              const SendMessageBatchRequestEntry& entry) {
    TRY(StoredMessage message, make_message(queue->settings, entry, call.now));
    if (queue->order.size() >= limits::messages)
        return errors::OverLimit("The queue holds 5,000,000 messages. Receive or purge some.");
    message.sender = sender_of(call.principal);
    SendMessageBatchResultEntry out{.id = entry.id, .md5_of_message_body = md5_hex(message.body)};
    if (!message.attributes.empty())
        out.md5_of_message_attributes = md5_of_attributes(message.attributes);
    if (!message.trace_header.empty())
        out.md5_of_message_system_attributes =
            md5_of_attributes({{"AWSTraceHeader", {"String", message.trace_header}}});
    count_sent(*queue, message_bytes(message));
    StoredDuplicate known{.sent = call.now};
    const std::string key = queue->settings.fifo ? duplicate_key(*queue, message) : "";
    if (queue->settings.fifo) {
        const auto found = queue->duplicates.find(key);
        if (found != queue->duplicates.end() &&
            found->second.sent + limits::deduplication > call.now) {
            // Written again so that this answer, too, waits until the first is durable.
            schema::duplicates.put(call.txn(), {queue->record.content, key}, found->second);
            out.message_id = found->second.message_id;
            out.sequence_number = sequence_text(found->second.sequence);
            return out;
        }
    }
    message.id = known.message_id = call.env.random.uuid();
    known.sequence = queues_.next_sequence();
    out.message_id = message.id;
    queues_.add(call.txn(), *queue, known.sequence, message);
    call.after_commit(
        [this, queue, sequence = known.sequence] { queues_.publish(queue, sequence); });
    if (!queue->settings.fifo) return out;
    out.sequence_number = sequence_text(known.sequence);
    schema::duplicates.put(call.txn(), {queue->record.content, key}, known);
    queue->duplicate_ages.emplace_back(known.sent, key);
    queue->duplicates[key] = std::move(known);
    return out;
}

Result<SendMessageOutput> Sqs::SendMessage(aws::Call& call, const SendMessageInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "SendMessage"));
    TRY(auto sent, send(call, queue,
                        {.message_body = in.message_body,
                         .delay_seconds = in.delay_seconds,
                         .message_attributes = in.message_attributes,
                         .message_system_attributes = in.message_system_attributes,
                         .message_deduplication_id = in.message_deduplication_id,
                         .message_group_id = in.message_group_id}));
    return SendMessageOutput{
        .md5_of_message_body = std::move(sent.md5_of_message_body),
        .md5_of_message_attributes = std::move(sent.md5_of_message_attributes),
        .md5_of_message_system_attributes = std::move(sent.md5_of_message_system_attributes),
        .message_id = std::move(sent.message_id),
        .sequence_number = std::move(sent.sequence_number)};
}

Result<SendMessageBatchOutput> Sqs::SendMessageBatch(aws::Call& call,
                                                     const SendMessageBatchInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "SendMessage"));
    REQUIRE(check_batch(in.entries));
    size_t bytes = 0;
    for (const auto& entry : in.entries) {
        bytes += entry.message_body.size();
        for (const auto& [name, attribute] : entry.message_attributes)
            bytes += name.size() + attribute.data_type.size() +
                     attribute.string_value.value_or("").size() +
                     attribute.binary_value.value_or("").size();
    }
    if (bytes > static_cast<size_t>(limits::message_bytes))
        return errors::BatchRequestTooLong(
            "Batch requests cannot be longer than 1048576 bytes. You have sent " +
            std::to_string(bytes) + " bytes.");
    SendMessageBatchOutput out;
    for (const auto& entry : in.entries) {
        auto sent = send(call, queue, entry);
        if (sent)
            out.successful.push_back(*std::move(sent));
        else
            out.failed.push_back(failed_entry(entry.id, sent.error()));
    }
    return out;
}

}  // namespace unkai::services::sqs
