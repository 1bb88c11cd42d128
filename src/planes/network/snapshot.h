// What the network shall be: every VPC of an installation as plain values, handed over whole.
//
// A snapshot is immutable and self-contained; ids are the caller's and name things across snapshots
// (an interface that keeps its id keeps its namespace and its connections). References to ids that
// the snapshot does not have lead nowhere: a route to a missing NAT gateway is a black hole, a rule
// for a missing group matches nothing.
#pragma once

#include <string>
#include <vector>

#include "planes/network/ipv4.h"

namespace unkai::planes::network {

struct Vpc {
    std::string id;
    std::vector<Cidr> cidrs;        // The first is the primary one; its base + 2 is the resolver.
    bool internet_gateway = false;  // One is attached.
};

struct Route {
    enum class Target { internet_gateway, nat_gateway, interface, blackhole };
    Cidr destination;
    Target target = Target::blackhole;
    std::string target_id;  // Of the NAT gateway or interface.
    bool operator==(const Route&) const = default;
};

// The routes beside the local one, which every table has and which wins.
struct RouteTable {
    std::string id;
    std::string vpc;
    std::vector<Route> routes;
};

struct Subnet {
    std::string id;
    std::string vpc;
    Cidr cidr;
    std::string route_table;
};

struct SecurityRule {
    std::string id;      // sgr-…, for explanations only.
    int protocol = -1;   // IP protocol number; -1 is all.
    int from_port = -1;  // TCP and UDP: the range. ICMP: type and code. -1 is all.
    int to_port = -1;
    Cidr cidr;          // The peer, unless `group` is given.
    std::string group;  // The peer is any interface in this group (of the same VPC).
};

struct SecurityGroup {
    std::string id;
    std::string vpc;
    std::vector<SecurityRule> ingress;
    std::vector<SecurityRule> egress;
};

struct PrivateAddress {
    Ipv4 address;
    std::optional<Ipv4> public_address;  // An elastic or public IP, 1:1.
};

struct Interface {
    enum class Kind {
        container,    // Has a namespace of its own, named by its id: its eth0.
        local,        // An address in the VPC's namespace: for listeners of Unkai itself.
        nat_gateway,  // Namespace of its own that translates what is routed to it.
        shared,       // Likewise, of the tenants behind it; takes no connections.
    };
    std::string id;
    std::string subnet;
    Kind kind = Kind::container;
    std::string mac;                        // 02:…; both ends of the link bear it.
    std::vector<PrivateAddress> addresses;  // The primary one first; at least one.
    std::vector<std::string> groups;        // Without one everything is refused (but NAT gateways).
    bool source_destination_check = true;   // NAT gateways never have it.
};

struct NatGateway {
    std::string id;
    std::string interface;  // Of kind nat_gateway.
};

// A namespace behind a shared interface, as functions stand behind one of Lambda's. It has a
// loopback and an eth0 of its own, sends with the interface's address and by the interface's rules,
// and nothing reaches it: neither the VPC nor another tenant, nor does it reach those.
struct Tenant {
    std::string id;
    std::string interface;
    Ipv4 address;  // In tenant_range; unique behind the interface.
};

struct Snapshot {
    std::vector<Vpc> vpcs;
    std::vector<Subnet> subnets;
    std::vector<RouteTable> route_tables;
    std::vector<SecurityGroup> groups;
    std::vector<Interface> interfaces;
    std::vector<NatGateway> nat_gateways;
    std::vector<Tenant> tenants;
};

// Where this installation's network lies on the machine. Two installations differ in all three.
struct Settings {
    std::string run_directory = "/run/unkai/default";  // Namespaces: <run_directory>/netns/<name>.
    std::string host_link = "unkai0";                  // ≤ 15 characters; also names the nft table.
    // Public addresses: base + 1 is the API, + 2 the CloudFront edge, + 3 API Gateway's endpoints,
    // + 4 where functions without a VPC come from, + 53 authoritative DNS; the last but one is the
    // host as the internet sees it; base + 256 and up are for elastic IPs. /23 or wider.
    Cidr public_range{Ipv4{0xc6120000}, 15};  // 198.18.0.0/15
    bool egress = false;                      // Let VPCs reach the world through the host.

    Ipv4 api_address() const { return public_range.base + 1; }
    Ipv4 edge_address() const { return public_range.base + 2; }
    Ipv4 gateway_address() const { return public_range.base + 3; }
    Ipv4 functions_address() const { return public_range.base + 4; }
    Ipv4 dns_address() const { return public_range.base + 53; }
    Ipv4 host_address() const { return Ipv4{public_range.last().value - 1}; }
    Ipv4 first_elastic() const { return public_range.base + 256; }
    Ipv4 last_elastic() const { return Ipv4{public_range.last().value - 2}; }
};

// Addresses inside every VPC that Unkai itself answers on; security groups do not apply to them.
constexpr Ipv4 resolver_address{0xa9fea9fd};       // 169.254.169.253, beside the VPC's base + 2
constexpr Ipv4 task_metadata_address{0xa9feaa02};  // 169.254.170.2

// Of all these addresses a tenant reaches the resolver only, and nothing of them leaves the
// machine: elsewhere they are a cloud's metadata and credentials.
constexpr Cidr link_local{Ipv4{0xa9fe0000}, 16};    // 169.254.0.0/16
constexpr Cidr tenant_range{Ipv4{0xa9fe4000}, 18};  // 169.254.64.0/18

}  // namespace unkai::planes::network
