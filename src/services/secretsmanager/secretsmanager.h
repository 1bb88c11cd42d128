// AWS Secrets Manager.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/
// A secret has versions; staging labels (AWSCURRENT, AWSPREVIOUS, AWSPENDING, own ones) say which
// is which, each on one version at the most (versions.h). Values are sealed in the store.
// Operations never wait.
#pragma once

#include "api/secretsmanager.h"
#include "aws/call.h"
#include "services/secretsmanager/schema.h"

namespace unkai::services::secretsmanager {

using namespace api::secretsmanager;
namespace errors = api::secretsmanager::errors;

class SecretsManager final : public api::secretsmanager::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // secret_ops.cc
    OPERATION(CreateSecret);
    OPERATION(DescribeSecret);
    OPERATION(UpdateSecret);
    OPERATION(DeleteSecret);
    OPERATION(RestoreSecret);
    // list_ops.cc
    OPERATION(ListSecrets);
    OPERATION(ListSecretVersionIds);
    OPERATION(BatchGetSecretValue);
    // value_ops.cc
    OPERATION(GetSecretValue);
    OPERATION(PutSecretValue);
    OPERATION(UpdateSecretVersionStage);
    OPERATION(GetRandomPassword);
    // policy_ops.cc
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(GetResourcePolicy);
    OPERATION(PutResourcePolicy);
    OPERATION(DeleteResourcePolicy);
#undef OPERATION
};

// Shared by the operations' files.

// By name, ARN, or ARN without its random end. ResourceNotFoundException.
Result<Secret> find_secret(aws::Call& call, const std::string& id);
// As find_secret; InvalidRequestException when it is marked for deletion.
Result<Secret> find_live_secret(aws::Call& call, const std::string& id);
void put_secret(aws::Call& call, const Secret& secret);
void erase_secret(aws::Call& call, const Secret& secret);
// The text or bytes that a request brings, or none.
struct Given {
    std::string bytes;
    bool binary = false;
};
Result<std::optional<Given>> given_value(const std::optional<std::string>& text,
                                         const std::optional<std::string>& binary);
// Adds a version with these labels. The version id. ResourceExistsException when the token was used
// for another value; nothing changes when it was used for the same.
Result<std::string> add_version(aws::Call& call, Secret& secret,
                                const std::optional<std::string>& token, const Given& value,
                                std::set<std::string> stages);
Result<Given> read_value(aws::Call& call, const Secret& secret, const std::string& version);
Status add_tags(Secret& secret, const List<Tag>& tags);
bool matches(const Secret& secret, const List<Filter>& filters);
Status check_filters(const List<Filter>& filters);
std::vector<Secret> all_secrets(aws::Call& call, bool deleted_too);

}  // namespace unkai::services::secretsmanager
