#include "aws/sealing.h"
#include "base/strings.h"
#include "services/secretsmanager/limits.h"
#include "services/secretsmanager/secretsmanager.h"
#include "services/secretsmanager/versions.h"

namespace unkai::services::secretsmanager {

namespace {

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, Name.
// '!' marks the secrets of AWS's own services.
Status check_name(const aws::Call& call, const std::string& name) {
    const std::string_view marks =
        call.principal.kind == aws::Principal::Kind::service ? "/_+=.@-!" : "/_+=.@-";
    const bool good = std::all_of(name.begin(), name.end(), [&](char c) {
        return isalnum(static_cast<unsigned char>(c)) || marks.find(c) != marks.npos;
    });
    if (!good || name.empty() || name.size() > limits::name_characters)
        return errors::InvalidParameterException(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
            "following: -/_+=.@!");
    return ok();
}

std::string sealing_key(aws::Call& call) {
    if (auto key = schema::keys.get(call.txn(), {call.account, call.region})) return key->bytes;
    const SealingKey made{call.env.random.bytes(aws::sealing_key_bytes)};
    schema::keys.put(call.txn(), {call.account, call.region}, made);
    return made.bytes;
}

std::string context_of(const Secret& secret, const std::string& version) {
    return secret.arn + "/" + version;
}

bool is_gone(const aws::Call& call, const Secret& secret) {
    return secret.deletion_due && *secret.deletion_due <= call.now;
}

// The answer to a create that repeats one: the same secret, when token and value are the same.
Result<CreateSecretOutput> create_again(aws::Call& call, const Secret& secret,
                                        const CreateSecretInput& in,
                                        const std::optional<Given>& value) {
    if (secret.deletion_due)
        return errors::InvalidRequestException(
            "You can't create this secret because a secret with this name is "
            "already scheduled for deletion.");
    if (in.client_request_token && value && secret.versions.contains(*in.client_request_token)) {
        TRY(const Given stored, read_value(call, secret, *in.client_request_token));
        if (stored.bytes == value->bytes && stored.binary == value->binary)
            return CreateSecretOutput{
                .arn = secret.arn, .name = secret.name, .version_id = in.client_request_token};
    }
    return errors::ResourceExistsException("The operation failed because the secret " +
                                           secret.name + " already exists.");
}

}  // namespace

Result<Secret> find_secret(aws::Call& call, const std::string& id) {
    const std::string prefix = call.arn("secretsmanager", "secret:");
    std::vector<std::string> names = {id};
    if (id.starts_with("arn:")) {
        names.clear();
        if (id.starts_with(prefix)) {
            const std::string rest = id.substr(prefix.size());
            if (rest.size() > 7 && rest[rest.size() - 7] == '-')
                names.push_back(rest.substr(0, rest.size() - 7));
            names.push_back(rest);
        }
    }
    for (const std::string& name : names) {
        auto secret = schema::secrets.get(call.txn(), {call.account, call.region, name});
        if (!secret || is_gone(call, *secret)) continue;
        const bool whole_arn =
            id.starts_with("arn:") && name.size() + 7 + prefix.size() == id.size();
        if (!whole_arn || secret->arn == id) return std::move(*secret);
    }
    return errors::ResourceNotFoundException("Secrets Manager can't find the specified secret.");
}

Result<Secret> find_live_secret(aws::Call& call, const std::string& id) {
    TRY(Secret secret, find_secret(call, id));
    if (secret.deletion_due)
        return errors::InvalidRequestException(
            "You can't perform this operation on the secret because it was marked for deletion.");
    return secret;
}

void put_secret(aws::Call& call, const Secret& secret) {
    schema::secrets.put(call.txn(), {call.account, call.region, secret.name}, secret);
}

void erase_secret(aws::Call& call, const Secret& secret) {
    schema::secrets.erase(call.txn(), {call.account, call.region, secret.name});
    for (const auto& [key, value] :
         schema::values.list(call.txn(), call.account, call.region, secret.name))
        schema::values.erase(call.txn(), key);
}

Result<std::optional<Given>> given_value(const std::optional<std::string>& text,
                                         const std::optional<std::string>& binary) {
    if (text && binary)
        return errors::InvalidParameterException(
            "You can't specify both a binary secret value and a string secret value in the same "
            "secret.");
    if (!text && !binary) return std::optional<Given>();
    Given given = text ? Given{*text, false} : Given{*binary, true};
    if (given.bytes.size() > limits::value_bytes)
        return errors::InvalidParameterException("A secret value can have at most 65536 bytes.");
    return std::optional<Given>(std::move(given));
}

Result<std::string> add_version(aws::Call& call, Secret& secret,
                                const std::optional<std::string>& token, const Given& value,
                                std::set<std::string> stages) {
    const std::string id = token ? *token : call.env.random.uuid();
    if (secret.versions.contains(id)) {
        TRY(const Given stored, read_value(call, secret, id));
        if (stored.bytes == value.bytes && stored.binary == value.binary) return id;
        return errors::ResourceExistsException(
            "You can't use ClientRequestToken " + id +
            " because that value is already in use for a version of secret " + secret.arn + ".");
    }
    if (stages.size() > limits::labels_per_version)
        return errors::LimitExceededException("A version can have at most 20 staging labels.");
    if (secret.versions.empty()) stages.insert(current);
    secret.versions[id].created = call.now;
    for (const std::string& stage : stages) move_stage(secret, stage, id);
    schema::values.put(
        call.txn(), {call.account, call.region, secret.name, id},
        {aws::seal(sealing_key(call), context_of(secret, id), value.bytes, call.env.random),
         value.binary});
    for (const std::string& old : too_old(secret, limits::versions)) {
        secret.versions.erase(old);
        schema::values.erase(call.txn(), {call.account, call.region, secret.name, old});
    }
    secret.changed = call.now;
    return id;
}

Result<Given> read_value(aws::Call& call, const Secret& secret, const std::string& version) {
    const auto value =
        schema::values.get(call.txn(), {call.account, call.region, secret.name, version});
    if (!value)
        return errors::ResourceNotFoundException(
            "Secrets Manager can't find the specified secret version.");
    auto bytes = aws::unseal(sealing_key(call), context_of(secret, version), value->sealed);
    if (!bytes)
        return errors::DecryptionFailure(
            "Secrets Manager can't decrypt the protected secret text: the state "
            "directory was changed from outside.");
    return Given{std::move(*bytes), value->binary};
}

Result<CreateSecretOutput> SecretsManager::CreateSecret(aws::Call& call,
                                                        const CreateSecretInput& in) {
    REQUIRE(check_name(call, in.name));
    TRY(const auto value, given_value(in.secret_string, in.secret_binary));
    if (in.add_replica_regions.given() && !in.add_replica_regions.empty())
        return errors::InvalidRequestException(
            "Unkai does not replicate secrets. Leave out AddReplicaRegions.");
    if (auto existing = schema::secrets.get(call.txn(), {call.account, call.region, in.name})) {
        if (!is_gone(call, *existing)) return create_again(call, *existing, in, value);
        erase_secret(call, *existing);
    }
    Secret secret{.name = in.name,
                  .arn = call.arn("secretsmanager",
                                  "secret:" + in.name + "-" + call.env.random.alphanumeric(6)),
                  .description = in.description.value_or(""),
                  .kms_key_id = in.kms_key_id.value_or(""),
                  .created = call.now,
                  .changed = call.now};
    if (call.principal.kind == aws::Principal::Kind::service)
        secret.owning_service = split_once(call.principal.service, '.').first;
    REQUIRE(add_tags(secret, in.tags));
    CreateSecretOutput out{.arn = secret.arn, .name = secret.name};
    if (value) {
        TRY(out.version_id, add_version(call, secret, in.client_request_token, *value, {current}));
    }
    put_secret(call, secret);
    return out;
}

Result<DescribeSecretOutput> SecretsManager::DescribeSecret(aws::Call& call,
                                                            const DescribeSecretInput& in) {
    TRY(const Secret secret, find_secret(call, in.secret_id));
    DescribeSecretOutput out{.arn = secret.arn, .name = secret.name};
    if (!secret.description.empty()) out.description = secret.description;
    if (!secret.kms_key_id.empty()) out.kms_key_id = secret.kms_key_id;
    if (!secret.owning_service.empty()) out.owning_service = secret.owning_service;
    out.created_date = secret.created;
    out.last_changed_date = secret.changed;
    out.last_accessed_date = secret.accessed;
    out.deleted_date = secret.deleted;
    for (const auto& [key, value] : secret.tags) out.tags.push_back({.key = key, .value = value});
    for (const auto& [id, version] : secret.versions)
        if (!version.stages.empty())
            out.version_ids_to_stages[id] =
                std::vector(version.stages.begin(), version.stages.end());
    return out;
}

Result<UpdateSecretOutput> SecretsManager::UpdateSecret(aws::Call& call,
                                                        const UpdateSecretInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    TRY(const auto value, given_value(in.secret_string, in.secret_binary));
    if (in.description) secret.description = *in.description;
    if (in.kms_key_id) secret.kms_key_id = *in.kms_key_id;
    secret.changed = call.now;
    UpdateSecretOutput out{.arn = secret.arn, .name = secret.name};
    if (value) {
        TRY(out.version_id, add_version(call, secret, in.client_request_token, *value, {current}));
    }
    put_secret(call, secret);
    return out;
}

Result<DeleteSecretOutput> SecretsManager::DeleteSecret(aws::Call& call,
                                                        const DeleteSecretInput& in) {
    const bool force = in.force_delete_without_recovery.value_or(false);
    if (force && in.recovery_window_in_days)
        return errors::InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    const int64_t days = in.recovery_window_in_days.value_or(limits::longest_recovery_days);
    if (days < limits::shortest_recovery_days || days > limits::longest_recovery_days)
        return errors::InvalidParameterException(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
    auto found = find_secret(call, in.secret_id);
    if (!found) {
        if (!force) return found.error();
        return DeleteSecretOutput{.arn = in.secret_id.starts_with("arn:")
                                             ? in.secret_id
                                             : call.arn("secretsmanager", "secret:" + in.secret_id),
                                  .name = in.secret_id,
                                  .deletion_date = call.now};
    }
    Secret secret = std::move(*found);
    DeleteSecretOutput out{.arn = secret.arn, .name = secret.name, .deletion_date = call.now};
    if (force) {
        erase_secret(call, secret);
        return out;
    }
    if (secret.deletion_due)
        return errors::InvalidRequestException(
            "You can't perform this operation on the secret because it was already scheduled for "
            "deletion.");
    secret.deleted = call.now;
    secret.deletion_due = call.now + std::chrono::days(days);
    out.deletion_date = secret.deletion_due;
    put_secret(call, secret);
    return out;
}

Result<RestoreSecretOutput> SecretsManager::RestoreSecret(aws::Call& call,
                                                          const RestoreSecretInput& in) {
    TRY(Secret secret, find_secret(call, in.secret_id));
    secret.deleted.reset();
    secret.deletion_due.reset();
    put_secret(call, secret);
    return RestoreSecretOutput{.arn = secret.arn, .name = secret.name};
}

}  // namespace unkai::services::secretsmanager
