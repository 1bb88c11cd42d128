// What was built before: an OCI image layout that holds every layer and image (so that skopeo reads
// it as oci:<folder>:<name>), the results of steps by their keys, and layers unpacked for RUN.
//
//     <folder>/oci-layout, index.json, blobs/sha256/…   images by name
//     <folder>/steps/<key>                              a step's layer
//     <folder>/lists/<digest>                           what a layer has in it
//     <folder>/bases/<key>                              a base image, and the files it was made
//     from <folder>/unpacked/<first id>/<digest>, npm/, work/
// One build at a time: the Cache holds a lock. Errors: "CacheUnusable", "CacheLocked".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "images/tree.h"
#include "rt/fd.h"
#include "wire/json.h"

namespace unkai::images {

// $UNKAI_CACHE_DIR, /var/cache/unkai/images for root, else ~/.cache/unkai/images.
std::string default_cache_folder();

struct LayerBlob {
    std::string digest, diff_id, media_type;
    int64_t bytes = 0;
    wire::Json to_json() const;
    static LayerBlob from_json(const wire::Json& json);
};

struct NamedImage {
    std::string name, digest;
    int64_t bytes = 0;  // Of the layers.
};

class Cache {
public:
    static Result<Cache> open(const std::string& folder);
    // A plain layout, without what else a cache has; only set_name() and names() are for it.
    static Result<Cache> open_layout(const std::string& folder);

    const std::string& folder() const { return folder_; }
    std::string blob_path(const std::string& digest) const;
    bool has_blob(const std::string& digest) const;
    // Packs a tree; the layer is then a blob here.
    Result<LayerBlob> add_layer(const Tree& tree);
    // What a layer that was made here has in it (overview.h).
    std::optional<wire::Json> list_of(const LayerBlob& layer) const;
    Result<std::string> add_text(const std::string& text);  // The digest.
    Result<std::string> read_text(const std::string& digest) const;

    // A step's layer; nullopt when it is not known, or its blob is gone. A step without a layer of
    // its own has an empty digest.
    std::optional<LayerBlob> step(const std::string& key) const;
    Status put_step(const std::string& key, const LayerBlob& layer);

    std::optional<wire::Json> read_record(
        const std::string& path) const;  // Relative to the folder.
    Status write_record(const std::string& path, const wire::Json& record);

    Status set_name(const std::string& name, const std::string& digest, int64_t manifest_bytes);
    std::vector<NamedImage> names() const;
    std::optional<std::string> digest_of(const std::string& name) const;

    // A fresh folder below work/, removed with it by clear_work().
    Result<std::string> work_folder();
    void clear_work();
    // The layer as a folder, owners moved up by `first_id`.
    Result<std::string> unpacked(const LayerBlob& layer, uint32_t first_id);

private:
    Status make_layout();
    Cache(std::string folder, Fd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

    std::string folder_;
    Fd lock_;
};

}  // namespace unkai::images
