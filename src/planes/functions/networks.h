// Where environments stand in the network. Implemented by whoever owns the networks; two
// environments, of one function or of two, never share a namespace.
#pragma once

#include <string>

#include "rt/task.h"

namespace unkai::planes::functions {

class Networks {
public:
    virtual ~Networks() = default;
    // A namespace that no environment had before: the path of its bind-mounted file. It has a
    // loopback of its own and reaches what `network` (FunctionNetwork::name) may reach. Some are
    // made ahead; one that is not takes a few milliseconds. Errors are the network's.
    virtual Task<Result<std::string>> take(std::string network) = 0;
    // Its environment is gone, and so is the namespace soon; no waiting.
    virtual void give_back(const std::string& path) = 0;
};

}  // namespace unkai::planes::functions
