#include "planes/containers/image_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/strings.h"
#include "planes/containers/beneath.h"
#include "wire/json.h"

namespace unkai::planes::containers {

namespace {

Result<std::string> read_all(int file, size_t most) {
    std::string out;
    char buffer[64 << 10];
    while (true) {
        const ssize_t got = ::read(file, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail("FileFailed", std::string("Reading failed: ") + std::strerror(errno) + ".");
        if (got == 0) return out;
        out.append(buffer, static_cast<size_t>(got));
        if (out.size() > most)
            return fail("InvalidImage", "The image's manifest is too large.", 400);
    }
}

Result<Fd> open_file(const std::string& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file) return file;
    return fail("ImageNotFound", "The image has no " + path + ".", 404);
}

Result<std::string> read_file(const std::string& path, size_t most) {
    TRY(const Fd file, open_file(path));
    return read_all(file.get(), most);
}

Status make_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error) return ok();
    return fail("FileFailed", "Cannot make the folder " + path + ": " + error.message() + ".");
}

std::string boot_id() {
    return std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 100).value_or("")));
}

Status open_folders(const std::string& folder) {
    const std::string boot = boot_id();
    if (read_file(folder + "/boot", 100).value_or("") != boot) REQUIRE(remove_folder(folder));
    REQUIRE(make_folder(folder));
    ::chmod(folder.c_str(), 0700);
    REQUIRE(remove_folder(folder + "/unpacking"));
    REQUIRE(make_folder(folder + "/unpacking"));
    TRY(const Fd root, open_folder(folder));
    return write_beneath(root.get(), "boot", boot, {}, 0600);
}

Status unpack_into(Fd blob, const std::string& digest, uint32_t first_id,
                   const std::string& temporary, const std::string& target) {
    REQUIRE(make_folder(temporary));
    REQUIRE(make_folder(std::filesystem::path(target).parent_path()));
    ::chmod(temporary.c_str(), 0755);
    if (::chown(temporary.c_str(), first_id, first_id) != 0)
        return fail("FileFailed", std::string("Cannot own a layer: ") + std::strerror(errno) + ".");
    auto unpacked = unpack_layer(blob.get(), digest, temporary, {.first_id = first_id});
    if (unpacked && ::rename(temporary.c_str(), target.c_str()) == 0) return ok();
    (void)remove_folder(temporary);
    if (!unpacked) return unpacked.error();
    return fail("FileFailed",
                "Cannot move a layer to " + target + ": " + std::strerror(errno) + ".");
}

bool is_folder(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

Task<Result<std::string>> LayoutSource::resolve(std::string reference) {
    CO_TRY(const ImageReference wanted, parse_reference(reference));
    if (!wanted.digest.empty()) co_return wanted.digest;
    const std::string path = folder_ + "/index.json";
    CO_TRY(const std::string text,
           co_await env_.workers.run([path] { return read_file(path, most_manifest_bytes); }));
    CO_TRY(const wire::Json index, wire::Json::parse(text));
    const wire::Json& manifests = index["manifests"];
    for (size_t i = 0; i < manifests.size(); ++i) {
        const std::string name =
            manifests[i]["annotations"]["org.opencontainers.image.ref.name"].string_or("");
        if (name == wanted.tag || name == reference || manifests.size() == 1)
            co_return manifests[i]["digest"].string_or("");
    }
    co_return fail("ImageNotFound",
                   "The image layout in " + folder_ + " has no tag '" + wanted.tag + "'.", 404);
}

Task<Result<Fd>> LayoutSource::open(std::string, std::string digest) {
    CHECK(is_digest(digest));
    const std::string path = folder_ + "/blobs/sha256/" + digest.substr(7);
    co_return co_await env_.workers.run([path] { return open_file(path); });
}

Task<Status> ImageStore::open() {
    opened_ = env_.loop.steady();
    co_return co_await env_.workers.run([folder = folder_] { return open_folders(folder); });
}

Task<Status> ImageStore::purge() {
    co_return co_await env_.workers.run([folder = folder_] { return remove_folder(folder); });
}

Task<Result<std::string>> ImageStore::read_small(std::shared_ptr<ImageSource> source,
                                                 std::string reference, std::string digest) {
    CO_TRY(Fd blob, co_await source->open(std::move(reference), digest));
    const auto shared = std::make_shared<Fd>(std::move(blob));
    CO_TRY(std::string content, co_await env_.workers.run([shared] {
        return read_all(shared->get(), most_manifest_bytes);
    }));
    if (sha256_digest(content) != digest)
        co_return fail("InvalidImage", "The image is damaged: " + digest + " has another digest.",
                       400);
    co_return content;
}

Task<Result<Image>> ImageStore::pull(std::shared_ptr<ImageSource> source, std::string reference,
                                     uint32_t first_id) {
    CO_TRY(std::string digest, co_await source->resolve(reference));
    if (!is_digest(digest))
        co_return fail("InvalidImage", "'" + digest + "' is not a sha256 digest.", 400);
    const Platform platform = host_platform();
    std::optional<Manifest> manifest;
    for (int depth = 0; depth < 3 && !manifest; ++depth) {
        CO_TRY(const std::string text, co_await read_small(source, reference, digest));
        CO_TRY(ManifestOrIndex found, parse_manifest(text, platform));
        manifest = std::move(found.manifest);
        if (!manifest) digest = found.chosen->digest;
    }
    if (!manifest)
        co_return fail("InvalidImage", "The image's indexes are nested too deeply.", 400);

    CO_TRY(const std::string config,
           co_await read_small(source, reference, manifest->config.digest));
    Image image{.manifest_digest = digest};
    CO_TRY(image.config, parse_image_config(config));
    if (!image.config.architecture.empty() && image.config.architecture != platform.architecture)
        co_return fail("InvalidImage",
                       "image Manifest does not contain descriptor matching platform '" +
                           platform.os + "/" + platform.architecture + "'.",
                       400);
    const auto hold = std::make_shared<Hold>(uses_, env_.loop);
    image.hold = hold;
    for (const Descriptor& layer : manifest->layers) {
        std::string folder = folder_of(layer.digest, first_id);
        hold->add(folder);  // Before it is there: nobody removes it meanwhile.
        CO_REQUIRE(co_await ensure_layer(source, reference, layer.digest, first_id));
        image.bytes += layer.size;
        // The same layer twice is one for overlayfs, which refuses duplicates.
        std::erase(image.layers, folder);
        image.layers.push_back(std::move(folder));
    }
    co_return image;
}

std::string ImageStore::folder_of(const std::string& digest, uint32_t first_id) const {
    return folder_ + "/" + std::to_string(first_id) + "/" + digest.substr(7);
}

Task<Status> ImageStore::ensure_layer(std::shared_ptr<ImageSource> source, std::string reference,
                                      std::string digest, uint32_t first_id) {
    const std::string target = folder_of(digest, first_id);
    if (const auto found = flights_.find(target); found != flights_.end()) {
        const std::shared_ptr<Flight> flight = found->second;
        while (!flight->result) co_await flight->done.wait(env_.loop);
        if (!*flight->result) co_return flight->result->error();
        co_return ok();
    }
    const auto flight = std::make_shared<Flight>();
    flights_[target] = flight;
    const bool there = co_await env_.workers.run([target] { return is_folder(target); });
    Status status;
    if (!there) status = co_await unpack(source, reference, digest, first_id, target);
    flights_.erase(target);
    std::optional<Error> error;
    if (!status) error = status.error();
    flight->result = std::move(status);
    flight->done.notify_all();
    if (error) co_return std::move(*error);
    co_return ok();
}

Task<Status> ImageStore::unpack(std::shared_ptr<ImageSource> source, std::string reference,
                                std::string digest, uint32_t first_id, std::string target) {
    CO_TRY(Fd blob, co_await source->open(std::move(reference), digest));
    const std::string temporary = folder_ + "/unpacking/" + std::to_string(next_temporary_++);
    const auto shared = std::make_shared<Fd>(std::move(blob));
    co_return co_await env_.workers.run(
        [=] { return unpack_into(std::move(*shared), digest, first_id, temporary, target); });
}

void ImageStore::Hold::add(const std::string& layer) {
    layers.push_back(layer);
    ++uses->held[layer];
    uses->ended.erase(layer);
}

ImageStore::Hold::~Hold() {
    for (const std::string& layer : layers) {
        if (--uses->held[layer] > 0) continue;
        uses->held.erase(layer);
        uses->ended[layer] = loop.steady();
    }
}

// Out of the way in one step each: a pull of the same layer finds it there or not at all.
static Status set_aside(const std::vector<std::string>& layers, const std::string& trash) {
    std::error_code error;
    std::filesystem::create_directory(trash, error);
    for (size_t i = 0; i < layers.size() && !error; ++i)
        std::filesystem::rename(layers[i], trash + "/" + std::to_string(i), error);
    if (!error) return ok();
    return fail("LayersNotRemoved", "Cannot set image layers aside: " + error.message() + ".");
}

Task<Status> ImageStore::remove_unused(Duration idle) {
    const Steady since = env_.loop.steady() - idle;
    std::vector<std::string> unused;
    std::error_code error;
    for (const auto& ids : std::filesystem::directory_iterator(folder_, error)) {
        if (!ids.is_directory(error) || ids.path().filename() == "unpacking") continue;
        for (const auto& layer : std::filesystem::directory_iterator(ids.path(), error)) {
            const std::string path = layer.path();
            if (uses_->held.contains(path) || flights_.contains(path)) continue;
            const auto ended = uses_->ended.find(path);
            if ((ended == uses_->ended.end() ? opened_ : ended->second) > since) continue;
            unused.push_back(path);
        }
    }
    if (unused.empty()) co_return ok();
    // On this loop, between two looks at who holds what: renaming is quick, removing is not.
    const std::string trash = folder_ + "/unpacking/" + std::to_string(next_temporary_++);
    CO_REQUIRE(set_aside(unused, trash));
    for (const std::string& path : unused) uses_->ended.erase(path);
    co_return co_await env_.workers.run([trash] { return remove_folder(trash); });
}

}  // namespace unkai::planes::containers
