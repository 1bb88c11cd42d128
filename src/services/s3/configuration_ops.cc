#include "aws/protocol/json_shape.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

using aws::protocol::from_json;
using aws::protocol::to_json;

static void put_bucket(aws::Call& call, const Bucket& bucket) {
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
}

Result<PutBucketCorsOutput> S3::PutBucketCors(aws::Call& call, const PutBucketCorsInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketCORS"));
    const auto& rules = in.cors_configuration.cors_rules;
    if (rules.empty() || rules.size() > limits::cors_rules)
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    for (const CORSRule& rule : rules)
        for (const std::string& method : rule.allowed_methods)
            if (method != "GET" && method != "PUT" && method != "POST" && method != "DELETE" &&
                method != "HEAD")
                return fail(
                    "InvalidRequest",
                    "Found unsupported HTTP method in CORS config. Unsupported method is " + method,
                    400);
    bucket.cors = to_json(in.cors_configuration);
    put_bucket(call, bucket);
    return PutBucketCorsOutput{};
}

Result<GetBucketCorsOutput> S3::GetBucketCors(aws::Call& call, const GetBucketCorsInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketCORS"));
    if (bucket.cors.empty())
        return Failure{"NoSuchCORSConfiguration", "The CORS configuration does not exist", 404, {}}
            .with("BucketName", in.bucket);
    CORSConfiguration configuration;
    CHECK(from_json(configuration, bucket.cors).has_value());
    GetBucketCorsOutput out;
    out.cors_rules = configuration.cors_rules;
    return out;
}

Result<DeleteBucketCorsOutput> S3::DeleteBucketCors(aws::Call& call,
                                                    const DeleteBucketCorsInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketCORS"));
    bucket.cors.clear();
    put_bucket(call, bucket);
    return DeleteBucketCorsOutput{};
}

Result<PutBucketTaggingOutput> S3::PutBucketTagging(aws::Call& call,
                                                    const PutBucketTaggingInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketTagging"));
    TRY(bucket.tags, checked_tags(in.tagging.tag_set, limits::bucket_tags));
    put_bucket(call, bucket);
    return PutBucketTaggingOutput{};
}

Result<GetBucketTaggingOutput> S3::GetBucketTagging(aws::Call& call,
                                                    const GetBucketTaggingInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketTagging"));
    if (bucket.tags.empty())
        return Failure{"NoSuchTagSet", "The TagSet does not exist", 404, {}}.with("BucketName",
                                                                                  in.bucket);
    GetBucketTaggingOutput out;
    out.tag_set = tag_list(bucket.tags);
    return out;
}

Result<DeleteBucketTaggingOutput> S3::DeleteBucketTagging(aws::Call& call,
                                                          const DeleteBucketTaggingInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketTagging"));
    bucket.tags.clear();
    put_bucket(call, bucket);
    return DeleteBucketTaggingOutput{};
}

}  // namespace unkai::services::s3
