#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

using aws::protocol::from_json;
using aws::protocol::to_json;

std::string managed_key_arn(std::string_view account, std::string_view region) {
    const auto digest = make_digest("SHA256");
    digest->update("alias/aws/s3 ");
    digest->update(account);
    digest->update(region);
    std::string id = hex(digest->finish()).substr(0, 32);
    id[12] = '4';  // A version 4 UUID, as KMS's are.
    id[16] = 'a';
    for (const size_t at : {8u, 13u, 18u, 23u}) id.insert(at, "-");
    return "arn:aws:kms:" + std::string(region) + ":" + std::string(account) + ":key/" + id;
}

Result<std::string> find_key(const Bucket& bucket, std::string_view key) {
    const std::string arn = managed_key_arn(bucket.account, bucket.region);
    const std::string alias =
        "arn:aws:kms:" + bucket.region + ":" + bucket.account + ":alias/aws/s3";
    if (key == arn || key == alias || key == "alias/aws/s3" ||
        arn.ends_with("/" + std::string(key)))
        return arn;
    return fail("KMS.NotFoundException",
                "Key '" + std::string(key) +
                    "' does not exist. Unkai has no customer managed keys: leave the key out for "
                    "the AWS managed key aws/s3.",
                400);
}

static ServerSideEncryptionConfiguration configuration_of(const Bucket& bucket) {
    ServerSideEncryptionConfiguration configuration;
    if (!bucket.encryption.empty()) CHECK(from_json(configuration, bucket.encryption).has_value());
    if (!configuration.rules.empty()) return configuration;
    // Every bucket has SSE-S3 since January 2023, whether asked for or not.
    ServerSideEncryptionRule rule;
    rule.apply_server_side_encryption_by_default =
        ServerSideEncryptionByDefault{.sse_algorithm = "AES256"};
    rule.bucket_key_enabled = false;
    configuration.rules.push_back(rule);
    return configuration;
}

static Status check_algorithm(std::string_view algorithm) {
    if (algorithm == "AES256" || algorithm == "aws:kms") return ok();
    if (algorithm == "aws:kms:dsse")
        return fail("NotImplemented",
                    "Unkai does not have dual-layer encryption (aws:kms:dsse); use aws:kms.", 501);
    return Failure{"InvalidEncryptionAlgorithmError",
                   "The encryption request that you specified is not valid. The valid value is "
                   "AES256 or aws:kms.",
                   400,
                   {}}
        .with("ArgumentName", "x-amz-server-side-encryption")
        .with("ArgumentValue", std::string(algorithm));
}

Status encrypt(const Bucket& bucket, const EncryptionRequest& request, s3::Headers& headers) {
    if (request.customer_algorithm)
        return fail("NotImplemented", "Unkai does not encrypt with customer keys (SSE-C).", 501);
    headers.encryption = request.algorithm.value_or("AES256");
    headers.kms_key.clear();
    headers.bucket_key = false;
    std::optional<std::string> key = request.key;
    if (!request.algorithm) {
        const ServerSideEncryptionRule rule = configuration_of(bucket).rules.at(0);
        if (const auto& given = rule.apply_server_side_encryption_by_default) {
            headers.encryption = given->sse_algorithm;
            if (!key) key = given->kms_master_key_id;
        }
        headers.bucket_key = rule.bucket_key_enabled.value_or(false);
    }
    REQUIRE(check_algorithm(headers.encryption));
    if (headers.encryption != "aws:kms") {
        headers.bucket_key = false;
        if (!request.key) return ok();
        return fail("InvalidArgument",
                    "Server Side Encryption with AWS KMS managed key requires HTTP header "
                    "x-amz-server-side-encryption : aws:kms",
                    400);
    }
    headers.bucket_key = request.bucket_key.value_or(headers.bucket_key);
    TRY(headers.kms_key, find_key(bucket, key.value_or("alias/aws/s3")));
    return ok();
}

Result<PutBucketEncryptionOutput> S3::PutBucketEncryption(aws::Call& call,
                                                          const PutBucketEncryptionInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutEncryptionConfiguration"));
    const auto& rules = in.server_side_encryption_configuration.rules;
    if (rules.size() != 1)
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    if (const auto& given = rules[0].apply_server_side_encryption_by_default) {
        REQUIRE(check_algorithm(given->sse_algorithm));
        if (given->kms_master_key_id && given->sse_algorithm == "AES256")
            return fail("InvalidArgument",
                        "a KMSMasterKeyID is not applicable if the default sse algorithm is not "
                        "aws:kms or aws:kms:dsse",
                        400);
        if (given->kms_master_key_id) REQUIRE(find_key(bucket, *given->kms_master_key_id));
    }
    bucket.encryption = to_json(in.server_side_encryption_configuration);
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
    return PutBucketEncryptionOutput{};
}

Result<GetBucketEncryptionOutput> S3::GetBucketEncryption(aws::Call& call,
                                                          const GetBucketEncryptionInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetEncryptionConfiguration"));
    return GetBucketEncryptionOutput{.server_side_encryption_configuration =
                                         configuration_of(bucket)};
}

Result<DeleteBucketEncryptionOutput> S3::DeleteBucketEncryption(
    aws::Call& call, const DeleteBucketEncryptionInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutEncryptionConfiguration"));
    bucket.encryption.clear();
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
    return DeleteBucketEncryptionOutput{};
}

}  // namespace unkai::services::s3
