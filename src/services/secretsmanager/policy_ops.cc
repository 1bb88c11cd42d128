#include "services/secretsmanager/limits.h"
#include "services/secretsmanager/secretsmanager.h"
#include "wire/json.h"

namespace unkai::services::secretsmanager {

Status add_tags(Secret& secret, const List<Tag>& tags) {
    for (const Tag& tag : tags) secret.tags[tag.key.value_or("")] = tag.value.value_or("");
    if (secret.tags.size() > limits::tags)
        return errors::InvalidParameterException("A secret can have at most 50 tags.");
    return ok();
}

Result<TagResourceOutput> SecretsManager::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    REQUIRE(add_tags(secret, in.tags));
    put_secret(call, secret);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> SecretsManager::UntagResource(aws::Call& call,
                                                          const UntagResourceInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    for (const std::string& key : in.tag_keys) secret.tags.erase(key);
    put_secret(call, secret);
    return UntagResourceOutput{};
}

Result<GetResourcePolicyOutput> SecretsManager::GetResourcePolicy(
    aws::Call& call, const GetResourcePolicyInput& in) {
    TRY(const Secret secret, find_live_secret(call, in.secret_id));
    GetResourcePolicyOutput out{.arn = secret.arn, .name = secret.name};
    if (!secret.policy.empty()) out.resource_policy = secret.policy;
    return out;
}

Result<PutResourcePolicyOutput> SecretsManager::PutResourcePolicy(
    aws::Call& call, const PutResourcePolicyInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    const auto document = wire::Json::parse(in.resource_policy);
    if (!document || !document->is_object() || in.resource_policy.size() > limits::policy_bytes)
        return errors::MalformedPolicyDocumentException(
            "This resource policy contains invalid JSON.");
    secret.policy = in.resource_policy;
    put_secret(call, secret);
    return PutResourcePolicyOutput{.arn = secret.arn, .name = secret.name};
}

Result<DeleteResourcePolicyOutput> SecretsManager::DeleteResourcePolicy(
    aws::Call& call, const DeleteResourcePolicyInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    secret.policy.clear();
    put_secret(call, secret);
    return DeleteResourcePolicyOutput{.arn = secret.arn, .name = secret.name};
}

}  // namespace unkai::services::secretsmanager
