// Every key and record that ec2 stores. All keys: account, region, id.
#pragma once

#include "store/table.h"

namespace unkai::services::ec2 {

using Tags = std::map<std::string, std::string>;

struct CidrAssociation {
    std::string id, cidr;
    void fields(auto& field) {
        field(1, id);
        field(2, cidr);
    }
};

struct Vpc {
    std::string id;
    std::vector<CidrAssociation> cidrs;  // The first is the primary one.
    bool is_default = false;
    bool dns_support = true;
    bool dns_hostnames = false;
    std::string tenancy;
    std::string network_acl;
    Tags tags;
    bool usage_metrics = false;
    void fields(auto& field) {
        field(1, id);
        field(2, cidrs);
        field(3, is_default);
        // Written the other way round: what equals its type's default takes no space and reads as
        // false.
        bool no_dns_support = !dns_support;
        field(4, no_dns_support);
        dns_support = !no_dns_support;
        field(5, dns_hostnames);
        field(6, tenancy);
        field(7, network_acl);
        field(8, tags);
        field(9, usage_metrics);
    }
};

struct Subnet {
    std::string id, vpc, cidr, zone;
    bool default_for_zone = false;
    bool map_public_ip = false;
    std::string acl_association;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, cidr);
        field(4, zone);
        field(5, default_for_zone);
        field(6, map_public_ip);
        field(7, acl_association);
        field(8, tags);
    }
};

struct RouteRecord {
    std::string destination;
    std::string target;  // The id of an internet gateway, NAT gateway or interface, by its prefix.
    void fields(auto& field) {
        field(1, destination);
        field(2, target);
    }
};

struct TableAssociation {
    std::string id;
    std::string subnet;  // Empty: the VPC's main route table.
    void fields(auto& field) {
        field(1, id);
        field(2, subnet);
    }
};

struct RouteTable {
    std::string id, vpc;
    std::vector<RouteRecord> routes;  // Beside the local ones.
    std::vector<TableAssociation> associations;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, routes);
        field(4, associations);
        field(5, tags);
    }
};

struct InternetGateway {
    std::string id;
    std::string vpc;  // Empty: detached.
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, tags);
    }
};

struct NatGateway {
    std::string id, vpc, subnet, state;  // pending, available, failed, deleting, deleted
    std::string connectivity;            // public, private
    std::string interface, allocation, association, private_ip, public_ip;
    std::string failure_code, failure_message, client_token;
    Time created;
    std::optional<Time> deleted;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, subnet);
        field(4, state);
        field(5, connectivity);
        field(6, interface);
        field(7, allocation);
        field(8, association);
        field(9, private_ip);
        field(10, public_ip);
        field(11, failure_code);
        field(12, failure_message);
        field(13, client_token);
        field(14, created);
        field(15, deleted);
        field(16, tags);
    }
};

struct Address {
    std::string id, public_ip;
    std::string association, interface, private_ip;  // Empty: not associated.
    std::string
        service;  // Who holds it, where that is a service: elasticloadbalancing.amazonaws.com
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, public_ip);
        field(3, association);
        field(4, interface);
        field(5, private_ip);
        field(6, service);
        field(7, tags);
    }
};

struct GroupRule {
    std::string id;
    bool egress = false;
    std::string protocol;  // tcp, udp, icmp, icmpv6, -1, or a number
    int32_t from_port = -1;
    int32_t to_port = -1;
    std::string cidr, cidr6, group;  // One of these is set.
    std::string description;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, egress);
        field(3, protocol);
        int32_t from_one = from_port + 1;  // So that 0 and -1 are told apart.
        int32_t to_one = to_port + 1;
        field(4, from_one);
        field(5, to_one);
        from_port = from_one - 1;
        to_port = to_one - 1;
        field(6, cidr);
        field(7, cidr6);
        field(8, group);
        field(9, description);
        field(10, tags);
    }
};

struct SecurityGroup {
    std::string id, name, description, vpc;
    std::vector<GroupRule> rules;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, name);
        field(3, description);
        field(4, vpc);
        field(5, rules);
        field(6, tags);
    }
};

struct NetworkInterface {
    std::string id, vpc, subnet, zone, description, mac;
    std::vector<std::string> addresses;  // The primary one first.
    std::vector<std::string> groups;
    std::string requester;  // The service that made it (and uses it); empty for users.
    std::string type;       // interface, nat_gateway
    std::string attachment, client_token;
    bool unchecked = false;  // SourceDestCheck is off.
    Time created;
    Tags tags;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, subnet);
        field(4, zone);
        field(5, description);
        field(6, mac);
        field(7, addresses);
        field(8, groups);
        field(9, requester);
        field(10, type);
        field(11, attachment);
        field(12, client_token);
        field(13, unchecked);
        field(14, created);
        field(15, tags);
    }
};

// A region of an account that was used; its default VPC was made then.
struct Region {
    Time first_used;
    void fields(auto& field) { field(1, first_used); }
};

namespace schema {
template <class R>
using Table = store::Table<R, std::string, std::string, std::string>;
inline const Table<Vpc> vpcs{"ec2/vpcs"};
inline const Table<Subnet> subnets{"ec2/subnets"};
inline const Table<RouteTable> route_tables{"ec2/route-tables"};
inline const Table<InternetGateway> internet_gateways{"ec2/internet-gateways"};
inline const Table<NatGateway> nat_gateways{"ec2/nat-gateways"};
inline const Table<Address> addresses{"ec2/addresses"};
inline const Table<SecurityGroup> groups{"ec2/security-groups"};
inline const Table<NetworkInterface> interfaces{"ec2/interfaces"};
// Account, region.
inline const store::Table<Region, std::string, std::string> regions{"ec2/regions"};
// Public address → allocation id: no two accounts have one address.
inline const store::Table<std::string, std::string> public_addresses{"ec2/public-addresses"};
constexpr const char* everything = "ec2/";
}  // namespace schema

}  // namespace unkai::services::ec2
