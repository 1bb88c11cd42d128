#include "services/ecr/ecr.h"
#include "services/ecr/limits.h"
#include "wire/json.h"

namespace unkai::services::ecr {

static std::string of_repository(const aws::Call& call, const std::string& name) {
    return " for the repository with name '" + name + "' in the registry with id '" + call.account +
           "'";
}

// Fills the members that the answers of all six operations share.
template <class Output>
static Output answer(const aws::Call& call, const Repository& repository) {
    Output out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    return out;
}

Result<SetRepositoryPolicyOutput> Ecr::SetRepositoryPolicy(aws::Call& call,
                                                           const SetRepositoryPolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    const auto policy = wire::Json::parse(in.policy_text);
    if (in.policy_text.size() > limits::policy_bytes || !policy || !(*policy)["Statement"].size())
        return errors::InvalidParameterException(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository "
            "policy provided'");
    repository.policy = in.policy_text;
    put_repository(call, repository);
    auto out = answer<SetRepositoryPolicyOutput>(call, repository);
    out.policy_text = repository.policy;
    return out;
}

Result<GetRepositoryPolicyOutput> Ecr::GetRepositoryPolicy(aws::Call& call,
                                                           const GetRepositoryPolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    if (repository.policy.empty())
        return errors::RepositoryPolicyNotFoundException("Repository policy does not exist" +
                                                         of_repository(call, repository.name));
    auto out = answer<GetRepositoryPolicyOutput>(call, repository);
    out.policy_text = repository.policy;
    return out;
}

Result<DeleteRepositoryPolicyOutput> Ecr::DeleteRepositoryPolicy(
    aws::Call& call, const DeleteRepositoryPolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    if (repository.policy.empty())
        return errors::RepositoryPolicyNotFoundException("Repository policy does not exist" +
                                                         of_repository(call, repository.name));
    auto out = answer<DeleteRepositoryPolicyOutput>(call, repository);
    out.policy_text = std::exchange(repository.policy, "");
    put_repository(call, repository);
    return out;
}

Result<PutLifecyclePolicyOutput> Ecr::PutLifecyclePolicy(aws::Call& call,
                                                         const PutLifecyclePolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    const auto policy = wire::Json::parse(in.lifecycle_policy_text);
    if (in.lifecycle_policy_text.size() > limits::lifecycle_policy_bytes || !policy ||
        !(*policy)["rules"].size())
        return errors::InvalidParameterException(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle "
            "policy validation "
            "failure: the policy is a JSON object with a list of rules'");
    repository.lifecycle_policy = in.lifecycle_policy_text;
    put_repository(call, repository);
    auto out = answer<PutLifecyclePolicyOutput>(call, repository);
    out.lifecycle_policy_text = repository.lifecycle_policy;
    return out;
}

Result<GetLifecyclePolicyOutput> Ecr::GetLifecyclePolicy(aws::Call& call,
                                                         const GetLifecyclePolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    if (repository.lifecycle_policy.empty())
        return errors::LifecyclePolicyNotFoundException("Lifecycle policy does not exist" +
                                                        of_repository(call, repository.name));
    auto out = answer<GetLifecyclePolicyOutput>(call, repository);
    out.lifecycle_policy_text = repository.lifecycle_policy;
    return out;
}

Result<DeleteLifecyclePolicyOutput> Ecr::DeleteLifecyclePolicy(
    aws::Call& call, const DeleteLifecyclePolicyInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    if (repository.lifecycle_policy.empty())
        return errors::LifecyclePolicyNotFoundException("Lifecycle policy does not exist" +
                                                        of_repository(call, repository.name));
    auto out = answer<DeleteLifecyclePolicyOutput>(call, repository);
    out.lifecycle_policy_text = std::exchange(repository.lifecycle_policy, "");
    put_repository(call, repository);
    return out;
}

}  // namespace unkai::services::ecr
