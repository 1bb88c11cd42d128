// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
#pragma once

#include <cstddef>

namespace unkai::services::ec2::limits {

constexpr size_t vpcs = 5;  // In a region.
constexpr size_t vpc_cidrs = 5;
constexpr size_t subnets = 200;          // In a VPC.
constexpr size_t route_tables = 200;     // In a VPC.
constexpr size_t routes = 500;           // In a route table, the local one not counted.
constexpr size_t internet_gateways = 5;  // In a region.
constexpr size_t nat_gateways = 5;       // In an availability zone.
constexpr size_t addresses = 5;          // Elastic IPs in a region; those of services do not count.
constexpr size_t security_groups = 2500;    // In a region.
constexpr size_t group_rules = 60;          // In a security group, each direction for itself.
constexpr size_t interface_groups = 5;      // Security groups of an interface.
constexpr size_t interfaces = 5000;         // In a region.
constexpr size_t interface_addresses = 50;  // IPv4 addresses of an interface.
constexpr size_t tags = 50;                 // Of a resource.
constexpr size_t filters = 50;
constexpr int smallest_prefix = 16;  // Of VPCs and subnets …
constexpr int largest_prefix = 28;   // … is between these two.
constexpr int least_page = 5;        // MaxResults, where AWS has a lower bound.
constexpr int largest_page = 1000;
constexpr int deleted_nat_hours = 1;  // As long a deleted NAT gateway is still described.

}  // namespace unkai::services::ec2::limits
