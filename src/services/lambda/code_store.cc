#include "services/lambda/code_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "aws/sigv4.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/lambda/limits.h"
#include "services/lambda/package.h"

namespace unkai::services::lambda {

namespace {

namespace files = std::filesystem;

std::string boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string out;
    in >> out;
    return out.empty() ? "unknown" : out;
}

Error no_room(const std::string& what) {
    return Error{"ServiceException", "The package could not be kept: " + what + ".", 500, {}};
}

// The file is whole and on disk, or not there.
Status write_durably(const std::string& path, const std::string& bytes) {
    std::error_code error;
    files::create_directories(files::path(path).parent_path(), error);
    const std::string part = path + ".part";
    const Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out) return no_room("its file cannot be made");
    for (size_t at = 0; at < bytes.size();) {
        const ssize_t written = ::write(out.get(), bytes.data() + at, bytes.size() - at);
        if (written < 0) return no_room("the disk takes no more");
        at += static_cast<size_t>(written);
    }
    if (::fsync(out.get()) != 0) return no_room("the disk refused to sync");
    if (::rename(part.c_str(), path.c_str()) != 0) return no_room("it cannot be named");
    const Fd folder(::open(files::path(path).parent_path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return no_room("the disk refused to sync");
    return ok();
}

Result<int64_t> unpacked_size(const std::string& folder) {
    int64_t bytes = 0;
    for (const auto& entry : files::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && !entry.is_symlink())
            bytes += static_cast<int64_t>(entry.file_size());
    return bytes;
}

Result<int64_t> unpack_into(const std::string& zip, const std::string& target) {
    std::error_code error;
    if (files::exists(target, error)) return unpacked_size(target);
    const std::string part = target + ".part";
    files::remove_all(part, error);
    files::create_directories(part, error);
    if (error) return no_room("its folder cannot be made");
    auto unzipped = unpack_zip(zip, part, limits::unzipped_bytes);
    if (unzipped && ::rename(part.c_str(), target.c_str()) != 0)
        unzipped = no_room("its folder cannot be named");
    if (!unzipped) files::remove_all(part, error);
    return unzipped;
}

}  // namespace

std::string code_sha256(const std::string& id) { return base64(from_hex(id).value_or("")); }

CodeStore::CodeStore(Env& env, std::string folder)
    : env_(env), folder_(std::move(folder)), unpacked_(folder_ + "/unpacked/" + boot_id()) {}

unkai::Task<Result<StoredCode>> CodeStore::put(std::string zip) {
    struct Putting {
        size_t& count;
        explicit Putting(size_t& putting) : count(putting) { ++count; }
        ~Putting() { --count; }
    };
    const Putting putting(putting_);
    StoredCode out;
    out.zipped = static_cast<int64_t>(zip.size());
    const std::string zips = folder_ + "/zip/";
    const auto kept = co_await env_.workers.run([&zip, &zips]() -> Result<std::string> {
        std::string id = aws::sigv4::sha256_hex(zip);
        std::error_code error;
        if (!files::exists(zips + id, error)) REQUIRE(write_durably(zips + id, zip));
        return id;
    });
    if (!kept) co_return kept.error();
    out.id = *kept;
    fresh_.insert(out.id);
    const auto unzipped = co_await unpack(out.id);
    if (!unzipped) co_return unzipped.error();
    out.unzipped = *unzipped;
    co_return out;
}

unkai::Task<Result<int64_t>> CodeStore::unpack(std::string id) {
    if (const auto found = flights_.find(id); found != flights_.end()) {
        const auto flight = found->second;
        if (!flight->unzipped) co_await flight->done.wait(env_.loop);
        co_return *flight->unzipped;
    }
    const auto flight = std::make_shared<Flight>();
    flights_[id] = flight;
    const std::string zip = zip_file(id), target = unpacked(id);
    flight->unzipped = co_await env_.workers.run([&] { return unpack_into(zip, target); });
    flights_.erase(id);
    flight->done.notify_all();
    co_return *flight->unzipped;
}

unkai::Task<Result<std::string>> CodeStore::folder(std::string id) {
    std::error_code error;
    if (!files::exists(unpacked(id), error)) {
        if (!files::exists(zip_file(id), error))
            co_return Error{"ServiceException",
                            "The function's package is not on this machine any more. Update its "
                            "code.",
                            500,
                            {}};
        CO_REQUIRE(co_await unpack(id));
    }
    co_return unpacked(id);
}

unkai::Task<void> CodeStore::sweep(std::set<std::string> keep) {
    if (putting_ > 0 || !flights_.empty()) co_return;
    keep.merge(std::exchange(fresh_, {}));
    const std::string folder = folder_, current = unpacked_;
    (void)co_await env_.workers.run([&] {
        std::error_code error;
        for (const auto& entry : files::directory_iterator(folder + "/zip", error))
            if (!keep.contains(entry.path().filename())) files::remove(entry.path(), error);
        for (const auto& entry : files::directory_iterator(folder + "/unpacked", error))
            if (entry.path() != current) files::remove_all(entry.path(), error);
        for (const auto& entry : files::directory_iterator(current, error))
            if (!keep.contains(entry.path().filename())) files::remove_all(entry.path(), error);
        return true;
    });
}

unkai::Task<void> CodeStore::purge() {
    const std::string folder = folder_;
    (void)co_await env_.workers.run([&] {
        std::error_code error;
        files::remove_all(folder, error);
        return true;
    });
}

}  // namespace unkai::services::lambda
