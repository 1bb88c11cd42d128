#include "aws/protocol/json_shape.h"
#include "services/s3/lifecycle.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

using aws::protocol::to_json;

Result<PutBucketLifecycleConfigurationOutput> S3::PutBucketLifecycleConfiguration(
    aws::Call& call, const PutBucketLifecycleConfigurationInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutLifecycleConfiguration"));
    BucketLifecycleConfiguration configuration =
        in.lifecycle_configuration.value_or(BucketLifecycleConfiguration{});
    REQUIRE(check_lifecycle(configuration.rules));
    for (LifecycleRule& rule : configuration.rules)
        if (rule.id.value_or("").empty()) rule.id = call.env.random.alphanumeric(48);
    const std::string smallest =
        in.transition_default_minimum_object_size.value_or("all_storage_classes_128K");
    if (smallest != "all_storage_classes_128K" && smallest != "varies_by_storage_class")
        return fail("InvalidRequest", "Invalid transition-default-minimum-object-size: " + smallest,
                    400);
    bucket.lifecycle = to_json(configuration);
    bucket.smallest_transition = smallest;
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
    PutBucketLifecycleConfigurationOutput out;
    out.transition_default_minimum_object_size = smallest;
    return out;
}

Result<GetBucketLifecycleConfigurationOutput> S3::GetBucketLifecycleConfiguration(
    aws::Call& call, const GetBucketLifecycleConfigurationInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetLifecycleConfiguration"));
    if (bucket.lifecycle.empty())
        return Failure{
            "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404, {}}
            .with("BucketName", in.bucket);
    GetBucketLifecycleConfigurationOutput out;
    out.rules = lifecycle_rules(bucket);
    out.transition_default_minimum_object_size = bucket.smallest_transition;
    return out;
}

Result<DeleteBucketLifecycleOutput> S3::DeleteBucketLifecycle(
    aws::Call& call, const DeleteBucketLifecycleInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutLifecycleConfiguration"));
    bucket.lifecycle.clear();
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
    return DeleteBucketLifecycleOutput{};
}

}  // namespace unkai::services::s3
