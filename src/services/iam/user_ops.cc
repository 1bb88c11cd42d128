#include "aws/paging.h"
#include "services/iam/iam.h"
#include "services/iam/limits.h"

namespace unkai::services::iam {

static api::iam::User describe(const aws::Call& call, const User& user) {
    api::iam::User out;
    out.path = user.path;
    out.user_name = user.name;
    out.user_id = user.id;
    out.arn = entity_arn(call, "user", user.path, user.name);
    out.create_date = user.created;
    out.tags = tag_list(user.tags);
    return out;
}

Result<CreateUserOutput> Iam::CreateUser(aws::Call& call, const CreateUserInput& in) {
    if (schema::users.has(call.txn(), {call.account, to_lower(in.user_name)}))
        return errors::EntityAlreadyExistsException("User with name " + in.user_name +
                                                    " already exists.");
    if (schema::users.list(call.txn(), call.account).size() >= limits::users)
        return errors::LimitExceededException("Cannot exceed quota for UsersPerAccount: 5000");
    User user;
    user.name = in.user_name;
    user.path = in.path.value_or("/");
    user.id = aws::unique_id(call.env.random, "AIDA");
    user.boundary = in.permissions_boundary.value_or("");
    user.created = call.now;
    REQUIRE(merge_tags(user.tags, in.tags));
    put_user(call, user);
    return CreateUserOutput{.user = describe(call, user)};
}

// Without a name: the caller. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
Result<GetUserOutput> Iam::GetUser(aws::Call& call, const GetUserInput& in) {
    if (in.user_name) {
        TRY(const User user, find_user(call, *in.user_name));
        return GetUserOutput{.user = describe(call, user)};
    }
    if (call.principal.kind == aws::Principal::Kind::user) {
        TRY(const User user,
            find_user(call, call.principal.arn.substr(call.principal.arn.rfind('/') + 1)));
        return GetUserOutput{.user = describe(call, user)};
    }
    if (call.principal.kind != aws::Principal::Kind::root)
        return fail("ValidationError",
                    "Must specify userName when calling with non-User credentials", 400);
    api::iam::User root;
    root.user_id = call.account;
    root.arn = call.principal.arn;
    return GetUserOutput{.user = root};
}

Result<UpdateUserOutput> Iam::UpdateUser(aws::Call& call, const UpdateUserInput& in) {
    TRY(User user, find_user(call, in.user_name));
    if (in.new_user_name && to_lower(*in.new_user_name) != to_lower(in.user_name)) {
        if (schema::users.has(call.txn(), {call.account, to_lower(*in.new_user_name)}))
            return errors::EntityAlreadyExistsException("User with name " + *in.new_user_name +
                                                        " already exists.");
        schema::users.erase(call.txn(), {call.account, to_lower(in.user_name)});
        for (auto& [key, access] : schema::keys.list(call.txn(), call.account)) {
            if (access.user != user.name) continue;
            access.user = *in.new_user_name;
            schema::keys.put(call.txn(), key, access);
        }
    }
    user.name = in.new_user_name.value_or(user.name);
    user.path = in.new_path.value_or(user.path);
    put_user(call, user);
    for (const auto& [key, access] : schema::keys.list(call.txn(), call.account)) {
        auto credential = credentials_.get(call.txn(), access.id);
        if (access.user != user.name || !credential) continue;
        credential->principal.arn = entity_arn(call, "user", user.path, user.name);
        credentials_.put(call.txn(), access.id, *credential);
    }
    return UpdateUserOutput{};
}

Result<DeleteUserOutput> Iam::DeleteUser(aws::Call& call, const DeleteUserInput& in) {
    TRY(const User user, find_user(call, in.user_name));
    if (!user.attached.empty() || !user.inline_policies.empty())
        return errors::DeleteConflictException(
            "Cannot delete entity, must detach all policies first.");
    for (const auto& [key, access] : schema::keys.list(call.txn(), call.account))
        if (access.user == user.name)
            return errors::DeleteConflictException(
                "Cannot delete entity, must delete access keys first.");
    schema::users.erase(call.txn(), {call.account, to_lower(user.name)});
    return DeleteUserOutput{};
}

Result<ListUsersOutput> Iam::ListUsers(aws::Call& call, const ListUsersInput& in) {
    auto rows = schema::users.list(call.txn(), call.account);
    std::erase_if(rows, [&](const auto& row) {
        return !row.second.path.starts_with(in.path_prefix.value_or("/"));
    });
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return std::get<1>(row.first); },
                             in.marker, static_cast<size_t>(in.max_items.value_or(100))));
    ListUsersOutput out;
    for (const auto* row : page.items) {
        out.users.push_back(describe(call, row->second));
        out.users.back().tags = {};  // Listing leaves tags out.
    }
    out.is_truncated = page.next.has_value();
    out.marker = page.next;
    return out;
}

Result<TagUserOutput> Iam::TagUser(aws::Call& call, const TagUserInput& in) {
    TRY(User user, find_user(call, in.user_name));
    REQUIRE(merge_tags(user.tags, in.tags));
    put_user(call, user);
    return TagUserOutput{};
}

Result<UntagUserOutput> Iam::UntagUser(aws::Call& call, const UntagUserInput& in) {
    TRY(User user, find_user(call, in.user_name));
    for (const auto& key : in.tag_keys) user.tags.erase(key);
    put_user(call, user);
    return UntagUserOutput{};
}

Result<ListUserTagsOutput> Iam::ListUserTags(aws::Call& call, const ListUserTagsInput& in) {
    TRY(const User user, find_user(call, in.user_name));
    ListUserTagsOutput out;
    out.tags = tag_list(user.tags);
    out.is_truncated = false;
    return out;
}

}  // namespace unkai::services::iam
