// How load balancers call functions that are their targets: by Lambda's API, as the service that
// the function's permissions name, for the target group.
#pragma once

#include "aws/client.h"
#include "planes/proxy/functions.h"

namespace unkai {

class BalancerFunctions final : public planes::proxy::Functions {
public:
    explicit BalancerFunctions(aws::Client& client) : client_(client) {}
    // Errors: Lambda's (AccessDeniedException, TooManyRequestsException, …).
    Task<Result<planes::proxy::FunctionReply>> invoke(planes::proxy::FunctionCall call) override;

private:
    aws::Client& client_;
};

}  // namespace unkai
