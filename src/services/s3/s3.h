// Amazon S3: buckets and objects.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/
// Bodies stream both ways. A write is durable (body synced, then its record) before it is
// acknowledged. Reads that come without a signature, or from another account, are decided by the
// bucket's policy.
#pragma once

#include "api/s3.h"
#include "aws/front_door.h"
#include "base/strings.h"
#include "services/s3/body.h"
#include "services/s3/schema.h"

namespace unkai::services::s3 {

using namespace api::s3;
using Failure = unkai::Error;  // api::s3 has a shape named Error.

class S3 final : public api::s3::Service, public aws::CrossOrigin {
public:
    S3(Env env, store::Store& store, store::Blobs& blobs)
        : env_(env), store_(store), blobs_(blobs) {}

    // Removes bodies that no record names. At start, before the first call.
    Task<Status> recover();
    // Waits until blobs of deleted objects are gone. Before it is destroyed.
    Task<void> stop() { co_await background_.join(); }
    bool allow(const Question& question, wire::Headers& headers) override;  // cors.cc

#define PLAIN(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define ASYNC(Name) Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // bucket_ops.cc
    PLAIN(CreateBucket);
    PLAIN(HeadBucket);
    PLAIN(DeleteBucket);
    PLAIN(ListBuckets);
    PLAIN(GetBucketLocation);
    PLAIN(GetBucketVersioning);
    PLAIN(GetBucketAcl);
    // policy_ops.cc
    PLAIN(PutBucketPolicy);
    PLAIN(GetBucketPolicy);
    PLAIN(DeleteBucketPolicy);
    PLAIN(GetBucketPolicyStatus);
    PLAIN(PutPublicAccessBlock);
    PLAIN(GetPublicAccessBlock);
    PLAIN(DeletePublicAccessBlock);
    PLAIN(PutBucketOwnershipControls);
    PLAIN(GetBucketOwnershipControls);
    PLAIN(DeleteBucketOwnershipControls);
    // configuration_ops.cc
    PLAIN(PutBucketCors);
    PLAIN(GetBucketCors);
    PLAIN(DeleteBucketCors);
    PLAIN(PutBucketTagging);
    PLAIN(GetBucketTagging);
    PLAIN(DeleteBucketTagging);
    PLAIN(PutBucketEncryption);
    PLAIN(GetBucketEncryption);
    PLAIN(DeleteBucketEncryption);
    // object_ops.cc
    ASYNC(PutObject);
    ASYNC(GetObject);
    PLAIN(HeadObject);
    PLAIN(GetObjectAttributes);
    PLAIN(GetObjectAcl);
    PLAIN(PutObjectTagging);
    PLAIN(GetObjectTagging);
    PLAIN(DeleteObjectTagging);
    // copy_ops.cc
    ASYNC(CopyObject);
    ASYNC(UploadPartCopy);
    // delete_ops.cc
    PLAIN(DeleteObject);
    PLAIN(DeleteObjects);
    // list_ops.cc
    PLAIN(ListObjects);
    PLAIN(ListObjectsV2);
    // multipart_ops.cc
    PLAIN(CreateMultipartUpload);
    ASYNC(UploadPart);
    ASYNC(CompleteMultipartUpload);
    PLAIN(AbortMultipartUpload);
    PLAIN(ListMultipartUploads);
    PLAIN(ListParts);
#undef PLAIN
#undef ASYNC

private:
    // The blobs of an object or part that goes away, erased when the call is committed.
    void erase_later(aws::Call& call, const std::vector<Segment>& segments);
    // Replaces the object of that key in the call's transaction.
    void store_object(aws::Call& call, const std::string& bucket, const std::string& key,
                      const s3::Object& object, std::string inline_bytes);
    Task<void> erase_blob(store::BlobId id) { co_await blobs_.erase(std::move(id)); }

    Env env_;
    store::Store& store_;
    store::Blobs& blobs_;
    Scope background_;
};

// ---- Shared by the operations' files (access.cc, object_rules.cc)

// The bucket, if it is there and the caller may do `action` on it (or on `key` in it).
// Errors: NoSuchBucket, AccessDenied.
Result<s3::Bucket> open_bucket(aws::Call& call, const std::string& name, std::string_view action,
                               std::string_view key = {});
std::string bucket_arn(std::string_view bucket, std::string_view key = {});

Unexpected no_such_key(std::string_view key);
std::string quoted(std::string_view etag);

struct Conditions {
    std::optional<std::string> if_match, if_none_match;
    std::optional<Time> if_modified_since, if_unmodified_since;
};
// RFC 9110 13.2.2, as S3 does it. Errors: PreconditionFailed 412, NotModified 304.
Status check_conditions(const Conditions& conditions, const s3::Object& object);
// Conditions of writes: If-None-Match: *, If-Match.
Status check_write_conditions(const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match,
                              const std::optional<s3::Object>& current);

struct Range {
    uint64_t first, length;
};
// `bytes=a-b` over `size` bytes; nullopt: none, or one to be ignored. Error InvalidRange 416.
Result<std::optional<Range>> parse_range(std::string_view header, uint64_t size);

// x-amz-tagging: k=v&k2=v2. Errors: InvalidTag, InvalidArgument.
Result<std::map<std::string, std::string>> parse_tagging(std::string_view text);
Result<std::map<std::string, std::string>> checked_tags(const List<Tag>& tags, size_t most);
List<Tag> tag_list(const std::map<std::string, std::string>& tags);
Status check_metadata(const std::map<std::string, std::string>& metadata);

// What an upload says of its object.
template <class Input>
Result<s3::Headers> headers_from(const Input& in) {
    REQUIRE(check_metadata(in.metadata));
    s3::Headers out;
    out.content_type = in.content_type.value_or("binary/octet-stream");
    out.cache_control = in.cache_control.value_or("");
    out.content_disposition = in.content_disposition.value_or("");
    out.content_encoding = in.content_encoding.value_or("");
    out.content_language = in.content_language.value_or("");
    out.expires = in.expires.value_or("");
    out.redirect = in.website_redirect_location.value_or("");
    out.storage_class = in.storage_class.value_or("STANDARD");
    out.encryption = in.server_side_encryption.value_or("AES256");
    out.metadata = in.metadata;
    if (out.encryption != "AES256")
        return fail("NotImplemented",
                    "Unkai has no KMS keys; use AES256 or leave server-side encryption out.", 501);
    if (in.sse_customer_algorithm)
        return fail("NotImplemented", "Unkai does not encrypt with customer keys (SSE-C).", 501);
    return out;
}

}  // namespace unkai::services::s3
