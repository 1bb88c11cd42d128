#include "store/blob/blobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "rt/fd.h"

namespace unkai::store {

namespace fs = std::filesystem;

namespace {

constexpr size_t buffer_bytes = 1 << 20;
constexpr size_t most_read = 1 << 20;

Unexpected disk_error(const std::string& what) {
    return fail("StoreUnavailable",
                what + ": " + std::strerror(errno) + ". Free space or repair the disk.", 503);
}

bool write_all(int file, const char* bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = ::write(file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        count -= static_cast<size_t>(written);
    }
    return true;
}

bool sync_folder(const std::string& path) {
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder && ::fsync(folder.get()) == 0;
}

class FileWriter final : public Blobs::Writer {
public:
    FileWriter(Env env, BlobId id, std::string path, Fd file)
        : env_(env), id_(std::move(id)), path_(std::move(path)), file_(std::move(file)) {}
    ~FileWriter() override {
        if (file_) ::unlink(temporary().c_str());
    }

    Task<Status> write(std::string_view bytes) override {
        size_ += bytes.size();
        buffer_ += bytes;
        if (buffer_.size() < buffer_bytes) co_return ok();
        co_return co_await flush();
    }
    uint64_t size() const override { return size_; }

    Task<Result<BlobId>> commit() override {
        CO_REQUIRE(co_await flush());
        const int file = file_.get();
        const std::string from = temporary();
        const std::string to = path_;
        CO_REQUIRE(co_await env_.workers.run([file, from, to]() -> Status {
            if (::fsync(file) != 0) return disk_error("Cannot write to disk");
            if (::rename(from.c_str(), to.c_str()) != 0) return disk_error("Cannot name a blob");
            if (!sync_folder(fs::path(to).parent_path())) return disk_error("Cannot write to disk");
            return ok();
        }));
        file_.reset();
        co_return id_;
    }

    std::string temporary() const { return path_ + ".new"; }

private:
    Task<Status> flush() {
        std::string bytes;
        bytes.swap(buffer_);
        const int file = file_.get();
        co_return co_await env_.workers.run([file, &bytes]() -> Status {
            if (!write_all(file, bytes.data(), bytes.size()))
                return disk_error("Cannot write to disk");
            return ok();
        });
    }

    Env env_;
    BlobId id_;
    std::string path_;
    Fd file_;
    std::string buffer_;
    uint64_t size_ = 0;
};

class FileReader final : public Blobs::Reader {
public:
    FileReader(Env env, Fd file, uint64_t size) : env_(env), file_(std::move(file)), size_(size) {}
    uint64_t size() const override { return size_; }
    int file() const override { return file_.get(); }

    Task<Result<std::string>> read(uint64_t offset, size_t most) override {
        most = static_cast<size_t>(
            std::min<uint64_t>({most, most_read, size_ - std::min(offset, size_)}));
        const int file = file_.get();
        co_return co_await env_.workers.run([file, offset, most]() -> Result<std::string> {
            std::string bytes(most, '\0');
            size_t have = 0;
            while (have < most) {
                const ssize_t got = ::pread(file, bytes.data() + have, most - have,
                                            static_cast<off_t>(offset + have));
                if (got < 0 && errno == EINTR) continue;
                if (got < 0) return disk_error("Cannot read from disk");
                if (got == 0) break;
                have += static_cast<size_t>(got);
            }
            bytes.resize(have);
            return bytes;
        });
    }

private:
    Env env_;
    Fd file_;
    uint64_t size_;
};

}  // namespace

std::string Blobs::path(const BlobId& id) const {
    return directory_ + "/" + id.substr(0, 2) + "/" + id;
}

Task<Result<std::unique_ptr<Blobs::Writer>>> Blobs::create() {
    const BlobId id = env_.random.hex(32);
    const std::string place = path(id);
    CO_TRY(Fd file, co_await env_.workers.run([place]() -> Result<Fd> {
        std::error_code error;
        fs::create_directories(fs::path(place).parent_path(), error);
        Fd made(::open((place + ".new").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!made) return disk_error("Cannot make a blob");
        return made;
    }));
    co_return std::unique_ptr<Writer>(
        std::make_unique<FileWriter>(env_, id, place, std::move(file)));
}

Task<Result<std::unique_ptr<Blobs::Reader>>> Blobs::open(const BlobId& id) {
    const std::string place = path(id);
    // Opening and asking for the size of a local file does not block for long: no worker.
    Fd file(::open(place.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat info{};
    if (!file || ::fstat(file.get(), &info) != 0)
        co_return fail("NoSuchBlob",
                       "The body " + id + " is not on disk any more; restore the data folder.");
    co_return std::unique_ptr<Reader>(
        std::make_unique<FileReader>(env_, std::move(file), static_cast<uint64_t>(info.st_size)));
}

Task<void> Blobs::erase(BlobId id) {
    const std::string place = path(id);
    co_await env_.workers.run([place] { return ::unlink(place.c_str()); });
}

Task<Status> Blobs::erase_all() {
    const std::string directory = directory_;
    co_return co_await env_.workers.run([directory]() -> Status {
        std::error_code error;
        fs::remove_all(directory, error);
        if (error)
            return fail("StoreUnavailable", "Cannot erase " + directory + ": " + error.message(),
                        503);
        return ok();
    });
}

Task<Status> Blobs::sweep(std::set<BlobId> alive) {
    const std::string directory = directory_;
    co_return co_await env_.workers.run([directory, &alive]() -> Status {
        std::error_code error;
        if (!fs::is_directory(directory, error)) return ok();
        for (const auto& entry : fs::recursive_directory_iterator(directory, error))
            if (entry.is_regular_file() && alive.count(entry.path().filename()) == 0)
                fs::remove(entry.path(), error);
        if (error)
            return fail("StoreUnavailable", "Cannot sweep " + directory + ": " + error.message(),
                        503);
        return ok();
    });
}

}  // namespace unkai::store
