#include "services/s3/lifecycle.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

struct Source {
    std::string bucket, key;
    std::optional<std::string> version;  // Where the bucket has versions.
    bool named_version = false;          // The client named it.
    s3::Object object;
    std::string inline_bytes;
};

// x-amz-copy-source: [/]bucket/key[?versionId=…], percent-encoded.
template <class Input>
Result<Source> open_source(aws::Call& call, const Input& in) {
    std::string_view text = in.copy_source;
    if (text.starts_with('/')) text.remove_prefix(1);
    const auto [path, query] = split_once(text, '?');
    const auto decoded = percent_decode(path);
    const size_t slash = decoded ? decoded->find('/') : std::string::npos;
    if (slash == std::string::npos || slash == 0 || slash + 1 == decoded->size())
        return fail("InvalidArgument",
                    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                    400);
    Source source;
    source.bucket = decoded->substr(0, slash);
    source.key = decoded->substr(slash + 1);
    std::optional<std::string> id;
    if (query.starts_with("versionId=")) id = percent_decode(query.substr(10)).value_or("");
    REQUIRE(check_version_id(id));
    TRY(const Bucket bucket,
        open_bucket(call, source.bucket, id ? "s3:GetObjectVersion" : "s3:GetObject", source.key));
    const Versions objects(call, bucket, {});
    auto found = id ? objects.find(source.key, *id) : objects.newest(source.key);
    if (!found && id) return fail("NoSuchVersion", "The specified version does not exist.", 404);
    if (found && found->marker && id)
        return fail("InvalidRequest",
                    "The source of a copy request may not specifically refer to a delete marker by "
                    "version id.",
                    400);
    if (!found || found->marker) return no_such_key(source.key);
    source.inline_bytes = objects.inline_body(source.key, *found);
    source.object = std::move(found->object);
    if (!bucket.versioning.empty()) source.version = shown_version(source.object);
    source.named_version = id.has_value();
    const Conditions conditions{in.copy_source_if_match, in.copy_source_if_none_match,
                                in.copy_source_if_modified_since,
                                in.copy_source_if_unmodified_since};
    if (!check_conditions(conditions, source.object))
        return fail("PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold", 412);
    return source;
}

Task<Result<Received>> copy_bytes(store::Blobs& blobs, const Source& source, Range range,
                                  Expectation expected) {
    CO_TRY(const auto body, co_await open_body(blobs, source.object.segments, source.inline_bytes,
                                               range.first, range.length));
    co_return co_await receive_from(*body, blobs, std::move(expected));
}

}  // namespace

Task<Result<CopyObjectOutput>> S3::CopyObject(aws::Call& call, const CopyObjectInput& in) {
    CO_TRY(const Source source, open_source(call, in));
    CO_TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutObject", in.key));
    const bool replace = in.metadata_directive.value_or("COPY") == "REPLACE";
    if (source.object.size > limits::single_upload)
        co_return fail("InvalidRequest",
                       "The specified copy source is larger than the maximum allowable size for a "
                       "copy source: 5368709120",
                       400);
    s3::Object object;
    object.headers = source.object.headers;
    if (replace) {
        CO_TRY(object.headers, headers_from(bucket, in));
    }
    // The copy is encrypted as its own bucket says, not as the source was.
    CO_REQUIRE(encrypt(bucket, in, object.headers));
    const bool changes =
        replace || in.storage_class || in.server_side_encryption || in.website_redirect_location;
    if (source.bucket == in.bucket && source.key == in.key && !changes && !source.named_version)
        co_return fail(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
            400);
    if (in.storage_class) object.headers.storage_class = *in.storage_class;
    object.tags = source.object.tags;
    if (in.tagging_directive.value_or("COPY") == "REPLACE") {
        CO_TRY(object.tags, parse_tagging(in.tagging.value_or("")));
    }
    call.abandon();
    const std::string algorithm = in.checksum_algorithm.value_or(source.object.checksum.algorithm);
    CO_TRY(Received received, co_await copy_bytes(blobs_, source, {0, source.object.size},
                                                  {{}, {}, algorithm, limits::single_upload}));
    object.size = received.size;
    object.etag = etag_of(object.headers, received.md5, call.env.random);
    object.modified = call.env.now();
    object.segments = {received.segment};
    object.checksum = received.checksum;
    object.checksum_type = "FULL_OBJECT";
    Status done = check_write_conditions(in.if_match, in.if_none_match,
                                         schema::objects.get(call.txn(), {in.bucket, in.key}));
    if (auto now = schema::buckets.get(call.txn(), {in.bucket}))
        bucket = *std::move(now);
    else
        done = fail("NoSuchBucket", "The specified bucket does not exist", 404);
    std::string version;
    if (done) {
        version = versions(call, bucket).put(in.key, object, std::move(received.inline_bytes));
        done = co_await call.commit();
    }
    if (!done) {
        if (!received.segment.blob.empty()) co_await blobs_.erase(received.segment.blob);
        co_return done.error();
    }
    CopyObjectResult result;
    result.e_tag = quoted(object.etag);
    result.last_modified = object.modified;
    show_checksum(result, object.checksum);
    result.checksum_type = object.checksum_type;
    CopyObjectOutput out;
    out.copy_object_result = result;
    show_encryption(out, object.headers);
    out.copy_source_version_id = source.version;
    if (!version.empty()) out.version_id = version;
    out.expiration = expiration_header(bucket, in.key, object);
    co_return out;
}

Task<Result<UploadPartCopyOutput>> S3::UploadPartCopy(aws::Call& call,
                                                      const UploadPartCopyInput& in) {
    CO_TRY(const Source source, open_source(call, in));
    CO_REQUIRE(open_bucket(call, in.bucket, "s3:PutObject", in.key));
    const auto upload = schema::uploads.get(call.txn(), {in.bucket, in.key, in.upload_id});
    if (!upload)
        co_return fail("NoSuchUpload",
                       "The specified upload does not exist. The upload ID may be invalid, or the "
                       "upload may have been aborted or completed.",
                       404);
    if (in.part_number < 1 || in.part_number > limits::parts)
        co_return fail("InvalidArgument",
                       "Part number must be an integer between 1 and 10000, inclusive", 400);
    Range range{0, source.object.size};
    if (in.copy_source_range) {
        CO_TRY(const auto parsed, parse_range(*in.copy_source_range, source.object.size));
        if (!parsed)
            co_return fail(
                "InvalidArgument",
                "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                "first and last are the zero-based offsets of the first and last bytes to copy",
                400);
        range = *parsed;
    }
    call.abandon();
    CO_TRY(Received received,
           co_await copy_bytes(blobs_, source, range,
                               {{}, {}, upload->algorithm, limits::single_upload, false}));
    const Part part{received.segment, etag_of(upload->headers, received.md5, call.env.random),
                    call.env.now(), received.checksum};
    Status done;
    if (!schema::uploads.has(call.txn(), {in.bucket, in.key, in.upload_id}))
        done = fail("NoSuchUpload",
                    "The specified upload does not exist. The upload ID may be invalid, or the "
                    "upload may have been aborted or completed.",
                    404);
    if (done) {
        if (const auto old = schema::parts.get(call.txn(), {in.upload_id, in.part_number}))
            erase_later(call, {old->segment});
        schema::parts.put(call.txn(), {in.upload_id, in.part_number}, part);
        done = co_await call.commit();
    }
    if (!done) {
        co_await blobs_.erase(received.segment.blob);
        co_return done.error();
    }
    CopyPartResult result;
    result.e_tag = quoted(part.etag);
    result.last_modified = part.modified;
    if (!upload->algorithm.empty()) show_checksum(result, part.checksum);
    UploadPartCopyOutput out;
    out.copy_part_result = result;
    show_encryption(out, upload->headers);
    out.copy_source_version_id = source.version;
    co_return out;
}

}  // namespace unkai::services::s3
