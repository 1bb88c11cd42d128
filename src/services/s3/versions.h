// The objects of a bucket and their versions, in one call's transaction.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
// What a key shows (its current object) lies in schema::objects, everything older and every delete
// marker in schema::versions. Each version has a stamp that grows; its id carries it, so that it is
// found without a search. `null` is the id of what was put while versioning was not enabled.
#pragma once

#include <functional>

#include "aws/call.h"
#include "services/s3/schema.h"

namespace unkai::services::s3 {

// A version that was found, and where.
struct Found {
    s3::Object object;
    bool marker = false;
    bool current = true;  // In schema::objects.
};

// What a deletion did.
struct Removed {
    bool marker = false;  // One was made, or removed.
    std::string version;  // Its id, as clients see it; empty: without versions.
};

class Versions {
public:
    // Frees the blobs of what is removed, after the commit.
    using Discard = std::function<void(const std::vector<Segment>&)>;
    Versions(aws::Call& call, const Bucket& bucket, Discard discard)
        : call_(call), bucket_(bucket), discard_(std::move(discard)) {}

    // The newest version, which may be a delete marker; of an id, that one. An empty or `null` id
    // is the version `null`.
    std::optional<Found> newest(const std::string& key) const;
    std::optional<Found> find(const std::string& key, const std::string& id) const;
    std::string inline_body(const std::string& key, const Found& found) const;
    // Writes the object's record where it was found (its tags have changed).
    void update(const std::string& key, const Found& found) const;

    // Makes it the current object and answers its version's id where versioning is enabled.
    std::string put(const std::string& key, s3::Object object, std::string inline_bytes) const;
    // DELETE without an id: a delete marker, where there are versions.
    Removed remove(const std::string& key) const;
    // DELETE of one version, for good. What is not there is removed already.
    Removed remove(const std::string& key, const std::string& id) const;

private:
    using Row = std::pair<std::tuple<std::string, std::string, int64_t>, Version>;
    std::optional<Row> first_row(const std::string& key) const;
    int64_t next_stamp(const std::string& key) const;
    void cover(const std::string& key) const;
    void promote(const std::string& key) const;
    void erase(const std::string& key, const Found& found) const;
    void drop_null(const std::string& key) const;

    aws::Call& call_;
    const Bucket& bucket_;
    Discard discard_;
};

std::string new_version_id(int64_t stamp, Random& random);
// The stamp of an id that new_version_id could have made.
std::optional<int64_t> stamp_of(std::string_view id);
int64_t stamp_of(const s3::Object& object);
// Error: InvalidArgument 400, of an id that is neither one of ours nor `null`.
Status check_version_id(const std::optional<std::string>& id);
// As clients see it: `null` instead of nothing.
std::string shown_version(const s3::Object& object);

}  // namespace unkai::services::s3
