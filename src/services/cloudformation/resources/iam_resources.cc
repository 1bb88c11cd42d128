// AWS::IAM: roles, users, policies, instance profiles, access keys.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;

// The operations on a role or a user, which are the same but for their names.
struct Entity {
    const char* name;  // The member that names it: RoleName.
    const char* attach;
    const char* detach;
    const char* put;
    const char* remove;
    const char* list_attached;
    const char* list_inline;
};
constexpr Entity role{"RoleName",        "AttachRolePolicy", "DetachRolePolicy",
                      "PutRolePolicy",   "DeleteRolePolicy", "ListAttachedRolePolicies",
                      "ListRolePolicies"};
constexpr Entity user{"UserName",        "AttachUserPolicy", "DetachUserPolicy",
                      "PutUserPolicy",   "DeleteUserPolicy", "ListAttachedUserPolicies",
                      "ListUserPolicies"};

const std::vector<std::string> gone{"NoSuchEntity"};

Json named(const Entity& entity, const std::string& name) {
    return Json::object({{entity.name, name}});
}

Json document_of(const Json& document) {
    return document.is_string() ? document : Json(document.dump());
}

bool holds(const Json& list, const Json& wanted) {
    return list.is_array() && std::any_of(list.as_array().begin(), list.as_array().end(),
                                          [&](const Json& one) { return one == wanted; });
}

// Managed and inline policies as the properties ManagedPolicyArns and Policies say; those that the
// previous properties had and these do not are taken away.
Task<Status> set_policies(Work& work, const Entity& entity) {
    const Json& arns = work["ManagedPolicyArns"];
    for (size_t i = 0; i < arns.size(); ++i) {
        Json input = named(entity, work.physical_id);
        input.set("PolicyArn", arns[i]);
        CO_REQUIRE(co_await work.call("iam", entity.attach, std::move(input)));
    }
    const Json& policies = work["Policies"];
    for (size_t i = 0; i < policies.size(); ++i) {
        Json input = named(entity, work.physical_id);
        input.set("PolicyName", policies[i]["PolicyName"]);
        input.set("PolicyDocument", document_of(policies[i]["PolicyDocument"]));
        CO_REQUIRE(co_await work.call("iam", entity.put, std::move(input)));
    }
    co_return ok();
}

Task<Status> drop_policies(Work& work, const Entity& entity) {
    const Json& before = work.previous["ManagedPolicyArns"];
    for (size_t i = 0; i < before.size(); ++i) {
        if (holds(work["ManagedPolicyArns"], before[i])) continue;
        Json input = named(entity, work.physical_id);
        input.set("PolicyArn", before[i]);
        CO_REQUIRE(co_await work.call_unless("iam", entity.detach, std::move(input), gone));
    }
    const Json& policies = work.previous["Policies"];
    for (size_t i = 0; i < policies.size(); ++i) {
        bool kept = false;
        for (size_t j = 0; j < work["Policies"].size(); ++j)
            kept = kept || work["Policies"][j]["PolicyName"] == policies[i]["PolicyName"];
        if (kept) continue;
        Json input = named(entity, work.physical_id);
        input.set("PolicyName", policies[i]["PolicyName"]);
        CO_REQUIRE(co_await work.call_unless("iam", entity.remove, std::move(input), gone));
    }
    co_return ok();
}

// Whatever is attached to it, so that it can be deleted.
Task<Status> strip(Work& work, const Entity& entity) {
    const Json name = named(entity, work.physical_id);
    const Result<Json> attached = co_await work.call("iam", entity.list_attached, name);
    if (!attached) {
        if (has_code(attached.error(), gone)) co_return ok();
        co_return attached.error();
    }
    for (size_t i = 0; i < (*attached)["AttachedPolicies"].size(); ++i) {
        Json input = name;
        input.set("PolicyArn", (*attached)["AttachedPolicies"][i]["PolicyArn"]);
        CO_REQUIRE(co_await work.call_unless("iam", entity.detach, std::move(input), gone));
    }
    CO_TRY(const Json inlined, co_await work.call("iam", entity.list_inline, name));
    for (size_t i = 0; i < inlined["PolicyNames"].size(); ++i) {
        Json input = name;
        input.set("PolicyName", inlined["PolicyNames"][i]);
        CO_REQUIRE(co_await work.call_unless("iam", entity.remove, std::move(input), gone));
    }
    co_return ok();
}

std::vector<std::string> exists_if(bool again) {
    return again ? std::vector<std::string>{"EntityAlreadyExists"} : std::vector<std::string>{};
}

// ---- Role

Made create_role(Work& work) {
    Json input = work.input;
    const std::string name = work["RoleName"].string_or(work.generated_name(64));
    input.set("RoleName", name);
    input.set("AssumeRolePolicyDocument", document_of(work["AssumeRolePolicyDocument"]));
    if (const Json tags = work.tags(); tags.size() > 0) input.set("Tags", tags);
    CO_REQUIRE(
        co_await work.call_unless("iam", "CreateRole", std::move(input), exists_if(work.again)));
    co_return name;
}

Attributes settle_role(Work& work) {
    CO_REQUIRE(co_await set_policies(work, role));
    CO_TRY(const Json answer, co_await work.call("iam", "GetRole", named(role, work.physical_id)));
    co_return Json::object({{"Arn", answer["Role"]["Arn"]}, {"RoleId", answer["Role"]["RoleId"]}});
}

Task<Status> update_role(Work& work) {
    if (work.changed("AssumeRolePolicyDocument")) {
        Json input = named(role, work.physical_id);
        input.set("PolicyDocument", document_of(work["AssumeRolePolicyDocument"]));
        CO_REQUIRE(co_await work.call("iam", "UpdateAssumeRolePolicy", std::move(input)));
    }
    if (work.changed("Description") || work.changed("MaxSessionDuration")) {
        Json input = named(role, work.physical_id);
        for (const char* member : {"Description", "MaxSessionDuration"})
            if (const Json* value = work.properties.find(member)) input.set(member, *value);
        CO_REQUIRE(co_await work.call("iam", "UpdateRole", std::move(input)));
    }
    co_return co_await drop_policies(work, role);
}

Task<Status> remove_role(Work& work) {
    CO_REQUIRE(co_await strip(work, role));
    co_return co_await work.remove("iam", "DeleteRole", named(role, work.physical_id), gone);
}

// ---- User

Made create_user(Work& work) {
    Json input = work.input;
    const std::string name = work["UserName"].string_or(work.generated_name(64));
    input.set("UserName", name);
    if (const Json tags = work.tags(); tags.size() > 0) input.set("Tags", tags);
    CO_REQUIRE(
        co_await work.call_unless("iam", "CreateUser", std::move(input), exists_if(work.again)));
    co_return name;
}

Attributes settle_user(Work& work) {
    CO_REQUIRE(co_await set_policies(work, user));
    CO_TRY(const Json answer, co_await work.call("iam", "GetUser", named(user, work.physical_id)));
    co_return Json::object({{"Arn", answer["User"]["Arn"]}});
}

Task<Status> update_user(Work& work) { return drop_policies(work, user); }

Task<Status> remove_user(Work& work) {
    CO_REQUIRE(co_await strip(work, user));
    co_return co_await work.remove("iam", "DeleteUser", named(user, work.physical_id), gone);
}

// ---- Inline policy on roles and users

Task<Status> each_holder(Work& work, bool put, Json properties) {
    for (const auto& [list, entity] : {std::pair{"Roles", &role}, std::pair{"Users", &user}})
        for (size_t i = 0; i < properties[list].size(); ++i) {
            Json input = named(*entity, properties[list][i].text());
            input.set("PolicyName", properties["PolicyName"]);
            if (put) input.set("PolicyDocument", document_of(properties["PolicyDocument"]));
            CO_REQUIRE(co_await work.call_unless("iam", put ? entity->put : entity->remove,
                                                 std::move(input),
                                                 put ? std::vector<std::string>{} : gone));
        }
    co_return ok();
}

Made create_policy(Work& work) {
    CO_REQUIRE(co_await each_holder(work, true, work.properties));
    co_return work.generated_name(128);
}

Task<Status> update_policy(Work& work) {
    Json left = work.previous;  // The holders that it leaves.
    for (const char* list : {"Roles", "Users"}) {
        Json gone_holders = Json::array();
        for (size_t i = 0; i < work.previous[list].size(); ++i)
            if (!holds(work[list], work.previous[list][i]))
                gone_holders.push(work.previous[list][i]);
        left.set(list, gone_holders);
    }
    CO_REQUIRE(co_await each_holder(work, false, left));
    co_return co_await each_holder(work, true, work.properties);
}

Task<Status> remove_policy(Work& work) { return each_holder(work, false, work.properties); }

// ---- Managed policy

Made create_managed(Work& work) {
    Json input = work.input;
    input.set("PolicyName", work["ManagedPolicyName"].string_or(work.generated_name(128)));
    input.set("PolicyDocument", document_of(work["PolicyDocument"]));
    CO_TRY(const Json made, co_await work.call("iam", "CreatePolicy", std::move(input)));
    co_return made["Policy"]["Arn"].text();
}

Task<Result<std::vector<std::string>>> find_managed(Work& work) {
    std::string path = work["Path"].string_or("/");
    const std::string arn = "arn:aws:iam::" + work.caller.account + ":policy" + path +
                            work["ManagedPolicyName"].string_or(work.generated_name(128));
    CO_TRY(const bool there,
           co_await work.call_unless("iam", "GetPolicy", Json::object({{"PolicyArn", arn}}), gone));
    std::vector<std::string> found;
    if (there) found.push_back(arn);
    co_return found;
}

Task<Status> each_attachment(Work& work, bool attach, Json properties) {
    for (const auto& [list, entity] : {std::pair{"Roles", &role}, std::pair{"Users", &user}})
        for (size_t i = 0; i < properties[list].size(); ++i) {
            Json input = named(*entity, properties[list][i].text());
            input.set("PolicyArn", work.physical_id);
            CO_REQUIRE(co_await work.call_unless("iam", attach ? entity->attach : entity->detach,
                                                 std::move(input),
                                                 attach ? std::vector<std::string>{} : gone));
        }
    co_return ok();
}

Attributes settle_managed(Work& work) {
    CO_REQUIRE(co_await each_attachment(work, true, work.properties));
    co_return Json::object({{"PolicyArn", work.physical_id}});
}

Task<Status> drop_versions(Work& work) {
    const Json arn = Json::object({{"PolicyArn", work.physical_id}});
    CO_TRY(const Json answer, co_await work.call("iam", "ListPolicyVersions", arn));
    for (size_t i = 0; i < answer["Versions"].size(); ++i) {
        if (answer["Versions"][i]["IsDefaultVersion"].bool_or(false)) continue;
        Json input = arn;
        input.set("VersionId", answer["Versions"][i]["VersionId"]);
        CO_REQUIRE(co_await work.call_unless("iam", "DeletePolicyVersion", std::move(input), gone));
    }
    co_return ok();
}

Task<Status> update_managed(Work& work) {
    if (work.changed("PolicyDocument")) {
        CO_REQUIRE(co_await work.call(
            "iam", "CreatePolicyVersion",
            Json::object({{"PolicyArn", work.physical_id},
                          {"PolicyDocument", document_of(work["PolicyDocument"])},
                          {"SetAsDefault", true}})));
        CO_REQUIRE(co_await drop_versions(work));
    }
    Json left = work.previous;
    for (const char* list : {"Roles", "Users"}) {
        Json gone_holders = Json::array();
        for (size_t i = 0; i < work.previous[list].size(); ++i)
            if (!holds(work[list], work.previous[list][i]))
                gone_holders.push(work.previous[list][i]);
        left.set(list, gone_holders);
    }
    co_return co_await each_attachment(work, false, left);
}

Task<Status> remove_managed(Work& work) {
    CO_REQUIRE(co_await each_attachment(work, false, work.properties));
    if (const Status dropped = co_await drop_versions(work); !dropped) {
        if (has_code(dropped.error(), gone)) co_return ok();
        co_return dropped.error();
    }
    co_return co_await work.remove("iam", "DeletePolicy",
                                   Json::object({{"PolicyArn", work.physical_id}}), gone);
}

// ---- Instance profile

Json profile(const std::string& name) { return Json::object({{"InstanceProfileName", name}}); }

Made create_profile(Work& work) {
    Json input = work.input;
    const std::string name = work["InstanceProfileName"].string_or(work.generated_name(128));
    input.set("InstanceProfileName", name);
    CO_REQUIRE(co_await work.call_unless("iam", "CreateInstanceProfile", std::move(input),
                                         exists_if(work.again)));
    co_return name;
}

Attributes settle_profile(Work& work) {
    CO_TRY(const Json answer,
           co_await work.call("iam", "GetInstanceProfile", profile(work.physical_id)));
    const Json& roles = answer["InstanceProfile"]["Roles"];
    for (size_t i = 0; i < work["Roles"].size(); ++i) {
        if (roles[0]["RoleName"] == work["Roles"][i]) continue;
        Json input = profile(work.physical_id);
        input.set("RoleName", work["Roles"][i]);
        CO_REQUIRE(co_await work.call("iam", "AddRoleToInstanceProfile", std::move(input)));
    }
    co_return Json::object({{"Arn", answer["InstanceProfile"]["Arn"]}});
}

Task<Status> drop_roles(Work& work, Json roles) {
    for (size_t i = 0; i < roles.size(); ++i) {
        Json input = profile(work.physical_id);
        input.set("RoleName", roles[i]);
        CO_REQUIRE(co_await work.call_unless("iam", "RemoveRoleFromInstanceProfile",
                                             std::move(input), gone));
    }
    co_return ok();
}

Task<Status> update_profile(Work& work) { return drop_roles(work, work.previous["Roles"]); }

Task<Status> remove_profile(Work& work) {
    CO_REQUIRE(co_await drop_roles(work, work["Roles"]));
    co_return co_await work.remove("iam", "DeleteInstanceProfile", profile(work.physical_id), gone);
}

// ---- Access key: its secret is shown once, so it is kept with the stack, as GetAtt needs it.

Made create_key(Work& work) {
    CO_TRY(const Json made, co_await work.call("iam", "CreateAccessKey",
                                               Json::object({{"UserName", work["UserName"]}})));
    work.attributes = Json::object({{"SecretAccessKey", made["AccessKey"]["SecretAccessKey"]}});
    co_return made["AccessKey"]["AccessKeyId"].text();
}

Attributes settle_key(Work& work) {
    CO_REQUIRE(co_await work.call("iam", "UpdateAccessKey",
                                  Json::object({{"UserName", work["UserName"]},
                                                {"AccessKeyId", work.physical_id},
                                                {"Status", work["Status"].string_or("Active")}})));
    co_return work.attributes;
}

Task<Status> update_key(Work&) { co_return ok(); }

Task<Status> remove_key(Work& work) {
    return work.remove(
        "iam", "DeleteAccessKey",
        Json::object({{"UserName", work["UserName"]}, {"AccessKeyId", work.physical_id}}), gone);
}

#define POLICIES "ManagedPolicyArns:[s] Policies:[{PolicyName!:s PolicyDocument!:j}] "

const ResourceType iam_types[] = {
    {.name = "AWS::IAM::Role",
     .properties = "RoleName^:s AssumeRolePolicyDocument!:j Description MaxSessionDuration Path^ "
                   "PermissionsBoundary^ " POLICIES "Tags:tags",
     .attributes = "Arn RoleId",
     .service = "iam",
     .operation = "CreateRole",
     .create = create_role,
     .settle = settle_role,
     .update = update_role,
     .remove = remove_role,
     .capability = "CAPABILITY_IAM",
     .name_property = "RoleName"},
    {.name = "AWS::IAM::User",
     .properties = "UserName^:s Path^ PermissionsBoundary^ " POLICIES "Tags:tags",
     .attributes = "Arn",
     .service = "iam",
     .operation = "CreateUser",
     .create = create_user,
     .settle = settle_user,
     .update = update_user,
     .remove = remove_user,
     .capability = "CAPABILITY_IAM",
     .name_property = "UserName"},
    {.name = "AWS::IAM::Policy",
     .properties = "PolicyName!^:s PolicyDocument!:j Roles:[s] Users:[s]",
     .attributes = "",
     .service = "iam",
     .operation = "PutRolePolicy",
     .create = create_policy,
     .settle = no_attributes,
     .update = update_policy,
     .remove = remove_policy,
     .capability = "CAPABILITY_IAM"},
    {.name = "AWS::IAM::ManagedPolicy",
     .properties = "ManagedPolicyName^:s PolicyDocument!:j Description^ Path^ Roles:[s] Users:[s]",
     .attributes = "PolicyArn",
     .service = "iam",
     .operation = "CreatePolicy",
     .create = create_managed,
     .settle = settle_managed,
     .update = update_managed,
     .remove = remove_managed,
     .find = find_managed,
     .capability = "CAPABILITY_IAM",
     .name_property = "ManagedPolicyName"},
    {.name = "AWS::IAM::InstanceProfile",
     .properties = "InstanceProfileName^:s Path^ Roles!:[s]",
     .attributes = "Arn",
     .service = "iam",
     .operation = "CreateInstanceProfile",
     .create = create_profile,
     .settle = settle_profile,
     .update = update_profile,
     .remove = remove_profile,
     .capability = "CAPABILITY_IAM",
     .name_property = "InstanceProfileName"},
    {.name = "AWS::IAM::AccessKey",
     .properties = "UserName!^:s Status:s Serial^:i",
     .attributes = "SecretAccessKey",
     .service = "iam",
     .operation = "CreateAccessKey",
     .create = create_key,
     .settle = settle_key,
     .update = update_key,
     .remove = remove_key,
     .capability = "CAPABILITY_IAM"},
};

}  // namespace

std::span<const ResourceType> iam_resources() { return iam_types; }

}  // namespace unkai::services::cloudformation
