#include "images/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "images/hash.h"
#include "rt/fd.h"

namespace unkai::images {

namespace fs = std::filesystem;

static Unexpected unreadable(const std::string& path, int error) {
    return fail("FileUnreadable", path + " cannot be read: " + std::strerror(error) + ".");
}

void add_folder(Tree& tree, std::string path, uint32_t mode) {
    tree[std::move(path)] = {
        .kind = Entry::Kind::folder, .mode = mode, .source = "", .content = ""};
}

void add_link(Tree& tree, std::string path, std::string target) {
    tree[std::move(path)] = {
        .kind = Entry::Kind::link, .mode = 0777, .source = "", .content = std::move(target)};
}

void add_text(Tree& tree, std::string path, std::string content, uint32_t mode) {
    tree[std::move(path)] = {.mode = mode, .source = "", .content = std::move(content)};
}

Status add_file(Tree& tree, std::string path, const std::string& source) {
    struct stat status;
    if (::stat(source.c_str(), &status) != 0) return unreadable(source, errno);
    if (!S_ISREG(status.st_mode)) return fail("FileUnreadable", source + " is no regular file.");
    tree[std::move(path)] = {.mode = status.st_mode & 07777, .source = source, .content = ""};
    return ok();
}

Status add_folder_tree(Tree& tree, const std::string& path, const std::string& source,
                       const std::vector<std::string>& skip) {
    std::error_code error;
    add_folder(tree, path);
    fs::recursive_directory_iterator walk(source, error), end;
    for (; !error && walk != end; walk.increment(error)) {
        const fs::path& found = walk->path();
        if (std::ranges::find(skip, found.filename().string()) != skip.end()) {
            walk.disable_recursion_pending();
            continue;
        }
        const std::string inside = path + "/" + found.lexically_relative(source).string();
        if (walk->is_symlink()) {
            add_link(tree, inside, fs::read_symlink(found, error).string());
        } else if (walk->is_directory()) {
            add_folder(tree, inside);
        } else if (walk->is_regular_file()) {
            REQUIRE(add_file(tree, inside, found.string()));
        }
    }
    if (error) return fail("FileUnreadable", source + " cannot be read: " + error.message() + ".");
    return ok();
}

// Calls `take` with the file's bytes, piece by piece.
static Status each_piece(const Entry& entry, const auto& take) {
    if (entry.source.empty()) return take(std::string_view(entry.content));
    const Fd file(::open(entry.source.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return unreadable(entry.source, errno);
    std::string buffer(1 << 20, '\0');
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(entry.source, errno);
        if (got == 0) return ok();
        REQUIRE(take(std::string_view(buffer.data(), static_cast<size_t>(got))));
    }
}

Result<std::string> tree_digest(const Tree& tree) {
    Sha256 whole;
    for (const auto& [path, entry] : tree) {
        Sha256 content;
        const auto take = [&](std::string_view bytes) -> Status {
            content.add(bytes);
            return ok();
        };
        if (entry.kind == Entry::Kind::file)
            REQUIRE(each_piece(entry, take));
        else
            content.add(entry.content);
        whole.add_field(path);
        whole.add_field(std::to_string(static_cast<int>(entry.kind)) + " " +
                        std::to_string(entry.mode) + " " + std::to_string(entry.user) + " " +
                        std::to_string(entry.group));
        whole.add_field(content.hex());
    }
    return whole.hex();
}

}  // namespace unkai::images
