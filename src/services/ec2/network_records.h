// The records of networks: VPCs, subnets, routes, gateways. Part of schema.h.
#pragma once

#include "store/record.h"

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

}  // namespace unkai::services::ec2
