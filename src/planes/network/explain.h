// Why a connection passes, or what stops it: `unkai why SRC DST:PORT`.
//
// Walks the same snapshot that the kernel's rules are compiled from, in the order in which a first
// packet meets them, and names what decides at each step. Pure. The network's tests hold it to what
// the kernel really does.
#pragma once

#include "planes/network/snapshot.h"

namespace unkai::planes::network {

struct Flow {
    // The sender: an interface's id, or empty for a client on the internet (the host, for one).
    std::string source;
    Ipv4 destination;  // As the sender writes it: private within the VPC, or public.
    int protocol = 6;  // 6 TCP, 17 UDP, 1 ICMP
    int port = 0;      // ICMP: the type.
};

struct Step {
    std::string component;  // "security group", "route table", "nat gateway", …
    std::string id;         // Of the component.
    std::string rule;       // The id of the security group rule, or the route's destination.
    bool passes = true;
    std::string text;  // One sentence; where it does not pass, with the fix.
};

struct Explanation {
    bool passes = true;
    std::vector<Step> steps;  // The last one decided.
};

Explanation explain(const Snapshot& snapshot, const Settings& settings, const Flow& flow);

}  // namespace unkai::planes::network
