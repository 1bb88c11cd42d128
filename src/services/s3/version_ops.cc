#include "services/s3/limits.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

// Where a version stands in a listing: by key, then the current object, then newest first.
using VersionPlace = std::pair<std::string, int64_t>;
constexpr int64_t current_place = std::numeric_limits<int64_t>::min() + 1;
constexpr int64_t after_all_versions = std::numeric_limits<int64_t>::max();

struct Shown {
    VersionPlace place;
    s3::Object object;
    bool marker = false;
    bool latest = false;
};

struct VersionQuestion {
    std::string bucket, prefix, delimiter;
    std::optional<VersionPlace> after;
    size_t most;
};

struct VersionListing {
    std::vector<Shown> versions;
    std::vector<std::string> prefixes;
    bool truncated = false;
    VersionPlace last;        // The last version,
    std::string last_prefix;  // or the prefix that came after it.
    size_t size() const { return versions.size() + prefixes.size(); }
};

// At most `most` versions of both tables after `after`, in order.
std::vector<Shown> next_versions(store::Txn& txn, const VersionQuestion& question,
                                 const std::optional<VersionPlace>& after, size_t most) {
    const std::string& bucket = question.bucket;
    const bool whole_key = !after || after->first < question.prefix;
    const VersionPlace begin =
        whole_key ? VersionPlace{question.prefix, std::numeric_limits<int64_t>::min()} : *after;
    std::vector<Shown> out;
    const auto take_current = [&](const std::string& key, const s3::Object& object) {
        out.push_back({{key, current_place}, object, false, true});
    };
    if (whole_key && !question.prefix.empty())
        if (const auto exact = schema::objects.get(txn, {bucket, question.prefix}))
            take_current(question.prefix, *exact);
    std::optional<std::tuple<std::string, std::string>> from;
    if (!begin.first.empty()) from = {bucket, begin.first};
    schema::objects.each(
        txn, store::key_prefix(bucket),
        [&](const auto& row, const s3::Object& object) {
            if (!std::get<1>(row).starts_with(question.prefix)) return false;
            take_current(std::get<1>(row), object);
            return out.size() < most;
        },
        from);
    const size_t objects = out.size();
    std::optional<std::tuple<std::string, std::string, int64_t>> from_version;
    if (!begin.first.empty()) from_version = {bucket, begin.first, begin.second};
    schema::versions.each(
        txn, store::key_prefix(bucket),
        [&](const auto& row, const Version& version) {
            if (!std::get<1>(row).starts_with(question.prefix)) return false;
            out.push_back(
                {{std::get<1>(row), std::get<2>(row)}, version.object, version.marker, false});
            return out.size() - objects < most;
        },
        from_version);
    std::sort(out.begin(), out.end(),
              [](const Shown& a, const Shown& b) { return a.place < b.place; });
    if (out.size() > most) out.resize(most);  // Beyond it one of the tables may have more between.
    return out;
}

// Whether it is the first of its key: what a GET without an id sees.
void mark_latest(store::Txn& txn, const std::string& bucket, Shown& shown) {
    if (shown.latest || !shown.marker) return;
    if (schema::objects.has(txn, {bucket, shown.place.first})) return;
    schema::versions.each(txn, store::key_prefix(bucket, shown.place.first),
                          [&](const auto& row, const Version&) {
                              shown.latest = std::get<2>(row) == shown.place.second;
                              return false;
                          });
}

// Keys that share what stands before the delimiter fold into one prefix; the walk jumps over them.
VersionListing walk_versions(store::Txn& txn, const VersionQuestion& question) {
    VersionListing out;
    std::optional<VersionPlace> after = question.after;
    for (bool more = true; more && !out.truncated;) {
        const size_t wanted = question.delimiter.empty() ? question.most + 1 : 64;
        const auto found = next_versions(txn, question, after, wanted);
        more = found.size() == wanted;
        for (Shown shown : found) {
            const std::string& key = shown.place.first;
            if (out.size() == question.most) {
                out.truncated = true;
                break;
            }
            const size_t at = question.delimiter.empty()
                                  ? std::string::npos
                                  : key.find(question.delimiter, question.prefix.size());
            after = shown.place;
            if (at == std::string::npos) {
                mark_latest(txn, question.bucket, shown);
                out.last = shown.place;
                out.last_prefix.clear();
                out.versions.push_back(std::move(shown));
                continue;
            }
            const std::string folder = key.substr(0, at + question.delimiter.size());
            if (!question.after || !question.after->first.starts_with(folder)) {
                out.prefixes.push_back(folder);
                out.last_prefix = folder;
            }
            after = VersionPlace{folder + std::string(8, '\xFF'), after_all_versions};
            more = true;
            break;
        }
    }
    return out;
}

Result<std::optional<VersionPlace>> place_after(aws::Call& call, const Versions& versions,
                                                const ListObjectVersionsInput& in) {
    const std::string id = in.version_id_marker.value_or("");
    const std::string key = in.key_marker.value_or("");
    if (!id.empty() && key.empty())
        return fail("InvalidArgument",
                    "A version-id marker cannot be specified without a key marker.", 400);
    if (key.empty()) return std::optional<VersionPlace>();
    if (id.empty()) return std::optional<VersionPlace>({key, after_all_versions});
    REQUIRE(check_version_id(id));
    const auto found = versions.find(key, id);
    if (found && found->current) return std::optional<VersionPlace>({key, current_place});
    if (found) return std::optional<VersionPlace>({key, -stamp_of(found->object)});
    // It was deleted meanwhile: what is older than it.
    return std::optional<VersionPlace>({key, -stamp_of(id).value_or(micros(call.now))});
}

ObjectVersion object_version(const Shown& shown, const std::string& key, const Owner& owner) {
    ObjectVersion out;
    out.key = key;
    out.version_id = shown_version(shown.object);
    out.is_latest = shown.latest;
    out.last_modified = shown.object.modified;
    out.e_tag = quoted(shown.object.etag);
    out.size = static_cast<int64_t>(shown.object.size);
    out.storage_class = shown.object.headers.storage_class;
    out.owner = owner;
    if (!shown.object.checksum.algorithm.empty()) {
        out.checksum_algorithm.push_back(shown.object.checksum.algorithm);
        out.checksum_type = shown.object.checksum_type;
    }
    return out;
}

}  // namespace

Result<PutBucketVersioningOutput> S3::PutBucketVersioning(aws::Call& call,
                                                          const PutBucketVersioningInput& in) {
    TRY(Bucket bucket, open_bucket(call, in.bucket, "s3:PutBucketVersioning"));
    const std::string status = in.versioning_configuration.status.value_or("");
    if (status.empty())
        return fail("IllegalVersioningConfigurationException",
                    "The Versioning element must be specified", 400);
    if (status != "Enabled" && status != "Suspended")
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    if (in.versioning_configuration.mfa_delete.value_or("Disabled") != "Disabled")
        return fail("NotImplemented", "Unkai has no MFA devices: leave MFA delete out.", 501);
    bucket.versioning = status;
    schema::buckets.put(call.txn(), {bucket.name}, bucket);
    return PutBucketVersioningOutput{};
}

// A bucket that never had versioning answers an empty configuration.
Result<GetBucketVersioningOutput> S3::GetBucketVersioning(aws::Call& call,
                                                          const GetBucketVersioningInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:GetBucketVersioning"));
    GetBucketVersioningOutput out;
    if (!bucket.versioning.empty()) out.status = bucket.versioning;
    return out;
}

Result<ListObjectVersionsOutput> S3::ListObjectVersions(aws::Call& call,
                                                        const ListObjectVersionsInput& in) {
    TRY(const Bucket bucket, open_bucket(call, in.bucket, "s3:ListBucketVersions"));
    if (in.encoding_type && !in.encoding_type->empty() && *in.encoding_type != "url")
        return fail("InvalidArgument", "Invalid Encoding Method specified in Request", 400);
    if (in.max_keys.value_or(0) < 0)
        return fail("InvalidArgument",
                    "Argument maxKeys must be an integer between 0 and 2147483647", 400);
    const auto most =
        static_cast<size_t>(std::min(in.max_keys.value_or(limits::page), limits::page));
    TRY(const auto after, place_after(call, versions(call, bucket), in));
    const VersionListing listing = walk_versions(
        call.txn(), {in.bucket, in.prefix.value_or(""), in.delimiter.value_or(""), after, most});
    const auto shown = [&](const std::string& text) {
        return in.encoding_type.value_or("") == "url" ? percent_encode(text, "/") : text;
    };
    ListObjectVersionsOutput out;
    out.name = in.bucket;
    out.prefix = shown(in.prefix.value_or(""));
    if (in.delimiter) out.delimiter = shown(*in.delimiter);
    out.key_marker = shown(in.key_marker.value_or(""));
    out.version_id_marker = in.version_id_marker.value_or("");
    out.max_keys = static_cast<int32_t>(most);
    out.encoding_type = in.encoding_type;
    out.is_truncated = listing.truncated && most > 0;
    if (*out.is_truncated && !listing.last_prefix.empty()) {
        out.next_key_marker = shown(listing.last_prefix);
    } else if (*out.is_truncated) {
        out.next_key_marker = shown(listing.last.first);
        for (const Shown& version : listing.versions)
            if (version.place == listing.last)
                out.next_version_id_marker = shown_version(version.object);
    }
    const Owner owner{.display_name = "root", .id = bucket.account};
    for (const Shown& version : listing.versions) {
        const std::string key = shown(version.place.first);
        if (version.marker)
            out.delete_markers.push_back({.owner = owner,
                                          .key = key,
                                          .version_id = shown_version(version.object),
                                          .is_latest = version.latest,
                                          .last_modified = version.object.modified});
        else
            out.versions.push_back(object_version(version, key, owner));
    }
    for (const auto& prefix : listing.prefixes)
        out.common_prefixes.push_back({.prefix = shown(prefix)});
    return out;
}

}  // namespace unkai::services::s3
