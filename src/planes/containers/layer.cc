#include "planes/containers/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "planes/containers/beneath.h"

namespace unkai::planes::containers {

namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view opaque_mark = ".wh..wh..opq";
constexpr std::string_view reserved_prefix = ".wh..wh.";
constexpr int64_t ratio_free_bytes = 64 << 20;

Unexpected bad_layer(std::string_view entry, std::string_view why) {
    return fail("InvalidLayer",
                "The image's layer cannot be unpacked: entry '" +
                    std::string(entry.substr(0, 200)) + "' " + std::string(why) + ".",
                400);
}

Unexpected entry_failed(std::string_view entry) { return bad_layer(entry, std::strerror(errno)); }

// The blob on its way into libarchive: hashed as it is read.
struct HashingSource {
    int blob;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    std::string buffer = std::string(256 << 10, '\0');
    int64_t bytes = 0;

    explicit HashingSource(int fd) : blob(fd) {
        CHECK(EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1);
    }
    ssize_t next() {
        ssize_t got;
        do got = ::read(blob, buffer.data(), buffer.size());
        while (got < 0 && errno == EINTR);
        if (got > 0) {
            EVP_DigestUpdate(hash.get(), buffer.data(), static_cast<size_t>(got));
            bytes += got;
        }
        return got;
    }
    std::string digest() {
        unsigned char out[32];
        EVP_DigestFinal_ex(hash.get(), out, nullptr);
        return "sha256:" + hex({reinterpret_cast<char*>(out), sizeof out});
    }
};

la_ssize_t read_source(archive* reader, void* context, const void** buffer) {
    auto& source = *static_cast<HashingSource*>(context);
    const ssize_t got = source.next();
    if (got < 0) archive_set_error(reader, errno, "reading failed");
    *buffer = source.buffer.data();
    return got;
}

struct ArchiveCloser {
    void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<archive, ArchiveCloser>;

// Names in layers are UTF-8, whatever the program's locale; for this thread only.
class Utf8Locale {
public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr) before_ = ::uselocale(locale_);
    }
    ~Utf8Locale() {
        if (locale_ == nullptr) return;
        ::uselocale(before_);
        ::freelocale(locale_);
    }
    Utf8Locale(const Utf8Locale&) = delete;

private:
    locale_t locale_;
    locale_t before_ = nullptr;
};

class Unpacker {
public:
    Unpacker(archive* reader, HashingSource& source, int root, const UnpackOptions& options)
        : reader_(reader), source_(source), root_(root), options_(options) {}

    Result<Unpacked> run();

private:
    Status one(archive_entry* entry);
    Status place(archive_entry* entry, const std::string& path);
    Status file(archive_entry* entry, const std::string& name, const std::string& path);
    Status copy_data(int file, const std::string& path);
    Status folder(const std::string& name, const std::string& path);
    Status hard_link(const char* target, const std::string& name, const std::string& path);
    Status symbolic_link(const char* target, const std::string& name, const std::string& path);
    Status whiteout(const std::string& name, const std::string& path);
    Status dress(archive_entry* entry, const std::string& name, const std::string& path);
    Result<int> parent_of(const std::string& path);
    Status clear(const std::string& name);
    Owner owner_of(archive_entry* entry) const;
    Status count_bytes(int64_t more, const std::string& path);

    archive* reader_;
    HashingSource& source_;
    int root_;
    const UnpackOptions& options_;
    Unpacked done_;
    // The folder of the previous entry: archives keep siblings together.
    std::string parent_path_;
    Fd parent_;
};

Owner Unpacker::owner_of(archive_entry* entry) const {
    const auto shift = [&](int64_t id) {
        const bool known = id >= 0 && id < ids_in_container;
        return options_.first_id + static_cast<uint32_t>(known ? id : ids_in_container - 2);
    };
    return {shift(archive_entry_uid(entry)), shift(archive_entry_gid(entry))};
}

Result<int> Unpacker::parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string wanted = slash == std::string::npos ? "" : path.substr(0, slash);
    if (parent_ && wanted == parent_path_) return parent_.get();
    auto opened = open_beneath(root_, wanted, O_PATH | O_DIRECTORY, Links::refused);
    if (!opened) {
        const Owner owner{options_.first_id, options_.first_id};
        if (!make_folders_beneath(root_, wanted, owner, Links::refused))
            return bad_layer(path, "lies in what is no folder");
        opened = open_beneath(root_, wanted, O_PATH | O_DIRECTORY, Links::refused);
        if (!opened) return bad_layer(path, "lies in what is no folder");
    }
    parent_ = std::move(*opened);
    parent_path_ = wanted;
    return parent_.get();
}

Status Unpacker::clear(const std::string& name) {
    const int parent = ::dup(parent_.get());
    const Fd kept(parent);
    return remove_at(parent, name);
}

Status Unpacker::count_bytes(int64_t more, const std::string& path) {
    done_.bytes += more;
    if (done_.bytes > options_.most_bytes)
        return bad_layer(path, "makes it larger than " + std::to_string(options_.most_bytes) +
                                   " bytes, the limit");
    if (done_.bytes > ratio_free_bytes &&
        done_.bytes / std::max<int64_t>(source_.bytes, 1) > options_.most_ratio)
        return bad_layer(path, "is compressed more than " + std::to_string(options_.most_ratio) +
                                   " times, the limit");
    return ok();
}

Status Unpacker::copy_data(int file, const std::string& path) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
        const int result = archive_read_data_block(reader_, &block, &size, &offset);
        if (result == ARCHIVE_EOF) return ok();
        if (result != ARCHIVE_OK) return bad_layer(path, "is cut short or damaged");
        REQUIRE(count_bytes(static_cast<int64_t>(size), path));
        auto* bytes = static_cast<const char*>(block);
        while (size > 0) {
            const ssize_t written = ::pwrite(file, bytes, size, offset);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return entry_failed(path);
            bytes += written;
            offset += written;
            size -= static_cast<size_t>(written);
        }
    }
}

Status Unpacker::file(archive_entry* entry, const std::string& name, const std::string& path) {
    REQUIRE(clear(name));
    const Fd out(::openat(parent_.get(), name.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out) return entry_failed(path);
    const int64_t size = archive_entry_size(entry);
    if (size < 0 || size > options_.most_bytes) return bad_layer(path, "is larger than the limit");
    REQUIRE(copy_data(out.get(), path));
    if (::ftruncate(out.get(), size) != 0) return entry_failed(path);
    return ok();
}

Status Unpacker::folder(const std::string& name, const std::string& path) {
    if (::mkdirat(parent_.get(), name.c_str(), 0755) == 0) return ok();
    if (errno != EEXIST) return entry_failed(path);
    struct stat info{};
    if (::fstatat(parent_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        return entry_failed(path);
    if (S_ISDIR(info.st_mode)) return ok();
    REQUIRE(clear(name));
    if (::mkdirat(parent_.get(), name.c_str(), 0755) != 0) return entry_failed(path);
    return ok();
}

Status Unpacker::hard_link(const char* target, const std::string& name, const std::string& path) {
    TRY(const std::string source, entry_path(target));
    if (source == path) return ok();
    const size_t slash = source.rfind('/');
    const std::string folder_path = slash == std::string::npos ? "" : source.substr(0, slash);
    const std::string source_name = slash == std::string::npos ? source : source.substr(slash + 1);
    auto from = open_beneath(root_, folder_path, O_PATH | O_DIRECTORY, Links::refused);
    if (!from || source_name.empty())
        return bad_layer(path, "is a hard link to what the layer does not have");
    REQUIRE(clear(name));
    if (::linkat(from->get(), source_name.c_str(), parent_.get(), name.c_str(), 0) != 0)
        return bad_layer(path, "is a hard link to what the layer does not have");
    return ok();
}

Status Unpacker::symbolic_link(const char* target, const std::string& name,
                               const std::string& path) {
    if (target == nullptr || *target == '\0') return bad_layer(path, "is a link to nothing");
    if (climbs_out(path, target)) return bad_layer(path, "is a link that leaves the root");
    REQUIRE(clear(name));
    if (::symlinkat(target, parent_.get(), name.c_str()) != 0) return entry_failed(path);
    return ok();
}

Status Unpacker::whiteout(const std::string& name, const std::string& path) {
    if (name == opaque_mark) {
        const std::string folder = "/proc/self/fd/" + std::to_string(parent_.get());
        if (::setxattr(folder.c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0)
            return entry_failed(path);
        return ok();
    }
    if (name.starts_with(reserved_prefix)) return ok();  // Other notes of aufs: of no meaning.
    const std::string hidden = name.substr(whiteout_prefix.size());
    if (hidden.empty() || hidden == "." || hidden == "..")
        return bad_layer(path, "is a whiteout of nothing");
    REQUIRE(clear(hidden));
    if (::mknodat(parent_.get(), hidden.c_str(), S_IFCHR, makedev(0, 0)) != 0)
        return entry_failed(path);
    return ok();
}

Status Unpacker::dress(archive_entry* entry, const std::string& name, const std::string& path) {
    const Owner owner = owner_of(entry);
    const bool is_link = archive_entry_filetype(entry) == AE_IFLNK;
    if (::fchownat(parent_.get(), name.c_str(), owner.user, owner.group, AT_SYMLINK_NOFOLLOW) != 0)
        return entry_failed(path);
    // After the owner: changing that clears the set-user-ID bit.
    if (!is_link && ::fchmodat(parent_.get(), name.c_str(), archive_entry_perm(entry), 0) != 0)
        return entry_failed(path);
    const timespec modified{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
    const timespec times[2] = {modified, modified};
    ::utimensat(parent_.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return ok();
}

Status Unpacker::place(archive_entry* entry, const std::string& path) {
    REQUIRE(parent_of(path));
    const size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.starts_with(whiteout_prefix)) return whiteout(name, path);
    if (const char* target = archive_entry_hardlink(entry)) return hard_link(target, name, path);
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
            REQUIRE(file(entry, name, path));
            break;
        case AE_IFDIR:
            REQUIRE(folder(name, path));
            break;
        case AE_IFLNK:
            REQUIRE(symbolic_link(archive_entry_symlink(entry), name, path));
            break;
        case AE_IFIFO:
            REQUIRE(clear(name));
            if (::mkfifoat(parent_.get(), name.c_str(), 0600) != 0) return entry_failed(path);
            break;
        default:
            return bad_layer(path, "is a device or a socket");
    }
    return dress(entry, name, path);
}

Status Unpacker::one(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return bad_layer("?", "has a name that is not UTF-8");
    TRY(const std::string path, entry_path(name));
    if (path.empty()) {
        const Owner owner = owner_of(entry);
        const std::string self = "/proc/self/fd/" + std::to_string(root_);
        if (::chown(self.c_str(), owner.user, owner.group) != 0) return entry_failed(name);
        if (::chmod(self.c_str(), archive_entry_perm(entry)) != 0) return entry_failed(name);
        return ok();
    }
    if (path.starts_with("dev/")) return ok();
    return place(entry, path);
}

Result<Unpacked> Unpacker::run() {
    archive_entry* entry = nullptr;
    while (true) {
        const int result = archive_read_next_header(reader_, &entry);
        if (result == ARCHIVE_EOF) break;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return bad_layer("?", "cannot be read: the archive is damaged");
        if (++done_.entries > options_.most_entries)
            return bad_layer(
                "?", "is one too many: the limit is " + std::to_string(options_.most_entries));
        REQUIRE(one(entry));
    }
    while (source_.next() > 0) continue;  // What follows the archive's end belongs to the digest.
    return done_;
}

}  // namespace

Result<std::string> entry_path(std::string_view name) {
    if (name.empty()) return bad_layer(name, "has no name");
    if (name.starts_with('/')) return bad_layer(name, "has an absolute path");
    if (name.size() > 4095) return bad_layer(name, "has a path of more than 4,095 bytes");
    if (name.find('\0') != std::string_view::npos) return bad_layer(name, "has a NUL in its name");
    std::string out;
    for (const std::string_view part : split(name, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return bad_layer(name, "has '..' in its path");
        if (part.size() > 255) return bad_layer(name, "has a name of more than 255 bytes");
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

bool climbs_out(std::string_view path, std::string_view target) {
    if (target.starts_with('/')) return false;  // From the container's root.
    int depth = static_cast<int>(std::ranges::count(path, '/'));
    for (const std::string_view part : split(target, '/')) {
        if (part.empty() || part == ".") continue;
        depth += part == ".." ? -1 : 1;
        if (depth < 0) return true;
    }
    return false;
}

Result<Unpacked> unpack_layer(int blob, const std::string& digest, const std::string& folder,
                              const UnpackOptions& options) {
    const Utf8Locale locale;
    TRY(const Fd root, open_folder(folder));
    HashingSource source(blob);
    const ArchiveReader reader(archive_read_new());
    CHECK(reader != nullptr);
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_empty(reader.get());
    if (archive_read_open(reader.get(), &source, nullptr, read_source, nullptr) != ARCHIVE_OK)
        return bad_layer("?", "cannot be read: this is no tar archive, plain, gzip or zstd");
    Unpacker unpacker(reader.get(), source, root.get(), options);
    TRY(const Unpacked done, unpacker.run());
    if (const std::string found = source.digest(); found != digest)
        return fail("InvalidLayer",
                    "The image's layer is damaged: its digest should be " + digest + " and is " +
                        found + ".",
                    400);
    return done;
}

}  // namespace unkai::planes::containers
