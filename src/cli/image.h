// Images from the command line: what `unkai image push` and `unkai up` share.
#pragma once

#include "cli/control.h"
#include "images/images.h"

namespace unkai::cli {

// Sends an image of the build cache to a repository of the running Unkai, by its control socket,
// with a token of ECR. Errors: PushFailed (with the fix when the repository is missing),
// NotRunning, ECR's own.
Result<images::Pushed> push_image(const Installation& installation, Control& control,
                                  const std::string& digest, const std::string& repository,
                                  const std::string& tag);

}  // namespace unkai::cli
