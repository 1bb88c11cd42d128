// What receivers get: the JSON envelope, the text that is signed, headers, Lambda's event. Pure.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
#pragma once

#include "services/sns/schema.h"
#include "wire/json.h"

namespace unkai::services::sns {

// The text for this protocol: of {"default": …, "sqs": …} its own or the default.
std::string message_for(const Notification& notification, std::string_view protocol);

struct Envelope {
    const Notification& notification;
    std::string message;  // message_for()
    std::string token;    // Of confirmations.
    std::string signature_version = "1";
    std::string signature;
    std::string certificate_url, unsubscribe_url, subscribe_url;
};
std::string text_to_sign(const Envelope& envelope);
wire::Json envelope_json(const Envelope& envelope);
wire::Json lambda_event(const Envelope& envelope);
// Attributes as filter policies see them: texts, numbers, lists.
wire::Json filter_view(const std::map<std::string, NotificationAttribute>& attributes);

}  // namespace unkai::services::sns
