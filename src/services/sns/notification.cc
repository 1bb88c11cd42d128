#include "services/sns/notification.h"

#include "base/strings.h"

namespace unkai::services::sns {

using wire::Json;

std::string message_for(const Notification& notification, std::string_view protocol) {
    if (!notification.by_protocol) return notification.message;
    const auto texts = Json::parse(notification.message);
    if (!texts) return notification.message;
    if ((*texts)[protocol].is_string()) return (*texts)[protocol].as_string();
    return (*texts)["default"].string_or("");
}

// Names and values, a line each, in the order of the alphabet.
std::string text_to_sign(const Envelope& envelope) {
    const Notification& notification = envelope.notification;
    std::string out;
    const auto line = [&](std::string_view name, std::string_view value) {
        out.append(name).append("\n").append(value).append("\n");
    };
    line("Message", envelope.message);
    line("MessageId", notification.id);
    if (notification.type == "Notification") {
        if (!notification.subject.empty()) line("Subject", notification.subject);
    } else {
        line("SubscribeURL", envelope.subscribe_url);
    }
    line("Timestamp", iso8601_millis(notification.sent));
    if (notification.type != "Notification") line("Token", envelope.token);
    line("TopicArn", notification.topic_arn);
    line("Type", notification.type);
    return out;
}

static Json shown_attributes(const std::map<std::string, NotificationAttribute>& attributes) {
    Json out = Json::object();
    for (const auto& [name, attribute] : attributes)
        out.set(name, Json::object(
                          {{"Type", attribute.type},
                           {"Value", attribute.type.starts_with("Binary") ? base64(attribute.value)
                                                                          : attribute.value}}));
    return out;
}

Json envelope_json(const Envelope& envelope) {
    const Notification& notification = envelope.notification;
    const bool plain = notification.type == "Notification";
    Json out = Json::object({{"Type", notification.type}, {"MessageId", notification.id}});
    if (!notification.sequence.empty()) out.set("SequenceNumber", notification.sequence);
    if (!plain) out.set("Token", envelope.token);
    out.set("TopicArn", notification.topic_arn);
    if (plain && !notification.subject.empty()) out.set("Subject", notification.subject);
    out.set("Message", envelope.message);
    if (!plain) out.set("SubscribeURL", envelope.subscribe_url);
    out.set("Timestamp", iso8601_millis(notification.sent));
    out.set("SignatureVersion", envelope.signature_version);
    out.set("Signature", envelope.signature);
    out.set("SigningCertURL", envelope.certificate_url);
    if (plain) out.set("UnsubscribeURL", envelope.unsubscribe_url);
    if (!notification.attributes.empty())
        out.set("MessageAttributes", shown_attributes(notification.attributes));
    return out;
}

Json lambda_event(const Envelope& envelope) {
    const Notification& notification = envelope.notification;
    Json sns = Json::object({{"Type", notification.type},
                             {"MessageId", notification.id},
                             {"TopicArn", notification.topic_arn}});
    sns.set("Subject", notification.subject.empty() ? Json() : Json(notification.subject));
    sns.set("Message", envelope.message);
    sns.set("Timestamp", iso8601_millis(notification.sent));
    sns.set("SignatureVersion", envelope.signature_version);
    sns.set("Signature", envelope.signature);
    sns.set("SigningCertUrl", envelope.certificate_url);
    sns.set("UnsubscribeUrl", envelope.unsubscribe_url);
    sns.set("MessageAttributes", shown_attributes(notification.attributes));
    Json record = Json::object({{"EventSource", "aws:sns"},
                                {"EventVersion", "1.0"},
                                {"EventSubscriptionArn", notification.subscription_arn},
                                {"Sns", std::move(sns)}});
    return Json::object({{"Records", Json::array({std::move(record)})}});
}

Json filter_view(const std::map<std::string, NotificationAttribute>& attributes) {
    Json out = Json::object();
    for (const auto& [name, attribute] : attributes) {
        if (attribute.type.starts_with("Number")) {
            if (auto number = Json::parse(attribute.value)) out.set(name, *std::move(number));
        } else if (attribute.type.starts_with("String.Array")) {
            if (auto list = Json::parse(attribute.value)) out.set(name, *std::move(list));
        } else if (attribute.type.starts_with("String")) {
            out.set(name, attribute.value);
        }
    }
    return out;
}

}  // namespace unkai::services::sns
