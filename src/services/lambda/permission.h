// Resource policies of functions: the statements that AddPermission writes, and whether a caller
// may invoke. Pure.
//
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
// Identities of the function's own account need no statement here. A service needs one (apigateway,
// sns, events, s3, elasticloadbalancing …), but for those that act with a role of the user's. A
// service says for which resource it calls by its principal's ARN (aws::Caller::principal.arn):
// that is aws:SourceArn; its account is aws:SourceAccount.
#pragma once

#include <string>

#include "aws/call.h"
#include "services/lambda/schema.h"
#include "wire/json.h"

namespace unkai::services::lambda {

// `resource`: the ARN that the permission is for. Error: InvalidParameterValueException.
Result<wire::Json> make_statement(const model::AddPermissionInput& in, const std::string& resource);

struct InvokeQuestion {
    const aws::Principal& caller;
    std::string_view action = "lambda:InvokeFunction";
    std::string_view resource;       // The ARN as it is invoked.
    std::string_view owner;          // The function's account.
    std::string_view url_auth_type;  // NONE or AWS_IAM, through a function URL.
};
// `policy` may be null. Error: AccessDeniedException.
Status may_invoke(const wire::Json* policy, const InvokeQuestion& question);

}  // namespace unkai::services::lambda
