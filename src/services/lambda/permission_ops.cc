#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/permission.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

using PolicyKey = decltype(schema::policies)::Key;

PolicyKey policy_key(const FunctionName& name) {
    return {name.place.account, name.place.region, name.name, name.qualifier};
}

Error policy_missing() {
    return errors::ResourceNotFoundException("The resource you requested does not exist.")
        .with("Type", "User");
}

Status check_policy_qualifier(aws::Call& call, const FunctionName& name) {
    if (name.qualifier == "$LATEST")
        return invalid("$LATEST is not a valid qualifier for permissions: leave it out.");
    return check_qualifier(call, name);
}

std::string sid_of(const std::string& statement) {
    const auto parsed = wire::Json::parse(statement);
    return parsed ? (*parsed)["Sid"].string_or("") : "";
}

}  // namespace

Result<model::AddPermissionOutput> Lambda::AddPermission(aws::Call& call,
                                                         const model::AddPermissionInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    REQUIRE(check_policy_qualifier(call, found.name));
    const PolicyKey key = policy_key(found.name);
    StoredPolicy policy = schema::policies.get(call.txn(), key).value_or(StoredPolicy{});
    REQUIRE(check_revision(in.revision_id, policy.revision));
    for (const std::string& statement : policy.statements)
        if (sid_of(statement) == in.statement_id)
            return errors::ResourceConflictException(
                       "The statement id (" + in.statement_id +
                       ") provided already exists. Please provide a new statement id, or remove "
                       "the existing statement.")
                .with("Type", "User");
    TRY(const wire::Json statement,
        make_statement(in, function_arn(found.name.place, found.name.name, found.name.qualifier)));
    policy.statements.push_back(statement.dump());
    policy.revision = new_revision(call);
    if (policy_document(policy).dump().size() > limits::policy_bytes)
        return errors::PolicyLengthExceededException(
                   "The final policy size is bigger than the limit (20480).")
            .with("Type", "User");
    schema::policies.put(call.txn(), key, policy);
    model::AddPermissionOutput out;
    out.statement = policy.statements.back();
    return out;
}

Result<model::RemovePermissionOutput> Lambda::RemovePermission(
    aws::Call& call, const model::RemovePermissionInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    const PolicyKey key = policy_key(found.name);
    auto policy = schema::policies.get(call.txn(), key);
    if (!policy) return policy_missing();
    REQUIRE(check_revision(in.revision_id, policy->revision));
    const size_t erased = std::erase_if(policy->statements, [&](const std::string& statement) {
        return sid_of(statement) == in.statement_id;
    });
    if (erased == 0)
        return errors::ResourceNotFoundException("Statement " + in.statement_id +
                                                 " is not found in resource policy.")
            .with("Type", "User");
    policy->revision = new_revision(call);
    if (policy->statements.empty())
        schema::policies.erase(call.txn(), key);
    else
        schema::policies.put(call.txn(), key, *policy);
    return model::RemovePermissionOutput{};
}

Result<model::GetPolicyOutput> Lambda::GetPolicy(aws::Call& call, const model::GetPolicyInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    const auto policy = schema::policies.get(call.txn(), policy_key(found.name));
    if (!policy) return policy_missing();
    model::GetPolicyOutput out;
    out.policy = policy_document(*policy).dump();
    out.revision_id = policy->revision;
    return out;
}

}  // namespace unkai::services::lambda
