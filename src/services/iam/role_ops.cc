#include "aws/paging.h"
#include "services/iam/iam.h"
#include "services/iam/limits.h"

namespace unkai::services::iam {

api::iam::Role describe_role(const aws::Call& call, const Role& role) {
    api::iam::Role out;
    out.path = role.path;
    out.role_name = role.name;
    out.role_id = role.id;
    out.arn = entity_arn(call, "role", role.path, role.name);
    out.create_date = role.created;
    out.assume_role_policy_document = encode_document(role.trust);
    if (!role.description.empty()) out.description = role.description;
    out.max_session_duration = role.longest_session;
    out.tags = tag_list(role.tags);
    if (!role.boundary.empty())
        out.permissions_boundary = AttachedPermissionsBoundary{
            .permissions_boundary_type = "Policy", .permissions_boundary_arn = role.boundary};
    return out;
}

static Result<Role> make_role(aws::Call& call, std::string name, std::string path,
                              std::string trust) {
    if (schema::roles.has(call.txn(), {call.account, to_lower(name)}))
        return errors::EntityAlreadyExistsException("Role with name " + name + " already exists.");
    if (schema::roles.list(call.txn(), call.account).size() >= limits::roles)
        return errors::LimitExceededException("Cannot exceed quota for RolesPerAccount: 1000");
    REQUIRE(check_document(trust, true));
    Role role;
    role.name = std::move(name);
    role.path = std::move(path);
    role.id = aws::unique_id(call.env.random, "AROA");
    role.trust = std::move(trust);
    role.created = call.now;
    return role;
}

Result<CreateRoleOutput> Iam::CreateRole(aws::Call& call, const CreateRoleInput& in) {
    TRY(Role role,
        make_role(call, in.role_name, in.path.value_or("/"), in.assume_role_policy_document));
    role.description = in.description.value_or("");
    role.longest_session = in.max_session_duration.value_or(3600);
    role.boundary = in.permissions_boundary.value_or("");
    REQUIRE(merge_tags(role.tags, in.tags));
    put_role(call, role);
    return CreateRoleOutput{.role = describe_role(call, role)};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
Result<CreateServiceLinkedRoleOutput> Iam::CreateServiceLinkedRole(
    aws::Call& call, const CreateServiceLinkedRoleInput& in) {
    const std::string_view service = split_once(in.aws_service_name, '.').first;
    std::string name = "AWSServiceRoleFor";
    if (service == "ecs")
        name += "ECS";
    else if (service == "rds")
        name += "RDS";
    else if (service == "elasticloadbalancing")
        name += "ElasticLoadBalancing";
    else
        name += std::string(1, static_cast<char>(std::toupper(service[0]))) +
                std::string(service.substr(1));
    if (in.custom_suffix) name += "_" + *in.custom_suffix;
    const std::string trust =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":")" +
        in.aws_service_name + R"("},"Action":"sts:AssumeRole"}]})";
    if (schema::roles.has(call.txn(), {call.account, to_lower(name)}))
        return errors::InvalidInputException(
            "Service role name " + name +
            " has been taken in this account, please try a different suffix.");
    TRY(Role role, make_role(call, name, "/aws-service-role/" + in.aws_service_name + "/", trust));
    role.description = in.description.value_or("");
    put_role(call, role);
    return CreateServiceLinkedRoleOutput{.role = describe_role(call, role)};
}

Result<GetRoleOutput> Iam::GetRole(aws::Call& call, const GetRoleInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    GetRoleOutput out;
    out.role = describe_role(call, role);
    return out;
}

Result<UpdateRoleOutput> Iam::UpdateRole(aws::Call& call, const UpdateRoleInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    role.description = in.description.value_or(role.description);
    role.longest_session = in.max_session_duration.value_or(role.longest_session);
    put_role(call, role);
    return UpdateRoleOutput{};
}

Result<UpdateRoleDescriptionOutput> Iam::UpdateRoleDescription(
    aws::Call& call, const UpdateRoleDescriptionInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    role.description = in.description;
    put_role(call, role);
    return UpdateRoleDescriptionOutput{.role = describe_role(call, role)};
}

Result<DeleteRoleOutput> Iam::DeleteRole(aws::Call& call, const DeleteRoleInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    if (!role.attached.empty() || !role.inline_policies.empty())
        return errors::DeleteConflictException(
            "Cannot delete entity, must detach all policies first.");
    for (const auto& [key, profile] : schema::profiles.list(call.txn(), call.account))
        if (profile.role == role.name)
            return errors::DeleteConflictException(
                "Cannot delete entity, must remove roles from instance profile first.");
    schema::roles.erase(call.txn(), {call.account, to_lower(role.name)});
    return DeleteRoleOutput{};
}

Result<ListRolesOutput> Iam::ListRoles(aws::Call& call, const ListRolesInput& in) {
    auto rows = schema::roles.list(call.txn(), call.account);
    std::erase_if(rows, [&](const auto& row) {
        return !row.second.path.starts_with(in.path_prefix.value_or("/"));
    });
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return std::get<1>(row.first); },
                             in.marker, static_cast<size_t>(in.max_items.value_or(100))));
    ListRolesOutput out;
    for (const auto* row : page.items) {
        out.roles.push_back(describe_role(call, row->second));
        out.roles.back().tags = {};  // Listing leaves tags out.
    }
    out.is_truncated = page.next.has_value();
    out.marker = page.next;
    return out;
}

Result<UpdateAssumeRolePolicyOutput> Iam::UpdateAssumeRolePolicy(
    aws::Call& call, const UpdateAssumeRolePolicyInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(check_document(in.policy_document, true));
    role.trust = in.policy_document;
    put_role(call, role);
    return UpdateAssumeRolePolicyOutput{};
}

Result<TagRoleOutput> Iam::TagRole(aws::Call& call, const TagRoleInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    REQUIRE(merge_tags(role.tags, in.tags));
    put_role(call, role);
    return TagRoleOutput{};
}

Result<UntagRoleOutput> Iam::UntagRole(aws::Call& call, const UntagRoleInput& in) {
    TRY(Role role, find_role(call, in.role_name));
    for (const auto& key : in.tag_keys) role.tags.erase(key);
    put_role(call, role);
    return UntagRoleOutput{};
}

Result<ListRoleTagsOutput> Iam::ListRoleTags(aws::Call& call, const ListRoleTagsInput& in) {
    TRY(const Role role, find_role(call, in.role_name));
    ListRoleTagsOutput out;
    out.tags = tag_list(role.tags);
    out.is_truncated = false;
    return out;
}

}  // namespace unkai::services::iam
