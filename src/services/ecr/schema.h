// Every key and record that ecr stores. Manifests lie in the store; layers are files, see
// layer_files.h.
#pragma once

#include "store/table.h"

namespace unkai::services::ecr {

struct MutabilityFilter {
    std::string type, filter;
    bool operator==(const MutabilityFilter&) const = default;
    void fields(auto& field) {
        field(1, type);
        field(2, filter);
    }
};

struct Repository {
    std::string name;
    Time created;
    std::string mutability = "MUTABLE";
    std::vector<MutabilityFilter> exclusions;
    bool scan_on_push = false;
    std::string encryption = "AES256";
    std::string kms_key;
    std::string policy;
    std::string lifecycle_policy;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, created);
        field(3, mutability);
        field(4, exclusions);
        field(5, scan_on_push);
        field(6, encryption);
        field(7, kms_key);
        field(8, policy);
        field(9, lifecycle_policy);
        field(10, tags);
    }
};

struct Image {
    std::string manifest;
    std::string media_type;
    std::string artifact_type;  // The configuration's media type.
    Time pushed;
    int64_t bytes = 0;  // Of its layers, compressed, and its configuration.
    std::vector<std::string>
        layers;  // Digests of all blobs that it needs, the configuration's too.
    std::vector<std::string> images;  // Of an index: the manifests that it names.
    std::string subject;
    std::optional<Time> pulled;
    void fields(auto& field) {
        field(1, manifest);
        field(2, media_type);
        field(3, artifact_type);
        field(4, pushed);
        field(5, bytes);
        field(6, layers);
        field(7, images);
        field(8, subject);
        field(9, pulled);
    }
};

struct ImageTag {
    std::string digest;
    void fields(auto& field) { field(1, digest); }
};

struct Layer {
    int64_t bytes = 0;
    Time uploaded;
    void fields(auto& field) {
        field(1, bytes);
        field(2, uploaded);
    }
};

// Bytes on their way to a layer. How many there are already, the file says.
struct Upload {
    Time started;
    int64_t smallest_part = 0;  // Of UploadLayerPart's parts, without the last one.
    int64_t last_part = 0;
    void fields(auto& field) {
        field(1, started);
        field(2, smallest_part);
        field(3, last_part);
    }
};

struct LayerUser {
    bool used = true;
    void fields(auto& field) { field(1, used); }
};

struct Secret {
    std::string bytes;
    void fields(auto& field) { field(1, bytes); }
};

namespace schema {
using Text = std::string;
// Account, region, repository.
inline const store::Table<Repository, Text, Text, Text> repositories{"ecr/repositories"};
// Account, region, repository, digest.
inline const store::Table<Image, Text, Text, Text, Text> images{"ecr/images"};
inline const store::Table<Layer, Text, Text, Text, Text> layers{"ecr/layers"};
// Account, region, repository, tag.
inline const store::Table<ImageTag, Text, Text, Text, Text> tags{"ecr/tags"};
// Account, region, repository, upload id.
inline const store::Table<Upload, Text, Text, Text, Text> uploads{"ecr/uploads"};
// Digest, account, region, repository: which repositories a layer's file belongs to.
inline const store::Table<LayerUser, Text, Text, Text, Text> layer_users{"ecr/layer-users"};
// "tokens": what authorisation tokens are signed with.
inline const store::Table<Secret, Text> secrets{"ecr/secrets"};
}  // namespace schema

}  // namespace unkai::services::ecr
