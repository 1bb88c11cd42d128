#include "services/sts/sts.h"

#include "api/iam.h"
#include "aws/policy.h"
#include "base/strings.h"

namespace unkai::services::sts {

static api::sts::Credentials describe(const aws::Session& session) {
    return {.access_key_id = session.access_key_id,
            .secret_access_key = session.secret,
            .session_token = session.token,
            .expiration = session.expires};
}

Result<GetCallerIdentityOutput> Sts::GetCallerIdentity(aws::Call& call,
                                                       const GetCallerIdentityInput&) {
    GetCallerIdentityOutput out;
    out.user_id = call.principal.user_id;
    out.account = call.account;
    out.arn = call.principal.arn;
    return out;
}

Result<GetSessionTokenOutput> Sts::GetSessionToken(aws::Call& call,
                                                   const GetSessionTokenInput& in) {
    using Kind = aws::Principal::Kind;
    if (call.principal.kind == Kind::assumed_role)
        return fail("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
    const int32_t most = call.principal.kind == Kind::root ? 3600 : 43200;
    const int32_t seconds = std::min(in.duration_seconds.value_or(43200), most);
    GetSessionTokenOutput out;
    out.credentials = describe(credentials_.issue_session(call.txn(), call.principal,
                                                          std::chrono::seconds(seconds), call.now));
    return out;
}

Result<GetAccessKeyInfoOutput> Sts::GetAccessKeyInfo(aws::Call& call,
                                                     const GetAccessKeyInfoInput& in) {
    const auto key = credentials_.get(call.txn(), in.access_key_id);
    if (!key && in.access_key_id != credentials_.options().root_access_key_id)
        return fail("ValidationError", "The access key " + in.access_key_id + " is not known here.",
                    400);
    GetAccessKeyInfoOutput out;
    out.account = key ? key->principal.account : credentials_.account();
    return out;
}

static Unexpected not_authorized(const aws::Call& call, const std::string& role_arn) {
    return fail("AccessDenied",
                "User: " + call.principal.arn +
                    " is not authorized to perform: sts:AssumeRole on resource: " + role_arn,
                403);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
// Unlike AWS, the root key may assume roles: it is what a fresh installation gives its user.
Task<Result<AssumeRoleOutput>> Sts::AssumeRole(aws::Call& call, const AssumeRoleInput& in) {
    constexpr std::string_view mark = ":role/";
    const size_t at = in.role_arn.find(mark);
    const auto parts = split(in.role_arn, ':');
    if (at == std::string::npos || parts.size() != 6 || parts[2] != "iam")
        co_return fail("ValidationError", in.role_arn + " is invalid", 400);
    const std::string account(parts[4]);
    const std::string name = in.role_arn.substr(in.role_arn.rfind('/') + 1);
    const auto found = co_await client_.call<api::iam::op::GetRole>(
        {call.principal, account, call.region}, {.role_name = name});
    if (!found || found->role.arn != in.role_arn) co_return not_authorized(call, in.role_arn);

    const std::string trust =
        percent_decode(found->role.assume_role_policy_document.value_or("")).value_or("");
    aws::PolicyRequest request{call.principal, "sts:AssumeRole", ""};
    if (in.external_id) request.context.emplace("sts:externalid", *in.external_id);
    if (aws::evaluate(std::string_view(trust), request) != aws::Decision::allow)
        co_return not_authorized(call, in.role_arn);
    if (in.policy || in.policy_arns.given())
        co_return fail(
            "NotImplemented",
            "Session policies are not enforced here, so they are refused. Leave Policy out.", 501);
    const int32_t most = call.principal.kind == aws::Principal::Kind::assumed_role
                             ? 3600
                             : found->role.max_session_duration.value_or(3600);
    if (in.duration_seconds.value_or(3600) > most)
        co_return fail(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400);

    aws::Principal principal;
    principal.kind = aws::Principal::Kind::assumed_role;
    principal.account = account;
    principal.arn =
        "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + in.role_session_name;
    principal.user_id = found->role.role_id + ":" + in.role_session_name;
    AssumeRoleOutput out;
    out.credentials = describe(credentials_.issue_session(
        call.txn(), principal, std::chrono::seconds(in.duration_seconds.value_or(3600)), call.now));
    out.assumed_role_user =
        AssumedRoleUser{.assumed_role_id = principal.user_id, .arn = principal.arn};
    co_return out;
}

}  // namespace unkai::services::sts
