#include "services/lambda/permission.h"

#include <algorithm>

#include "aws/policy.h"
#include "base/strings.h"

namespace unkai::services::lambda {

namespace {

bool is_account(std::string_view text) {
    return text.size() == 12 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// These act with a role of the user's, or for whoever called them.
bool needs_no_statement(std::string_view service) {
    return service == "lambda.amazonaws.com" || service == "scheduler.amazonaws.com" ||
           service == "cloudformation.amazonaws.com";
}

}  // namespace

Result<wire::Json> make_statement(const model::AddPermissionInput& in,
                                  const std::string& resource) {
    wire::Json principal;
    if (in.principal == "*")
        principal = "*";
    else if (is_account(in.principal))
        principal = wire::Json::object({{"AWS", "arn:aws:iam::" + in.principal + ":root"}});
    else if (in.principal.starts_with("arn:"))
        principal = wire::Json::object({{"AWS", in.principal}});
    else if (in.principal.find('.') != std::string::npos)
        principal = wire::Json::object({{"Service", in.principal}});
    else
        return model::errors::InvalidParameterValueException(
                   "The provided principal was invalid. Please check the principal and try again.")
            .with("Type", "User");
    wire::Json out = wire::Json::object({{"Sid", in.statement_id},
                                         {"Effect", "Allow"},
                                         {"Principal", std::move(principal)},
                                         {"Action", in.action},
                                         {"Resource", resource}});
    wire::Json equals, like;
    if (in.source_account) equals.set("AWS:SourceAccount", *in.source_account);
    if (in.event_source_token) equals.set("lambda:EventSourceToken", *in.event_source_token);
    if (in.function_url_auth_type)
        equals.set("lambda:FunctionUrlAuthType", *in.function_url_auth_type);
    if (in.principal_org_id) equals.set("aws:PrincipalOrgID", *in.principal_org_id);
    if (in.source_arn) like.set("AWS:SourceArn", *in.source_arn);
    wire::Json condition;
    if (equals.is_object()) condition.set("StringEquals", std::move(equals));
    if (like.is_object()) condition.set("ArnLike", std::move(like));
    if (in.invoked_via_function_url)
        condition.set("Bool",
                      wire::Json::object({{"lambda:InvokedViaFunctionUrl",
                                           *in.invoked_via_function_url ? "true" : "false"}}));
    if (condition.is_object()) out.set("Condition", std::move(condition));
    return out;
}

Status may_invoke(const wire::Json* policy, const InvokeQuestion& question) {
    using Kind = aws::Principal::Kind;
    const aws::Principal& caller = question.caller;
    const bool own = caller.account == question.owner && caller.kind != Kind::anonymous &&
                     caller.kind != Kind::service;
    if (own || (caller.kind == Kind::service && needs_no_statement(caller.service))) return ok();
    aws::PolicyRequest request{caller, question.action, question.resource};
    if (caller.kind == Kind::service) {
        request.context.emplace("aws:sourceaccount", caller.account);
        request.context.emplace("aws:sourcearn", caller.arn);
    }
    if (!question.url_auth_type.empty()) {
        request.context.emplace("lambda:functionurlauthtype", question.url_auth_type);
        request.context.emplace("lambda:invokedviafunctionurl", "true");
    }
    if (policy != nullptr && aws::evaluate(*policy, request) == aws::Decision::allow) return ok();
    const std::string who = caller.kind == Kind::service     ? caller.service
                            : caller.kind == Kind::anonymous ? "anonymous"
                                                             : caller.arn;
    return fail("AccessDeniedException",
                "User: " + who + " is not authorized to perform: " + std::string(question.action) +
                    " on resource: " + std::string(question.resource) +
                    " because no resource-based policy allows the " + std::string(question.action) +
                    " action",
                403);
}

}  // namespace unkai::services::lambda
