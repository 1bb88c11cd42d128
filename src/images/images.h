// Building and pushing container images without a daemon and without a public registry: what
// `unkai image` and `unkai up` do.
//
//     TRY(const Built built, images::build({.context = "api", .name = "api:latest"}, tell));
//     TRY(const std::string digest, images::push(built, {.address = …, .repository = "saas-api",
//     …}));
//
// Blocking; no loop may run on the calling thread. A build whose inputs are those of an earlier one
// takes the layers of that one: some 50 ms. The same inputs give the same digest, on every run.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "images/cache.h"
#include "net/socket.h"

namespace unkai::images {

struct BuildOptions {
    std::string context;                           // A folder.
    std::string dockerfile;                        // Empty: "Dockerfile" in the context.
    std::string name;                              // "api" or "api:v1"; empty: not named.
    std::string target;                            // Of several stages; empty: the last.
    std::map<std::string, std::string> arguments;  // --build-arg
    bool use_cache = true;
    std::string cache_folder = default_cache_folder();
};

struct Step {
    std::string text;  // "COPY src ./src"
    bool cached = false;
    double seconds = 0;
};

// Told as the build goes on. Both may be empty.
struct Progress {
    std::function<void(const std::string& note)> note;  // What differs from the public base image.
    std::function<void(const Step& step)> step;         // After each.
};

struct Built {
    std::string digest;  // Of the manifest.
    std::string cache_folder;
    int64_t bytes = 0;  // Of the layers, packed.
    size_t steps = 0, cached_steps = 0;
    // A tag made from the content: "sha-" and 12 digits.
    std::string content_tag() const { return "sha-" + digest.substr(7, 12); }
};

// Errors: InvalidDockerfile, BaseImageUnavailable, FileUnreadable, RunFailed, RootNeeded, Cache….
Result<Built> build(const BuildOptions& options, const Progress& progress = {});

struct PushOptions {
    net::Address address;     // Of the registry.
    std::string authority;    // The Host field, "123456789012.dkr.ecr.us-east-1.localhost:4566".
    std::string credentials;  // "AWS:<token>", or empty.
    std::string repository;
    std::string tag;
    std::string cache_folder = default_cache_folder();
};
struct Pushed {
    std::string digest;
    size_t layers = 0, layers_sent = 0;
    int64_t bytes_sent = 0;
};
// Sends what the registry lacks. Errors: "PushFailed" with the registry's own words.
Result<Pushed> push(const std::string& digest, const PushOptions& options);

// Copies an image into an OCI layout, for skopeo, docker load (by skopeo) and others.
Status write_layout(const std::string& digest, const std::string& name, const std::string& folder,
                    const std::string& cache_folder = default_cache_folder());

std::vector<NamedImage> list(const std::string& cache_folder = default_cache_folder());

// "api" → "api:latest".
std::string full_name(const std::string& name);

}  // namespace unkai::images
