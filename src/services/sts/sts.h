// AWS Security Token Service: who am I, and temporary credentials.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/
// AssumeRole asks IAM (through the client) for the role and lets its trust policy decide.
#pragma once

#include "api/sts.h"
#include "aws/client.h"
#include "aws/credentials.h"

namespace unkai::services::sts {

using namespace api::sts;

class Sts final : public api::sts::Service {
public:
    Sts(const aws::Credentials& credentials, aws::Client& client)
        : credentials_(credentials), client_(client) {}

    Result<GetCallerIdentityOutput> GetCallerIdentity(aws::Call& call,
                                                      const GetCallerIdentityInput& in) override;
    Result<GetSessionTokenOutput> GetSessionToken(aws::Call& call,
                                                  const GetSessionTokenInput& in) override;
    Result<GetAccessKeyInfoOutput> GetAccessKeyInfo(aws::Call& call,
                                                    const GetAccessKeyInfoInput& in) override;
    Task<Result<AssumeRoleOutput>> AssumeRole(aws::Call& call, const AssumeRoleInput& in) override;

private:
    const aws::Credentials& credentials_;
    aws::Client& client_;
};

}  // namespace unkai::services::sts
