#include "planes/mysql/files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "rt/fd.h"

namespace unkai::planes::mysql {

namespace fs = std::filesystem;

static Unexpected failed(const std::string& path, int cause) {
    return fail("FileFailed", "Cannot write " + path + ": " + std::strerror(cause) + ".");
}

Status make_folder(const std::string& path, mode_t mode, Owner owner) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed(path, errno);
    if (::chown(path.c_str(), owner.user, owner.group) != 0) return failed(path, errno);
    if (::chmod(path.c_str(), mode) != 0) return failed(path, errno);
    return ok();
}

Status write_file(const std::string& path, std::string_view text, mode_t mode, Owner owner,
                  bool synced) {
    const std::string beside = path + ".new";
    const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return failed(beside, errno);
    while (!text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0 && errno != EINTR) return failed(beside, errno);
        if (written > 0) text.remove_prefix(static_cast<size_t>(written));
    }
    if (::fchown(fd.get(), owner.user, owner.group) != 0) return failed(beside, errno);
    if (::fchmod(fd.get(), mode) != 0) return failed(beside, errno);
    if (synced && ::fsync(fd.get()) != 0) return failed(beside, errno);
    return rename_file(beside, path);
}

std::optional<std::string> read_small_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    std::string text;
    std::string buffer(16 << 10, '\0');
    while (text.size() < (1 << 20)) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        text.append(buffer, 0, static_cast<size_t>(got));
    }
    return text;
}

Status rename_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed(to, errno);
    return ok();
}

void remove_tree(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

// Copies the parts that hold data.
static bool copy_data(int from, int to, off_t size) {
    off_t at = 0;
    while (at < size) {
        off_t start = ::lseek(from, at, SEEK_DATA);
        if (start < 0) return errno == ENXIO && ::ftruncate(to, size) == 0;  // Only a hole is left.
        const off_t end = std::min<off_t>(::lseek(from, start, SEEK_HOLE), size);
        off_t target = start;
        while (start < end) {
            const ssize_t copied =
                ::copy_file_range(from, &start, to, &target, static_cast<size_t>(end - start), 0);
            if (copied < 0 && errno == EINTR) continue;
            if (copied <= 0) return false;
        }
        at = end;
    }
    return ::ftruncate(to, size) == 0;
}

static Status copy_file(const std::string& from, const std::string& to, mode_t mode, Owner owner) {
    const Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!source) return failed(from, errno);
    const Fd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!target) return failed(to, errno);
    struct stat info{};
    if (::fstat(source.get(), &info) != 0) return failed(from, errno);
    if (::ioctl(target.get(), FICLONE, source.get()) != 0 &&
        !copy_data(source.get(), target.get(), info.st_size))
        return failed(to, errno);
    if (::fchown(target.get(), owner.user, owner.group) != 0) return failed(to, errno);
    if (::fchmod(target.get(), mode) != 0) return failed(to, errno);
    return ok();
}

Status copy_tree(const std::string& from, const std::string& to, Owner owner,
                 const std::function<bool(std::string_view)>& skip) {
    REQUIRE(make_folder(to, 0700, owner));
    std::error_code failure;
    fs::recursive_directory_iterator at(from, failure);
    if (failure) return failed(from, failure.value());
    for (; at != fs::recursive_directory_iterator(); at.increment(failure)) {
        const std::string below = at->path().string().substr(from.size() + 1);
        const std::string target = to + "/" + below;
        const auto kind = at->symlink_status(failure).type();
        if (skip(below)) {
            if (kind == fs::file_type::directory) at.disable_recursion_pending();
        } else if (kind == fs::file_type::directory) {
            REQUIRE(make_folder(target, 0700, owner));
        } else if (kind == fs::file_type::regular) {
            REQUIRE(copy_file(at->path().string(), target, 0660, owner));
        }
    }
    if (failure) return failed(from, failure.value());
    return ok();
}

Status sync_folder(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0) return failed(path, errno);
    return ok();
}

Status reachable(const std::string& path, Owner owner) {
    for (fs::path part = path; part != part.parent_path(); part = part.parent_path()) {
        struct stat info{};
        if (::stat(part.c_str(), &info) != 0) continue;  // Made later, by us.
        const mode_t needed = info.st_uid == owner.user    ? S_IXUSR
                              : info.st_gid == owner.group ? S_IXGRP
                                                           : S_IXOTH;
        if ((info.st_mode & needed) == 0)
            return fail(
                "DirectoryNotReachable",
                "The database server runs as user " + std::to_string(owner.user) +
                    ", which may not enter " + part.string() +
                    ": put Unkai's data directory elsewhere (for example /var/lib/unkai), or run "
                    "chmod o+x " +
                    part.string() + ".",
                400);
    }
    return ok();
}

Result<std::string> end_of_file(const std::string& path, size_t most) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return fail("FileNotFound", "There is no file " + path + ".", 404);
    const off_t size = ::lseek(fd.get(), 0, SEEK_END);
    const off_t start = size > static_cast<off_t>(most) ? size - static_cast<off_t>(most) : 0;
    std::string text(static_cast<size_t>(size - start), '\0');
    const ssize_t got = ::pread(fd.get(), text.data(), text.size(), start);
    if (got < 0) return fail("FileNotFound", "Cannot read " + path + ".", 404);
    text.resize(static_cast<size_t>(got));
    if (start > 0) text.erase(0, text.find('\n') + 1);
    return text;
}

}  // namespace unkai::planes::mysql
