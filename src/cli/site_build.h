// Runs the build command of a site: with a time limit, with a second attempt where a package
// registry is silent, and without leaving anything running.
//
// npm waits for minutes on a registry that does not answer: its own pauses between attempts grow
// tenfold. Here it is told to ask again soon, unless the caller's environment says otherwise.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "rt/loop.h"

namespace unkai::cli {

struct SiteBuild {
    std::string command;  // For /bin/sh.
    std::string folder;   // Where it runs.
    std::string log;      // A file that gets what it prints.
    Duration limit;       // Of one attempt; then it and all that it started are killed.
};

// Blocking. Twice at the most: again after a time limit, or when its last words blame the network.
// `told` hears why it is tried again. Errors: SiteBuildFailed, SiteBuildTimeout, a sentence each,
// with the last words of the command.
Status run_site_build(const SiteBuild& build, const std::function<void(std::string)>& told);

}  // namespace unkai::cli
