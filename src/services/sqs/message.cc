#include "services/sqs/message.h"

#include <algorithm>

#include "base/strings.h"
#include "services/sqs/digest.h"
#include "services/sqs/limits.h"
#include "services/sqs/sqs.h"

namespace unkai::services::sqs {

namespace {

// XML 1.0's characters, which is what SQS takes.
bool is_text(std::string_view text) {
    if (!is_valid_utf8(text)) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
        // U+FFFE and U+FFFF.
        if (c == 0xEF && text.substr(i, 2) == "\xEF\xBF" &&
            static_cast<unsigned char>(text[i + 2]) >= 0xBE)
            return false;
    }
    return true;
}

Status check_characters(std::string_view text) {
    if (is_text(text)) return ok();
    return errors::InvalidMessageContents(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF "
        "| #xE000 to #xFFFD | #x10000 to #x10FFFF");
}

Status check_attribute_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= limits::attribute_name &&
                      std::all_of(name.begin(), name.end(),
                                  [](char c) {
                                      return isalnum(static_cast<unsigned char>(c)) || c == '-' ||
                                             c == '_' || c == '.';
                                  }) &&
                      name.front() != '.' && name.back() != '.' && name.find("..") == name.npos &&
                      !to_lower(name).starts_with("aws.") && !to_lower(name).starts_with("amazon.");
    if (good) return ok();
    return invalid_parameter("The message attribute name '" + name +
                             "' can contain alphanumeric characters, hyphens, underscores and "
                             "single periods inside, must not begin with AWS. or Amazon., and "
                             "holds up to 256 characters.");
}

template <class Value>  // MessageAttributeValue, MessageSystemAttributeValue
Result<StoredAttribute> make_attribute(const std::string& name, const Value& value) {
    REQUIRE(check_attribute_name(name));
    const std::string_view type = split_once(value.data_type, '.').first;
    const bool bytes = type == "Binary";
    if (!bytes && type != "String" && type != "Number")
        return invalid_parameter("The type of message (user) attribute '" + name +
                                 "' is invalid. You must use only the following supported type "
                                 "prefixes: Binary, Number, String.");
    const auto& given = bytes ? value.binary_value : value.string_value;
    if (!given || given->empty())
        return invalid_parameter("Message (user) attribute '" + name +
                                 "' must contain a non-empty value of type '" + value.data_type +
                                 "'.");
    if (!bytes) REQUIRE(check_characters(*given));
    if (type == "Number" && !parse_double(*given))
        return invalid_parameter("Can't cast the value of message (user) attribute '" + name +
                                 "' to a number.");
    return StoredAttribute{value.data_type, *given};
}

bool is_id(std::string_view text) {
    constexpr std::string_view marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    return !text.empty() && text.size() <= limits::group_id &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return isalnum(static_cast<unsigned char>(c)) || marks.find(c) != marks.npos;
           });
}

Unexpected bad_id(std::string_view value, std::string_view parameter) {
    return invalid_parameter("Value " + std::string(value) + " for parameter " +
                             std::string(parameter) +
                             " is invalid. Reason: " + std::string(parameter) +
                             " can only include alphanumeric and punctuation characters. 1 to 128 "
                             "in length.");
}

Status set_ids(StoredMessage& message, const Settings& settings,
               const SendMessageBatchRequestEntry& entry) {
    if (entry.message_group_id && !is_id(*entry.message_group_id))
        return bad_id(*entry.message_group_id, "MessageGroupId");
    message.group = entry.message_group_id.value_or("");
    if (entry.message_deduplication_id && !is_id(*entry.message_deduplication_id))
        return bad_id(*entry.message_deduplication_id, "MessageDeduplicationId");
    message.deduplication = entry.message_deduplication_id.value_or("");
    if (!settings.fifo) {
        if (message.deduplication.empty()) return ok();
        return invalid_parameter(
            "Value " + message.deduplication +
            " for parameter MessageDeduplicationId is invalid. Reason: The request include "
            "parameter that is not valid for this queue type.");
    }
    if (message.group.empty())
        return fail("MissingParameter", "The request must contain the parameter MessageGroupId.",
                    400);
    if (!message.deduplication.empty()) return ok();
    if (!settings.content_deduplication)
        return invalid_parameter(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly");
    message.deduplication = sha256_hex_of(message.body);
    return ok();
}

Status set_delay(StoredMessage& message, const Settings& settings,
                 const SendMessageBatchRequestEntry& entry, Time now) {
    const int64_t delay = entry.delay_seconds.value_or(0);
    if (delay < 0 || delay > limits::delay)
        return invalid_parameter("Value " + std::to_string(delay) +
                                 " for parameter DelaySeconds is invalid. Reason: DelaySeconds "
                                 "must be >= 0 and <= 900.");
    if (settings.fifo && delay != 0)
        return invalid_parameter("Value " + std::to_string(delay) +
                                 " for parameter DelaySeconds is invalid. Reason: The request "
                                 "include parameter that is not valid for this queue type.");
    const bool own = entry.delay_seconds && !settings.fifo;
    message.visible = now + (own ? Duration(std::chrono::seconds(delay)) : settings.delay);
    return ok();
}

bool is_asked(const std::vector<std::string>& wanted, std::string_view name) {
    for (const std::string& pattern : wanted) {
        if (pattern == name || pattern == "All" || pattern == ".*") return true;
        if (pattern.ends_with(".*") && name.starts_with(pattern.substr(0, pattern.size() - 1)))
            return true;
        if (pattern.ends_with("*") && name.starts_with(pattern.substr(0, pattern.size() - 1)))
            return true;
    }
    return false;
}

}  // namespace

size_t message_bytes(const StoredMessage& message) {
    size_t bytes = message.body.size();
    for (const auto& [name, attribute] : message.attributes)
        bytes += name.size() + attribute.type.size() + attribute.value.size();
    return bytes;
}

Result<StoredMessage> make_message(const Settings& settings,
                                   const SendMessageBatchRequestEntry& entry, Time now) {
    if (entry.message_body.empty())
        return fail("MissingParameter", "The request must contain the parameter MessageBody.", 400);
    REQUIRE(check_characters(entry.message_body));
    StoredMessage message{.body = entry.message_body, .sent = now};
    if (entry.message_attributes.size() > limits::message_attributes)
        return invalid_parameter("Number of message attributes [" +
                                 std::to_string(entry.message_attributes.size()) +
                                 "] exceeds the allowed maximum [10].");
    for (const auto& [name, value] : entry.message_attributes) {
        TRY(message.attributes[name], make_attribute(name, value));
    }
    for (const auto& [name, value] : entry.message_system_attributes) {
        if (name != "AWSTraceHeader" || value.data_type != "String")
            return invalid_parameter("The message system attribute '" + name +
                                     "' is not supported: only AWSTraceHeader, a String, is.");
        message.trace_header = value.string_value.value_or("");
    }
    if (message_bytes(message) > settings.message_bytes)
        return invalid_parameter(
            "One or more parameters are invalid. Reason: Message must be "
            "shorter than " +
            std::to_string(settings.message_bytes) + " bytes.");
    REQUIRE(set_delay(message, settings, entry, now));
    REQUIRE(set_ids(message, settings, entry));
    return message;
}

Message show_message(const StoredMessage& message, int64_t sequence, const Entry& entry,
                     const Asked& asked, bool fifo) {
    Message out{
        .message_id = message.id, .md5_of_body = md5_hex(message.body), .body = message.body};
    const auto tell = [&](const char* name, std::string value) {
        if (!value.empty() && is_asked(asked.system, name)) out.attributes[name] = std::move(value);
    };
    if (!asked.system.empty()) {
        tell("SenderId", message.sender);
        tell("SentTimestamp", std::to_string(millis(message.sent)));
        tell("ApproximateReceiveCount", std::to_string(entry.receives));
        tell("ApproximateFirstReceiveTimestamp", std::to_string(millis(entry.first_received)));
        tell("AWSTraceHeader", message.trace_header);
        tell("DeadLetterQueueSourceArn", message.dead_source);
        tell("MessageGroupId", message.group);
        tell("MessageDeduplicationId", message.deduplication);
        if (fifo) tell("SequenceNumber", sequence_text(sequence));
    }
    std::map<std::string, StoredAttribute> shown;
    for (const auto& [name, attribute] : message.attributes) {
        if (!is_asked(asked.attributes, name)) continue;
        MessageAttributeValue value{.data_type = attribute.type};
        (attribute.type.starts_with("Binary") ? value.binary_value : value.string_value) =
            attribute.value;
        out.message_attributes[name] = std::move(value);
        shown[name] = attribute;
    }
    if (!shown.empty()) out.md5_of_message_attributes = md5_of_attributes(shown);
    return out;
}

}  // namespace unkai::services::sqs
