#include "services/s3/lifecycle.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

Status check_key(const std::string& key) {
    if (key.size() > limits::key_bytes)
        return Failure{"KeyTooLongError", "Your key is too long", 400, {}}
            .with("MaxSizeAllowed", "1024")
            .with("Size", std::to_string(key.size()));
    return ok();
}

template <class Input>
Conditions conditions_of(const Input& in) {
    return {in.if_match, in.if_none_match, in.if_modified_since, in.if_unmodified_since};
}

// The part of the object that a GET or HEAD is about.
struct Selection {
    Range range{0, 0};
    bool partial = false;
    std::optional<int32_t> parts_count;
};

Result<Selection> select(const s3::Object& object, const std::optional<std::string>& range,
                         const std::optional<int32_t>& part) {
    Selection out;
    out.range = {0, object.size};
    if (part) {
        if (range)
            return fail("InvalidRequest",
                        "Cannot specify both Range header and partNumber query parameter", 400);
        const size_t count = std::max<size_t>(object.parts.size(), 1);
        if (*part < 1 || static_cast<size_t>(*part) > count)
            return fail("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
        if (object.parts.empty()) return out;
        uint64_t first = 0;
        for (int32_t i = 1; i < *part; ++i) first += object.parts[static_cast<size_t>(i - 1)];
        out.range = {first, object.parts[static_cast<size_t>(*part - 1)]};
        out.partial = true;
        out.parts_count = static_cast<int32_t>(count);
        return out;
    }
    TRY(const auto parsed, parse_range(range.value_or(""), object.size));
    if (parsed) {
        out.range = *parsed;
        out.partial = true;
    }
    return out;
}

std::optional<std::string> if_set(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

// The fields that GET and HEAD share. Overrides (response-…) are for signed requests only.
template <class Output, class Input>
Status describe(aws::Call& call, const s3::Object& object, const Selection& selection,
                const Input& in, Output& out) {
    const s3::Headers& headers = object.headers;
    const bool overrides = in.response_cache_control || in.response_content_disposition ||
                           in.response_content_encoding || in.response_content_language ||
                           in.response_content_type || in.response_expires;
    if (overrides && call.principal.kind == aws::Principal::Kind::anonymous)
        return fail("InvalidRequest",
                    "Request specific response headers cannot be used for anonymous GET requests.",
                    400);
    out.accept_ranges = "bytes";
    out.last_modified = object.modified;
    out.content_length = static_cast<int64_t>(selection.range.length);
    out.e_tag = quoted(object.etag);
    out.content_type =
        in.response_content_type ? in.response_content_type : if_set(headers.content_type);
    out.cache_control =
        in.response_cache_control ? in.response_cache_control : if_set(headers.cache_control);
    out.content_disposition = in.response_content_disposition ? in.response_content_disposition
                                                              : if_set(headers.content_disposition);
    out.content_encoding = in.response_content_encoding ? in.response_content_encoding
                                                        : if_set(headers.content_encoding);
    out.content_language = in.response_content_language ? in.response_content_language
                                                        : if_set(headers.content_language);
    out.expires = in.response_expires ? std::optional(http_date(*in.response_expires))
                                      : if_set(headers.expires);
    out.website_redirect_location = if_set(headers.redirect);
    show_encryption(out, headers);
    out.metadata = headers.metadata;
    if (headers.storage_class != "STANDARD") out.storage_class = headers.storage_class;
    out.parts_count = selection.parts_count;
    if (!object.tags.empty()) out.tag_count = static_cast<int32_t>(object.tags.size());
    if (in.checksum_mode.value_or("") == "ENABLED" && !object.checksum.algorithm.empty() &&
        !selection.partial) {
        show_checksum(out, object.checksum);
        out.checksum_type = object.checksum_type;
    }
    if (selection.partial && object.size > 0)
        out.content_range = "bytes " + std::to_string(selection.range.first) + "-" +
                            std::to_string(selection.range.first + selection.range.length - 1) +
                            "/" + std::to_string(object.size);
    return ok();
}

// An object's version and the bucket that it is in.
struct Opened {
    Bucket bucket;
    Found found;
    std::optional<std::string> version;  // As clients see it, where there are versions.
    const s3::Object& object() const { return found.object; }
};

// A delete marker has no content; its headers say what it is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
Unexpected is_delete_marker(aws::Call& call, const Found& marker, const std::string& key,
                            bool named) {
    call.response_headers.emplace_back("x-amz-delete-marker", "true");
    call.response_headers.emplace_back("x-amz-version-id", shown_version(marker.object));
    if (!named) return no_such_key(key);
    call.response_headers.emplace_back("allow", "DELETE");
    call.response_headers.emplace_back("last-modified", http_date(marker.object.modified));
    return unexpected(Failure{
        "MethodNotAllowed", "The specified method is not allowed against this resource.", 405, {}}
                          .with("Method", std::string(call.http.method))
                          .with("ResourceType", "DeleteMarker"));
}

// `action` is that on an object, e.g. "s3:GetObjectTagging"; on a version it has its own name.
// NoSuchKey is for those who may list, AccessDenied for those who may not.
Result<Opened> open_object(aws::Call& call, const std::string& bucket, const std::string& key,
                           std::string action, const std::optional<std::string>& version) {
    const bool named = version && !version->empty();
    if (named) action.insert(action.find("Object") + 6, "Version");
    TRY(Bucket opened, open_bucket(call, bucket, action, key));
    REQUIRE(check_version_id(version));
    const Versions objects(call, opened, {});
    auto found = named ? objects.find(key, *version) : objects.newest(key);
    if (!found && !open_bucket(call, bucket, "s3:ListBucket"))
        return fail("AccessDenied", "Access Denied", 403);
    if (!found && named)
        return Failure{"NoSuchVersion", "The specified version does not exist.", 404, {}}
            .with("Key", key)
            .with("VersionId", *version);
    if (!found) return no_such_key(key);
    if (found->marker) return is_delete_marker(call, *found, key, named);
    if (!found->object.headers.kms_key.empty() && action.starts_with("s3:GetObject") &&
        call.principal.kind == aws::Principal::Kind::anonymous)
        return fail("InvalidArgument",
                    "Requests specifying Server Side Encryption with AWS KMS managed keys require "
                    "AWS Signature Version 4.",
                    400);
    Opened out{std::move(opened), *std::move(found), std::nullopt};
    if (!out.bucket.versioning.empty()) out.version = shown_version(out.found.object);
    return out;
}

}  // namespace

Task<Result<PutObjectOutput>> S3::PutObject(aws::Call& call, const PutObjectInput& in) {
    CO_TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutObject", in.key));
    CO_REQUIRE(check_key(in.key));
    if (in.write_offset_bytes)
        co_return fail("NotImplemented",
                       "Appending is for directory buckets, which Unkai does not have.", 501);
    s3::Object object;
    CO_TRY(object.headers, headers_from(bucket, in));
    CO_TRY(object.tags, parse_tagging(in.tagging.value_or("")));
    call.abandon();  // What was read is old by the time the body is here.
    CO_TRY(Received received,
           co_await receive(call, blobs_,
                            {in.content_md5, given_checksum(in), in.checksum_algorithm.value_or(""),
                             limits::single_upload}));
    object.size = received.size;
    object.etag = etag_of(object.headers, received.md5, call.env.random);
    object.modified = call.env.now();
    object.segments = {received.segment};
    object.checksum = received.checksum;
    object.checksum_type = "FULL_OBJECT";
    Status done;
    if (auto now = open_bucket(call, in.bucket, "s3:PutObject", in.key))
        bucket = *std::move(now);
    else
        done = now.error();
    if (done)
        done = check_write_conditions(in.if_match, in.if_none_match,
                                      schema::objects.get(call.txn(), {in.bucket, in.key}));
    std::string version;
    if (done) {
        version = versions(call, bucket).put(in.key, object, std::move(received.inline_bytes));
        done = co_await call.commit();
        if (!done && done.error().is("Conflict"))
            done = fail("ConditionalRequestConflict",
                        "The conditional request cannot succeed due to a conflicting operation "
                        "against this resource.",
                        409);
    }
    if (!done) {
        if (!received.segment.blob.empty()) co_await blobs_.erase(received.segment.blob);
        co_return done.error();
    }
    PutObjectOutput out;
    out.e_tag = quoted(object.etag);
    show_encryption(out, object.headers);
    if (!version.empty()) out.version_id = version;
    out.expiration = expiration_header(bucket, in.key, object);
    show_checksum(out, object.checksum);
    out.checksum_type = object.checksum_type;
    co_return out;
}

Task<Result<GetObjectOutput>> S3::GetObject(aws::Call& call, const GetObjectInput& in) {
    CO_TRY(const Opened opened,
           open_object(call, in.bucket, in.key, "s3:GetObject", in.version_id));
    const s3::Object& object = opened.object();
    CO_REQUIRE(check_conditions(conditions_of(in), object));
    CO_TRY(const Selection selection, select(object, in.range, in.part_number));
    GetObjectOutput out;
    CO_REQUIRE(describe(call, object, selection, in, out));
    out.version_id = opened.version;
    if (opened.found.current) out.expiration = expiration_header(opened.bucket, in.key, object);
    std::string inline_bytes = versions(call, opened.bucket).inline_body(in.key, opened.found);
    CO_TRY(call.response_body, co_await open_body(blobs_, object.segments, std::move(inline_bytes),
                                                  selection.range.first, selection.range.length));
    call.abandon();
    co_return out;
}

Result<HeadObjectOutput> S3::HeadObject(aws::Call& call, const HeadObjectInput& in) {
    TRY(const Opened opened, open_object(call, in.bucket, in.key, "s3:GetObject", in.version_id));
    const s3::Object& object = opened.object();
    REQUIRE(check_conditions(conditions_of(in), object));
    TRY(const Selection selection, select(object, in.range, in.part_number));
    HeadObjectOutput out;
    REQUIRE(describe(call, object, selection, in, out));
    out.version_id = opened.version;
    if (opened.found.current) out.expiration = expiration_header(opened.bucket, in.key, object);
    return out;
}

Result<GetObjectAttributesOutput> S3::GetObjectAttributes(aws::Call& call,
                                                          const GetObjectAttributesInput& in) {
    TRY(const Opened opened,
        open_object(call, in.bucket, in.key, "s3:GetObjectAttributes", in.version_id));
    const s3::Object& object = opened.object();
    GetObjectAttributesOutput out;
    out.version_id = opened.version;
    out.last_modified = object.modified;
    for (const std::string& wanted : in.object_attributes) {
        if (wanted == "ETag") out.e_tag = object.etag;
        if (wanted == "ObjectSize") out.object_size = static_cast<int64_t>(object.size);
        if (wanted == "StorageClass") out.storage_class = object.headers.storage_class;
        if (wanted == "Checksum" && !object.checksum.algorithm.empty()) {
            show_checksum(out.checksum.emplace(), object.checksum);
            out.checksum->checksum_type = object.checksum_type;
        }
        if (wanted != "ObjectParts" || object.parts.empty()) continue;
        GetObjectAttributesParts& parts = out.object_parts.emplace();
        const auto after = static_cast<size_t>(std::max(0, in.part_number_marker.value_or(0)));
        const auto most = static_cast<size_t>(in.max_parts.value_or(limits::page));
        parts.total_parts_count = static_cast<int32_t>(object.parts.size());
        parts.part_number_marker = static_cast<int32_t>(after);
        parts.max_parts = static_cast<int32_t>(most);
        for (size_t i = after; i < object.parts.size() && parts.parts.size() < most; ++i) {
            ObjectPart part{.part_number = static_cast<int32_t>(i + 1),
                            .size = static_cast<int64_t>(object.parts[i])};
            if (i < object.part_checksums.size())
                show_checksum(part, {object.checksum.algorithm, object.part_checksums[i]});
            parts.parts.push_back(std::move(part));
        }
        parts.is_truncated = after + parts.parts.size() < object.parts.size();
        parts.next_part_number_marker = static_cast<int32_t>(after + parts.parts.size());
    }
    return out;
}

Result<GetObjectAclOutput> S3::GetObjectAcl(aws::Call& call, const GetObjectAclInput& in) {
    TRY(const Opened opened,
        open_object(call, in.bucket, in.key, "s3:GetObjectAcl", in.version_id));
    const std::string& owner = opened.bucket.account;
    GetObjectAclOutput out;
    out.owner = Owner{.display_name = "root", .id = owner};
    Grant grant;
    grant.grantee = Grantee{.display_name = "root", .id = owner, .type = "CanonicalUser"};
    grant.permission = "FULL_CONTROL";
    out.grants.push_back(grant);
    return out;
}

Result<PutObjectTaggingOutput> S3::PutObjectTagging(aws::Call& call,
                                                    const PutObjectTaggingInput& in) {
    TRY(Opened opened, open_object(call, in.bucket, in.key, "s3:PutObjectTagging", in.version_id));
    TRY(opened.found.object.tags, checked_tags(in.tagging.tag_set, limits::object_tags));
    versions(call, opened.bucket).update(in.key, opened.found);
    PutObjectTaggingOutput out;
    out.version_id = opened.version;
    return out;
}

Result<GetObjectTaggingOutput> S3::GetObjectTagging(aws::Call& call,
                                                    const GetObjectTaggingInput& in) {
    TRY(const Opened opened,
        open_object(call, in.bucket, in.key, "s3:GetObjectTagging", in.version_id));
    GetObjectTaggingOutput out;
    out.tag_set = tag_list(opened.object().tags);
    out.version_id = opened.version;
    return out;
}

Result<DeleteObjectTaggingOutput> S3::DeleteObjectTagging(aws::Call& call,
                                                          const DeleteObjectTaggingInput& in) {
    TRY(Opened opened,
        open_object(call, in.bucket, in.key, "s3:DeleteObjectTagging", in.version_id));
    opened.found.object.tags.clear();
    versions(call, opened.bucket).update(in.key, opened.found);
    DeleteObjectTaggingOutput out;
    out.version_id = opened.version;
    return out;
}

}  // namespace unkai::services::s3
