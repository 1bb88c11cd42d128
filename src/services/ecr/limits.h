// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::ecr::limits {

constexpr size_t repositories = 100'000;  // In a registry.
constexpr size_t images = 100'000;        // In a repository.
constexpr size_t tags_per_image = 1'000;
constexpr size_t tags_per_repository = 50;  // AWS resource tags.
constexpr size_t layers_per_image = 4'200;
constexpr int64_t layer_bytes = int64_t{52'000} << 20;  // 52,000 MiB
constexpr int64_t part_bytes = int64_t{10} << 20;       // As InitiateLayerUpload tells.
constexpr int64_t least_part_bytes = int64_t{5} << 20;  // But for the last part.
constexpr size_t manifest_bytes = 4 << 20;
constexpr size_t policy_bytes = 10'240;
constexpr size_t lifecycle_policy_bytes = 30'720;
constexpr int token_hours = 12;

// Ours: bytes that were uploaded and never became a layer are dropped after so many hours.
constexpr int upload_hours = 24;

}  // namespace unkai::services::ecr::limits
