// Base images made from this machine's own programs, where no public registry is wanted: node,
// python, debian (a shell and the usual commands), scratch (nothing).
//
// What goes in: the interpreter with the shared libraries that it needs, the C library, dash and
// bash, coreutils, grep, sed, awk, tar, CA certificates, /etc/passwd with the users of the public
// image. The layout is that of Debian and of the public images (/usr/local/bin/node, user node is
// 1000), so that Dockerfiles written for those build unchanged. What differs is said in `note`, and
// shown to the user. Errors: "BaseImageUnavailable" with the fix.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "images/tree.h"
#include "planes/containers/image.h"

namespace unkai::images {

struct MachineImage {
    std::vector<Tree> layers;  // Lowest first.
    std::vector<std::string> environment;
    std::vector<std::string> command;
    std::string note;  // "node:20-slim is assembled from this machine's Node.js 18.19.0, …"
};

enum class MachineKind { scratch, debian, node, python };

// Which of them a reference means: "public.ecr.aws/docker/library/node:20-slim" is node. nullopt:
// none.
std::optional<MachineKind> machine_kind(const planes::containers::ImageReference& reference);

// Rises when assemble() takes other files than before: what was kept of it is then made anew.
inline constexpr int assembly_version = 2;

// Lists what the image consists of; reads no big file. Some 200 ms (it asks the dynamic linker).
Result<MachineImage> assemble(MachineKind kind, const std::string& reference);

// The paths of `ldd`'s output. Pure.
std::vector<std::string> parse_ldd(std::string_view text);

}  // namespace unkai::images
