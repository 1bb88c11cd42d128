// Every key and record that S3 stores.
#pragma once

#include "services/s3/checksum.h"
#include "store/table.h"

namespace unkai::services::s3 {

struct Bucket {
    std::string name, account, region;
    Time created;
    std::string policy;
    std::optional<std::string> public_access_block;  // PublicAccessBlockConfiguration as JSON
    std::string cors, encryption;                    // Their configurations as JSON; empty: none.
    std::string ownership = "BucketOwnerEnforced";   // Empty: the controls were deleted.
    std::map<std::string, std::string> tags;
    std::string versioning;  // Empty: never had it; then Enabled or Suspended.
    std::string lifecycle;   // BucketLifecycleConfiguration as JSON; empty: none.
    std::string smallest_transition = "all_storage_classes_128K";  // Of the lifecycle; kept only.
    void fields(auto& field) {
        field(1, name);
        field(2, account);
        field(3, region);
        field(4, created);
        field(5, policy);
        field(6, public_access_block);
        field(7, cors);
        field(8, encryption);
        field(9, ownership);
        field(10, tags);
        field(11, versioning);
        field(12, lifecycle);
        field(13, smallest_transition);
    }
};

// A piece of a body: a blob, or (one piece alone) bytes in schema::bodies.
struct Segment {
    std::string blob;  // Empty: inline.
    uint64_t size = 0;
    void fields(auto& field) {
        field(1, blob);
        field(2, size);
    }
};

// What the client says of an object and gets back with it.
struct Headers {
    std::string content_type, cache_control, content_disposition, content_encoding,
        content_language;
    std::string expires, redirect, storage_class, encryption;
    std::map<std::string, std::string> metadata;
    std::string kms_key;      // The key's ARN, when encryption is aws:kms.
    bool bucket_key = false;  // S3 Bucket Keys.
    bool operator==(const Headers&) const = default;
    void fields(auto& field) {
        field(1, content_type);
        field(2, cache_control);
        field(3, content_disposition);
        field(4, content_encoding);
        field(5, content_language);
        field(6, expires);
        field(7, redirect);
        field(8, storage_class);
        field(9, encryption);
        field(10, metadata);
        field(11, kms_key);
        field(12, bucket_key);
    }
};

struct Object {
    uint64_t size = 0;
    std::string etag;  // Without quotes.
    Time modified;
    Headers headers;
    std::map<std::string, std::string> tags;
    std::vector<Segment> segments;
    std::vector<uint64_t> parts;              // Sizes, of objects made by a multipart upload.
    Checksum checksum;                        // Empty algorithm: none.
    std::string checksum_type;                // FULL_OBJECT, COMPOSITE
    std::vector<std::string> part_checksums;  // Base64, as many as parts, when COMPOSITE.
    std::string version;                      // Empty: the version `null`.
    int64_t stamp = 0;                        // Grows with each version of the key; 0: `modified`.
    void fields(auto& field) {
        field(1, size);
        field(2, etag);
        field(3, modified);
        field(4, headers);
        field(5, tags);
        field(6, segments);
        field(7, parts);
        field(8, checksum);
        field(9, checksum_type);
        field(10, part_checksums);
        field(11, version);
        field(12, stamp);
    }
};

// A version that is not the current object of its key, or a delete marker.
struct Version {
    Object object;  // Of a delete marker: version, stamp and modified alone.
    bool marker = false;
    Time since;  // When a newer one came; of a newest delete marker: when it was made.
    void fields(auto& field) {
        field(1, object);
        field(2, marker);
        field(3, since);
    }
};

struct Upload {
    std::string key;
    Time initiated;
    Headers headers;
    std::map<std::string, std::string> tags;
    std::string algorithm, checksum_type;
    void fields(auto& field) {
        field(1, key);
        field(2, initiated);
        field(3, headers);
        field(4, tags);
        field(5, algorithm);
        field(6, checksum_type);
    }
};

struct Part {
    Segment segment;
    std::string etag;
    Time modified;
    Checksum checksum;
    void fields(auto& field) {
        field(1, segment);
        field(2, etag);
        field(3, modified);
        field(4, checksum);
    }
};

namespace schema {
inline const store::Table<Bucket, std::string> buckets{"s3/buckets"};               // name
inline const store::Table<Object, std::string, std::string> objects{"s3/objects"};  // bucket, key
inline const store::Table<std::string, std::string, std::string> bodies{
    "s3/bodies"};  // bucket, key
// bucket, key, -stamp (newest first). A key without an object has a delete marker as its first
// version, or none.
inline const store::Table<Version, std::string, std::string, int64_t> versions{"s3/versions"};
inline const store::Table<std::string, std::string, std::string, int64_t> version_bodies{
    "s3/version-bodies"};
inline const store::Table<Upload, std::string, std::string, std::string> uploads{
    "s3/uploads"};                                                        // bucket, key, id
inline const store::Table<Part, std::string, int32_t> parts{"s3/parts"};  // upload id, number
}  // namespace schema

}  // namespace unkai::services::s3
