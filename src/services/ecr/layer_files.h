// Layers as files: <folder>/sha256/<2 digits>/<digest>, and <folder>/uploads/<id> while they
// arrive.
//
// A layer's file exists once however many repositories have it, is complete and verified when it
// has its name, and never changes. What the store says counts; a file that no record names is
// dropped by sweep(). Blocking parts run on Workers. Errors: "LayerStorage" with the reason (disk
// full, no permission).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rt/env.h"
#include "rt/fd.h"

namespace unkai::services::ecr {

class LayerFiles {
public:
    // Makes the folder where it is missing (0700).
    LayerFiles(Env& env, std::string folder);

    // Uploads. The id is a UUID.
    Status begin(const std::string& id);
    Result<int64_t> uploaded(const std::string& id) const;  // Bytes so far.
    // Writes at the end of what is there. Appending while another append runs is the caller's bug.
    Task<Status> append(std::string id, std::string_view bytes);
    // Hashes, compares, syncs, gives it its name; the size. Error "DigestMismatch" (the upload
    // stays). Once it has its name, finishing it again answers the size again.
    Task<Result<int64_t>> finish(std::string id, std::string digest);
    void discard(const std::string& id);

    // Layers, by "sha256:…" (validated by the caller: is_digest).
    bool has(const std::string& digest) const;
    Result<Fd> open(const std::string& digest) const;
    std::string path(const std::string& digest) const;
    void remove(const std::string& digest);

    // What lies there, for sweeping.
    std::vector<std::string> digests() const;
    std::vector<std::string> uploads() const;

private:
    std::string upload_path(const std::string& id) const { return folder_ + "/uploads/" + id; }

    Env& env_;
    const std::string folder_;
};

}  // namespace unkai::services::ecr
