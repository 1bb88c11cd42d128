#include "planes/containers/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace unkai::planes::containers {

namespace {

Unexpected file_failed(std::string_view path) {
    return fail("FileFailed",
                "Cannot use '" + std::string(path) + "': " + std::strerror(errno) + ".");
}

std::pair<std::string, std::string> parent_and_name(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return {"", std::string(path)};
    return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

Status write_all(int file, std::string_view content, std::string_view path) {
    while (!content.empty()) {
        const ssize_t written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_failed(path);
        content.remove_prefix(static_cast<size_t>(written));
    }
    return ok();
}

Status remove_children(int folder_fd) {
    DIR* folder = ::fdopendir(folder_fd);
    if (folder == nullptr) {
        ::close(folder_fd);
        return file_failed("a folder");
    }
    Status status;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        status = remove_at(::dirfd(folder), name);
        if (!status) break;
    }
    ::closedir(folder);
    return status;
}

}  // namespace

Result<Fd> open_folder(const std::string& path) {
    Fd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return file_failed(path);
    return folder;
}

Result<Fd> open_beneath(int folder, std::string_view path, int flags, Links links, unsigned mode) {
    while (path.starts_with('/')) path.remove_prefix(1);
    const std::string name = path.empty() ? "." : std::string(path);
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_NO_MAGICLINKS;
    how.resolve |=
        links == Links::refused ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS : RESOLVE_IN_ROOT;
    for (int attempt = 0; attempt < 100; ++attempt) {
        const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
        if (fd >= 0) return Fd(static_cast<int>(fd));
        if (errno != EAGAIN && errno != EINTR) break;  // EAGAIN: something was renamed meanwhile.
    }
    return file_failed(path);
}

std::optional<std::string> read_beneath(int folder, std::string_view path, size_t most) {
    auto file = open_beneath(folder, path, O_RDONLY | O_NONBLOCK, Links::in_root);
    if (!file) return std::nullopt;
    struct stat info{};
    if (::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    if (static_cast<size_t>(info.st_size) > most) return std::nullopt;
    std::string content(static_cast<size_t>(info.st_size), '\0');
    size_t have = 0;
    while (have < content.size()) {
        const ssize_t got = ::read(file->get(), content.data() + have, content.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += static_cast<size_t>(got);
    }
    content.resize(have);
    return content;
}

Status make_folders_beneath(int folder, std::string_view path, Owner owner, Links links) {
    TRY(Fd current, open_beneath(folder, "", O_PATH | O_DIRECTORY, links));
    std::string so_far;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        const std::string name(part);
        if (::mkdirat(current.get(), name.c_str(), 0755) == 0) {
            if (::fchownat(current.get(), name.c_str(), owner.user, owner.group,
                           AT_SYMLINK_NOFOLLOW) != 0)
                return file_failed(path);
        } else if (errno != EEXIST) {
            return file_failed(path);
        }
        so_far += (so_far.empty() ? "" : "/") + name;
        TRY(current, open_beneath(folder, so_far, O_PATH | O_DIRECTORY, links));
    }
    return ok();
}

Status write_beneath(int folder, std::string_view path, std::string_view content, Owner owner,
                     unsigned mode) {
    const auto [parent_path, name] = parent_and_name(path);
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;
    auto file = open_beneath(folder, path, flags, Links::in_root, mode);
    if (!file) {
        REQUIRE(make_folders_beneath(folder, parent_path, owner, Links::in_root));
        TRY(Fd parent, open_beneath(folder, parent_path, O_PATH | O_DIRECTORY, Links::in_root));
        REQUIRE(remove_at(parent.get(), name));
        file = open_beneath(folder, path, flags, Links::in_root, mode);
        if (!file) return file.error();
    }
    struct stat info{};
    if (::fstat(file->get(), &info) != 0) return file_failed(path);
    if (!S_ISREG(info.st_mode))
        return fail("FileFailed",
                    "'" + std::string(path) + "' in the image is not a regular file.");
    REQUIRE(write_all(file->get(), content, path));
    if (::fchown(file->get(), owner.user, owner.group) != 0) return file_failed(path);
    if (::fchmod(file->get(), mode) != 0) return file_failed(path);
    return ok();
}

Status remove_at(int folder, const std::string& name) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return ok();
    if (errno != EISDIR && errno != EPERM) return file_failed(name);
    const int inner =
        ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return errno == ENOENT ? ok() : Status(file_failed(name));
    REQUIRE(remove_children(inner));
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        return file_failed(name);
    return ok();
}

Status remove_folder(const std::string& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return errno == ENOENT ? ok() : Status(file_failed(path));
    REQUIRE(remove_children(folder));
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return file_failed(path);
    return ok();
}

}  // namespace unkai::planes::containers
