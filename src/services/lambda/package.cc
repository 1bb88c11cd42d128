#include "services/lambda/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "api/lambda.h"
#include "base/strings.h"
#include "rt/fd.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

namespace {

Error bad_zip() {
    return api::lambda::errors::InvalidParameterValueException(
               "Could not unzip uploaded file. Please check your file, then try to upload again.")
        .with("Type", "User");
}
Error too_large() {
    return api::lambda::errors::InvalidParameterValueException(
               "Unzipped size must be smaller than " + std::to_string(limits::unzipped_bytes) +
               " bytes")
        .with("Type", "User");
}
Error disk_error(const std::string& what) {
    return Error{"ServiceException",
                 "The package could not be unpacked: " + what + ": " + std::strerror(errno) + ".",
                 500,
                 {}};
}

// The name's parts; empty when it is one that leaves the folder.
std::vector<std::string> safe_parts(std::string_view name) {
    std::vector<std::string> out;
    if (name.starts_with('/') || name.find('\0') != std::string_view::npos) return {};
    for (const std::string_view part : split(name, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == ".." || part.size() > 255) return {};
        out.emplace_back(part);
    }
    return out;
}

int open_beneath(int folder, const std::string& name, uint64_t flags, uint64_t mode) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how));
}

class ZipUnpacker {
public:
    ZipUnpacker(int root, int64_t most_bytes) : root_(root), most_bytes_(most_bytes) {}

    Result<int64_t> run(const std::string& file) {
        const std::unique_ptr<archive, int (*)(archive*)> in(::archive_read_new(),
                                                             &::archive_read_free);
        ::archive_read_support_format_zip_seekable(in.get());
        if (::archive_read_open_filename(in.get(), file.c_str(), 64 << 10) != ARCHIVE_OK)
            return bad_zip();
        archive_entry* entry = nullptr;
        int64_t entries = 0;
        for (;;) {
            const int status = ::archive_read_next_header(in.get(), &entry);
            if (status == ARCHIVE_EOF) break;
            if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return bad_zip();
            if (++entries > static_cast<int64_t>(limits::code_entries)) return too_large();
            REQUIRE(take(in.get(), entry));
        }
        if (entries == 0) return bad_zip();
        return bytes_;
    }

private:
    Status take(archive* in, archive_entry* entry) {
        const char* const name = ::archive_entry_pathname(entry);
        if (name == nullptr) return bad_zip();
        auto parts = safe_parts(name);
        const auto type = ::archive_entry_filetype(entry);
        if (parts.empty()) return type == AE_IFDIR ? ok() : Status(bad_zip());
        const std::string last = std::move(parts.back());
        parts.pop_back();
        TRY(const Fd parent, folder(parts));
        const auto mode = static_cast<unsigned>(::archive_entry_perm(entry));
        if (type == AE_IFDIR) {
            if (::mkdirat(parent.get(), last.c_str(), 0755) != 0 && errno != EEXIST)
                return disk_error(last);
            return ok();
        }
        if (type == AE_IFLNK) {
            const char* const target = ::archive_entry_symlink(entry);
            if (target == nullptr || ::symlinkat(target, parent.get(), last.c_str()) != 0)
                return bad_zip();
            return ok();
        }
        if (type != AE_IFREG) return bad_zip();
        (void)::unlinkat(parent.get(), last.c_str(), 0);  // The last of the same name counts.
        const Fd out(open_beneath(parent.get(), last, O_WRONLY | O_CREAT | O_EXCL, 0600));
        if (!out) return disk_error(last);
        REQUIRE(copy(in, out.get()));
        const unsigned readable = 0444 | (mode & 0111 ? 0755 : 0644);
        if (::fchmod(out.get(), readable) != 0) return disk_error(last);
        return ok();
    }

    Result<Fd> folder(const std::vector<std::string>& parts) {
        Fd at(::fcntl(root_, F_DUPFD_CLOEXEC, 0));
        for (const std::string& part : parts) {
            if (::mkdirat(at.get(), part.c_str(), 0755) != 0 && errno != EEXIST)
                return disk_error(part);
            Fd next(open_beneath(at.get(), part, O_RDONLY | O_DIRECTORY, 0));
            if (!next) return bad_zip();  // A link or a file stands there.
            at = std::move(next);
        }
        return at;
    }

    Status copy(archive* in, int out) {
        for (;;) {
            const void* data = nullptr;
            size_t size = 0;
            la_int64_t offset = 0;
            const int status = ::archive_read_data_block(in, &data, &size, &offset);
            if (status == ARCHIVE_EOF) return ok();
            if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return bad_zip();
            bytes_ += static_cast<int64_t>(size);
            if (bytes_ > most_bytes_) return too_large();
            const char* from = static_cast<const char*>(data);
            while (size > 0) {
                const ssize_t written = ::pwrite(out, from, size, offset);
                if (written < 0) return disk_error("write");
                from += written;
                offset += written;
                size -= static_cast<size_t>(written);
            }
        }
    }

    int root_;
    int64_t most_bytes_;
    int64_t bytes_ = 0;
};

}  // namespace

Result<int64_t> unpack_zip(const std::string& archive_file, const std::string& folder,
                           int64_t most_bytes) {
    const Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return disk_error(folder);
    return ZipUnpacker(root.get(), most_bytes).run(archive_file);
}

}  // namespace unkai::services::lambda
