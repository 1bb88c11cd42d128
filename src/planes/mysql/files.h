// The plane's files: whole or not there, owned by the user that the servers run as. All block: call
// them on a worker. Errors: FileFailed (the sentence names path and cause).
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::planes::mysql {

struct Owner {
    uid_t user = 0;
    gid_t group = 0;
};

Status make_folder(const std::string& path, mode_t mode, Owner owner);
// Written beside, then renamed: a reader sees the old text or the new. `synced`: it survives a
// power failure; what every start writes anew need not.
Status write_file(const std::string& path, std::string_view text, mode_t mode, Owner owner,
                  bool synced = true);
std::optional<std::string> read_small_file(const std::string& path);  // At most 1 MiB.
Status rename_file(const std::string& from, const std::string& to);
void remove_tree(const std::string& path);
// Copies regular files and folders; `to` must not exist. Shares blocks where the file system can
// (FICLONE), keeps holes otherwise. `skip` gets the path below `from`.
Status copy_tree(const std::string& from, const std::string& to, Owner owner,
                 const std::function<bool(std::string_view)>& skip);
Status sync_folder(const std::string& path);  // The whole file system under it.
// Can that user enter every folder of this absolute path? Error DirectoryNotReachable names the
// first that it cannot, and the fix.
Status reachable(const std::string& path, Owner owner);
// The last bytes of a file, from the start of a line.
Result<std::string> end_of_file(const std::string& path, size_t most);

}  // namespace unkai::planes::mysql
