#include "base/strings.h"
#include "services/secretsmanager/limits.h"
#include "services/secretsmanager/secretsmanager.h"
#include "services/secretsmanager/versions.h"

namespace unkai::services::secretsmanager {

namespace {

// The version that a request selects by id, label, or both.
Result<std::string> select_version(const Secret& secret, const GetSecretValueInput& in) {
    if (in.version_id) {
        const auto found = secret.versions.find(*in.version_id);
        if (found == secret.versions.end())
            return errors::ResourceNotFoundException(
                "Secrets Manager can't find the specified secret value for VersionId: " +
                *in.version_id);
        if (in.version_stage && !found->second.stages.contains(*in.version_stage))
            return errors::InvalidRequestException(
                "You provided a VersionStage that is not associated to the "
                "provided VersionId.");
        return *in.version_id;
    }
    const std::string stage = in.version_stage.value_or(current);
    const std::string id = version_with(secret, stage);
    if (id.empty())
        return errors::ResourceNotFoundException(
            "Secrets Manager can't find the specified secret value for staging label: " + stage);
    return id;
}

std::string without(std::string_view alphabet, std::string_view excluded) {
    std::string out;
    for (const char c : alphabet)
        if (excluded.find(c) == excluded.npos) out += c;
    return out;
}

}  // namespace

Result<GetSecretValueOutput> SecretsManager::GetSecretValue(aws::Call& call,
                                                            const GetSecretValueInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    TRY(const std::string id, select_version(secret, in));
    TRY(Given value, read_value(call, secret, id));
    Version& version = secret.versions[id];
    GetSecretValueOutput out{.arn = secret.arn, .name = secret.name, .version_id = id};
    (value.binary ? out.secret_binary : out.secret_string) = std::move(value.bytes);
    out.version_stages = std::vector(version.stages.begin(), version.stages.end());
    out.created_date = version.created;
    // The day of the last access, as AWS keeps it: one write a day and version.
    const Time today = std::chrono::floor<std::chrono::days>(call.now);
    if (version.accessed != today || secret.accessed != today) {
        version.accessed = today;
        secret.accessed = today;
        put_secret(call, secret);
    }
    return out;
}

Result<PutSecretValueOutput> SecretsManager::PutSecretValue(aws::Call& call,
                                                            const PutSecretValueInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    TRY(const auto value, given_value(in.secret_string, in.secret_binary));
    if (!value)
        return errors::InvalidRequestException(
            "You must provide either SecretString or SecretBinary.");
    std::set<std::string> stages(in.version_stages.begin(), in.version_stages.end());
    if (stages.empty()) stages.insert(current);
    TRY(const std::string id,
        add_version(call, secret, in.client_request_token, *value, std::move(stages)));
    put_secret(call, secret);
    PutSecretValueOutput out{.arn = secret.arn, .name = secret.name, .version_id = id};
    const auto& labels = secret.versions[id].stages;
    out.version_stages = std::vector(labels.begin(), labels.end());
    return out;
}

Result<UpdateSecretVersionStageOutput> SecretsManager::UpdateSecretVersionStage(
    aws::Call& call, const UpdateSecretVersionStageInput& in) {
    TRY(Secret secret, find_live_secret(call, in.secret_id));
    for (const auto& id : {in.move_to_version_id, in.remove_from_version_id})
        if (id && !secret.versions.contains(*id))
            return errors::ResourceNotFoundException(
                "Secrets Manager can't find the specified secret value for VersionId: " + *id);
    const std::string holder = version_with(secret, in.version_stage);
    if (!in.move_to_version_id && !in.remove_from_version_id)
        return errors::InvalidParameterException(
            "You must provide MoveToVersionId or RemoveFromVersionId.");
    if (in.remove_from_version_id && *in.remove_from_version_id != holder)
        return errors::InvalidParameterException("The staging label " + in.version_stage +
                                                 " is not attached to version " +
                                                 *in.remove_from_version_id + ".");
    if (in.move_to_version_id) {
        if (!holder.empty() && holder != *in.move_to_version_id && !in.remove_from_version_id)
            return errors::InvalidParameterException(
                "The parameter RemoveFromVersionId can't be empty. Staging label " +
                in.version_stage + " is currently attached to version " + holder +
                ", so you must explicitly reference that version in RemoveFromVersionId.");
        move_stage(secret, in.version_stage, *in.move_to_version_id);
    } else if (in.version_stage == current) {
        return errors::InvalidParameterException(
            "You can't remove AWSCURRENT; move it to another version.");
    } else {
        secret.versions[holder].stages.erase(in.version_stage);
    }
    secret.changed = call.now;
    put_secret(call, secret);
    return UpdateSecretVersionStageOutput{.arn = secret.arn, .name = secret.name};
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
Result<GetRandomPasswordOutput> SecretsManager::GetRandomPassword(
    aws::Call& call, const GetRandomPasswordInput& in) {
    const int64_t length = in.password_length.value_or(limits::usual_password);
    if (length < 1 || length > limits::longest_password)
        return errors::InvalidParameterException("PasswordLength must be between 1 and 4096.");
    const std::string excluded = in.exclude_characters.value_or("");
    std::vector<std::string> kinds;
    const auto add = [&](bool wanted, std::string_view alphabet) {
        if (wanted) kinds.push_back(without(alphabet, excluded));
    };
    add(!in.exclude_lowercase.value_or(false), "abcdefghijklmnopqrstuvwxyz");
    add(!in.exclude_uppercase.value_or(false), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    add(!in.exclude_numbers.value_or(false), "0123456789");
    add(!in.exclude_punctuation.value_or(false), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
    add(in.include_space.value_or(false), " ");
    const bool each = in.require_each_included_type.value_or(true);
    std::string alphabet;
    std::string password;
    for (const std::string& kind : kinds) {
        alphabet += kind;
        if (each && kind.empty())
            return errors::InvalidParameterException(
                "The exclusions leave no character of a type that the password must have.");
        if (each) password += call.env.random.from(kind, 1);
    }
    if (alphabet.empty() || static_cast<int64_t>(password.size()) > length)
        return errors::InvalidParameterException(
            "The password's length and exclusions contradict each other.");
    password += call.env.random.from(alphabet, static_cast<size_t>(length) - password.size());
    for (size_t i = password.size(); i > 1; --i)
        std::swap(password[i - 1], password[call.env.random.below(i)]);
    return GetRandomPasswordOutput{.random_password = std::move(password)};
}

}  // namespace unkai::services::secretsmanager
