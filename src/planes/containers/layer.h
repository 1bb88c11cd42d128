// Unpacking one layer: a tar stream (plain, gzip or zstd) into a folder that overlayfs can take as
// lower.
//
// The stream is hostile until proven otherwise. Refused, with an error that names the entry:
// absolute paths, "..", a folder on the way that is a link, a hard link to what the layer does not
// have, a relative symbolic link that climbs above the root, a device outside /dev, sockets, too
// many entries, too many bytes, too high a compression ratio, a digest that differs from the one
// expected. Symbolic links are stored as they are and never followed: absolute ones mean the
// container's root. Entries in /dev are skipped: a container's /dev is always a fresh tmpfs.
// ".wh.name" becomes overlayfs's whiteout (a 0:0 character device), ".wh..wh..opq" its opaque mark.
// Owners are moved up by `first_id`, for containers that run in a user namespace. Extended
// attributes (file capabilities among them, which no_new_privs switches off) are not kept.
//
// Blocking: call on Workers. A failed unpacking leaves a partial folder, which the caller removes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace unkai::planes::containers {

struct UnpackOptions {
    uint32_t first_id = 0;  // Owner 0 in the layer is this one on disk.
    int64_t most_entries = 1'000'000;
    int64_t most_bytes = int64_t{20} << 30;  // As Fargate's ephemeral storage.
    int64_t most_ratio = 1000;               // Bytes out per byte in, once 64 MiB are out.
};

constexpr uint32_t ids_in_container = 65536;

struct Unpacked {
    int64_t entries = 0;
    int64_t bytes = 0;
};

// Reads `blob` from its current position to the end. `digest` is "sha256:…" of the blob as it is
// (compressed). Errors have the code "InvalidLayer".
Result<Unpacked> unpack_layer(int blob, const std::string& digest, const std::string& folder,
                              const UnpackOptions& options);

// The path of a tar entry as components joined by '/', without a leading "./"; "" is the root.
// Error "InvalidLayer" for what may lead out. Pure.
Result<std::string> entry_path(std::string_view name);
// Whether a relative symbolic link at `path` to `target` would climb above the root. Pure.
bool climbs_out(std::string_view path, std::string_view target);

}  // namespace unkai::planes::containers
