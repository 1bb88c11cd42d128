// AWS Identity and Access Management: users, access keys, roles, policies, instance profiles.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/
// Keys work at once: aws::Credentials, in the same transaction. Policies are kept and checked for
// their form; they are enforced only where README.md of this folder says so. Everything is global
// (no region).
#pragma once

#include "api/iam.h"
#include "aws/credentials.h"
#include "base/strings.h"
#include "services/iam/schema.h"

namespace unkai::services::iam {

using namespace api::iam;

class Iam final : public api::iam::Service {
public:
    explicit Iam(const aws::Credentials& credentials) : credentials_(credentials) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // user_ops.cc
    OPERATION(CreateUser);
    OPERATION(GetUser);
    OPERATION(UpdateUser);
    OPERATION(DeleteUser);
    OPERATION(ListUsers);
    OPERATION(TagUser);
    OPERATION(UntagUser);
    OPERATION(ListUserTags);
    // key_ops.cc
    OPERATION(CreateAccessKey);
    OPERATION(DeleteAccessKey);
    OPERATION(ListAccessKeys);
    OPERATION(UpdateAccessKey);
    OPERATION(GetAccessKeyLastUsed);
    // role_ops.cc
    OPERATION(CreateRole);
    OPERATION(GetRole);
    OPERATION(UpdateRole);
    OPERATION(UpdateRoleDescription);
    OPERATION(DeleteRole);
    OPERATION(ListRoles);
    OPERATION(UpdateAssumeRolePolicy);
    OPERATION(CreateServiceLinkedRole);
    OPERATION(TagRole);
    OPERATION(UntagRole);
    OPERATION(ListRoleTags);
    // policy_ops.cc
    OPERATION(CreatePolicy);
    OPERATION(GetPolicy);
    OPERATION(DeletePolicy);
    OPERATION(ListPolicies);
    OPERATION(CreatePolicyVersion);
    OPERATION(GetPolicyVersion);
    OPERATION(DeletePolicyVersion);
    OPERATION(ListPolicyVersions);
    OPERATION(SetDefaultPolicyVersion);
    OPERATION(ListEntitiesForPolicy);
    OPERATION(TagPolicy);
    OPERATION(UntagPolicy);
    OPERATION(ListPolicyTags);
    // attachment_ops.cc
    OPERATION(AttachRolePolicy);
    OPERATION(DetachRolePolicy);
    OPERATION(ListAttachedRolePolicies);
    OPERATION(AttachUserPolicy);
    OPERATION(DetachUserPolicy);
    OPERATION(ListAttachedUserPolicies);
    OPERATION(PutRolePolicy);
    OPERATION(GetRolePolicy);
    OPERATION(DeleteRolePolicy);
    OPERATION(ListRolePolicies);
    OPERATION(PutUserPolicy);
    OPERATION(GetUserPolicy);
    OPERATION(DeleteUserPolicy);
    OPERATION(ListUserPolicies);
    // profile_ops.cc
    OPERATION(CreateInstanceProfile);
    OPERATION(GetInstanceProfile);
    OPERATION(DeleteInstanceProfile);
    OPERATION(ListInstanceProfiles);
    OPERATION(ListInstanceProfilesForRole);
    OPERATION(AddRoleToInstanceProfile);
    OPERATION(RemoveRoleFromInstanceProfile);
    OPERATION(ListAccountAliases);
    OPERATION(GetAccountSummary);
#undef OPERATION

private:
    const aws::Credentials& credentials_;
};

// Shared by the operations' files.
Unexpected no_such(std::string_view kind, std::string_view name);  // NoSuchEntity
std::string entity_arn(const aws::Call& call, std::string_view kind, std::string_view path,
                       std::string_view name);
std::string encode_document(std::string_view document);  // As IAM returns policy documents.
Status check_document(std::string_view document, bool needs_principal);  // MalformedPolicyDocument
Status merge_tags(std::map<std::string, std::string>& tags, const List<Tag>& added);
List<Tag> tag_list(const std::map<std::string, std::string>& tags);
Result<User> find_user(aws::Call& call, std::string_view name);
Result<Role> find_role(aws::Call& call, std::string_view name);
void put_user(aws::Call& call, const User& user);
void put_role(aws::Call& call, const Role& role);
api::iam::Role describe_role(const aws::Call& call, const Role& role);
api::iam::InstanceProfile describe_profile(aws::Call& call, const InstanceProfile& profile);

}  // namespace unkai::services::iam
