// The rules of objects that several operations share; pure.
#pragma once

#include "api/s3.h"
#include "services/s3/encryption.h"
#include "services/s3/schema.h"

namespace unkai::services::s3 {

using namespace api::s3;
using Failure = unkai::Error;  // api::s3 has a shape named Error.

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
// ACLs that give something to somebody are refused, as AWS does where they are disabled.
// Errors: AccessControlListNotSupported 400; NotImplemented where ACLs are enabled.
Status check_acl(const Bucket& bucket, const std::optional<std::string>& canned, bool grants);

// Content-Encoding without aws-chunked, which is of the request alone.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
std::string kept_encoding(std::string_view given);

// The object's ETag: the MD5 of its bytes, but of SSE-KMS objects something that is not.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
std::string etag_of(const s3::Headers& headers, std::string_view md5, Random& random);

// What an upload to `bucket` says of its object. Errors: those of encryption.h, check_acl and
// check_metadata.
template <class Input>
Result<s3::Headers> headers_from(const Bucket& bucket, const Input& in) {
    REQUIRE(check_metadata(in.metadata));
    REQUIRE(check_acl(
        bucket, in.acl,
        in.grant_full_control || in.grant_read || in.grant_read_acp || in.grant_write_acp));
    s3::Headers out;
    out.content_type = in.content_type.value_or("binary/octet-stream");
    out.cache_control = in.cache_control.value_or("");
    out.content_disposition = in.content_disposition.value_or("");
    out.content_encoding = kept_encoding(in.content_encoding.value_or(""));
    out.content_language = in.content_language.value_or("");
    out.expires = in.expires.value_or("");
    out.redirect = in.website_redirect_location.value_or("");
    out.storage_class = in.storage_class.value_or("STANDARD");
    out.metadata = in.metadata;
    REQUIRE(encrypt(bucket, in, out));
    return out;
}

}  // namespace unkai::services::s3
