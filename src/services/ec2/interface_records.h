// The records of what is in a network: addresses, security groups, interfaces. Part of schema.h.
#pragma once

#include "services/ec2/network_records.h"

namespace unkai::services::ec2 {

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

}  // namespace unkai::services::ec2
