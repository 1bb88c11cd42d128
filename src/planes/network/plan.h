// The pure half of the network: what the kernel shall hold (World), how to get there (diff).
//
//     World wanted = compile(snapshot, settings);
//     Plan plan = diff(wanted, observed);       // actions in the order in which they are safe
//
// A VPC is a namespace that routes; each interface with a namespace of its own hangs on it by a
// veth pair, so that every packet between interfaces passes the forward hook, where security groups
// hold. docs/decisions/routed-interfaces.md says why. Names in a World:
//
//     ""          the host (only what is named by Settings::host_link is ours)
//     "internet"  the exchange: public addresses, one link to each VPC with an internet gateway
//     VPC id      links e-… to its interfaces, igw to the internet; local addresses on lo
//     interface id  eth0; of a shared one also t-…, to its tenants
//     tenant id     eth0
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "planes/network/snapshot.h"

namespace unkai::planes::network {

inline const std::string host_namespace = "";
inline const std::string internet_namespace = "internet";

// A veth pair, owned by the namespace that lists it. Both ends bear one MAC address and need no
// ARP: what one sends to itself the other takes as its own.
struct Link {
    std::string name;
    std::string mac;
    std::string peer_namespace;
    std::string peer_name;
    auto operator<=>(const Link&) const = default;
};

struct Address {
    std::string link;
    Ipv4 address;
    uint8_t prefix = 32;
    auto operator<=>(const Address&) const = default;
};

struct KernelRoute {
    enum class Kind : uint8_t { unicast, blackhole, unreachable };
    uint32_t table = 254;  // main
    Cidr destination;
    Kind kind = Kind::unicast;
    std::string link;
    std::optional<Ipv4> gateway;  // Taken to be on the link.
    std::optional<Ipv4> source;   // Preferred for sockets that did not choose one.
    auto operator<=>(const KernelRoute&) const = default;
};

struct RoutingRule {
    uint32_t priority = 0;
    Cidr from;
    uint32_t table = 0;
    auto operator<=>(const RoutingRule&) const = default;
};

// One nftables table, in pieces that can be compared.
struct FilterSet {
    std::string type;                // "ipv4_addr", "ifname . ipv4_addr", "ipv4_addr : verdict"
    std::set<std::string> elements;  // "10.0.0.5", "10.0.0.5 : goto out-sg-1"
    bool is_map() const { return type.find(':') != std::string::npos; }
    bool operator==(const FilterSet&) const = default;
};
struct FilterChain {
    std::string hook;  // "type filter hook forward priority 0; policy accept;" or empty
    std::vector<std::string> rules;
    bool operator==(const FilterChain&) const = default;
};
struct Ruleset {
    std::map<std::string, FilterSet> sets;
    std::map<std::string, FilterChain> chains;
    bool operator==(const Ruleset&) const = default;
};

struct NamespaceState {
    bool forwarding = false;
    std::set<Link> links;
    std::set<Address> addresses;
    std::set<KernelRoute> routes;
    std::set<RoutingRule> rules;
    std::optional<Ruleset> filter;  // Wanted: nullopt where none is needed. Observed: if known.
    bool operator==(const NamespaceState&) const = default;
};

using World = std::map<std::string, NamespaceState>;

struct CreateNamespace {
    std::string name;
    bool forwarding;
};
struct RemoveNamespace {
    std::string name;
};
struct SetForwarding {
    std::string name;
    bool forwarding;
};
struct SetFilter {
    std::string name;
    Ruleset ruleset;
    std::string commands;
};
struct AddLink {
    std::string name;
    Link link;
};
struct RemoveLink {
    std::string name;
    std::string link;
};
struct AddAddress {
    std::string name;
    Address address;
};
struct RemoveAddress {
    std::string name;
    Address address;
};
struct AddRoute {
    std::string name;
    KernelRoute route;
};
struct RemoveRoute {
    std::string name;
    KernelRoute route;
};
struct AddRule {
    std::string name;
    RoutingRule rule;
};
struct RemoveRule {
    std::string name;
    RoutingRule rule;
};

// `name` is the namespace in all of them.
using Action =
    std::variant<CreateNamespace, RemoveNamespace, SetForwarding, SetFilter, AddLink, RemoveLink,
                 AddAddress, RemoveAddress, AddRoute, RemoveRoute, AddRule, RemoveRule>;

struct Plan {
    std::vector<Action> actions;  // To the wanted world.
    std::vector<Action> cleanup;  // What no longer carries traffic and is slow to delete.
};

World compile(const Snapshot& snapshot, const Settings& settings);

// Filters come before links and routes, so that nothing passes unfiltered for a moment; removals
// come before additions.
Plan diff(const World& wanted, const World& observed, const Settings& settings);

// The world after an action that went well. apply over a whole Plan gives the wanted world.
void apply_to(World& world, const Action& action);

// nft commands, one transaction: from `before` (nullopt: replace the whole table) to `after`.
std::string filter_commands(const std::string& table, const std::optional<Ruleset>& before,
                            const Ruleset& after);

Ruleset vpc_filter(const Snapshot& snapshot, const Vpc& vpc);
Ruleset nat_filter(Ipv4 address);
Ruleset shared_filter(Ipv4 address, const std::vector<const Tenant*>& tenants);
Ruleset host_filter(const Settings& settings);
Ruleset internet_filter(const Snapshot& snapshot, const Settings& settings);

// Link names, which the kernel limits to 15 characters.
std::string interface_link(const std::string& interface_id);
std::string vpc_link(const std::string& vpc_id);
std::string tenant_link(const std::string& tenant_id);

}  // namespace unkai::planes::network
