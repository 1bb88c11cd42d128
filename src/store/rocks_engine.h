// The engine on disk, for a program whose store is made together with other files.
#pragma once

#include <string>
#include <vector>

#include "store/engine.h"

namespace unkai::store {

// As rocks_engine(directory). A store that is new is synced as a whole, by its first sync(), and
// with it, before it, what is named here (files and folders, in that order): what the store's
// contents will mean nothing without. Nothing of all that is synced before; what is not there is
// left out.
Result<std::unique_ptr<Engine>> rocks_engine(const std::string& directory,
                                             std::vector<std::string> made_with);

}  // namespace unkai::store
