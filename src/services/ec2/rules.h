// The rules of VPCs that need no store: address arithmetic, zones, security group permissions.
// Pure.
#pragma once

#include "api/ec2.h"
#include "planes/network/ipv4.h"
#include "services/ec2/schema.h"

namespace unkai::services::ec2 {

using planes::network::Cidr;
using planes::network::Ipv4;

// "10.0.0.0/16", cut to its prefix. Error: InvalidParameterValue.
Result<Cidr> parse_cidr(std::string_view text);
// For VPCs and subnets: /16 to /28. Error: `code` (InvalidVpc.Range, InvalidSubnet.Range).
Result<Cidr> parse_block(std::string_view text, std::string code);

// AWS keeps the first four addresses of a subnet and the last one.
bool is_reserved(Cidr subnet, Ipv4 address);
int32_t free_addresses(Cidr subnet, size_t used);
// One that nobody has, from a place that `seed` decides, so that a freed address is not at once
// somebody else's. nullopt: the subnet is full.
std::optional<Ipv4> pick_address(Cidr subnet, const std::set<Ipv4>& used, uint64_t seed);

// The three zones of a region: us-east-1a, use1-az1.
std::vector<std::string> zones(const std::string& region);
std::string zone_id(const std::string& region, const std::string& zone);
bool is_region(std::string_view name);
const std::vector<std::string>& regions();

// ip-10-0-0-5.ec2.internal, ec2-198-18-1-5.compute-1.amazonaws.com
std::string private_dns_name(const std::string& region, std::string_view address);
std::string public_dns_name(const std::string& region, std::string_view address);

// Permissions → one rule for each peer, without ids. Group names are left to the caller, by
// `group_id`: the id of a pair's group. Errors: InvalidParameterValue, MissingParameter, …
using GroupId = std::function<Result<std::string>(const api::ec2::UserIdGroupPair&)>;
Result<std::vector<GroupRule>> parse_permissions(const List<api::ec2::IpPermission>& permissions,
                                                 bool egress, const GroupId& group_id);
// Rules → permissions, those of one protocol and port range together.
List<api::ec2::IpPermission> to_permissions(const std::vector<GroupRule>& rules, bool egress,
                                            const std::string& account);
bool same_permission(const GroupRule& a, const GroupRule& b);  // But for id and description.
// As AWS writes it in errors: "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW"
std::string rule_text(const GroupRule& rule);
Status check_ports(const GroupRule& rule);
std::string canonical_protocol(const std::string& protocol);
int protocol_number(const std::string& protocol);  // tcp → 6; -1 for all.

}  // namespace unkai::services::ec2
