// Whether an installation may take its public addresses from a range: they are routed to it by this
// machine, so no other installation and no network that the machine is in may have them.
#pragma once

#include <string>

#include "base/result.h"

namespace unkai::cli {

// `range` is a block ("198.18.0.0/15"), `id` that of the installation that asks. Error
// PublicCidrTaken: a sentence that names who has it and what to do.
Status check_public_range(const std::string& range, const std::string& id);

}  // namespace unkai::cli
