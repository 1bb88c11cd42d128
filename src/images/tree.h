// A layer before it is an archive: paths and what lies there. And the archive: a tar that is the
// same, byte for byte, for the same tree (sorted, one time stamp for all, no names of users),
// packed by zstd.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::images {

struct Entry {
    enum class Kind { file, folder, link } kind = Kind::file;
    uint32_t mode = 0644;
    uint32_t user = 0;
    uint32_t group = 0;
    std::string source;   // A file on this machine; empty: `content` is the file.
    std::string content;  // Of a file without a source; a link's target.
};

// Relative paths without a leading '/'. A file ".wh.name" says that name is gone (OCI image
// layers).
using Tree = std::map<std::string, Entry>;

void add_folder(Tree& tree, std::string path, uint32_t mode = 0755);
void add_link(Tree& tree, std::string path, std::string target);
void add_text(Tree& tree, std::string path, std::string content, uint32_t mode = 0644);
// The file's own mode. Error "FileUnreadable".
Status add_file(Tree& tree, std::string path, const std::string& source);
// A folder with all that is below it; `skip` names (of files and folders) stay away.
Status add_folder_tree(Tree& tree, const std::string& path, const std::string& source,
                       const std::vector<std::string>& skip = {});

// SHA-256 over everything but time stamps; reads the files. Hexadecimal.
Result<std::string> tree_digest(const Tree& tree);

struct Packed {
    std::string digest;   // Of the archive as written: the layer's name.
    std::string diff_id;  // Of the tar inside it.
    int64_t bytes = 0;
};
constexpr const char* layer_media_type = "application/vnd.oci.image.layer.v1.tar+zstd";

// Writes the archive to `path`. Errors: "FileUnreadable", "LayerUnwritable".
Result<Packed> pack(const Tree& tree, const std::string& path);

}  // namespace unkai::images
