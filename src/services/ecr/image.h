// The rules of images: what a manifest refers to, which tags may move. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/ecr/schema.h"

namespace unkai::services::ecr {

bool is_digest(std::string_view text);  // "sha256:" and 64 lower-case hexadecimal digits.
bool is_tag(std::string_view text);  // https://github.com/opencontainers/distribution-spec, "tag"

std::string manifest_digest(std::string_view manifest);

// Reads an image manifest or an index, of OCI or Docker. `media_type` may be empty: then the
// manifest's own says. The Image has everything but the time. Error "InvalidManifest" with what is
// wrong.
Result<Image> read_manifest(std::string manifest, std::string_view media_type);

// Whether `tag` may be given to another image.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
bool tag_may_move(const Repository& repository, std::string_view tag);

}  // namespace unkai::services::ecr
