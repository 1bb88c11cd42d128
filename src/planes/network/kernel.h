// The impure half of the network: reads a World from the kernel, and carries out actions on it.
//
// Everything blocks (an interface takes one or two milliseconds; deleting a link some ten): for
// Workers only, one call at a time.
#pragma once

#include <vector>

#include "base/result.h"
#include "planes/network/namespaces.h"
#include "planes/network/plan.h"

namespace unkai::planes::network {

class Kernel {
public:
    explicit Kernel(Settings settings);

    // Everything on the machine that is this installation's, found by name. Filters are not read.
    Result<World> observe();
    // In order, until the first that fails; `world` follows each that went well.
    Status execute(const std::vector<Action>& actions, World& world);
    // Removes all of it: namespaces, links, routes, filter, and what egress changed on the host.
    Status purge();

    const Settings& settings() const { return settings_; }
    const Namespaces& namespaces() const { return namespaces_; }

private:
    Status set_filter(const std::string& name, const std::string& commands);
    Status open_host();
    Status close_host();
    std::string forwarding_file() const { return settings_.run_directory + "/forwarding"; }

    Settings settings_;
    Namespaces namespaces_;
};

}  // namespace unkai::planes::network
