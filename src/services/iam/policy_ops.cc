#include "aws/paging.h"
#include "services/iam/iam.h"
#include "services/iam/limits.h"
#include "services/iam/managed_policies.h"

namespace unkai::services::iam {

namespace {

struct Found {
    Policy policy;
    bool managed_by_aws = false;
};

// Of arn:aws:iam::123456789012:policy/path/name only the last part names the policy.
Result<Policy> find_policy(aws::Call& call, const std::string& arn) {
    const std::string prefix = "arn:aws:iam::" + call.account + ":policy/";
    const std::string name = arn.substr(arn.rfind('/') + 1);
    auto policy = schema::policies.get(call.txn(), {call.account, to_lower(name)});
    if (!arn.starts_with(prefix) || !policy)
        return errors::NoSuchEntityException("Policy " + arn + " was not found.");
    return *std::move(policy);
}

Policy from_managed(const ManagedPolicy& managed) {
    Policy policy;
    const size_t slash = managed.path_and_name.rfind('/');
    policy.path = managed.path_and_name.substr(0, slash + 1);
    policy.name = managed.path_and_name.substr(slash + 1);
    policy.id = "ANPA" + std::string(policy.name.substr(0, 16));
    policy.versions[1] = {std::string(managed.document), {}};
    return policy;
}

Result<Found> find_any(aws::Call& call, const std::string& arn) {
    if (const ManagedPolicy* managed = find_managed_policy(arn))
        return Found{from_managed(*managed), true};
    TRY(Policy policy, find_policy(call, arn));
    return Found{std::move(policy), false};
}

std::string arn_of(const aws::Call& call, const Found& found) {
    if (found.managed_by_aws)
        return "arn:aws:iam::aws:policy" + found.policy.path + found.policy.name;
    return entity_arn(call, "policy", found.policy.path, found.policy.name);
}

int32_t attachments(aws::Call& call, const std::string& arn) {
    int32_t count = 0;
    for (const auto& [key, role] : schema::roles.list(call.txn(), call.account))
        count += static_cast<int32_t>(role.attached.count(arn));
    for (const auto& [key, user] : schema::users.list(call.txn(), call.account))
        count += static_cast<int32_t>(user.attached.count(arn));
    return count;
}

api::iam::Policy describe(aws::Call& call, const Found& found) {
    api::iam::Policy out;
    const Policy& policy = found.policy;
    out.policy_name = policy.name;
    out.policy_id = policy.id;
    out.arn = arn_of(call, found);
    out.path = policy.path;
    out.default_version_id = "v" + std::to_string(policy.default_version);
    out.attachment_count = attachments(call, *out.arn);
    out.permissions_boundary_usage_count = 0;
    out.is_attachable = true;
    if (!policy.description.empty()) out.description = policy.description;
    out.create_date = policy.created;
    out.update_date = policy.updated;
    out.tags = tag_list(policy.tags);
    return out;
}

api::iam::PolicyVersion describe_version(const Policy& policy, int64_t number, bool with_document) {
    api::iam::PolicyVersion out;
    const PolicyVersion& version = policy.versions.at(number);
    if (with_document) out.document = encode_document(version.document);
    out.version_id = "v" + std::to_string(number);
    out.is_default_version = number == policy.default_version;
    out.create_date = version.created;
    return out;
}

Result<int64_t> find_version(const Policy& policy, const std::string& id) {
    const auto number = id.starts_with('v') ? parse_int(id.substr(1)) : std::nullopt;
    if (!number || policy.versions.count(*number) == 0)
        return errors::NoSuchEntityException("Policy " + policy.name + " version " + id +
                                             " does not exist or is not attachable.");
    return *number;
}

void put_policy(aws::Call& call, const Policy& policy) {
    schema::policies.put(call.txn(), {call.account, to_lower(policy.name)}, policy);
}

}  // namespace

Result<CreatePolicyOutput> Iam::CreatePolicy(aws::Call& call, const CreatePolicyInput& in) {
    if (schema::policies.has(call.txn(), {call.account, to_lower(in.policy_name)}))
        return errors::EntityAlreadyExistsException(
            "A policy called " + in.policy_name +
            " already exists. Duplicate names are not allowed.");
    REQUIRE(check_document(in.policy_document, false));
    if (in.policy_document.size() > limits::managed_policy_bytes * 2)
        return errors::LimitExceededException("Cannot exceed quota for PolicySize: 6144");
    Found made;
    Policy& policy = made.policy;
    policy.name = in.policy_name;
    policy.path = in.path.value_or("/");
    policy.id = aws::unique_id(call.env.random, "ANPA");
    policy.description = in.description.value_or("");
    policy.created = policy.updated = call.now;
    policy.versions[1] = {in.policy_document, call.now};
    REQUIRE(merge_tags(policy.tags, in.tags));
    put_policy(call, policy);
    return CreatePolicyOutput{.policy = describe(call, made)};
}

Result<GetPolicyOutput> Iam::GetPolicy(aws::Call& call, const GetPolicyInput& in) {
    TRY(const Found found, find_any(call, in.policy_arn));
    return GetPolicyOutput{.policy = describe(call, found)};
}

Result<DeletePolicyOutput> Iam::DeletePolicy(aws::Call& call, const DeletePolicyInput& in) {
    TRY(const Policy policy, find_policy(call, in.policy_arn));
    if (attachments(call, in.policy_arn) > 0)
        return errors::DeleteConflictException("Cannot delete a policy attached to entities.");
    if (policy.versions.size() > 1)
        return errors::DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must "
            "delete the policy's versions. The default version is deleted with the policy.");
    schema::policies.erase(call.txn(), {call.account, to_lower(policy.name)});
    return DeletePolicyOutput{};
}

Result<ListPoliciesOutput> Iam::ListPolicies(aws::Call& call, const ListPoliciesInput& in) {
    std::vector<std::pair<std::string, Found>> rows;
    if (in.scope.value_or("All") != "AWS")
        for (auto& [key, policy] : schema::policies.list(call.txn(), call.account))
            rows.emplace_back(std::get<1>(key), Found{std::move(policy), false});
    std::erase_if(rows, [&](const auto& row) {
        return !row.second.policy.path.starts_with(in.path_prefix.value_or("/")) ||
               (in.only_attached.value_or(false) &&
                attachments(call, arn_of(call, row.second)) == 0);
    });
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.first; }, in.marker,
                             static_cast<size_t>(in.max_items.value_or(100))));
    ListPoliciesOutput out;
    for (const auto* row : page.items) out.policies.push_back(describe(call, row->second));
    out.is_truncated = page.next.has_value();
    out.marker = page.next;
    return out;
}

Result<CreatePolicyVersionOutput> Iam::CreatePolicyVersion(aws::Call& call,
                                                           const CreatePolicyVersionInput& in) {
    TRY(Policy policy, find_policy(call, in.policy_arn));
    REQUIRE(check_document(in.policy_document, false));
    if (policy.versions.size() >= limits::policy_versions)
        return errors::LimitExceededException(
            "A managed policy can have up to 5 versions. Before you create a new version, "
            "you must delete an existing version.");
    const int64_t number = ++policy.last_version;
    policy.versions[number] = {in.policy_document, call.now};
    if (in.set_as_default.value_or(false)) policy.default_version = number;
    policy.updated = call.now;
    put_policy(call, policy);
    return CreatePolicyVersionOutput{.policy_version = describe_version(policy, number, false)};
}

Result<GetPolicyVersionOutput> Iam::GetPolicyVersion(aws::Call& call,
                                                     const GetPolicyVersionInput& in) {
    TRY(const Found found, find_any(call, in.policy_arn));
    TRY(const int64_t number, find_version(found.policy, in.version_id));
    return GetPolicyVersionOutput{.policy_version = describe_version(found.policy, number, true)};
}

Result<DeletePolicyVersionOutput> Iam::DeletePolicyVersion(aws::Call& call,
                                                           const DeletePolicyVersionInput& in) {
    TRY(Policy policy, find_policy(call, in.policy_arn));
    TRY(const int64_t number, find_version(policy, in.version_id));
    if (number == policy.default_version)
        return errors::DeleteConflictException("Cannot delete the default version of a policy.");
    policy.versions.erase(number);
    put_policy(call, policy);
    return DeletePolicyVersionOutput{};
}

Result<ListPolicyVersionsOutput> Iam::ListPolicyVersions(aws::Call& call,
                                                         const ListPolicyVersionsInput& in) {
    TRY(const Found found, find_any(call, in.policy_arn));
    ListPolicyVersionsOutput out;
    for (auto it = found.policy.versions.rbegin(); it != found.policy.versions.rend(); ++it)
        out.versions.push_back(describe_version(found.policy, it->first, false));
    out.is_truncated = false;
    return out;
}

Result<SetDefaultPolicyVersionOutput> Iam::SetDefaultPolicyVersion(
    aws::Call& call, const SetDefaultPolicyVersionInput& in) {
    TRY(Policy policy, find_policy(call, in.policy_arn));
    TRY(policy.default_version, find_version(policy, in.version_id));
    policy.updated = call.now;
    put_policy(call, policy);
    return SetDefaultPolicyVersionOutput{};
}

Result<ListEntitiesForPolicyOutput> Iam::ListEntitiesForPolicy(
    aws::Call& call, const ListEntitiesForPolicyInput& in) {
    REQUIRE(find_any(call, in.policy_arn));
    ListEntitiesForPolicyOutput out;
    for (const auto& [key, role] : schema::roles.list(call.txn(), call.account))
        if (role.attached.count(in.policy_arn) > 0)
            out.policy_roles.push_back({.role_name = role.name, .role_id = role.id});
    for (const auto& [key, user] : schema::users.list(call.txn(), call.account))
        if (user.attached.count(in.policy_arn) > 0)
            out.policy_users.push_back({.user_name = user.name, .user_id = user.id});
    out.is_truncated = false;
    return out;
}

Result<TagPolicyOutput> Iam::TagPolicy(aws::Call& call, const TagPolicyInput& in) {
    TRY(Policy policy, find_policy(call, in.policy_arn));
    REQUIRE(merge_tags(policy.tags, in.tags));
    put_policy(call, policy);
    return TagPolicyOutput{};
}

Result<UntagPolicyOutput> Iam::UntagPolicy(aws::Call& call, const UntagPolicyInput& in) {
    TRY(Policy policy, find_policy(call, in.policy_arn));
    for (const auto& key : in.tag_keys) policy.tags.erase(key);
    put_policy(call, policy);
    return UntagPolicyOutput{};
}

Result<ListPolicyTagsOutput> Iam::ListPolicyTags(aws::Call& call, const ListPolicyTagsInput& in) {
    TRY(const Found found, find_any(call, in.policy_arn));
    ListPolicyTagsOutput out;
    out.tags = tag_list(found.policy.tags);
    out.is_truncated = false;
    return out;
}

}  // namespace unkai::services::iam
