// Files inside a folder that we do not trust: a layer being unpacked, a container's root file
// system.
//
// No path here ever leaves its folder, whatever links lie in it: the kernel resolves them
// (openat2). Blocking; call them on Workers. Errors: "FileFailed" with the path and the reason.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/fd.h"

namespace unkai::planes::containers {

// How a link on the way counts: it is refused, or its target is looked up with the folder as "/",
// as the container itself would see it.
enum class Links { refused, in_root };

Result<Fd> open_folder(const std::string& path);
// `path` is relative to `folder`; a leading '/' means the folder. "" is the folder itself.
Result<Fd> open_beneath(int folder, std::string_view path, int flags, Links links,
                        unsigned mode = 0);

// Reads a file of at most `most` bytes. nullopt when it is not there or is no regular file.
std::optional<std::string> read_beneath(int folder, std::string_view path, size_t most);

struct Owner {
    unsigned user = 0;
    unsigned group = 0;
};
// Makes or replaces a regular file; folders on the way are made (0755). A dangling link in the last
// place is replaced by the file.
Status write_beneath(int folder, std::string_view path, std::string_view content, Owner owner,
                     unsigned mode = 0644);
Status make_folders_beneath(int folder, std::string_view path, Owner owner, Links links);

// Removes `name` in `folder`, whatever it is, with all that is below it. Absent is fine.
Status remove_at(int folder, const std::string& name);
// Removes a folder by path; absent is fine. Does not cross into mounts: unmount first.
Status remove_folder(const std::string& path);

}  // namespace unkai::planes::containers
