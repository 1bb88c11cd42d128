// Amazon S3: buckets and objects.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/
// Bodies stream both ways. A write is durable (body synced, then its record) before it is
// acknowledged. Reads that come without a signature, or from another account, are decided by the
// bucket's policy.
#pragma once

#include "aws/front_door.h"
#include "base/strings.h"
#include "services/s3/body.h"
#include "services/s3/object_rules.h"
#include "services/s3/versions.h"

namespace unkai::services::s3 {

class S3 final : public api::s3::Service, public aws::CrossOrigin {
public:
    S3(Env env, store::Store& store, store::Blobs& blobs)
        : env_(env), store_(store), blobs_(blobs) {}

    // Removes bodies that no record names. At start, before the first call. From then on lifecycle
    // rules are carried out: now, and at every midnight UTC, as AWS does.
    Task<Status> recover();
    // Waits until blobs of deleted objects are gone. Before it is destroyed.
    Task<void> stop() {
        stop_.request();
        co_await background_.join();
    }
    bool allow(const Question& question, wire::Headers& headers) override;  // cors.cc

#define PLAIN(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define ASYNC(Name) Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // bucket_ops.cc
    PLAIN(CreateBucket);
    PLAIN(HeadBucket);
    PLAIN(DeleteBucket);
    PLAIN(ListBuckets);
    PLAIN(GetBucketLocation);
    PLAIN(GetBucketAcl);
    // version_ops.cc
    PLAIN(PutBucketVersioning);
    PLAIN(GetBucketVersioning);
    PLAIN(ListObjectVersions);
    // lifecycle_ops.cc
    PLAIN(PutBucketLifecycleConfiguration);
    PLAIN(GetBucketLifecycleConfiguration);
    PLAIN(DeleteBucketLifecycle);
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
    // encryption_ops.cc
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
    // The blobs of what goes away, erased when the call is committed.
    void erase_later(aws::Call& call, const std::vector<Segment>& segments);
    Versions versions(aws::Call& call, const Bucket& bucket) {
        return Versions(call, bucket, [this, &call](const std::vector<Segment>& segments) {
            erase_later(call, segments);
        });
    }
    void drop_upload(aws::Call& call, const std::tuple<std::string, std::string, std::string>& key);
    // lifecycle_sweep.cc: daily; one pass; a bounded piece a transaction.
    Task<void> run_lifecycles();
    Task<Status> sweep_lifecycles();
    Task<Status> sweep_objects(std::string name);
    Task<Status> sweep_versions(std::string name);
    Task<Status> sweep_uploads(std::string name);
    Task<void> erase_blob(store::BlobId id) { co_await blobs_.erase(std::move(id)); }

    Env env_;
    store::Store& store_;
    store::Blobs& blobs_;
    Stop stop_;
    Scope background_;
};

// ---- access.cc

// The bucket, if it is there and the caller may do `action` on it (or on `key` in it).
// Errors: NoSuchBucket, AccessDenied.
Result<s3::Bucket> open_bucket(aws::Call& call, const std::string& name, std::string_view action,
                               std::string_view key = {});
std::string bucket_arn(std::string_view bucket, std::string_view key = {});

}  // namespace unkai::services::s3
