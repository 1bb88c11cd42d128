// Amazon EC2, its VPC part: VPCs, subnets, route tables, gateways, addresses, security groups,
// interfaces.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
// Operations only keep records; publisher.h makes planes/network follow them. Each region of an
// account gets its default VPC at its first use.
//
// Other services make interfaces by CreateNetworkInterface in process: those are requester-managed
// and in use at once. elasticloadbalancing gets an address in the VPC's namespace, all others a
// namespace of their own. They allocate and associate public addresses in the same way; nobody else
// sees these.
#pragma once

#include "planes/network/snapshot.h"
#include "services/ec2/resource.h"
#include "services/ec2/rules.h"

namespace unkai::services::ec2 {

class Ec2 final : public api::ec2::Service {
public:
    // Elastic addresses are taken from the network's public range.
    explicit Ec2(planes::network::Settings network) : network_(std::move(network)) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // vpc_ops.cc
    OPERATION(CreateVpc);
    OPERATION(CreateDefaultVpc);
    OPERATION(DeleteVpc);
    OPERATION(DescribeVpcs);
    OPERATION(ModifyVpcAttribute);
    OPERATION(DescribeVpcAttribute);
    OPERATION(AssociateVpcCidrBlock);
    OPERATION(DisassociateVpcCidrBlock);
    // account_ops.cc
    OPERATION(DescribeNetworkAcls);
    OPERATION(DescribeDhcpOptions);
    OPERATION(DescribeAvailabilityZones);
    OPERATION(DescribeRegions);
    OPERATION(DescribeAccountAttributes);
    // subnet_ops.cc
    OPERATION(CreateSubnet);
    OPERATION(DeleteSubnet);
    OPERATION(DescribeSubnets);
    OPERATION(ModifySubnetAttribute);
    // route_table_ops.cc
    OPERATION(CreateRouteTable);
    OPERATION(DeleteRouteTable);
    OPERATION(DescribeRouteTables);
    OPERATION(AssociateRouteTable);
    OPERATION(DisassociateRouteTable);
    OPERATION(ReplaceRouteTableAssociation);
    // route_ops.cc
    OPERATION(CreateRoute);
    OPERATION(ReplaceRoute);
    OPERATION(DeleteRoute);
    // gateway_ops.cc
    OPERATION(CreateInternetGateway);
    OPERATION(DeleteInternetGateway);
    OPERATION(DescribeInternetGateways);
    OPERATION(AttachInternetGateway);
    OPERATION(DetachInternetGateway);
    // nat_ops.cc
    OPERATION(CreateNatGateway);
    OPERATION(DeleteNatGateway);
    OPERATION(DescribeNatGateways);
    // address_ops.cc
    OPERATION(AllocateAddress);
    OPERATION(ReleaseAddress);
    OPERATION(DescribeAddresses);
    OPERATION(DescribeAddressesAttribute);
    OPERATION(AssociateAddress);
    OPERATION(DisassociateAddress);
    // group_ops.cc
    OPERATION(CreateSecurityGroup);
    OPERATION(DeleteSecurityGroup);
    OPERATION(DescribeSecurityGroups);
    // group_rule_ops.cc
    OPERATION(AuthorizeSecurityGroupIngress);
    OPERATION(AuthorizeSecurityGroupEgress);
    OPERATION(RevokeSecurityGroupIngress);
    OPERATION(RevokeSecurityGroupEgress);
    OPERATION(DescribeSecurityGroupRules);
    OPERATION(ModifySecurityGroupRules);
    OPERATION(UpdateSecurityGroupRuleDescriptionsIngress);
    OPERATION(UpdateSecurityGroupRuleDescriptionsEgress);
    // interface_ops.cc
    OPERATION(CreateNetworkInterface);
    OPERATION(DeleteNetworkInterface);
    OPERATION(DescribeNetworkInterfaces);
    OPERATION(ModifyNetworkInterfaceAttribute);
    OPERATION(DescribeNetworkInterfaceAttribute);
    OPERATION(AssignPrivateIpAddresses);
    OPERATION(UnassignPrivateIpAddresses);
    // tag_ops.cc
    OPERATION(CreateTags);
    OPERATION(DeleteTags);
    OPERATION(DescribeTags);
#undef OPERATION

private:
    planes::network::Settings network_;
};

// Shared by the operations' files.

// At the start of each: the region's default VPC exists; a dry run ends here.
void ensure_default_vpc(aws::Call& call);
template <class In>
Status begin(aws::Call& call, const In& in) {
    ensure_default_vpc(call);
    if constexpr (requires { in.dry_run; })
        if (in.dry_run.value_or(false))
            return fail("DryRunOperation", "Request would have succeeded, but DryRun flag is set.",
                        412);
    return ok();
}

// vpc_ops.cc: a VPC with its main route table and default security group.
Vpc make_vpc(aws::Call& call, Cidr cidr, std::string tenancy, bool is_default);
std::optional<Vpc> default_vpc(aws::Call& call);
// subnet_ops.cc
std::vector<Subnet> subnets_of(aws::Call& call, const std::string& vpc);
Subnet make_subnet(aws::Call& call, const Vpc& vpc, Cidr cidr, const std::string& zone);
// route_table_ops.cc
std::vector<RouteTable> route_tables_of(aws::Call& call, const std::string& vpc);
// gateway_ops.cc
std::optional<InternetGateway> gateway_of(aws::Call& call, const std::string& vpc);
// interface_ops.cc
std::vector<NetworkInterface> interfaces_in(aws::Call& call, const std::string& subnet);
// A free address of the subnet, or `wanted` if that is one. Errors as AWS's.
Result<std::string> claim_address(aws::Call& call, const Subnet& subnet,
                                  const std::optional<std::string>& wanted);
NetworkInterface make_interface(aws::Call& call, const Subnet& subnet, std::string address);
void drop_interface(aws::Call& call, const NetworkInterface& interface);
// address_ops.cc
void associate(aws::Call& call, Address& address, const NetworkInterface& interface,
               const std::string& private_ip);
void disassociate(aws::Call& call, Address address);
std::optional<Address> address_at(const std::vector<Address>& addresses,
                                  const std::string& interface, const std::string& private_ip);
// group_ops.cc
std::vector<SecurityGroup> groups_of(aws::Call& call, const std::string& vpc);
std::optional<SecurityGroup> group_named(aws::Call& call, const std::string& vpc,
                                         const std::string& name);
SecurityGroup make_group(aws::Call& call, const std::string& vpc, std::string name,
                         std::string description);
api::ec2::SecurityGroupRule describe_rule(const aws::Call& call, const SecurityGroup& group,
                                          const GroupRule& rule);

}  // namespace unkai::services::ec2
