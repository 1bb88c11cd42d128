// AWS Systems Manager Parameter Store.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/
// Parameters, their versions and tags lie in the store (schema.h). A name may be given as an ARN,
// and to GetParameter(s) with ":version" behind it. Operations never wait.
#pragma once

#include "api/ssm.h"
#include "aws/call.h"
#include "services/ssm/schema.h"

namespace unkai::services::ssm {

using namespace api::ssm;
namespace errors = api::ssm::errors;

class Ssm final : public api::ssm::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // parameter_ops.cc
    OPERATION(PutParameter);
    OPERATION(GetParameter);
    OPERATION(GetParameters);
    OPERATION(DeleteParameter);
    OPERATION(DeleteParameters);
    // query_ops.cc
    OPERATION(GetParametersByPath);
    OPERATION(GetParameterHistory);
    OPERATION(DescribeParameters);
    // tag_ops.cc
    OPERATION(AddTagsToResource);
    OPERATION(RemoveTagsFromResource);
    OPERATION(ListTagsForResource);
#undef OPERATION
};

// Shared by the operations' files.
std::string plain_name(std::string_view name_or_arn);
std::string parameter_arn(const aws::Call& call, const std::string& name);
Result<StoredParameter> find_parameter(aws::Call& call,
                                       const std::string& name);  // ParameterNotFound
Result<StoredVersion> find_version(aws::Call& call, const StoredParameter& parameter,
                                   int64_t version);
// The value as the caller may see it: sealed text in base64 unless `decrypt`.
std::string shown_value(aws::Call& call, const std::string& name, const StoredVersion& version,
                        bool decrypt);
api::ssm::Parameter describe_value(aws::Call& call, const StoredParameter& parameter,
                                   int64_t number, const StoredVersion& version, bool decrypt);
Status add_tags(StoredParameter& parameter, const List<Tag>& tags);
void put_parameter(aws::Call& call, const StoredParameter& parameter);

}  // namespace unkai::services::ssm
