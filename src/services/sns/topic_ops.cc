#include "aws/paging.h"
#include "services/sns/attributes.h"
#include "services/sns/limits.h"
#include "services/sns/sns.h"

namespace unkai::services::sns {

std::string topic_attribute(const StoredTopic& topic, const std::string& name) {
    const auto found = topic.attributes.find(name);
    return found == topic.attributes.end() ? "" : found->second;
}

bool is_fifo(const StoredTopic& topic) { return topic_attribute(topic, "FifoTopic") == "true"; }

Result<StoredTopic> find_topic(aws::Call& call, const std::string& arn) {
    const ArnParts parts = parts_of(arn);
    if (!arn.starts_with("arn:aws:sns:") || parts.name.empty())
        return invalid_parameter("TopicArn", "An ARN must have at least 6 elements, not " + arn);
    auto topic = schema::topics.get(call.txn(), {parts.account, parts.region, parts.name});
    if (!topic || parts.region != call.region)
        return errors::NotFoundException("Topic does not exist");
    return *std::move(topic);
}

void put_topic(aws::Call& call, const std::string& arn, const StoredTopic& topic) {
    const ArnParts parts = parts_of(arn);
    schema::topics.put(call.txn(), {parts.account, parts.region, parts.name}, topic);
}

Status check_tags(const std::map<std::string, std::string>& tags) {
    if (tags.size() <= limits::tags) return ok();
    return errors::TagLimitExceededException(
        "Could not complete request: tag quota of per resource "
        "exceeded");
}

Result<CreateTopicOutput> Sns::CreateTopic(aws::Call& call, const CreateTopicInput& in) {
    const auto kind = in.attributes.find("FifoTopic");
    const bool fifo = kind != in.attributes.end() && kind->second == "true";
    REQUIRE(check_topic_name(in.name, fifo));
    for (const auto& [name, value] : in.attributes)
        REQUIRE(check_topic_attribute(name, value, fifo));
    if (in.data_protection_policy.value_or("") != "")
        return invalid_parameter(
            "DataProtectionPolicy",
            "Unkai does not look into messages for data to protect. Do without.");
    const std::string arn = call.arn("sns", in.name);
    std::map<std::string, std::string> tags;
    for (const Tag& tag : in.tags) tags[tag.key] = tag.value;
    REQUIRE(check_tags(tags));
    if (const auto there = schema::topics.get(call.txn(), {call.account, call.region, in.name})) {
        for (const auto& [name, value] : in.attributes)
            if (topic_attribute(*there, name) != value && !(value == "false"))
                return invalid_parameter("Attributes",
                                         "Topic already exists with different attributes");
        for (const auto& [key, value] : tags)
            if (const auto found = there->tags.find(key);
                found == there->tags.end() || found->second != value)
                return invalid_parameter("Tags", "Topic already exists with different tags");
        return CreateTopicOutput{.topic_arn = arn};
    }
    if (schema::topics.list(call.txn(), call.account, call.region).size() >= limits::topics)
        return errors::TopicLimitExceededException("There are 100,000 topics. Delete some.");
    StoredTopic topic{.name = in.name, .created = call.now, .tags = std::move(tags)};
    for (const auto& [name, value] : in.attributes)
        if (!value.empty()) topic.attributes[name] = value;
    put_topic(call, arn, topic);
    return CreateTopicOutput{.topic_arn = arn};
}

Result<DeleteTopicOutput> Sns::DeleteTopic(aws::Call& call, const DeleteTopicInput& in) {
    const ArnParts parts = parts_of(in.topic_arn);
    if (!in.topic_arn.starts_with("arn:aws:sns:") || parts.name.empty())
        return invalid_parameter("TopicArn", "It is not the ARN of a topic: " + in.topic_arn);
    schema::topics.erase(call.txn(), {parts.account, parts.region, parts.name});
    for (const auto& [key, subscription] : schema::subscriptions.list(call.txn(), in.topic_arn))
        schema::subscriptions.erase(call.txn(), key);
    for (const auto& [key, duplicate] : schema::duplicates.list(call.txn(), in.topic_arn))
        schema::duplicates.erase(call.txn(), key);
    return DeleteTopicOutput{};
}

Result<ListTopicsOutput> Sns::ListTopics(aws::Call& call, const ListTopicsInput& in) {
    const auto rows = schema::topics.list(call.txn(), call.account, call.region);
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.second.name; }, in.next_token,
                             limits::listed, "InvalidParameter"));
    ListTopicsOutput out;
    for (const auto* row : page.items)
        out.topics.push_back({.topic_arn = call.arn("sns", row->second.name)});
    out.next_token = page.next;
    return out;
}

Result<GetTopicAttributesOutput> Sns::GetTopicAttributes(aws::Call& call,
                                                         const GetTopicAttributesInput& in) {
    TRY(const StoredTopic topic, find_topic(call, in.topic_arn));
    GetTopicAttributesOutput out;
    for (const auto& [name, value] : topic.attributes) out.attributes[name] = value;
    int64_t confirmed = 0, pending = 0;
    for (const auto& [key, subscription] : schema::subscriptions.list(call.txn(), in.topic_arn))
        ++(subscription.pending ? pending : confirmed);
    const std::string account = parts_of(in.topic_arn).account;
    out.attributes["TopicArn"] = in.topic_arn;
    out.attributes["Owner"] = account;
    out.attributes["SubscriptionsConfirmed"] = std::to_string(confirmed);
    out.attributes["SubscriptionsPending"] = std::to_string(pending);
    out.attributes["SubscriptionsDeleted"] = "0";
    out.attributes.try_emplace("Policy", default_policy(in.topic_arn, account));
    out.attributes.try_emplace("DisplayName", "");
    out.attributes["EffectiveDeliveryPolicy"] =
        effective_delivery_policy(topic_attribute(topic, "DeliveryPolicy"));
    if (is_fifo(topic)) out.attributes.try_emplace("ContentBasedDeduplication", "false");
    return out;
}

Result<SetTopicAttributesOutput> Sns::SetTopicAttributes(aws::Call& call,
                                                         const SetTopicAttributesInput& in) {
    TRY(StoredTopic topic, find_topic(call, in.topic_arn));
    if (in.attribute_name == "FifoTopic")
        return invalid_parameter("AttributeName", "FifoTopic is set by CreateTopic only.");
    const std::string value = in.attribute_value.value_or("");
    REQUIRE(check_topic_attribute(in.attribute_name, value, is_fifo(topic)));
    if (value.empty())
        topic.attributes.erase(in.attribute_name);
    else
        topic.attributes[in.attribute_name] = value;
    put_topic(call, in.topic_arn, topic);
    return SetTopicAttributesOutput{};
}

}  // namespace unkai::services::sns
