// Who may do what.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
// Identity policies are not enforced yet (IAM's README): a principal of the bucket's own account
// may do everything that the bucket's policy does not deny; everybody else needs its Allow.
#include "aws/policy.h"
#include "aws/protocol/json_shape.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

std::string bucket_arn(std::string_view bucket, std::string_view key) {
    std::string out = "arn:aws:s3:::" + std::string(bucket);
    if (!key.empty()) out.append("/").append(key);
    return out;
}

static Unexpected access_denied() { return fail("AccessDenied", "Access Denied", 403); }

// TLS, or a way on which nobody can listen: within the process, and over the loopback, as browsers
// have it too (https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy). Clients of the API
// take plain HTTP on localhost, and CDK's bucket wants security.
static bool is_secure(const aws::Call& call) {
    return call.http.secure || call.http.method.empty() ||
           call.source_address.starts_with("127.") || call.source_address == "::1";
}

static aws::PolicyRequest policy_request(const aws::Call& call, std::string_view action,
                                         std::string_view resource) {
    aws::PolicyRequest request{call.principal, action, resource};
    request.context.emplace("aws:securetransport", is_secure(call) ? "true" : "false");
    request.context.emplace("aws:currenttime", iso8601(call.now));
    request.context.emplace("aws:sourceip", call.source_address);
    if (const auto referer = call.http.header("referer"))
        request.context.emplace("aws:referer", *referer);
    if (const auto agent = call.http.header("user-agent"))
        request.context.emplace("aws:useragent", *agent);
    if (call.principal.kind == aws::Principal::Kind::service) {
        // Services act for a resource: the session that they were given carries its ARN.
        request.context.emplace("aws:sourcearn", call.principal.arn);
        request.context.emplace("aws:sourceaccount", call.principal.account);
    } else if (call.principal.kind != aws::Principal::Kind::anonymous) {
        request.context.emplace("aws:principalarn", call.principal.arn);
        request.context.emplace("aws:principalaccount", call.principal.account);
    }
    return request;
}

// RestrictPublicBuckets: a public policy counts only for the account itself and AWS services.
static bool restricts_public(const Bucket& bucket) {
    PublicAccessBlockConfiguration block;
    if (!bucket.public_access_block) return false;
    CHECK(aws::protocol::from_json(block, *bucket.public_access_block).has_value());
    return block.restrict_public_buckets.value_or(false);
}

Result<s3::Bucket> open_bucket(aws::Call& call, const std::string& name, std::string_view action,
                               std::string_view key) {
    auto bucket = schema::buckets.get(call.txn(), {name});
    if (!bucket)
        return Failure("NoSuchBucket", "The specified bucket does not exist", 404)
            .with("BucketName", name);
    using Kind = aws::Principal::Kind;
    const Kind kind = call.principal.kind;
    const bool own = call.principal.account == bucket->account && kind != Kind::anonymous &&
                     kind != Kind::service;
    if (bucket->policy.empty()) {
        if (own) return *std::move(bucket);
        return access_denied();
    }
    const auto decision = aws::evaluate(std::string_view(bucket->policy),
                                        policy_request(call, action, bucket_arn(name, key)));
    // The account's root can always mend a policy that locks everybody out.
    const bool root_mends = own && kind == Kind::root && action.ends_with("BucketPolicy");
    if (decision == aws::Decision::deny && !root_mends) return access_denied();
    if (own) return *std::move(bucket);
    const bool blocked = kind == Kind::anonymous && restricts_public(*bucket);
    if (decision == aws::Decision::allow && !blocked) return *std::move(bucket);
    return access_denied();
}

}  // namespace unkai::services::s3
