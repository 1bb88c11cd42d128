// Amazon CloudWatch: metrics.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
// Series lie in the store (schema.h, series.h). Service principals may publish to AWS's own
// namespaces; nobody else may. Operations never wait.
#pragma once

#include "api/cloudwatch.h"
#include "aws/call.h"
#include "services/cloudwatch/schema.h"

namespace unkai::services::cloudwatch {

using namespace api::cloudwatch;
namespace errors = api::cloudwatch::errors;

class CloudWatch final : public api::cloudwatch::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // put_ops.cc
    OPERATION(PutMetricData);
#undef OPERATION
};

// Shared by the operations' files.
inline Error invalid(std::string message) {
    return errors::InvalidParameterValueException(std::move(message));
}

}  // namespace unkai::services::cloudwatch
