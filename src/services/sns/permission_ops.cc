#include "services/sns/attributes.h"
#include "services/sns/limits.h"
#include "services/sns/sns.h"

namespace unkai::services::sns {

namespace {

using wire::Json;

struct TopicPolicy {
    StoredTopic topic;
    Json policy;
    Json::Array statements;
};

Result<TopicPolicy> policy_of_topic(aws::Call& call, const std::string& arn) {
    TRY(StoredTopic topic, find_topic(call, arn));
    std::string text = topic_attribute(topic, "Policy");
    if (text.empty()) text = default_policy(arn, parts_of(arn).account);
    TRY(Json policy, Json::parse(text));
    const Json& statement = policy["Statement"];
    Json::Array statements = statement.is_array() ? statement.as_array() : Json::Array{statement};
    return TopicPolicy{std::move(topic), std::move(policy), std::move(statements)};
}

void keep(aws::Call& call, const std::string& arn, TopicPolicy held) {
    held.policy.set("Statement", std::move(held.statements));
    held.topic.attributes["Policy"] = held.policy.dump();
    put_topic(call, arn, held.topic);
}

// Tags and the like answer ResourceNotFound where topics otherwise answer NotFound.
Result<StoredTopic> find_resource(aws::Call& call, const std::string& arn) {
    auto topic = find_topic(call, arn);
    if (!topic && topic.error().is("NotFound"))
        return errors::ResourceNotFoundException("Resource does not exist");
    return topic;
}

}  // namespace

Result<AddPermissionOutput> Sns::AddPermission(aws::Call& call, const AddPermissionInput& in) {
    TRY(TopicPolicy held, policy_of_topic(call, in.topic_arn));
    for (const Json& statement : held.statements)
        if (statement["Sid"].string_or("") == in.label)
            return invalid_parameter("Label", "Statement already exists");
    if (held.statements.size() >= limits::policy_statements)
        return invalid_parameter("Label", "A policy holds at most 20 statements.");
    if (in.aws_account_id.empty() || in.action_name.empty())
        return invalid_parameter("AWSAccountId", "Accounts and actions must be given.");
    Json::Array principals, actions;
    for (const std::string& account : in.aws_account_id)
        principals.push_back("arn:aws:iam::" + account + ":root");
    for (const std::string& action : in.action_name) actions.push_back("SNS:" + action);
    held.statements.push_back(
        Json::object({{"Sid", in.label},
                      {"Effect", "Allow"},
                      {"Principal", Json::object({{"AWS", std::move(principals)}})},
                      {"Action", std::move(actions)},
                      {"Resource", in.topic_arn}}));
    keep(call, in.topic_arn, std::move(held));
    return AddPermissionOutput{};
}

Result<RemovePermissionOutput> Sns::RemovePermission(aws::Call& call,
                                                     const RemovePermissionInput& in) {
    TRY(TopicPolicy held, policy_of_topic(call, in.topic_arn));
    const size_t removed = std::erase_if(held.statements, [&](const Json& statement) {
        return statement["Sid"].string_or("") == in.label;
    });
    if (removed == 0) return errors::NotFoundException("Statement does not exist: " + in.label);
    keep(call, in.topic_arn, std::move(held));
    return RemovePermissionOutput{};
}

Result<GetDataProtectionPolicyOutput> Sns::GetDataProtectionPolicy(
    aws::Call& call, const GetDataProtectionPolicyInput& in) {
    REQUIRE(find_topic(call, in.resource_arn));
    return GetDataProtectionPolicyOutput{};  // No topic can have one.
}

Result<TagResourceOutput> Sns::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(StoredTopic topic, find_resource(call, in.resource_arn));
    for (const Tag& tag : in.tags) topic.tags[tag.key] = tag.value;
    REQUIRE(check_tags(topic.tags));
    put_topic(call, in.resource_arn, topic);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Sns::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    TRY(StoredTopic topic, find_resource(call, in.resource_arn));
    for (const std::string& key : in.tag_keys) topic.tags.erase(key);
    put_topic(call, in.resource_arn, topic);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Sns::ListTagsForResource(aws::Call& call,
                                                           const ListTagsForResourceInput& in) {
    TRY(const StoredTopic topic, find_resource(call, in.resource_arn));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : topic.tags) out.tags.push_back({.key = key, .value = value});
    return out;
}

}  // namespace unkai::services::sns
