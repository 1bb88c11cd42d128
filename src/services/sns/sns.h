// Amazon Simple Notification Service.
//
// https://docs.aws.amazon.com/sns/latest/api/
// Operations write the store; what is published goes into the outbox with the same transaction
// (sender.h). No operation waits.
#pragma once

#include <unordered_map>

#include "api/sns.h"
#include "aws/event_pattern.h"
#include "services/sns/sender.h"

namespace unkai::services::sns {

using namespace api::sns;
namespace errors = api::sns::errors;

class Sns final : public api::sns::Service {
public:
    explicit Sns(Sender& sender) : sender_(sender) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // topic_ops.cc
    OPERATION(CreateTopic);
    OPERATION(DeleteTopic);
    OPERATION(ListTopics);
    OPERATION(GetTopicAttributes);
    OPERATION(SetTopicAttributes);
    // permission_ops.cc
    OPERATION(AddPermission);
    OPERATION(RemovePermission);
    OPERATION(GetDataProtectionPolicy);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
    // subscription_ops.cc
    OPERATION(Subscribe);
    OPERATION(ConfirmSubscription);
    OPERATION(Unsubscribe);
    OPERATION(ListSubscriptions);
    OPERATION(ListSubscriptionsByTopic);
    OPERATION(GetSubscriptionAttributes);
    OPERATION(SetSubscriptionAttributes);
    // publish_ops.cc
    OPERATION(Publish);
    OPERATION(PublishBatch);
#undef OPERATION

private:
    Result<PublishBatchResultEntry> publish(aws::Call& call, const StoredTopic& topic,
                                            const std::string& topic_arn,
                                            const PublishBatchRequestEntry& entry);
    bool wants(const StoredSubscription& subscription, const Notification& notification);
    const aws::EventPattern* filter(const std::string& policy);

    Sender& sender_;
    std::unordered_map<std::string, aws::EventPattern> filters_;  // Compiled, by their text.
};

// Shared by the operations' files. NotFound, InvalidParameter.
Result<StoredTopic> find_topic(aws::Call& call, const std::string& arn);
void put_topic(aws::Call& call, const std::string& arn, const StoredTopic& topic);
std::string topic_attribute(const StoredTopic& topic, const std::string& name);
bool is_fifo(const StoredTopic& topic);
Result<StoredSubscription> find_subscription(aws::Call& call, const std::string& arn);
void put_subscription(aws::Call& call, const StoredSubscription& subscription);
Status check_tags(const std::map<std::string, std::string>& tags);

}  // namespace unkai::services::sns
