#include "aws/key_uses.h"
#include "aws/paging.h"
#include "services/iam/iam.h"
#include "services/iam/limits.h"

namespace unkai::services::iam {

// The user that an operation means: the one named, else the caller himself.
static Result<std::string> user_meant(const aws::Call& call,
                                      const std::optional<std::string>& named) {
    if (named) return *named;
    if (call.principal.kind == aws::Principal::Kind::user)
        return call.principal.arn.substr(call.principal.arn.rfind('/') + 1);
    return fail("ValidationError", "Must specify userName when calling with non-User credentials",
                400);
}

static std::vector<AccessKey> keys_of(aws::Call& call, const std::string& user) {
    std::vector<AccessKey> out;
    for (auto& [key, access] : schema::keys.list(call.txn(), call.account))
        if (equals_ignoring_case(access.user, user)) out.push_back(access);
    return out;
}

static Result<AccessKey> find_key(aws::Call& call, const std::string& user, const std::string& id) {
    auto key = schema::keys.get(call.txn(), {call.account, id});
    if (!key || !equals_ignoring_case(key->user, user))
        return errors::NoSuchEntityException("The Access Key with id " + id + " cannot be found.");
    return *std::move(key);
}

Result<CreateAccessKeyOutput> Iam::CreateAccessKey(aws::Call& call,
                                                   const CreateAccessKeyInput& in) {
    TRY(const std::string name, user_meant(call, in.user_name));
    TRY(const User user, find_user(call, name));
    if (keys_of(call, user.name).size() >= limits::access_keys_per_user)
        return errors::LimitExceededException("Cannot exceed quota for AccessKeysPerUser: 2");
    const AccessKey key{aws::unique_id(call.env.random, "AKIA"), user.name, "Active", call.now};
    aws::Credential credential;
    credential.secret = call.env.random.alphanumeric(40);
    credential.principal = {aws::Principal::Kind::user,
                            call.account,
                            entity_arn(call, "user", user.path, user.name),
                            user.id,
                            key.id,
                            ""};
    schema::keys.put(call.txn(), {call.account, key.id}, key);
    credentials_.put(call.txn(), key.id, credential);
    CreateAccessKeyOutput out;
    out.access_key = {.user_name = user.name,
                      .access_key_id = key.id,
                      .status = key.status,
                      .secret_access_key = credential.secret,
                      .create_date = key.created};
    return out;
}

Result<DeleteAccessKeyOutput> Iam::DeleteAccessKey(aws::Call& call,
                                                   const DeleteAccessKeyInput& in) {
    TRY(const std::string name, user_meant(call, in.user_name));
    TRY(const AccessKey key, find_key(call, name, in.access_key_id));
    schema::keys.erase(call.txn(), {call.account, key.id});
    credentials_.erase(call.txn(), key.id);
    return DeleteAccessKeyOutput{};
}

Result<ListAccessKeysOutput> Iam::ListAccessKeys(aws::Call& call, const ListAccessKeysInput& in) {
    ListAccessKeysOutput out;
    out.is_truncated = false;
    if (!in.user_name && call.principal.kind == aws::Principal::Kind::root) return out;
    TRY(const std::string name, user_meant(call, in.user_name));
    TRY(const User user, find_user(call, name));
    for (const AccessKey& key : keys_of(call, user.name))
        out.access_key_metadata.push_back({.user_name = key.user,
                                           .access_key_id = key.id,
                                           .status = key.status,
                                           .create_date = key.created});
    return out;
}

Result<UpdateAccessKeyOutput> Iam::UpdateAccessKey(aws::Call& call,
                                                   const UpdateAccessKeyInput& in) {
    TRY(const std::string name, user_meant(call, in.user_name));
    TRY(AccessKey key, find_key(call, name, in.access_key_id));
    key.status = in.status;
    schema::keys.put(call.txn(), {call.account, key.id}, key);
    if (auto credential = credentials_.get(call.txn(), key.id)) {
        credential->active = in.status == "Active";
        credentials_.put(call.txn(), key.id, *credential);
    }
    return UpdateAccessKeyOutput{};
}

Result<GetAccessKeyLastUsedOutput> Iam::GetAccessKeyLastUsed(aws::Call& call,
                                                             const GetAccessKeyLastUsedInput& in) {
    const auto key = schema::keys.get(call.txn(), {call.account, in.access_key_id});
    if (!key)
        return errors::NoSuchEntityException("The Access Key with id " + in.access_key_id +
                                             " cannot be found.");
    const auto use = aws::last_use(call.txn(), in.access_key_id);
    GetAccessKeyLastUsedOutput out;
    out.user_name = key->user;
    out.access_key_last_used = {.service_name = "N/A", .region = "N/A"};
    if (use)
        out.access_key_last_used = {
            .last_used_date = use->at, .service_name = use->service, .region = use->region};
    return out;
}

}  // namespace unkai::services::iam
