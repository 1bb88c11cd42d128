// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html and BucketRestrictions.html
#pragma once

#include <cstdint>

namespace unkai::services::s3::limits {

constexpr uint64_t single_upload = uint64_t{5} << 30;  // 5 GiB
constexpr uint64_t object = uint64_t{50} << 40;        // 50 TiB
constexpr uint64_t smallest_part = 5 << 20;            // But the last.
constexpr int32_t parts = 10000;
constexpr size_t key_bytes = 1024;
constexpr size_t metadata_bytes = 2048;
constexpr size_t object_tags = 10;
constexpr size_t bucket_tags = 50;
constexpr size_t policy_bytes = 20 << 10;
constexpr size_t cors_rules = 100;
constexpr size_t lifecycle_rules = 1000;
constexpr int32_t newer_versions = 100;  // NewerNoncurrentVersions of a rule.
constexpr int32_t page = 1000;
constexpr size_t deletes = 1000;  // Keys in one DeleteObjects.
constexpr size_t buckets = 10000;

}  // namespace unkai::services::s3::limits
