#include "services/s3/lifecycle.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

Unexpected no_such_upload() {
    return fail("NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload "
                "may have been aborted or completed.",
                404);
}

Result<Upload> find_upload(aws::Call& call, const std::string& bucket, const std::string& key,
                           const std::string& id) {
    auto upload = schema::uploads.get(call.txn(), {bucket, key, id});
    if (!upload) return no_such_upload();
    return *std::move(upload);
}

std::string unquoted(std::string_view etag) {
    if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
        etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

// The parts that the client names, in order, each as it was uploaded.
Result<std::vector<Part>> chosen_parts(aws::Call& call, const CompleteMultipartUploadInput& in) {
    if (!in.multipart_upload || in.multipart_upload->parts.empty())
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    std::vector<Part> out;
    int32_t last = 0;
    for (const CompletedPart& wanted : in.multipart_upload->parts) {
        const int32_t number = wanted.part_number.value_or(0);
        if (number <= last)
            return fail("InvalidPartOrder",
                        "The list of parts was not in ascending order. The parts list must be "
                        "specified in order by part number.",
                        400);
        last = number;
        auto part = schema::parts.get(call.txn(), {in.upload_id, number});
        const auto checksum = given_checksum(wanted);
        if (!part || part->etag != unquoted(wanted.e_tag.value_or("")) ||
            (checksum && *checksum != part->checksum))
            return Failure{
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag.",
                400,
                {}}
                .with("UploadId", in.upload_id)
                .with("PartNumber", std::to_string(number));
        if (!out.empty() && out.back().segment.size < limits::smallest_part)
            return Failure{"EntityTooSmall",
                           "Your proposed upload is smaller than the minimum allowed size",
                           400,
                           {}}
                .with("ProposedSize", std::to_string(out.back().segment.size))
                .with("MinSizeAllowed", std::to_string(limits::smallest_part));
        out.push_back(*std::move(part));
    }
    return out;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
void combine_checksums(const Upload& upload, const std::vector<Part>& parts, s3::Object& object) {
    const std::string& algorithm = parts[0].checksum.algorithm;
    object.checksum_type = upload.checksum_type.empty() ? "FULL_OBJECT" : upload.checksum_type;
    object.checksum.algorithm = algorithm;
    if (object.checksum_type == "FULL_OBJECT") {
        std::string crc = *from_base64(parts[0].checksum.value);
        for (size_t i = 1; i < parts.size(); ++i)
            crc = combine_crc(algorithm, crc, *from_base64(parts[i].checksum.value),
                              parts[i].segment.size);
        object.checksum.value = base64(crc);
        return;
    }
    const auto digest = make_digest(algorithm);
    for (const Part& part : parts) {
        digest->update(*from_base64(part.checksum.value));
        object.part_checksums.push_back(part.checksum.value);
    }
    object.checksum.value = base64(digest->finish()) + "-" + std::to_string(parts.size());
}

s3::Object assemble(const Upload& upload, const std::vector<Part>& parts, Time now) {
    s3::Object object;
    object.headers = upload.headers;
    object.tags = upload.tags;
    object.modified = now;
    const auto md5 = make_digest("MD5");
    for (const Part& part : parts) {
        object.size += part.segment.size;
        object.segments.push_back(part.segment);
        object.parts.push_back(part.segment.size);
        md5->update(*from_hex(part.etag));
    }
    object.etag = hex(md5->finish()) + "-" + std::to_string(parts.size());
    combine_checksums(upload, parts, object);
    return object;
}

}  // namespace

Result<CreateMultipartUploadOutput> S3::CreateMultipartUpload(
    aws::Call& call, const CreateMultipartUploadInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:PutObject", in.key));
    if (in.key.size() > limits::key_bytes)
        return fail("KeyTooLongError", "Your key is too long", 400);
    Upload upload;
    upload.key = in.key;
    upload.initiated = call.now;
    TRY(upload.headers, headers_from(bucket, in));
    TRY(upload.tags, parse_tagging(in.tagging.value_or("")));
    upload.algorithm = in.checksum_algorithm.value_or("");
    upload.checksum_type = in.checksum_type.value_or("");
    if (!upload.algorithm.empty()) {
        if (!make_digest(upload.algorithm))
            return fail("InvalidRequest",
                        "Unkai does not compute " + upload.algorithm + " checksums.", 400);
        if (upload.checksum_type.empty())
            upload.checksum_type = upload.algorithm == "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
        if (upload.checksum_type == "FULL_OBJECT" && !is_crc(upload.algorithm))
            return fail("InvalidRequest",
                        "The FULL_OBJECT checksum type cannot be used with the " +
                            to_lower(upload.algorithm) + " checksum algorithm.",
                        400);
        if (upload.checksum_type == "COMPOSITE" && upload.algorithm == "CRC64NVME")
            return fail(
                "InvalidRequest",
                "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.",
                400);
    }
    const std::string id = call.env.random.alphanumeric(64);
    schema::uploads.put(call.txn(), {in.bucket, in.key, id}, upload);
    CreateMultipartUploadOutput out;
    out.bucket = in.bucket;
    out.key = in.key;
    out.upload_id = id;
    show_encryption(out, upload.headers);
    if (const auto abort = abort_date(bucket, in.key, upload.initiated)) {
        out.abort_date = abort->due;
        out.abort_rule_id = abort->rule;
    }
    if (!upload.algorithm.empty()) {
        out.checksum_algorithm = upload.algorithm;
        out.checksum_type = upload.checksum_type;
    }
    return out;
}

Task<Result<UploadPartOutput>> S3::UploadPart(aws::Call& call, const UploadPartInput& in) {
    CO_REQUIRE(open_bucket(call, in.bucket, "s3:PutObject", in.key));
    if (in.part_number < 1 || in.part_number > limits::parts)
        co_return fail("InvalidArgument",
                       "Part number must be an integer between 1 and 10000, inclusive", 400);
    CO_TRY(const Upload upload, find_upload(call, in.bucket, in.key, in.upload_id));
    call.abandon();
    auto claimed = given_checksum(in);
    if (claimed && !upload.algorithm.empty() && claimed->algorithm != upload.algorithm)
        co_return fail("InvalidRequest",
                       "Checksum Type mismatch occurred, expected checksum Type: " +
                           to_lower(upload.algorithm) +
                           ", actual checksum Type: " + to_lower(claimed->algorithm),
                       400);
    CO_TRY(Received received, co_await receive(call, blobs_,
                                               {in.content_md5, claimed, upload.algorithm,
                                                limits::single_upload, false}));
    const Part part{received.segment, etag_of(upload.headers, received.md5, call.env.random),
                    call.env.now(), received.checksum};
    Status done;
    if (!schema::uploads.has(call.txn(), {in.bucket, in.key, in.upload_id}))
        done = no_such_upload();
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
    UploadPartOutput out;
    out.e_tag = quoted(part.etag);
    show_encryption(out, upload.headers);
    if (claimed || !upload.algorithm.empty()) show_checksum(out, part.checksum);
    co_return out;
}

Task<Result<CompleteMultipartUploadOutput>> S3::CompleteMultipartUpload(
    aws::Call& call, const CompleteMultipartUploadInput& in) {
    CO_TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:PutObject", in.key));
    CO_TRY(const Upload upload, find_upload(call, in.bucket, in.key, in.upload_id));
    CO_TRY(const std::vector<Part> parts, chosen_parts(call, in));
    // Parts of different algorithms cannot be combined: clients may switch between uploads, S3
    // refuses too.
    for (const Part& part : parts)
        if (part.checksum.algorithm != parts[0].checksum.algorithm)
            co_return fail("InvalidPart",
                           "The parts were uploaded with different checksum algorithms.", 400);
    Upload effective = upload;
    if (effective.checksum_type.empty())
        effective.checksum_type = is_crc(parts[0].checksum.algorithm) ? "FULL_OBJECT" : "COMPOSITE";
    const s3::Object object = assemble(effective, parts, call.now);
    if (object.size > limits::object)
        co_return fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                       400);
    if (in.mpu_object_size && static_cast<uint64_t>(*in.mpu_object_size) != object.size)
        co_return fail(
            "InvalidRequest",
            "The provided 'x-amz-mp-object-size' header does not match what was computed.", 400);
    if (const auto claimed = given_checksum(in); claimed && *claimed != object.checksum)
        co_return fail(
            "BadDigest",
            "The " + claimed->algorithm + " you specified did not match the calculated checksum.",
            400);
    CO_REQUIRE(check_write_conditions(in.if_match, in.if_none_match,
                                      schema::objects.get(call.txn(), {in.bucket, in.key})));
    std::set<std::string> used;
    for (const Segment& segment : object.segments) used.insert(segment.blob);
    for (const auto& [key, part] : schema::parts.list(call.txn(), in.upload_id)) {
        if (used.count(part.segment.blob) == 0) erase_later(call, {part.segment});
        schema::parts.erase(call.txn(), key);
    }
    schema::uploads.erase(call.txn(), {in.bucket, in.key, in.upload_id});
    const std::string version = versions(call, bucket).put(in.key, object, {});
    CO_REQUIRE(co_await call.commit());
    CompleteMultipartUploadOutput out;
    out.bucket = in.bucket;
    out.key = in.key;
    out.location = "http://" + in.bucket + ".s3." + call.region + ".amazonaws.com/" +
                   percent_encode(in.key, "/");
    out.e_tag = quoted(object.etag);
    show_encryption(out, object.headers);
    if (!version.empty()) out.version_id = version;
    out.expiration = expiration_header(bucket, in.key, object);
    show_checksum(out, object.checksum);
    out.checksum_type = object.checksum_type;
    co_return out;
}

Result<AbortMultipartUploadOutput> S3::AbortMultipartUpload(aws::Call& call,
                                                            const AbortMultipartUploadInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:AbortMultipartUpload", in.key));
    REQUIRE(find_upload(call, in.bucket, in.key, in.upload_id));
    drop_upload(call, {in.bucket, in.key, in.upload_id});
    return AbortMultipartUploadOutput{};
}

Result<ListMultipartUploadsOutput> S3::ListMultipartUploads(aws::Call& call,
                                                            const ListMultipartUploadsInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:ListBucketMultipartUploads"));
    if (in.delimiter && !in.delimiter->empty())
        return fail("NotImplemented", "Unkai lists multipart uploads without a delimiter only.",
                    501);
    ListMultipartUploadsOutput out;
    const auto most =
        static_cast<size_t>(std::clamp(in.max_uploads.value_or(limits::page), 0, limits::page));
    const std::pair<std::string, std::string> after = {in.key_marker.value_or(""),
                                                       in.upload_id_marker.value_or("")};
    out.is_truncated = false;
    for (const auto& [row, upload] : schema::uploads.list(call.txn(), in.bucket)) {
        const auto& [bucket, key, id] = row;
        if (!key.starts_with(in.prefix.value_or(""))) continue;
        if (in.key_marker &&
            !(after.second.empty() ? key > after.first : std::pair(key, id) > after))
            continue;
        if (out.uploads.size() == most) {
            out.is_truncated = true;
            out.next_key_marker =
                out.uploads.empty() ? std::optional<std::string>() : out.uploads.back().key;
            out.next_upload_id_marker =
                out.uploads.empty() ? std::optional<std::string>() : out.uploads.back().upload_id;
            break;
        }
        MultipartUpload shown{.upload_id = id,
                              .key = key,
                              .initiated = upload.initiated,
                              .storage_class = upload.headers.storage_class};
        shown.owner = Owner{.display_name = "root", .id = call.account};
        shown.initiator = Initiator{.id = call.account, .display_name = "root"};
        if (!upload.algorithm.empty()) shown.checksum_algorithm = upload.algorithm;
        out.uploads.push_back(std::move(shown));
    }
    out.bucket = in.bucket;
    out.prefix = in.prefix.value_or("");
    out.key_marker = after.first;
    out.upload_id_marker = after.second;
    out.max_uploads = static_cast<int32_t>(most);
    return out;
}

Result<ListPartsOutput> S3::ListParts(aws::Call& call, const ListPartsInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:ListMultipartUploadParts", in.key));
    TRY(const Upload upload, find_upload(call, in.bucket, in.key, in.upload_id));
    const auto most =
        static_cast<size_t>(std::clamp(in.max_parts.value_or(limits::page), 0, limits::page));
    ListPartsOutput out;
    out.bucket = in.bucket;
    out.key = in.key;
    out.upload_id = in.upload_id;
    out.part_number_marker = in.part_number_marker.value_or(0);
    out.max_parts = static_cast<int32_t>(most);
    out.is_truncated = false;
    out.storage_class = upload.headers.storage_class;
    out.owner = Owner{.display_name = "root", .id = call.account};
    out.initiator = Initiator{.id = call.account, .display_name = "root"};
    if (!upload.algorithm.empty()) {
        out.checksum_algorithm = upload.algorithm;
        out.checksum_type = upload.checksum_type;
    }
    for (const auto& [key, part] : schema::parts.list(call.txn(), in.upload_id)) {
        const int32_t number = std::get<1>(key);
        if (number <= *out.part_number_marker) continue;
        if (out.parts.size() == most) {
            out.is_truncated = true;
            break;
        }
        api::s3::Part shown;
        shown.part_number = number;
        shown.last_modified = part.modified;
        shown.e_tag = quoted(part.etag);
        shown.size = static_cast<int64_t>(part.segment.size);
        if (!upload.algorithm.empty()) show_checksum(shown, part.checksum);
        out.parts.push_back(std::move(shown));
    }
    if (!out.parts.empty()) out.next_part_number_marker = out.parts.back().part_number;
    return out;
}

}  // namespace unkai::services::s3
