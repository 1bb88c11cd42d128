#include "aws/paging.h"
#include "services/iam/iam.h"
#include "services/iam/limits.h"

namespace unkai::services::iam {

api::iam::InstanceProfile describe_profile(aws::Call& call, const InstanceProfile& profile) {
    api::iam::InstanceProfile out;
    out.path = profile.path;
    out.instance_profile_name = profile.name;
    out.instance_profile_id = profile.id;
    out.arn = entity_arn(call, "instance-profile", profile.path, profile.name);
    out.create_date = profile.created;
    out.tags = tag_list(profile.tags);
    out.roles.present = true;
    if (const auto role = schema::roles.get(call.txn(), {call.account, to_lower(profile.role)}))
        out.roles.push_back(describe_role(call, *role));
    return out;
}

static Result<InstanceProfile> find_profile(aws::Call& call, const std::string& name) {
    auto profile = schema::profiles.get(call.txn(), {call.account, to_lower(name)});
    if (!profile)
        return errors::NoSuchEntityException("Instance Profile " + name + " cannot be found.");
    return *std::move(profile);
}

static void put_profile(aws::Call& call, const InstanceProfile& profile) {
    schema::profiles.put(call.txn(), {call.account, to_lower(profile.name)}, profile);
}

Result<CreateInstanceProfileOutput> Iam::CreateInstanceProfile(
    aws::Call& call, const CreateInstanceProfileInput& in) {
    const std::string& name = in.instance_profile_name;
    if (schema::profiles.has(call.txn(), {call.account, to_lower(name)}))
        return errors::EntityAlreadyExistsException("Instance Profile " + name +
                                                    " already exists.");
    InstanceProfile profile;
    profile.name = name;
    profile.path = in.path.value_or("/");
    profile.id = aws::unique_id(call.env.random, "AIPA");
    profile.created = call.now;
    REQUIRE(merge_tags(profile.tags, in.tags));
    put_profile(call, profile);
    CreateInstanceProfileOutput out;
    out.instance_profile = describe_profile(call, profile);
    return out;
}

Result<GetInstanceProfileOutput> Iam::GetInstanceProfile(aws::Call& call,
                                                         const GetInstanceProfileInput& in) {
    TRY(const InstanceProfile profile, find_profile(call, in.instance_profile_name));
    GetInstanceProfileOutput out;
    out.instance_profile = describe_profile(call, profile);
    return out;
}

Result<DeleteInstanceProfileOutput> Iam::DeleteInstanceProfile(
    aws::Call& call, const DeleteInstanceProfileInput& in) {
    TRY(const InstanceProfile profile, find_profile(call, in.instance_profile_name));
    if (!profile.role.empty())
        return errors::DeleteConflictException(
            "Cannot delete entity, must remove roles from instance profile first.");
    schema::profiles.erase(call.txn(), {call.account, to_lower(profile.name)});
    return DeleteInstanceProfileOutput{};
}

Result<ListInstanceProfilesOutput> Iam::ListInstanceProfiles(aws::Call& call,
                                                             const ListInstanceProfilesInput& in) {
    auto rows = schema::profiles.list(call.txn(), call.account);
    std::erase_if(rows, [&](const auto& row) {
        return !row.second.path.starts_with(in.path_prefix.value_or("/"));
    });
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return std::get<1>(row.first); },
                             in.marker, static_cast<size_t>(in.max_items.value_or(100))));
    ListInstanceProfilesOutput out;
    for (const auto* row : page.items)
        out.instance_profiles.push_back(describe_profile(call, row->second));
    out.is_truncated = page.next.has_value();
    out.marker = page.next;
    return out;
}

Result<ListInstanceProfilesForRoleOutput> Iam::ListInstanceProfilesForRole(
    aws::Call& call, const ListInstanceProfilesForRoleInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    ListInstanceProfilesForRoleOutput out;
    for (const auto& [key, profile] : schema::profiles.list(call.txn(), call.account))
        if (profile.role == role.name)
            out.instance_profiles.push_back(describe_profile(call, profile));
    out.is_truncated = false;
    return out;
}

Result<AddRoleToInstanceProfileOutput> Iam::AddRoleToInstanceProfile(
    aws::Call& call, const AddRoleToInstanceProfileInput& in) {
    TRY(InstanceProfile profile, find_profile(call, in.instance_profile_name));
    TRY(const Role role, find_role(call, in.role_name));
    if (!profile.role.empty())
        return errors::LimitExceededException(
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    profile.role = role.name;
    put_profile(call, profile);
    return AddRoleToInstanceProfileOutput{};
}

Result<RemoveRoleFromInstanceProfileOutput> Iam::RemoveRoleFromInstanceProfile(
    aws::Call& call, const RemoveRoleFromInstanceProfileInput& in) {
    TRY(InstanceProfile profile, find_profile(call, in.instance_profile_name));
    if (!equals_ignoring_case(profile.role, in.role_name)) return no_such("role", in.role_name);
    profile.role.clear();
    put_profile(call, profile);
    return RemoveRoleFromInstanceProfileOutput{};
}

Result<ListAccountAliasesOutput> Iam::ListAccountAliases(aws::Call&,
                                                         const ListAccountAliasesInput&) {
    ListAccountAliasesOutput out;  // No operation here makes an alias: there is none.
    out.account_aliases.present = true;
    out.is_truncated = false;
    return out;
}

Result<GetAccountSummaryOutput> Iam::GetAccountSummary(aws::Call& call,
                                                       const GetAccountSummaryInput&) {
    GetAccountSummaryOutput out;
    const auto count = [](const auto& rows) { return static_cast<int32_t>(rows.size()); };
    out.summary_map["Users"] = count(schema::users.list(call.txn(), call.account));
    out.summary_map["UsersQuota"] = static_cast<int32_t>(limits::users);
    out.summary_map["Roles"] = count(schema::roles.list(call.txn(), call.account));
    out.summary_map["RolesQuota"] = static_cast<int32_t>(limits::roles);
    out.summary_map["Policies"] = count(schema::policies.list(call.txn(), call.account));
    out.summary_map["InstanceProfiles"] = count(schema::profiles.list(call.txn(), call.account));
    out.summary_map["AccessKeysPerUserQuota"] = static_cast<int32_t>(limits::access_keys_per_user);
    out.summary_map["VersionsPerPolicyQuota"] = static_cast<int32_t>(limits::policy_versions);
    return out;
}

}  // namespace unkai::services::iam
