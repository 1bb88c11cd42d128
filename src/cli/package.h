// A folder as a zip archive for Lambda: a function's code or a layer.
//
// The same files give the same bytes, so that the archive's hash can be its name: an unchanged
// folder uploads nothing and leaves the function alone.
#pragma once

#include "base/result.h"
#include "cli/manifest.h"

namespace unkai::cli {

struct Package {
    std::string key;  // name-<16 hex digits of the content's SHA-256>.zip
    std::string bytes;
};

// Runs the step's build command if need be, and packs its output folder. Errors: SiteBuildFailed,
// PackageEmpty, PackageTooLarge (Lambda unpacks at most 250 MB), FileUnreadable.
Result<Package> make_package(const PackageStep& step);

}  // namespace unkai::cli
