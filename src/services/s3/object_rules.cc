#include "services/s3/object_rules.h"

#include "base/strings.h"
#include "services/s3/limits.h"

namespace unkai::services::s3 {

Unexpected no_such_key(std::string_view key) {
    return unexpected(Failure{"NoSuchKey", "The specified key does not exist.", 404, {}}.with(
        "Key", std::string(key)));
}

std::string quoted(std::string_view etag) { return "\"" + std::string(etag) + "\""; }

std::string kept_encoding(std::string_view given) {
    std::string kept;
    for (const std::string_view one : split(given, ',')) {
        const std::string_view name = trim(one);
        if (to_lower(name) == "aws-chunked" || name.empty()) continue;
        if (!kept.empty()) kept += ",";
        kept += name;
    }
    return kept;
}

static bool etag_matches(std::string_view list, std::string_view etag) {
    for (std::string_view one : split(list, ',')) {
        one = trim(one);
        if (one == "*") return true;
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one.size() >= 2 && one.starts_with('"') && one.ends_with('"'))
            one = one.substr(1, one.size() - 2);
        if (one == etag) return true;
    }
    return false;
}

static Unexpected precondition_failed(std::string_view condition) {
    return unexpected(Failure{
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        {}}.with("Condition", std::string(condition)));
}

Status check_conditions(const Conditions& conditions, const s3::Object& object) {
    // HTTP dates have whole seconds.
    const Time modified = std::chrono::floor<std::chrono::seconds>(object.modified);
    if (conditions.if_match && !etag_matches(*conditions.if_match, object.etag))
        return precondition_failed("If-Match");
    if (!conditions.if_match && conditions.if_unmodified_since &&
        modified > *conditions.if_unmodified_since)
        return precondition_failed("If-Unmodified-Since");
    const bool same =
        conditions.if_none_match
            ? etag_matches(*conditions.if_none_match, object.etag)
            : conditions.if_modified_since && modified <= *conditions.if_modified_since;
    if (same)
        return Failure{"NotModified", "Not Modified", 304, {}}.with("ETag", quoted(object.etag));
    return ok();
}

Status check_write_conditions(const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match,
                              const std::optional<s3::Object>& current) {
    if (if_none_match && *if_none_match != "*")
        return fail("NotImplemented",
                    "A header you provided implies functionality that is not implemented: "
                    "If-None-Match takes only *.",
                    501);
    if (if_none_match && current) return precondition_failed("If-None-Match");
    if (if_match && !current) return fail("NoSuchKey", "The specified key does not exist.", 404);
    if (if_match && !etag_matches(*if_match, current->etag)) return precondition_failed("If-Match");
    return ok();
}

Result<std::optional<Range>> parse_range(std::string_view header, uint64_t size) {
    // Several ranges, other units and nonsense: the whole object, as S3 does.
    if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos)
        return std::optional<Range>();
    const auto [from_text, to_text] = split_once(header.substr(6), '-');
    const auto from = parse_uint(trim(from_text));
    const auto to = parse_uint(trim(to_text));
    const auto invalid = [&] {
        return unexpected(Failure{"InvalidRange", "The requested range is not satisfiable", 416, {}}
                              .with("RangeRequested", std::string(header))
                              .with("ActualObjectSize", std::to_string(size)));
    };
    if (from_text.empty()) {
        if (!to) return std::optional<Range>();
        if (*to == 0 || size == 0) return invalid();
        const uint64_t length = std::min(*to, size);
        return std::optional<Range>(Range{size - length, length});
    }
    if (!from || (!to && !to_text.empty()) || (to && *to < *from)) return std::optional<Range>();
    if (*from >= size) return invalid();
    const uint64_t last = to ? std::min(*to, size - 1) : size - 1;
    return std::optional<Range>(Range{*from, last - *from + 1});
}

static Status check_tag(std::string_view key, std::string_view value) {
    if (key.empty() || key.size() > 128 * 4)
        return fail("InvalidTag", "The TagKey you have provided is invalid", 400);
    if (value.size() > 256 * 4)
        return fail("InvalidTag", "The TagValue you have provided is invalid", 400);
    if (key.starts_with("aws:"))
        return fail("InvalidTag", "System tags cannot be added/updated by requester", 400);
    return ok();
}

Result<std::map<std::string, std::string>> parse_tagging(std::string_view text) {
    std::map<std::string, std::string> out;
    if (text.empty()) return out;
    for (const std::string_view part : split(text, '&')) {
        const auto [name, value] = split_once(part, '=');
        const auto key = percent_decode(name, true);
        const auto decoded = percent_decode(value, true);
        if (!key || !decoded)
            return fail("InvalidArgument",
                        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                        "query parameters without tag name duplicates.",
                        400);
        REQUIRE(check_tag(*key, *decoded));
        if (!out.emplace(*key, *decoded).second)
            return fail("InvalidArgument",
                        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                        "query parameters without tag name duplicates.",
                        400);
    }
    if (out.size() > limits::object_tags)
        return fail("BadRequest", "Object tags cannot be greater than 10", 400);
    return out;
}

Result<std::map<std::string, std::string>> checked_tags(const List<Tag>& tags, size_t most) {
    std::map<std::string, std::string> out;
    for (const Tag& tag : tags) {
        REQUIRE(check_tag(tag.key, tag.value));
        if (!out.emplace(tag.key, tag.value).second)
            return fail("InvalidTag", "Cannot provide multiple Tags with the same key", 400);
    }
    if (out.size() > most)
        return fail("BadRequest", "Object tags cannot be greater than " + std::to_string(most),
                    400);
    return out;
}

List<Tag> tag_list(const std::map<std::string, std::string>& tags) {
    List<Tag> out;
    out.present = true;
    for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
    return out;
}

Status check_metadata(const std::map<std::string, std::string>& metadata) {
    size_t bytes = 0;
    for (const auto& [name, value] : metadata) bytes += name.size() + value.size();
    if (bytes <= limits::metadata_bytes) return ok();
    return Failure{"MetadataTooLarge",
                   "Your metadata headers exceed the maximum allowed metadata size",
                   400,
                   {}}
        .with("Size", std::to_string(bytes))
        .with("MaxSizeAllowed", std::to_string(limits::metadata_bytes));
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
Status check_acl(const Bucket& bucket, const std::optional<std::string>& canned, bool grants) {
    const std::string acl = canned.value_or("private");
    if (!grants && (acl == "private" || acl == "bucket-owner-full-control")) return ok();
    if (bucket.ownership == "BucketOwnerEnforced")
        return fail("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
    return fail("NotImplemented", "Unkai has no ACLs that grant something; use a bucket policy.",
                501);
}

std::string etag_of(const s3::Headers& headers, std::string_view md5, Random& random) {
    return headers.kms_key.empty() ? hex(md5) : random.hex(32);
}

}  // namespace unkai::services::s3
