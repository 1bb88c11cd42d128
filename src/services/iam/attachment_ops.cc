// Policies on roles and users: attached managed ones, and inline ones. The rules are the same for
// both kinds of entity, so they are written once over `Entity`.
#include "services/iam/iam.h"
#include "services/iam/limits.h"
#include "services/iam/managed_policies.h"

namespace unkai::services::iam {

namespace {

template <class Entity>
Status attach(aws::Call& call, Entity& entity, const std::string& arn) {
    const std::string name = arn.substr(arn.rfind('/') + 1);
    const bool own = arn.starts_with("arn:aws:iam::" + call.account + ":policy/") &&
                     schema::policies.has(call.txn(), {call.account, to_lower(name)});
    if (!own && find_managed_policy(arn) == nullptr)
        return errors::NoSuchEntityException("Policy " + arn +
                                             " does not exist or is not attachable.");
    entity.attached.insert(arn);
    if (entity.attached.size() > limits::attached_policies)
        return errors::LimitExceededException("Cannot exceed quota for PoliciesPerRole: 10");
    return ok();
}

template <class Entity>
Status detach(Entity& entity, const std::string& arn) {
    if (entity.attached.erase(arn) == 0)
        return errors::NoSuchEntityException("Policy " + arn + " was not found.");
    return ok();
}

template <class Output, class Entity>
Output list_attached(const Entity& entity) {
    Output out;
    for (const std::string& arn : entity.attached)
        out.attached_policies.push_back(
            {.policy_name = arn.substr(arn.rfind('/') + 1), .policy_arn = arn});
    out.is_truncated = false;
    return out;
}

template <class Entity>
Status put_inline(Entity& entity, const std::string& name, const std::string& document,
                  size_t most) {
    REQUIRE(check_document(document, false));
    entity.inline_policies[name] = document;
    size_t bytes = 0;
    for (const auto& [key, text] : entity.inline_policies) bytes += text.size();
    if (bytes > most)
        return errors::LimitExceededException("Maximum policy size of " + std::to_string(most) +
                                              " bytes exceeded for " + entity.name);
    return ok();
}

template <class Entity>
Result<std::string> inline_document(const Entity& entity, const std::string& name) {
    const auto found = entity.inline_policies.find(name);
    if (found == entity.inline_policies.end())
        return errors::NoSuchEntityException("The policy with name " + name + " cannot be found.");
    return found->second;
}

template <class Output, class Entity>
Output list_inline(const Entity& entity) {
    Output out;
    for (const auto& [name, document] : entity.inline_policies) out.policy_names.push_back(name);
    out.is_truncated = false;
    return out;
}

}  // namespace

Result<AttachRolePolicyOutput> Iam::AttachRolePolicy(aws::Call& call,
                                                     const AttachRolePolicyInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(attach(call, role, in.policy_arn));
    put_role(call, role);
    return AttachRolePolicyOutput{};
}

Result<DetachRolePolicyOutput> Iam::DetachRolePolicy(aws::Call& call,
                                                     const DetachRolePolicyInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(detach(role, in.policy_arn));
    put_role(call, role);
    return DetachRolePolicyOutput{};
}

Result<ListAttachedRolePoliciesOutput> Iam::ListAttachedRolePolicies(
    aws::Call& call, const ListAttachedRolePoliciesInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    return list_attached<ListAttachedRolePoliciesOutput>(role);
}

Result<AttachUserPolicyOutput> Iam::AttachUserPolicy(aws::Call& call,
                                                     const AttachUserPolicyInput& in) {
    TRY(User user, find_user(call, in.user_name));
    REQUIRE(attach(call, user, in.policy_arn));
    put_user(call, user);
    return AttachUserPolicyOutput{};
}

Result<DetachUserPolicyOutput> Iam::DetachUserPolicy(aws::Call& call,
                                                     const DetachUserPolicyInput& in) {
    TRY(User user, find_user(call, in.user_name));
    REQUIRE(detach(user, in.policy_arn));
    put_user(call, user);
    return DetachUserPolicyOutput{};
}

Result<ListAttachedUserPoliciesOutput> Iam::ListAttachedUserPolicies(
    aws::Call& call, const ListAttachedUserPoliciesInput& in) {
    TRY(const User user, find_user(call, in.user_name));
    return list_attached<ListAttachedUserPoliciesOutput>(user);
}

Result<PutRolePolicyOutput> Iam::PutRolePolicy(aws::Call& call, const PutRolePolicyInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(put_inline(role, in.policy_name, in.policy_document, limits::role_inline_bytes));
    put_role(call, role);
    return PutRolePolicyOutput{};
}

Result<GetRolePolicyOutput> Iam::GetRolePolicy(aws::Call& call, const GetRolePolicyInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    TRY(const std::string document, inline_document(role, in.policy_name));
    GetRolePolicyOutput out;
    out.role_name = role.name;
    out.policy_name = in.policy_name;
    out.policy_document = encode_document(document);
    return out;
}

Result<DeleteRolePolicyOutput> Iam::DeleteRolePolicy(aws::Call& call,
                                                     const DeleteRolePolicyInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(inline_document(role, in.policy_name));
    role.inline_policies.erase(in.policy_name);
    put_role(call, role);
    return DeleteRolePolicyOutput{};
}

Result<ListRolePoliciesOutput> Iam::ListRolePolicies(aws::Call& call,
                                                     const ListRolePoliciesInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    return list_inline<ListRolePoliciesOutput>(role);
}

Result<PutUserPolicyOutput> Iam::PutUserPolicy(aws::Call& call, const PutUserPolicyInput& in) {
    TRY(User user, find_user(call, in.user_name));
    REQUIRE(put_inline(user, in.policy_name, in.policy_document, limits::user_inline_bytes));
    put_user(call, user);
    return PutUserPolicyOutput{};
}

Result<GetUserPolicyOutput> Iam::GetUserPolicy(aws::Call& call, const GetUserPolicyInput& in) {
    TRY(const User user, find_user(call, in.user_name));
    TRY(const std::string document, inline_document(user, in.policy_name));
    GetUserPolicyOutput out;
    out.user_name = user.name;
    out.policy_name = in.policy_name;
    out.policy_document = encode_document(document);
    return out;
}

Result<DeleteUserPolicyOutput> Iam::DeleteUserPolicy(aws::Call& call,
                                                     const DeleteUserPolicyInput& in) {
    TRY(User user, find_user(call, in.user_name));
    REQUIRE(inline_document(user, in.policy_name));
    user.inline_policies.erase(in.policy_name);
    put_user(call, user);
    return DeleteUserPolicyOutput{};
}

Result<ListUserPoliciesOutput> Iam::ListUserPolicies(aws::Call& call,
                                                     const ListUserPoliciesInput& in) {
    TRY(const User user, find_user(call, in.user_name));
    return list_inline<ListUserPoliciesOutput>(user);
}

}  // namespace unkai::services::iam
