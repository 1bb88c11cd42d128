#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

// Deleting what is not there is a success.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
Result<DeleteObjectOutput> S3::DeleteObject(aws::Call& call, const DeleteObjectInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:DeleteObject", in.key));
    if (in.version_id && *in.version_id != "null")
        return fail("InvalidArgument", "Invalid version id specified", 400);
    const auto object = schema::objects.get(call.txn(), {in.bucket, in.key});
    if (in.if_match) REQUIRE(check_write_conditions(in.if_match, std::nullopt, object));
    if (object) {
        erase_later(call, object->segments);
        schema::objects.erase(call.txn(), {in.bucket, in.key});
        schema::bodies.erase(call.txn(), {in.bucket, in.key});
    }
    return DeleteObjectOutput{};
}

Result<DeleteObjectsOutput> S3::DeleteObjects(aws::Call& call, const DeleteObjectsInput& in) {
    if (in.delete_.objects.empty() || in.delete_.objects.size() > limits::deletes)
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    if (!schema::buckets.has(call.txn(), {in.bucket}))
        REQUIRE(open_bucket(call, in.bucket, "s3:DeleteObject"));
    DeleteObjectsOutput out;
    for (const ObjectIdentifier& each : in.delete_.objects) {
        DeleteObjectInput one;
        one.bucket = in.bucket;
        one.key = each.key;
        one.version_id = each.version_id;
        one.if_match = each.e_tag;
        const auto done = DeleteObject(call, one);
        if (!done)
            out.errors_.push_back({.key = each.key,
                                   .version_id = each.version_id,
                                   .code = done.error().code,
                                   .message = done.error().message});
        else if (!in.delete_.quiet.value_or(false))
            out.deleted.push_back({.key = each.key, .version_id = each.version_id});
    }
    return out;
}

}  // namespace unkai::services::s3
