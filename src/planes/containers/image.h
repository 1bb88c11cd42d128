// Container images as data: references, digests, manifests, indexes and configurations, of the OCI
// image specification 1.1 and of Docker's schema 2 (same JSON, other media types). Pure; no I/O.
//
// Digests are "sha256:" and 64 lower-case hexadecimal digits; nothing else is taken, so that a
// digest may become a file name. Sizes and counts are bounded: a manifest has at most 4 MiB and 120
// layers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::planes::containers {

constexpr size_t most_layers = 120;
constexpr size_t most_manifest_bytes = 4 << 20;

bool is_digest(std::string_view text);
std::string sha256_digest(std::string_view bytes);

// "registry/repository:tag" or "registry/repository@sha256:…". The tag is "latest" when neither is
// there. The registry is what is before the first '/', if it has a '.' or ':' or is "localhost".
struct ImageReference {
    std::string registry;
    std::string repository;
    std::string tag;
    std::string digest;
};
Result<ImageReference> parse_reference(std::string_view text);

struct Descriptor {
    std::string media_type;
    std::string digest;
    int64_t size = 0;
};

struct Manifest {
    Descriptor config;
    std::vector<Descriptor> layers;  // Lowest first.
};

struct Platform {
    std::string os = "linux";
    std::string architecture;  // As Go names it: amd64, arm64.
};
Platform host_platform();

// A document that a registry stores under a manifest's digest: either the manifest itself, or an
// index of manifests of which the one for `platform` is meant.
struct ManifestOrIndex {
    std::optional<Manifest> manifest;
    std::optional<Descriptor> chosen;
};
Result<ManifestOrIndex> parse_manifest(std::string_view json, const Platform& platform);

struct ImageConfig {
    std::string os, architecture;
    std::vector<std::string> entry_point;
    std::vector<std::string> command;
    std::vector<std::string> environment;  // "NAME=value"
    std::string user;                      // "", "name", "1000", "1000:1000", "name:group"
    std::string working_directory;
    std::string stop_signal;  // "", "SIGTERM", "15"
    std::vector<std::string> volumes;
    std::vector<std::string> exposed_ports;  // "80/tcp"
};
Result<ImageConfig> parse_image_config(std::string_view json);

// An image that is unpacked here and ready to run.
struct Image {
    std::string manifest_digest;
    ImageConfig config;
    std::vector<std::string> layers;   // Folders, lowest first.
    int64_t bytes = 0;                 // Of the compressed layers.
    std::shared_ptr<const void> hold;  // While a copy of this lives, the layers stay on disk.
};

// Signal number of "SIGTERM", "TERM" or "15"; nullopt for what is none.
std::optional<int> signal_number(std::string_view text);

}  // namespace unkai::planes::containers
