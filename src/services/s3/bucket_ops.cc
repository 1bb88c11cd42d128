#include <algorithm>

#include "aws/paging.h"
#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
static bool is_bucket_name(std::string_view name) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (name.size() < 3 || name.size() > 63 || !plain(name.front()) || !plain(name.back()))
        return false;
    if (!std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '.'; }))
        return false;
    if (name.find("..") != std::string_view::npos || name.starts_with("xn--") ||
        name.starts_with("sthree-") || name.ends_with("-s3alias") || name.ends_with("--ol-s3"))
        return false;
    const auto parts = split(name, '.');
    const bool address =
        parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
            const auto number = parse_uint(part);
            return number && *number < 256;
        });
    return !address;
}

static Status check_bucket_acl(const CreateBucketInput& in) {
    const bool grants = in.grant_full_control || in.grant_read || in.grant_read_acp ||
                        in.grant_write || in.grant_write_acp;
    if (in.acl.value_or("private") == "private" && !grants) return ok();
    if (in.object_ownership.value_or("BucketOwnerEnforced") == "BucketOwnerEnforced")
        return fail("InvalidBucketAclWithObjectOwnership",
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
                    "setting",
                    400);
    return fail("NotImplemented", "Unkai has no ACLs that grant something; use a bucket policy.",
                501);
}

Result<CreateBucketOutput> S3::CreateBucket(aws::Call& call, const CreateBucketInput& in) {
    if (call.principal.kind == aws::Principal::Kind::anonymous)
        return fail("AccessDenied", "Access Denied", 403);
    if (!is_bucket_name(in.bucket))
        return Failure{"InvalidBucketName", "The specified bucket is not valid.", 400, {}}.with(
            "BucketName", in.bucket);
    const auto& configuration = in.create_bucket_configuration;
    const std::string wanted = configuration ? configuration->location_constraint.value_or("") : "";
    if (call.region == "us-east-1" && wanted == "us-east-1")
        return fail("InvalidLocationConstraint", "The specified location-constraint is not valid",
                    400);
    if (call.region != "us-east-1" && wanted != call.region)
        return fail("IllegalLocationConstraintException",
                    "The " + (wanted.empty() ? std::string("unspecified") : wanted) +
                        " location constraint is incompatible for the region specific endpoint "
                        "this request was sent to.",
                    400);
    REQUIRE(check_bucket_acl(in));
    if (in.object_lock_enabled_for_bucket.value_or(false))
        return fail("NotImplemented", "Unkai does not have S3 Object Lock.", 501);
    if (const auto found = schema::buckets.get(call.txn(), {in.bucket})) {
        if (found->account != call.account)
            return fail(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all "
                "users of the system. Please select a different name and try again.",
                409);
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 says 200
        // to the owner.
        if (call.region != "us-east-1")
            return fail("BucketAlreadyOwnedByYou",
                        "Your previous request to create the named bucket succeeded and you "
                        "already own it.",
                        409);
        return CreateBucketOutput{.location = "/" + in.bucket};
    }
    Bucket bucket;
    bucket.name = in.bucket;
    bucket.account = call.account;
    bucket.region = call.region;
    bucket.created = call.now;
    bucket.ownership = in.object_ownership.value_or("BucketOwnerEnforced");
    PublicAccessBlockConfiguration block;
    block.block_public_acls = block.ignore_public_acls = block.block_public_policy =
        block.restrict_public_buckets = true;
    bucket.public_access_block = aws::protocol::to_json(block);
    if (configuration) {
        TRY(bucket.tags, checked_tags(configuration->tags, limits::bucket_tags));
    }
    schema::buckets.put(call.txn(), {in.bucket}, bucket);
    return CreateBucketOutput{.location = "/" + in.bucket};
}

Result<HeadBucketOutput> S3::HeadBucket(aws::Call& call, const HeadBucketInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:ListBucket"));
    HeadBucketOutput out;
    out.bucket_region = bucket.region;
    return out;
}

Result<DeleteBucketOutput> S3::DeleteBucket(aws::Call& call, const DeleteBucketInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:DeleteBucket"));
    std::string full;
    schema::objects.each(call.txn(), store::key_prefix(in.bucket), [&](const auto&, const auto&) {
        full = "The bucket you tried to delete is not empty";
        return false;
    });
    schema::versions.each(call.txn(), store::key_prefix(in.bucket), [&](const auto&, const auto&) {
        full =
            "The bucket you tried to delete is not empty. You must delete all versions in the "
            "bucket.";
        return false;
    });
    if (!full.empty())
        return Failure{"BucketNotEmpty", full, 409, {}}.with("BucketName", in.bucket);
    for (const auto& [key, upload] : schema::uploads.list(call.txn(), in.bucket))
        drop_upload(call, key);
    schema::buckets.erase(call.txn(), {in.bucket});
    return DeleteBucketOutput{};
}

Result<ListBucketsOutput> S3::ListBuckets(aws::Call& call, const ListBucketsInput& in) {
    if (call.principal.kind == aws::Principal::Kind::anonymous)
        return fail("AccessDenied", "Access Denied", 403);
    auto rows = schema::buckets.list(call.txn());
    std::erase_if(rows, [&](const auto& row) {
        return row.second.account != call.account ||
               !row.second.name.starts_with(in.prefix.value_or("")) ||
               (in.bucket_region && row.second.region != *in.bucket_region);
    });
    const auto most =
        static_cast<size_t>(in.max_buckets.value_or(static_cast<int32_t>(limits::buckets)));
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.second.name; },
                             in.continuation_token, most, "InvalidArgument"));
    ListBucketsOutput out;
    out.buckets.present = true;
    for (const auto* row : page.items) {
        api::s3::Bucket bucket{.name = row->second.name, .creation_date = row->second.created};
        if (in.max_buckets || in.bucket_region || in.prefix)
            bucket.bucket_region = row->second.region;
        out.buckets.push_back(std::move(bucket));
    }
    out.owner = Owner{.display_name = "root", .id = call.account};
    out.prefix = in.prefix;
    out.continuation_token = page.next;
    return out;
}

Result<GetBucketLocationOutput> S3::GetBucketLocation(aws::Call& call,
                                                      const GetBucketLocationInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketLocation"));
    GetBucketLocationOutput out;
    if (bucket.region != "us-east-1") out.location_constraint = bucket.region;
    return out;
}

// ACLs are disabled (BucketOwnerEnforced): the owner has everything, nobody else anything.
Result<GetBucketAclOutput> S3::GetBucketAcl(aws::Call& call, const GetBucketAclInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketAcl"));
    GetBucketAclOutput out;
    out.owner = Owner{.display_name = "root", .id = bucket.account};
    Grant grant;
    grant.grantee = Grantee{.display_name = "root", .id = bucket.account, .type = "CanonicalUser"};
    grant.permission = "FULL_CONTROL";
    out.grants.push_back(grant);
    return out;
}

}  // namespace unkai::services::s3
