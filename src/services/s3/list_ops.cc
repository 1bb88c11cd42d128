#include "aws/paging.h"
#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

struct Listing {
    std::vector<std::pair<std::string, s3::Object>> objects;
    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string last;  // The last key or prefix listed.
    size_t size() const { return objects.size() + prefixes.size(); }
};

struct Question {
    std::string bucket, prefix, delimiter, after;
    size_t most;
};

// Keys after `after` in byte order; those that share what stands before the delimiter fold into one
// prefix, and the walk jumps over them.
Listing walk(store::Txn& txn, const Question& question) {
    Listing out;
    std::string after = question.after;
    bool jumped = true;
    while (jumped && !out.truncated) {
        jumped = false;
        const std::string begin = std::max(after, question.prefix);
        std::optional<std::tuple<std::string, std::string>> from;
        if (!after.empty() && after >= question.prefix)
            from = {question.bucket, after};
        else if (!question.prefix.empty() && begin == question.prefix)
            from = std::nullopt;
        schema::objects.each(
            txn, store::key_prefix(question.bucket),
            [&](const auto& row, const s3::Object& object) {
                const std::string& key = std::get<1>(row);
                if (key < question.prefix) return true;
                if (!key.starts_with(question.prefix)) return false;
                if (out.size() == question.most) {
                    out.truncated = true;
                    return false;
                }
                const size_t at = question.delimiter.empty()
                                      ? std::string::npos
                                      : key.find(question.delimiter, question.prefix.size());
                if (at == std::string::npos) {
                    out.objects.emplace_back(key, object);
                    out.last = after = key;
                    return true;
                }
                const std::string folder = key.substr(0, at + question.delimiter.size());
                // A marker inside this folder means that it was listed on the page before.
                if (!(question.after.starts_with(folder) ||
                      (!out.prefixes.empty() && out.prefixes.back() == folder))) {
                    out.prefixes.push_back(folder);
                    out.last = folder;
                }
                after = folder + std::string(8, '\xFF');  // Past all keys of this folder.
                jumped = true;
                return false;
            },
            from);
    }
    return out;
}

std::string encoded(const std::string& text, bool url) {
    return url ? percent_encode(text, "/") : text;
}

api::s3::Object describe(const std::string& key, const s3::Object& object, bool url) {
    api::s3::Object out;
    out.key = encoded(key, url);
    out.last_modified = object.modified;
    out.e_tag = quoted(object.etag);
    out.size = static_cast<int64_t>(object.size);
    out.storage_class = object.headers.storage_class;
    if (!object.checksum.algorithm.empty()) {
        out.checksum_algorithm.push_back(object.checksum.algorithm);
        out.checksum_type = object.checksum_type;
    }
    return out;
}

Result<bool> wants_url(const std::optional<std::string>& encoding) {
    if (encoding && !encoding->empty() && *encoding != "url")
        return fail("InvalidArgument", "Invalid Encoding Method specified in Request", 400);
    return encoding && *encoding == "url";
}

Result<size_t> page_size(const std::optional<int32_t>& wanted) {
    if (wanted && *wanted < 0)
        return fail("InvalidArgument",
                    "Argument maxKeys must be an integer between 0 and 2147483647", 400);
    return static_cast<size_t>(std::min(wanted.value_or(limits::page), limits::page));
}

}  // namespace

Result<ListObjectsOutput> S3::ListObjects(aws::Call& call, const ListObjectsInput& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:ListBucket"));
    TRY(const bool url, wants_url(in.encoding_type));
    TRY(const size_t most, page_size(in.max_keys));
    const Listing listing =
        walk(call.txn(), {in.bucket, in.prefix.value_or(""), in.delimiter.value_or(""),
                          in.marker.value_or(""), most});
    ListObjectsOutput out;
    out.name = in.bucket;
    out.prefix = encoded(in.prefix.value_or(""), url);
    out.marker = encoded(in.marker.value_or(""), url);
    if (in.delimiter) out.delimiter = encoded(*in.delimiter, url);
    out.max_keys = static_cast<int32_t>(most);
    out.encoding_type = in.encoding_type;
    out.is_truncated = listing.truncated && most > 0;
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html: only with a delimiter.
    if (listing.truncated && in.delimiter && most > 0) out.next_marker = encoded(listing.last, url);
    for (const auto& [key, object] : listing.objects) {
        out.contents.push_back(describe(key, object, url));
        out.contents.back().owner = Owner{.display_name = "root", .id = call.account};
    }
    for (const auto& prefix : listing.prefixes)
        out.common_prefixes.push_back({.prefix = encoded(prefix, url)});
    return out;
}

Result<ListObjectsV2Output> S3::ListObjectsV2(aws::Call& call, const ListObjectsV2Input& in) {
    REQUIRE(open_bucket(call, in.bucket, "s3:ListBucket"));
    TRY(const bool url, wants_url(in.encoding_type));
    TRY(const size_t most, page_size(in.max_keys));
    std::string after = in.start_after.value_or("");
    if (in.continuation_token) {
        TRY(after, aws::read_token(*in.continuation_token, "InvalidArgument"));
    }
    const Listing listing = walk(
        call.txn(), {in.bucket, in.prefix.value_or(""), in.delimiter.value_or(""), after, most});
    ListObjectsV2Output out;
    out.name = in.bucket;
    out.prefix = encoded(in.prefix.value_or(""), url);
    if (in.delimiter) out.delimiter = encoded(*in.delimiter, url);
    if (in.start_after) out.start_after = encoded(*in.start_after, url);
    out.max_keys = static_cast<int32_t>(most);
    out.key_count = static_cast<int32_t>(listing.size());
    out.encoding_type = in.encoding_type;
    out.continuation_token = in.continuation_token;
    out.is_truncated = listing.truncated && most > 0;
    if (listing.truncated && most > 0) out.next_continuation_token = aws::make_token(listing.last);
    for (const auto& [key, object] : listing.objects) {
        out.contents.push_back(describe(key, object, url));
        if (in.fetch_owner.value_or(false))
            out.contents.back().owner = Owner{.display_name = "root", .id = call.account};
    }
    for (const auto& prefix : listing.prefixes)
        out.common_prefixes.push_back({.prefix = encoded(prefix, url)});
    return out;
}

}  // namespace unkai::services::s3
