#include "services/ecr/layer_files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/strings.h"

namespace unkai::services::ecr {

namespace fs = std::filesystem;

static Unexpected storage(std::string_view what, int error) {
    return fail("LayerStorage", std::string(what) + ": " + std::strerror(error) +
                                    (error == ENOSPC ? ". Free some space and push again." : "."));
}

LayerFiles::LayerFiles(Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {
    std::error_code ignored;  // Writing says what is wrong.
    fs::create_directories(folder_ + "/sha256", ignored);
    fs::create_directories(folder_ + "/uploads", ignored);
    fs::permissions(folder_, fs::perms::owner_all, ignored);
}

Status LayerFiles::begin(const std::string& id) {
    const Fd file(::open(upload_path(id).c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
    if (file.get() < 0) return storage("A layer's upload cannot be stored", errno);
    return ok();
}

Result<int64_t> LayerFiles::uploaded(const std::string& id) const {
    struct stat status;
    if (::stat(upload_path(id).c_str(), &status) != 0) return storage("The upload is gone", errno);
    return status.st_size;
}

static Status append_to(const std::string& path, std::string_view bytes) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (file.get() < 0) return storage("The upload is gone", errno);
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return storage("A layer cannot be written", errno);
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return ok();
}

Task<Status> LayerFiles::append(std::string id, std::string_view bytes) {
    const std::string path = upload_path(id);
    co_return co_await env_.workers.run([&path, bytes] { return append_to(path, bytes); });
}

static Result<std::string> digest_of(int file) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    std::string buffer(1 << 20, '\0');
    int error = 0;
    for (;;) {
        const ssize_t got = ::read(file, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) error = errno;
        if (got <= 0) break;
        EVP_DigestUpdate(context, buffer.data(), static_cast<size_t>(got));
    }
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context, sum, &size);
    EVP_MD_CTX_free(context);
    if (error != 0) return storage("A layer cannot be read back", error);
    return "sha256:" + hex(std::string_view(reinterpret_cast<const char*>(sum), size));
}

static Status sync_folder(const std::string& path) {
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0)
        return storage("A layer's folder cannot be synced", errno);
    return ok();
}

static Result<int64_t> move_verified(const std::string& from, const std::string& to,
                                     const std::string& digest) {
    struct stat status;
    if (::access(from.c_str(), F_OK) != 0 && ::stat(to.c_str(), &status) == 0)
        return status.st_size;
    const Fd file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return storage("The upload is gone", errno);
    TRY(const std::string found, digest_of(file.get()));
    if (found != digest)
        return fail("DigestMismatch",
                    "The bytes that arrived have the digest " + found + ", not " + digest + ".",
                    400);
    if (::fsync(file.get()) != 0) return storage("A layer cannot be synced to disk", errno);
    if (::fstat(file.get(), &status) != 0) return storage("A layer cannot be read back", errno);
    const std::string parent = fs::path(to).parent_path();
    if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST)
        return storage("A layer's folder cannot be made", errno);
    if (::rename(from.c_str(), to.c_str()) != 0)
        return storage("A layer cannot be moved to its place", errno);
    REQUIRE(sync_folder(parent));
    return status.st_size;
}

Task<Result<int64_t>> LayerFiles::finish(std::string id, std::string digest) {
    const std::string from = upload_path(id), to = path(digest);
    co_return co_await env_.workers.run([&] { return move_verified(from, to, digest); });
}

void LayerFiles::discard(const std::string& id) { ::unlink(upload_path(id).c_str()); }

bool LayerFiles::has(const std::string& digest) const {
    return ::access(path(digest).c_str(), R_OK) == 0;
}

Result<Fd> LayerFiles::open(const std::string& digest) const {
    Fd file(::open(path(digest).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return storage("The layer " + digest + " cannot be opened", errno);
    return file;
}

std::string LayerFiles::path(const std::string& digest) const {
    const std::string name(split_once(digest, ':').second);
    return folder_ + "/sha256/" + name.substr(0, 2) + "/" + name;
}

void LayerFiles::remove(const std::string& digest) { ::unlink(path(digest).c_str()); }

std::vector<std::string> LayerFiles::digests() const {
    std::vector<std::string> out;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/sha256", ignored))
        if (entry.is_regular_file(ignored))
            out.push_back("sha256:" + entry.path().filename().string());
    return out;
}

std::vector<std::string> LayerFiles::uploads() const {
    std::vector<std::string> out;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_ + "/uploads", ignored))
        out.push_back(entry.path().filename().string());
    return out;
}

}  // namespace unkai::services::ecr
