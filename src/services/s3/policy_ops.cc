#include "aws/policy.h"
#include "aws/protocol/json_shape.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

using aws::protocol::from_json;
using aws::protocol::to_json;

static void put_bucket_policy(aws::Call& call, const Bucket& bucket) {
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
}

static PublicAccessBlockConfiguration block_of(const Bucket& bucket) {
    PublicAccessBlockConfiguration block;
    if (bucket.public_access_block)
        CHECK(from_json(block, *bucket.public_access_block).has_value());
    return block;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
static Status check_policy(const std::string& bucket, const wire::Json& document) {
    const auto malformed = [](std::string message) {
        return Status(Failure{"MalformedPolicy", std::move(message), 400, {}});
    };
    const wire::Json& statements = document["Statement"];
    if (!document.is_object() || (!statements.is_array() && !statements.is_object()))
        return malformed("Missing required field Statement");
    const size_t count = statements.is_array() ? statements.size() : 1;
    for (size_t i = 0; i < count; ++i) {
        const wire::Json& statement = statements.is_array() ? statements[i] : statements;
        const std::string effect = statement["Effect"].string_or("");
        if (effect != "Allow" && effect != "Deny") return malformed("Invalid effect: " + effect);
        if (!statement.find("Principal") && !statement.find("NotPrincipal"))
            return malformed("Missing required field Principal");
        if (!statement.find("Action") && !statement.find("NotAction"))
            return malformed("Missing required field Action");
        const wire::Json* resource = statement.find("Resource");
        if (resource == nullptr) resource = statement.find("NotResource");
        if (resource == nullptr) return malformed("Missing required field Resource");
        for (size_t k = 0; k < (resource->is_array() ? resource->size() : 1); ++k) {
            const std::string arn =
                (resource->is_array() ? (*resource)[k] : *resource).string_or("");
            if (arn != bucket_arn(bucket) && !arn.starts_with(bucket_arn(bucket) + "/") &&
                arn.find_first_of("*?") == std::string::npos)
                return malformed("Policy has invalid resource");
        }
    }
    return ok();
}

Result<PutBucketPolicyOutput> S3::PutBucketPolicy(aws::Call& call, const PutBucketPolicyInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketPolicy"));
    if (in.policy.size() > limits::policy_bytes)
        return fail("PolicyTooLarge", "Your policy exceeds the maximum allowed document size.",
                    400);
    const auto document = wire::Json::parse(in.policy);
    if (!document)
        return fail("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'",
                    400);
    REQUIRE(check_policy(in.bucket, *document));
    if (block_of(bucket).block_public_policy.value_or(false) && aws::is_public(*document))
        return fail("AccessDenied",
                    "User: " + call.principal.arn +
                        " is not authorized to perform: s3:PutBucketPolicy on resource: \"" +
                        bucket_arn(in.bucket) +
                        "\" because public policies are prevented by the BlockPublicPolicy setting "
                        "in S3 Block Public Access.",
                    403);
    bucket.policy = in.policy;
    put_bucket_policy(call, bucket);
    return PutBucketPolicyOutput{};
}

static Result<Bucket> with_policy(aws::Call& call, const std::string& name,
                                  std::string_view action) {
    TRY(Bucket bucket, open_bucket(call, name, action));
    if (bucket.policy.empty())
        return Failure{"NoSuchBucketPolicy", "The bucket policy does not exist", 404, {}}.with(
            "BucketName", name);
    return bucket;
}

Result<GetBucketPolicyOutput> S3::GetBucketPolicy(aws::Call& call, const GetBucketPolicyInput& in) {
    TRY(const Bucket bucket, with_policy(call, in.bucket, "s3:GetBucketPolicy"));
    return GetBucketPolicyOutput{.policy = bucket.policy};
}

Result<DeleteBucketPolicyOutput> S3::DeleteBucketPolicy(aws::Call& call,
                                                        const DeleteBucketPolicyInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:DeleteBucketPolicy"));
    bucket.policy.clear();
    put_bucket_policy(call, bucket);
    return DeleteBucketPolicyOutput{};
}

Result<GetBucketPolicyStatusOutput> S3::GetBucketPolicyStatus(
    aws::Call& call, const GetBucketPolicyStatusInput& in) {
    TRY(const Bucket bucket, with_policy(call, in.bucket, "s3:GetBucketPolicyStatus"));
    const auto document = wire::Json::parse(bucket.policy);
    GetBucketPolicyStatusOutput out;
    out.policy_status = PolicyStatus{.is_public = document && aws::is_public(*document)};
    return out;
}

Result<PutPublicAccessBlockOutput> S3::PutPublicAccessBlock(aws::Call& call,
                                                            const PutPublicAccessBlockInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketPublicAccessBlock"));
    PublicAccessBlockConfiguration block = in.public_access_block_configuration;
    for (auto* flag : {&block.block_public_acls, &block.ignore_public_acls,
                       &block.block_public_policy, &block.restrict_public_buckets})
        *flag = flag->value_or(false);
    bucket.public_access_block = to_json(block);
    put_bucket_policy(call, bucket);
    return PutPublicAccessBlockOutput{};
}

Result<GetPublicAccessBlockOutput> S3::GetPublicAccessBlock(aws::Call& call,
                                                            const GetPublicAccessBlockInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketPublicAccessBlock"));
    if (!bucket.public_access_block)
        return Failure{"NoSuchPublicAccessBlockConfiguration",
                       "The public access block configuration was not found",
                       404,
                       {}}
            .with("BucketName", in.bucket);
    return GetPublicAccessBlockOutput{.public_access_block_configuration = block_of(bucket)};
}

Result<DeletePublicAccessBlockOutput> S3::DeletePublicAccessBlock(
    aws::Call& call, const DeletePublicAccessBlockInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketPublicAccessBlock"));
    bucket.public_access_block.reset();
    put_bucket_policy(call, bucket);
    return DeletePublicAccessBlockOutput{};
}

// ACLs that grant something cannot be made here, so every setting keeps the owner's full control.
Result<PutBucketOwnershipControlsOutput> S3::PutBucketOwnershipControls(
    aws::Call& call, const PutBucketOwnershipControlsInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketOwnershipControls"));
    if (in.ownership_controls.rules.size() != 1)
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    bucket.ownership = in.ownership_controls.rules[0].object_ownership;
    put_bucket_policy(call, bucket);
    return PutBucketOwnershipControlsOutput{};
}

Result<GetBucketOwnershipControlsOutput> S3::GetBucketOwnershipControls(
    aws::Call& call, const GetBucketOwnershipControlsInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketOwnershipControls"));
    if (bucket.ownership.empty())
        return Failure{"OwnershipControlsNotFoundError",
                       "The bucket ownership controls were not found",
                       404,
                       {}}
            .with("BucketName", in.bucket);
    OwnershipControls controls;
    controls.rules.push_back({.object_ownership = bucket.ownership});
    return GetBucketOwnershipControlsOutput{.ownership_controls = controls};
}

Result<DeleteBucketOwnershipControlsOutput> S3::DeleteBucketOwnershipControls(
    aws::Call& call, const DeleteBucketOwnershipControlsInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketOwnershipControls"));
    bucket.ownership.clear();
    put_bucket_policy(call, bucket);
    return DeleteBucketOwnershipControlsOutput{};
}

}  // namespace unkai::services::s3
