#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

// Deleting what is not there is a success.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
// Where there are versions, a deletion without an id makes a delete marker.
Result<DeleteObjectOutput> S3::DeleteObject(aws::Call& call, const DeleteObjectInput& in) {
    const bool one_version = in.version_id && !in.version_id->empty();
    TRY(const Bucket bucket,
        open_bucket(call, in.bucket, one_version ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
                    in.key));
    REQUIRE(check_version_id(in.version_id));
    const Versions objects = versions(call, bucket);
    if (in.if_match) {
        const auto found =
            one_version ? objects.find(in.key, *in.version_id) : objects.newest(in.key);
        REQUIRE(check_write_conditions(
            in.if_match, std::nullopt,
            found && !found->marker ? std::optional(found->object) : std::nullopt));
    }
    const Removed removed =
        one_version ? objects.remove(in.key, *in.version_id) : objects.remove(in.key);
    DeleteObjectOutput out;
    if (!removed.version.empty()) out.version_id = removed.version;
    if (removed.marker) out.delete_marker = true;
    return out;
}

static DeletedObject deleted(const ObjectIdentifier& wanted, const DeleteObjectOutput& done) {
    DeletedObject out{.key = wanted.key, .version_id = wanted.version_id};
    if (!done.delete_marker) return out;
    out.delete_marker = true;
    out.delete_marker_version_id = done.version_id;
    return out;
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
            out.deleted.push_back(deleted(each, *done));
    }
    return out;
}

}  // namespace unkai::services::s3
