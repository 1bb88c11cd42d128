// RUN: a command in a container made of the layers so far, on the machine's own network (so that
// the package registries configured on the machine are reachable); what it changed becomes a tree.
//
// Build-time only, never in the image: /etc/resolv.conf and /etc/hosts of the machine, its proxy
// variables, npm and pip settings (~/.npmrc, NPM_CONFIG_REGISTRY, PIP_INDEX_URL, certificate
// variables), and a cache for npm that later builds use again. Needs root. Errors: "RunFailed" with
// the command's last output, "RootNeeded", "RuntimeMissing".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "images/cache.h"
#include "planes/containers/spec.h"

namespace unkai::images {

struct RunRequest {
    std::vector<LayerBlob> layers;
    std::vector<std::string> arguments;
    planes::containers::Environment environment;
    std::string user;
    std::string working_directory;
};

Result<Tree> run_step(Cache& cache, const RunRequest& request);

// What an overlay's upper folder says in comparison with the layers below it. Owners are moved down
// by `first_id`. Its files are read later: pack the tree before the folder goes.
Result<Tree> changes_in(const std::string& upper, uint32_t first_id);

}  // namespace unkai::images
