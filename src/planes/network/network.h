// The network plane: VPCs as namespaces, kept as the newest snapshot says.
//
//     KernelNetwork network(env, settings);
//     CO_REQUIRE(co_await network.apply(snapshot));          // all of it, every time
//     CO_REQUIRE(co_await network.ready("eni-0a1b…", deadline));
//     run_container(network.namespace_path("eni-0a1b…"));
//
// Sockets inside: a container's in its interface's namespace; a listener or client of Unkai that
// has a `local` interface in namespace_path(<vpc id>), and bound to its interface's address, since
// routes and security groups go by it. API, edge and DNS: in namespace_path("internet").
#pragma once

#include <string>

#include "planes/network/explain.h"
#include "planes/network/snapshot.h"
#include "rt/env.h"
#include "rt/event.h"

namespace unkai::planes::network {

class Network {
public:
    virtual ~Network() = default;

    // Makes the machine so. Serialised; of several that wait the newest is carried out for all of
    // them. Connections of interfaces that stay go on. On error parts may be done; the next apply
    // goes on from what is there. Works after kill -9: what is found by name is adopted. Some 2 ms
    // an interface.
    virtual Task<Status> apply(Snapshot snapshot) = 0;
    // Waits until an applied snapshot has the interface: namespace, routes and filter are in place.
    virtual Task<Status> ready(std::string interface, Steady deadline) = 0;
    // The last snapshot that was applied.
    virtual const Snapshot& applied() const = 0;
    virtual const Settings& settings() const = 0;
    // Removes everything of this installation from the machine, also what an earlier process left.
    virtual Task<Status> purge() = 0;

    std::string namespace_path(const std::string& name) const {
        return settings().run_directory + "/netns/" + name;
    }
    Explanation explain(const Flow& flow) const {
        return network::explain(applied(), settings(), flow);
    }
};

}  // namespace unkai::planes::network
