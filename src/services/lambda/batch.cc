#include "services/lambda/batch.h"

#include <algorithm>

#include "base/strings.h"
#include "services/lambda/names.h"

namespace unkai::services::lambda {

using wire::Json;

Json message_record(const QueueMessage& message, const std::string& queue_arn) {
    Json attributes = Json::object();
    for (const auto& [name, value] : message.attributes) attributes.set(name, value);
    Json sent = Json::object();
    for (const auto& [name, value] : message.message_attributes) {
        Json one = Json::object();
        if (value.string_value) one.set("stringValue", *value.string_value);
        if (value.binary_value) one.set("binaryValue", base64(*value.binary_value));
        one.set("stringListValues", Json::array());
        one.set("binaryListValues", Json::array());
        one.set("dataType", value.data_type);
        sent.set(name, std::move(one));
    }
    Json out = Json::object({{"messageId", message.message_id.value_or("")},
                             {"receiptHandle", message.receipt_handle.value_or("")},
                             {"body", message.body.value_or("")},
                             {"attributes", std::move(attributes)},
                             {"messageAttributes", std::move(sent)}});
    if (message.md5_of_message_attributes)
        out.set("md5OfMessageAttributes", *message.md5_of_message_attributes);
    out.set("md5OfBody", message.md5_of_body.value_or(""));
    out.set("eventSource", "aws:sqs");
    out.set("eventSourceARN", queue_arn);
    out.set("awsRegion", parse_arn(queue_arn).region);
    return out;
}

std::string batch_event(const std::vector<QueueMessage>& messages, const std::string& queue_arn) {
    Json records = Json::array();
    for (const QueueMessage& message : messages) records.push(message_record(message, queue_arn));
    return Json::object({{"Records", std::move(records)}}).dump();
}

bool filters_match(const std::vector<Json>& patterns, const QueueMessage& message,
                   const std::string& queue_arn) {
    if (patterns.empty()) return true;
    const Json text = message_record(message, queue_arn);
    const auto body = Json::parse(message.body.value_or(""));
    return std::any_of(patterns.begin(), patterns.end(), [&](const Json& pattern) {
        const bool wants_json = pattern["body"].is_object();
        if (!wants_json) return filter_matches(pattern, text);
        if (!body || !body->is_object()) return false;
        Json parsed = text;
        parsed.set("body", *body);
        return filter_matches(pattern, parsed);
    });
}

std::optional<std::set<std::string>> failed_items(const std::string& answer,
                                                  const std::vector<QueueMessage>& messages) {
    std::set<std::string> out;
    const auto parsed = Json::parse(answer);
    if (!parsed) return std::nullopt;
    if (parsed->is_null()) return out;
    const Json* const failures = parsed->find("batchItemFailures");
    if (failures == nullptr || failures->is_null()) return out;
    if (!failures->is_array()) return std::nullopt;
    for (const Json& failure : failures->as_array()) {
        const std::string id = failure["itemIdentifier"].string_or("");
        if (std::none_of(messages.begin(), messages.end(),
                         [&](const QueueMessage& one) { return one.message_id == id; }))
            return std::nullopt;
        out.insert(id);
    }
    return out;
}

}  // namespace unkai::services::lambda
