#include "balancer_functions.h"

#include "api/lambda.h"
#include "base/strings.h"

namespace unkai {

using planes::proxy::FunctionCall;
using planes::proxy::FunctionReply;

Task<Result<FunctionReply>> BalancerFunctions::invoke(FunctionCall call) {
    const auto parts = split(call.group, ':');
    CHECK(parts.size() > 5, "a target group's ARN has six parts");
    aws::Caller caller = aws::service_caller("elasticloadbalancing.amazonaws.com",
                                             std::string(parts[4]), std::string(parts[3]));
    caller.principal.arn = call.group;
    api::lambda::InvokeInput in;
    in.function_name = std::move(call.function);
    in.payload = std::move(call.payload);
    CO_TRY(auto answer,
           co_await client_.call<api::lambda::op::Invoke>(std::move(caller), std::move(in)));
    co_return FunctionReply{std::move(answer.payload).value_or(""),
                            answer.function_error.has_value()};
}

}  // namespace unkai
