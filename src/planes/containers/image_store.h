// Images ready to run: layers unpacked once, shared by all containers.
//
//     CO_TRY(Image image, co_await images.pull(source, "1234.dkr.ecr.….amazonaws.com/app:1",
//     first_id));
//
// Blobs stay where they are (a registry's storage, an OCI layout on disk); an ImageSource opens
// them. Every blob's SHA-256 is checked while it is read. A layer becomes the folder
// <folder>/<first id>/<64 hex digits>, complete or not there at all; pulls of one layer at the same
// time wait for one unpacking. Nothing is synced to disk: after the machine itself restarted, all
// is unpacked again from the blobs, which are durable.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "planes/containers/image.h"
#include "planes/containers/layer.h"
#include "rt/env.h"
#include "rt/event.h"
#include "rt/fd.h"

namespace unkai::planes::containers {

class ImageSource {
public:
    virtual ~ImageSource() = default;
    // The digest of the manifest (or index) that a reference names. Errors: "ImageNotFound" (404).
    virtual Task<Result<std::string>> resolve(std::string reference) = 0;
    // A blob or manifest of that image, open for reading at its start.
    virtual Task<Result<Fd>> open(std::string reference, std::string digest) = 0;
};

// An OCI image layout on disk (a folder with index.json and blobs/): what `skopeo copy …
// oci:folder`, buildah and `unkai image` write. A reference's tag is looked up in the annotation
// org.opencontainers.image.ref.name; with one image only, any reference means it.
class LayoutSource final : public ImageSource {
public:
    LayoutSource(Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {}
    Task<Result<std::string>> resolve(std::string reference) override;
    Task<Result<Fd>> open(std::string reference, std::string digest) override;

private:
    Env& env_;
    std::string folder_;
};

class ImageStore {
public:
    ImageStore(Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {}

    // Makes the folder; drops half-done work and, after a restart of the machine, all layers.
    Task<Status> open();
    // `first_id`: see UnpackOptions. Errors: the source's, "InvalidImage", "InvalidLayer".
    Task<Result<Image>> pull(std::shared_ptr<ImageSource> source, std::string reference,
                             uint32_t first_id);
    // Removes the layer folders that no Image holds (Image::hold) and that none has held for as
    // long as `idle`, counted from open() for those of an earlier run.
    Task<Status> remove_unused(Duration idle);
    // Removes everything.
    Task<Status> purge();

private:
    // Which layers are held, and until when those were that are not. It may outlive the store.
    struct Uses {
        std::map<std::string, size_t> held;
        std::map<std::string, Steady> ended;
    };
    // An Image's share in it.
    struct Hold {
        std::shared_ptr<Uses> uses;
        Loop& loop;
        std::vector<std::string> layers;
        ~Hold();
        void add(const std::string& layer);
    };
    struct Flight {
        Event done;
        std::optional<Status> result;
    };
    Task<Result<std::string>> read_small(std::shared_ptr<ImageSource> source, std::string reference,
                                         std::string digest);
    std::string folder_of(const std::string& digest, uint32_t first_id) const;
    Task<Status> ensure_layer(std::shared_ptr<ImageSource> source, std::string reference,
                              std::string digest, uint32_t first_id);
    Task<Status> unpack(std::shared_ptr<ImageSource> source, std::string reference,
                        std::string digest, uint32_t first_id, std::string target);

    Env& env_;
    std::string folder_;
    std::map<std::string, std::shared_ptr<Flight>> flights_;  // By target folder.
    std::shared_ptr<Uses> uses_ = std::make_shared<Uses>();
    Steady opened_{};
    uint64_t next_temporary_ = 0;
};

}  // namespace unkai::planes::containers
