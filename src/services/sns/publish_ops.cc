#include <algorithm>

#include "aws/policy.h"
#include "aws/sigv4.h"
#include "base/strings.h"
#include "services/sns/attributes.h"
#include "services/sns/limits.h"
#include "services/sns/sns.h"

namespace unkai::services::sns {

namespace {

// Services that publish in their own name need the topic's leave; with the default policy an
// owner's alarms have it, EventBridge and S3 do not.
bool may_publish(const aws::Call& call, const StoredTopic& topic, const std::string& arn) {
    const aws::Principal& principal = call.principal;
    const std::string owner = parts_of(arn).account;
    const bool service = principal.kind == aws::Principal::Kind::service;
    bool enforced = !service && principal.account != owner;
    for (const std::string_view name :
         {"events.amazonaws.com", "s3.amazonaws.com", "cloudwatch.amazonaws.com"})
        enforced = enforced || (service && principal.service == name);
    if (!enforced) return true;
    std::string policy = topic_attribute(topic, "Policy");
    if (policy.empty()) policy = default_policy(arn, owner);
    aws::PolicyRequest request{.principal = principal, .action = "sns:Publish", .resource = arn};
    request.context.emplace("aws:sourcearn", principal.arn);
    request.context.emplace("aws:sourceaccount", principal.account);
    if (principal.service == "cloudwatch.amazonaws.com")
        request.context.emplace("aws:sourceowner", principal.account);
    return aws::evaluate(std::string_view(policy), request) == aws::Decision::allow;
}

Status check_leave(const aws::Call& call, const StoredTopic& topic, const std::string& arn) {
    if (may_publish(call, topic, arn)) return ok();
    return errors::AuthorizationErrorException(
        "The topic's policy does not allow sns:Publish to " +
        (call.principal.service.empty() ? call.principal.arn : call.principal.service) + ".");
}

Status check_structure(const PublishBatchRequestEntry& entry) {
    if (!entry.message_structure) return ok();
    if (*entry.message_structure != "json")
        return invalid_parameter("MessageStructure", "It is json, or left out.");
    const auto texts = wire::Json::parse(entry.message);
    if (!texts || !texts->is_object())
        return invalid_parameter("Message Structure", "JSON message body failed to parse");
    if (!(*texts)["default"].is_string())
        return invalid_parameter("Message Structure", "No default entry in JSON message body");
    return ok();
}

Status check_subject(const std::string& subject) {
    const bool good = subject.size() <= limits::subject &&
                      std::all_of(subject.begin(), subject.end(), [](char c) {
                          const auto byte = static_cast<unsigned char>(c);
                          return byte >= 0x20 && byte < 0x7F;
                      });
    if (good) return ok();
    return invalid_parameter("Subject",
                             "It holds up to 100 characters of ASCII, without line breaks.");
}

Result<NotificationAttribute> read_attribute(const std::string& name,
                                             const MessageAttributeValue& value) {
    const std::string_view type = split_once(value.data_type, '.').first;
    if (type != "String" && type != "Number" && type != "Binary")
        return errors::InvalidParameterValueException(
            "The message attribute '" + name +
            "' has an invalid message attribute type, the set of supported type prefixes is "
            "Binary, Number, and String.");
    const auto& given = type == "Binary" ? value.binary_value : value.string_value;
    if (!given || given->empty())
        return errors::InvalidParameterValueException(
            "The message attribute '" + name +
            "' must contain non-empty message attribute value for message attribute type '" +
            value.data_type + "'.");
    if (type == "Number" && !parse_double(*given))
        return errors::InvalidParameterValueException("Could not cast message attribute '" + name +
                                                      "' value to number.");
    return NotificationAttribute{value.data_type, *given};
}

// 1 and 19 digits, growing.
std::string next_sequence(const aws::Call& call) {
    static thread_local int64_t last = 0;
    last = std::max(last + 1, micros(call.now));
    std::string digits = std::to_string(last);
    return "1" + std::string(19 - digits.size(), '0') + digits;
}

Status set_fifo(aws::Call& call, Notification& notification, const StoredTopic& topic,
                const PublishBatchRequestEntry& entry) {
    notification.group = entry.message_group_id.value_or("");
    notification.deduplication = entry.message_deduplication_id.value_or("");
    if (!is_fifo(topic)) {
        if (notification.deduplication.empty()) return ok();
        return invalid_parameter(
            "MessageDeduplicationId",
            "The request includes MessageDeduplicationId parameter that is not valid for this "
            "topic type");
    }
    if (notification.group.empty())
        return invalid_parameter("MessageGroupId",
                                 "The MessageGroupId parameter is required for FIFO topics");
    if (notification.deduplication.empty()) {
        if (topic_attribute(topic, "ContentBasedDeduplication") != "true")
            return invalid_parameter("MessageDeduplicationId",
                                     "The topic should either have ContentBasedDeduplication "
                                     "enabled or MessageDeduplicationId provided explicitly");
        notification.deduplication = aws::sigv4::sha256_hex(notification.message);
    }
    notification.sequence = next_sequence(call);
    return ok();
}

size_t published_bytes(const Notification& notification) {
    size_t bytes = notification.message.size();
    for (const auto& [name, attribute] : notification.attributes)
        bytes += name.size() + attribute.type.size() + attribute.value.size();
    return bytes;
}

Result<Notification> read_message(aws::Call& call, const StoredTopic& topic,
                                  const std::string& topic_arn,
                                  const PublishBatchRequestEntry& entry) {
    if (entry.message.empty()) return invalid_parameter("Message", "Empty message");
    REQUIRE(check_structure(entry));
    REQUIRE(check_subject(entry.subject.value_or("")));
    Notification out{.topic_arn = topic_arn,
                     .type = "Notification",
                     .id = call.env.random.uuid(),
                     .subject = entry.subject.value_or(""),
                     .message = entry.message,
                     .by_protocol = entry.message_structure.has_value(),
                     .sent = call.now};
    for (const auto& [name, value] : entry.message_attributes) {
        TRY(out.attributes[name], read_attribute(name, value));
    }
    if (published_bytes(out) > limits::message_bytes)
        return invalid_parameter("Message", "Message too long");
    REQUIRE(set_fifo(call, out, topic, entry));
    return out;
}

}  // namespace

const aws::EventPattern* Sns::filter(const std::string& policy) {
    constexpr size_t most_kept = 10000;
    const auto found = filters_.find(policy);
    if (found != filters_.end()) return &found->second;
    auto pattern = aws::EventPattern::compile(std::string_view(policy));
    if (!pattern) return nullptr;
    if (filters_.size() >= most_kept) filters_.clear();
    return &filters_.emplace(policy, *std::move(pattern)).first->second;
}

bool Sns::wants(const StoredSubscription& subscription, const Notification& notification) {
    const auto policy = subscription.attributes.find("FilterPolicy");
    if (policy == subscription.attributes.end() || policy->second == "{}") return true;
    const aws::EventPattern* const pattern = filter(policy->second);
    if (pattern == nullptr) return false;
    const auto scope = subscription.attributes.find("FilterPolicyScope");
    if (scope == subscription.attributes.end() || scope->second == "MessageAttributes")
        return pattern->matches(filter_view(notification.attributes));
    const auto body = wire::Json::parse(notification.message);
    return body && body->is_object() && pattern->matches(*body);
}

Result<PublishBatchResultEntry> Sns::publish(aws::Call& call, const StoredTopic& topic,
                                             const std::string& topic_arn,
                                             const PublishBatchRequestEntry& entry) {
    TRY(const Notification notification, read_message(call, topic, topic_arn, entry));
    PublishBatchResultEntry out{.id = entry.id, .message_id = notification.id};
    if (is_fifo(topic)) {
        const std::string scope = topic_attribute(topic, "FifoThroughputScope");
        const std::string key = scope == "MessageGroup"
                                    ? notification.group + '\0' + notification.deduplication
                                    : notification.deduplication;
        const auto known = schema::duplicates.get(call.txn(), {topic_arn, key});
        if (known && known->sent + limits::deduplication > call.now) {
            // Written again so that this answer, too, waits until the first is durable.
            schema::duplicates.put(call.txn(), {topic_arn, key}, *known);
            out.message_id = known->message_id;
            out.sequence_number = known->sequence;
            return out;
        }
        schema::duplicates.put(call.txn(), {topic_arn, key},
                               {call.now, notification.id, notification.sequence});
        out.sequence_number = notification.sequence;
    }
    sender_.count(topic_arn, "NumberOfMessagesPublished");
    sender_.count(topic_arn, "PublishSize", static_cast<double>(published_bytes(notification)),
                  "Bytes");
    for (const auto& [key, subscription] : schema::subscriptions.list(call.txn(), topic_arn)) {
        if (subscription.pending) continue;
        if (wants(subscription, notification))
            sender_.owe(call, subscription, notification);
        else
            sender_.count(topic_arn, "NumberOfNotificationsFilteredOut");
    }
    return out;
}

static Status check_load(Sender& sender) {
    if (!sender.outbox().full()) return ok();
    return errors::ThrottledException("200,000 notifications wait for their endpoints. Try later.");
}

Result<PublishOutput> Sns::Publish(aws::Call& call, const PublishInput& in) {
    if (in.phone_number)
        return invalid_parameter("PhoneNumber", "Unkai sends no SMS. Publish to a topic.");
    const std::string arn = in.topic_arn.value_or(in.target_arn.value_or(""));
    if (arn.empty())
        return invalid_parameter("TopicArn or TargetArn", "no value for required parameter");
    if (arn.find(":endpoint/") != arn.npos)
        return invalid_parameter("TargetArn",
                                 "Unkai pushes to no mobile devices. Publish to a "
                                 "topic.");
    TRY(const StoredTopic topic, find_topic(call, arn));
    REQUIRE(check_leave(call, topic, arn));
    REQUIRE(check_load(sender_));
    TRY(auto sent, publish(call, topic, arn,
                           {.message = in.message,
                            .subject = in.subject,
                            .message_structure = in.message_structure,
                            .message_attributes = in.message_attributes,
                            .message_deduplication_id = in.message_deduplication_id,
                            .message_group_id = in.message_group_id}));
    return PublishOutput{.message_id = std::move(sent.message_id),
                         .sequence_number = std::move(sent.sequence_number)};
}

Result<PublishBatchOutput> Sns::PublishBatch(aws::Call& call, const PublishBatchInput& in) {
    TRY(const StoredTopic topic, find_topic(call, in.topic_arn));
    REQUIRE(check_leave(call, topic, in.topic_arn));
    const auto& entries = in.publish_batch_request_entries;
    if (entries.empty())
        return errors::EmptyBatchRequestException("The batch request doesn't contain any entries.");
    if (entries.size() > limits::batch)
        return errors::TooManyEntriesInBatchRequestException(
            "The batch request contains more entries than permissible.");
    size_t bytes = 0;
    std::map<std::string, int> ids;
    for (const auto& entry : entries) {
        bytes += entry.message.size();
        if (++ids[entry.id] > 1)
            return errors::BatchEntryIdsNotDistinctException(
                "Two or more batch entries in the request have the same Id.");
        const bool good = !entry.id.empty() && entry.id.size() <= 80 &&
                          std::all_of(entry.id.begin(), entry.id.end(), [](char c) {
                              return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
                          });
        if (!good)
            return errors::InvalidBatchEntryIdException(
                "The Id of a batch entry in a batch request doesn't abide by the specification.");
    }
    if (bytes > limits::message_bytes)
        return errors::BatchRequestTooLongException(
            "The length of all the batch messages put together is more than the limit.");
    REQUIRE(check_load(sender_));
    PublishBatchOutput out;
    for (const auto& entry : entries) {
        auto sent = publish(call, topic, in.topic_arn, entry);
        if (sent)
            out.successful.push_back(*std::move(sent));
        else
            out.failed.push_back({.id = entry.id,
                                  .code = sent.error().code,
                                  .message = sent.error().message,
                                  .sender_fault = sent.error().sender_fault()});
    }
    return out;
}

}  // namespace unkai::services::sns
