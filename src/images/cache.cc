#include "images/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "images/hash.h"
#include "images/overview.h"
#include "planes/containers/beneath.h"
#include "planes/containers/layer.h"
#include "planes/containers/mounts.h"

namespace unkai::images {

namespace fs = std::filesystem;
namespace containers = planes::containers;
using wire::Json;

static Unexpected unusable(const std::string& path, std::string_view why) {
    return fail("CacheUnusable", path + " cannot be used: " + std::string(why) +
                                     ". Choose another folder with UNKAI_CACHE_DIR.");
}

std::string default_cache_folder() {
    if (const char* folder = std::getenv("UNKAI_CACHE_DIR"); folder != nullptr && *folder != '\0')
        return folder;
    if (::geteuid() == 0) return "/var/cache/unkai/images";
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : "/tmp") + "/.cache/unkai/images";
}

Json LayerBlob::to_json() const {
    return Json::object(
        {{"digest", digest}, {"diffId", diff_id}, {"mediaType", media_type}, {"size", bytes}});
}

LayerBlob LayerBlob::from_json(const Json& json) {
    return {.digest = json["digest"].string_or(""),
            .diff_id = json["diffId"].string_or(""),
            .media_type = json["mediaType"].string_or(""),
            .bytes = json["size"].int_or(0)};
}

Result<Cache> Cache::open(const std::string& folder) {
    std::error_code error;
    for (const char* inner :
         {"blobs/sha256", "steps", "lists", "bases", "unpacked", "work", "npm"}) {
        fs::create_directories(folder + "/" + inner, error);
        if (error) return unusable(folder, error.message());
    }
    ::chmod(folder.c_str(), 0711);
    Fd lock(::open((folder + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (lock.get() < 0) return unusable(folder, std::strerror(errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail("CacheLocked",
                    "Another build uses " + folder + ". Wait for its end and build again.");
    Cache cache(folder, std::move(lock));
    cache.clear_work();
    REQUIRE(cache.make_layout());
    return cache;
}

Result<Cache> Cache::open_layout(const std::string& folder) {
    Cache cache(folder, Fd());
    REQUIRE(cache.make_layout());
    return cache;
}

Status Cache::make_layout() {
    if (!fs::exists(folder_ + "/oci-layout"))
        REQUIRE(write_record("oci-layout", Json::object({{"imageLayoutVersion", "1.0.0"}})));
    if (fs::exists(folder_ + "/index.json")) return ok();
    return write_record("index.json",
                        Json::object({{"schemaVersion", 2}, {"manifests", Json::array()}}));
}

std::string Cache::blob_path(const std::string& digest) const {
    return folder_ + "/blobs/sha256/" + std::string(split_once(digest, ':').second);
}

bool Cache::has_blob(const std::string& digest) const {
    return ::access(blob_path(digest).c_str(), R_OK) == 0;
}

Result<LayerBlob> Cache::add_layer(const Tree& tree) {
    TRY(const std::string work, work_folder());
    const std::string path = work + "/layer";
    TRY(const Packed packed, pack(tree, path));
    std::error_code error;
    fs::rename(path, blob_path(packed.digest), error);
    if (error) return unusable(folder_, error.message());
    REQUIRE(write_record("lists/" + packed.digest.substr(7), Overview::list_of(tree)));
    return LayerBlob{packed.digest, packed.diff_id, layer_media_type, packed.bytes};
}

std::optional<Json> Cache::list_of(const LayerBlob& layer) const {
    return read_record("lists/" + std::string(split_once(layer.digest, ':').second));
}

Result<std::string> Cache::add_text(const std::string& text) {
    const std::string hex = sha256_of(text);
    std::ofstream(folder_ + "/blobs/sha256/" + hex, std::ios::binary) << text;
    if (fs::file_size(folder_ + "/blobs/sha256/" + hex) != text.size())
        return unusable(folder_, "the disk is full");
    return "sha256:" + hex;
}

Result<std::string> Cache::read_text(const std::string& digest) const {
    std::ifstream file(blob_path(digest), std::ios::binary);
    if (!file) return unusable(blob_path(digest), "it is not there; build again with --no-cache");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::optional<Json> Cache::read_record(const std::string& path) const {
    std::ifstream file(folder_ + "/" + path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    auto json = Json::parse(text.str());
    if (!file || !json) return std::nullopt;
    return std::move(*json);
}

Status Cache::write_record(const std::string& path, const Json& record) {
    const std::string full = folder_ + "/" + path, fresh = full + ".new";
    {
        std::ofstream file(fresh, std::ios::binary);
        file << record.dump() << '\n';
        if (!file.flush()) return unusable(full, std::strerror(errno));
    }
    std::error_code error;
    fs::rename(fresh, full, error);
    if (error) return unusable(full, error.message());
    return ok();
}

std::optional<LayerBlob> Cache::step(const std::string& key) const {
    const auto record = read_record("steps/" + key);
    if (!record) return std::nullopt;
    LayerBlob layer = LayerBlob::from_json(*record);
    if (!layer.digest.empty() && !has_blob(layer.digest)) return std::nullopt;
    return layer;
}

Status Cache::put_step(const std::string& key, const LayerBlob& layer) {
    return write_record("steps/" + key, layer.to_json());
}

// ---- Names: the layout's index.json

constexpr const char* name_annotation = "org.opencontainers.image.ref.name";

Status Cache::set_name(const std::string& name, const std::string& digest, int64_t manifest_bytes) {
    Json manifests = Json::array();
    if (const auto index = read_record("index.json"))
        for (const Json& one : (*index)["manifests"].as_array())
            if (one["annotations"][name_annotation].string_or("") != name) manifests.push(one);
    manifests.push(Json::object({{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                 {"digest", digest},
                                 {"size", manifest_bytes},
                                 {"annotations", Json::object({{name_annotation, name}})}}));
    return write_record("index.json",
                        Json::object({{"schemaVersion", 2}, {"manifests", manifests}}));
}

std::vector<NamedImage> Cache::names() const {
    std::vector<NamedImage> out;
    const auto index = read_record("index.json");
    if (!index || !(*index)["manifests"].is_array()) return out;
    for (const Json& one : (*index)["manifests"].as_array()) {
        NamedImage image{.name = one["annotations"][name_annotation].string_or(""),
                         .digest = one["digest"].string_or("")};
        if (const auto text = read_text(image.digest))
            if (const auto manifest = Json::parse(*text);
                manifest && (*manifest)["layers"].is_array())
                for (const Json& layer : (*manifest)["layers"].as_array())
                    image.bytes += layer["size"].int_or(0);
        out.push_back(std::move(image));
    }
    return out;
}

std::optional<std::string> Cache::digest_of(const std::string& name) const {
    for (const NamedImage& image : names())
        if (image.name == name) return image.digest;
    return std::nullopt;
}

// ---- Folders

Result<std::string> Cache::work_folder() {
    std::string path = folder_ + "/work/XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return unusable(path, std::strerror(errno));
    ::chmod(path.c_str(), 0711);  // Containers in a user namespace walk through it.
    return path;
}

void Cache::clear_work() {
    (void)containers::unmount_all_below(folder_ + "/work");
    (void)containers::remove_folder(folder_ + "/work");
    ::mkdir((folder_ + "/work").c_str(), 0711);
}

Result<std::string> Cache::unpacked(const LayerBlob& layer, uint32_t first_id) {
    const std::string parent = folder_ + "/unpacked/" + std::to_string(first_id);
    const std::string target = parent + "/" + std::string(split_once(layer.digest, ':').second);
    std::error_code error;
    if (fs::is_directory(target, error)) return target;
    fs::create_directories(parent, error);
    const Fd blob(::open(blob_path(layer.digest).c_str(), O_RDONLY | O_CLOEXEC));
    if (blob.get() < 0) return unusable(blob_path(layer.digest), std::strerror(errno));
    TRY(const std::string work, work_folder());
    containers::UnpackOptions options;
    options.first_id = first_id;
    REQUIRE(containers::unpack_layer(blob.get(), layer.digest, work, options));
    ::chmod(work.c_str(), 0755);
    if (first_id != 0 && ::chown(work.c_str(), first_id, first_id) != 0)
        return unusable(work, std::strerror(errno));
    fs::rename(work, target, error);
    if (error) return unusable(target, error.message());
    return target;
}

}  // namespace unkai::images
