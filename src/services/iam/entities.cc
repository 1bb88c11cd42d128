// What the operations' files share: documents, tags, ARNs, look-ups.
#include "services/iam/iam.h"
#include "services/iam/limits.h"
#include "wire/json.h"

namespace unkai::services::iam {

Unexpected no_such(std::string_view kind, std::string_view name) {
    return unexpected(errors::NoSuchEntityException("The " + std::string(kind) + " with name " +
                                                    std::string(name) + " cannot be found."));
}

std::string entity_arn(const aws::Call& call, std::string_view kind, std::string_view path,
                       std::string_view name) {
    return "arn:aws:iam::" + call.account + ":" + std::string(kind) + std::string(path) +
           std::string(name);
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html: URL-encoded (RFC
// 3986).
std::string encode_document(std::string_view document) { return percent_encode(document); }

static bool statement_is_sound(const wire::Json& statement, bool needs_principal) {
    const std::string effect = statement["Effect"].string_or("");
    const bool action =
        statement.find("Action") != nullptr || statement.find("NotAction") != nullptr;
    const bool resource =
        statement.find("Resource") != nullptr || statement.find("NotResource") != nullptr;
    const bool principal =
        statement.find("Principal") != nullptr || statement.find("NotPrincipal") != nullptr;
    return (effect == "Allow" || effect == "Deny") && action &&
           (needs_principal ? principal && !resource : resource && !principal);
}

Status check_document(std::string_view document, bool needs_principal) {
    const auto parsed = wire::Json::parse(document);
    if (!parsed)
        return errors::MalformedPolicyDocumentException("This policy contains invalid Json");
    const std::string version = (*parsed)["Version"].string_or("2008-10-17");
    if (version != "2012-10-17" && version != "2008-10-17")
        return errors::MalformedPolicyDocumentException(
            "The policy must contain a valid version string");
    const wire::Json& statements = (*parsed)["Statement"];
    const bool one = statements.is_object();
    if (!one && (!statements.is_array() || statements.size() == 0))
        return errors::MalformedPolicyDocumentException("Syntax errors in policy.");
    for (size_t i = 0; i < (one ? 1 : statements.size()); ++i) {
        const wire::Json& statement = one ? statements : statements[i];
        if (!statement.is_object() || !statement_is_sound(statement, needs_principal))
            return errors::MalformedPolicyDocumentException(
                needs_principal
                    ? "A trust policy's statements need Effect, Principal and Action, and no "
                      "Resource."
                    : "A policy's statements need Effect, Action and Resource, and no Principal.");
    }
    return ok();
}

Status merge_tags(std::map<std::string, std::string>& tags, const List<Tag>& added) {
    for (const Tag& tag : added) tags[tag.key] = tag.value;
    if (tags.size() > limits::tags)
        return errors::LimitExceededException("An IAM resource can have at most " +
                                              std::to_string(limits::tags) + " tags.");
    return ok();
}

List<Tag> tag_list(const std::map<std::string, std::string>& tags) {
    List<Tag> out;
    for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
    return out;
}

Result<User> find_user(aws::Call& call, std::string_view name) {
    auto user = schema::users.get(call.txn(), {call.account, to_lower(name)});
    if (!user) return no_such("user", name);
    return *std::move(user);
}

Result<Role> find_role(aws::Call& call, std::string_view name) {
    auto role = schema::roles.get(call.txn(), {call.account, to_lower(name)});
    if (!role) return no_such("role", name);
    return *std::move(role);
}

void put_user(aws::Call& call, const User& user) {
    schema::users.put(call.txn(), {call.account, to_lower(user.name)}, user);
}

void put_role(aws::Call& call, const Role& role) {
    schema::roles.put(call.txn(), {call.account, to_lower(role.name)}, role);
}

}  // namespace unkai::services::iam
