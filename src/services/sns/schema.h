// Every key and record that sns stores.
#pragma once

#include "store/table.h"

namespace unkai::services::sns {

struct StoredTopic {
    std::string name;
    Time created;
    std::map<std::string, std::string> attributes;  // Those that were set.
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, created);
        field(3, attributes);
        field(4, tags);
    }
};

struct StoredSubscription {
    std::string arn, topic_arn, protocol, endpoint, owner;
    Time created;
    std::map<std::string, std::string> attributes;
    std::string token;           // While it is not confirmed; also what unsubscribes it later.
    bool pending = false;        // Not confirmed yet.
    bool authenticated = false;  // Confirmed with AuthenticateOnUnsubscribe.
    void fields(auto& field) {
        field(1, arn);
        field(2, topic_arn);
        field(3, protocol);
        field(4, endpoint);
        field(5, owner);
        field(6, created);
        field(7, attributes);
        field(8, token);
        field(9, pending);
        field(10, authenticated);
    }
};

struct StoredDuplicate {
    Time sent;
    std::string message_id;
    std::string sequence;
    void fields(auto& field) {
        field(1, sent);
        field(2, message_id);
        field(3, sequence);
    }
};

struct NotificationAttribute {
    std::string type, value;  // Binary values as bytes.
    void fields(auto& field) {
        field(1, type);
        field(2, value);
    }
};

// What is owed to one subscription: the body of a delivery (aws/deliveries.h).
struct Notification {
    std::string subscription_arn, topic_arn;
    std::string type;  // Notification, SubscriptionConfirmation
    std::string id, subject, message;
    bool by_protocol = false;  // The message is JSON with a text for each protocol.
    std::map<std::string, NotificationAttribute> attributes;
    Time sent;
    std::string group, deduplication, sequence;
    void fields(auto& field) {
        field(1, subscription_arn);
        field(2, topic_arn);
        field(3, type);
        field(4, id);
        field(5, subject);
        field(6, message);
        field(7, by_protocol);
        field(8, attributes);
        field(9, sent);
        field(10, group);
        field(11, deduplication);
        field(12, sequence);
    }
};

struct SigningKey {
    std::string key_pem, certificate_pem, name;  // name: in the certificate's URL.
    void fields(auto& field) {
        field(1, key_pem);
        field(2, certificate_pem);
        field(3, name);
    }
};

namespace schema {
// ARN of the topic: account, region, name.
inline const store::Table<StoredTopic, std::string, std::string, std::string> topics{"sns/topics"};
// Topic's ARN, subscription's ARN.
inline const store::Table<StoredSubscription, std::string, std::string> subscriptions{
    "sns/subscriptions"};
// Topic's ARN, deduplication id.
inline const store::Table<StoredDuplicate, std::string, std::string> duplicates{"sns/duplicates"};
// One: "key".
inline const store::Table<SigningKey, std::string> signing{"sns/signing"};
inline constexpr const char* deliveries = "sns/deliveries";
}  // namespace schema

}  // namespace unkai::services::sns
