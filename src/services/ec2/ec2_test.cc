#include "services/ec2/ec2.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/client.h"
#include "planes/network/sim_network.h"
#include "rt/sim/sim_loop.h"
#include "services/ec2/publisher.h"
#include "services/ec2/why.h"

namespace unkai::services::ec2 {

namespace {

namespace op = api::ec2::op;

const aws::Caller ada{.principal = {.kind = aws::Principal::Kind::root, .account = "000000000000"},
                      .account = "000000000000",
                      .region = "us-east-1"};
const aws::Caller ecs = aws::service_caller("ecs.amazonaws.com", "000000000000", "us-east-1");
const aws::Caller elb =
    aws::service_caller("elasticloadbalancing.amazonaws.com", "000000000000", "us-east-1");

class Ec2Test : public testing::Test {
protected:
    Ec2Test() {
        dispatcher_.add(bind(ec2_));
        publisher_.start();
    }
    ~Ec2Test() override { world_.loop.run_until_done(publisher_.stop()); }

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input in, const aws::Caller& caller = ada) {
        return world_.loop.run_until_done(client_.call<Op>(caller, std::move(in)));
    }
    template <class Op>
    typename Op::Output must(typename Op::Input in, const aws::Caller& caller = ada) {
        auto out = call<Op>(std::move(in), caller);
        EXPECT_TRUE(out) << Op::name << ": "
                         << (out ? "" : out.error().code + ": " + out.error().message);
        return out ? std::move(*out) : typename Op::Output{};
    }
    // The error code, or "ok".
    template <class Op>
    std::string outcome(typename Op::Input in, const aws::Caller& caller = ada) {
        const auto out = call<Op>(std::move(in), caller);
        return out ? "ok" : out.error().code;
    }

    std::string vpc(const std::string& cidr = "10.0.0.0/16") {
        return *must<op::CreateVpc>({.cidr_block = cidr}).vpc->vpc_id;
    }
    std::string subnet(const std::string& vpc, const std::string& cidr,
                       const std::string& zone = "us-east-1a") {
        return *must<op::CreateSubnet>(
                    {.availability_zone = zone, .cidr_block = cidr, .vpc_id = vpc})
                    .subnet->subnet_id;
    }
    std::string gateway(const std::string& vpc) {
        const std::string id =
            *must<op::CreateInternetGateway>({}).internet_gateway->internet_gateway_id;
        must<op::AttachInternetGateway>({.internet_gateway_id = id, .vpc_id = vpc});
        return id;
    }
    std::string group(const std::string& vpc, const std::string& name) {
        return *must<op::CreateSecurityGroup>(
                    {.description = "test", .group_name = name, .vpc_id = vpc})
                    .group_id;
    }
    const planes::network::Snapshot& published() {
        world_.loop.run_until_done(publisher_.settle());
        return network_.applied();
    }

    SimWorld world_;
    store::Store store_{world_.env, store::memory_engine()};
    aws::Dispatcher dispatcher_{world_.env, store_};
    aws::Client client_{dispatcher_};
    planes::network::SimNetwork network_;
    Ec2 ec2_{network_.settings()};
    Publisher publisher_{world_.env, store_, network_};
};

IpPermission tcp(int port, const char* cidr) {
    IpPermission out;
    out.ip_protocol = "tcp";
    out.from_port = out.to_port = port;
    out.ip_ranges.push_back({.cidr_ip = cidr});
    return out;
}

Filter filter(const char* name, const std::string& value) {
    return {.name = name, .values = {value}};
}

}  // namespace

TEST_F(Ec2Test, EachRegionHasItsDefaultVpc) {
    const auto vpcs = must<op::DescribeVpcs>({}).vpcs;
    ASSERT_EQ(vpcs.size(), 1u);
    EXPECT_EQ(vpcs[0].cidr_block, "172.31.0.0/16");
    EXPECT_EQ(vpcs[0].is_default, true);
    const auto subnets = must<op::DescribeSubnets>({}).subnets;
    ASSERT_EQ(subnets.size(), 3u);
    for (const auto& one : subnets) {
        EXPECT_EQ(one.available_ip_address_count, 4091);
        EXPECT_EQ(one.default_for_az, true);
    }
    EXPECT_EQ(must<op::DescribeInternetGateways>({}).internet_gateways.size(), 1u);
    const auto tables = must<op::DescribeRouteTables>({}).route_tables;
    ASSERT_EQ(tables.size(), 1u);
    EXPECT_EQ(tables[0].routes.size(), 2u);
    EXPECT_EQ(outcome<op::CreateDefaultVpc>({}), "DefaultVpcAlreadyExists");

    aws::Caller elsewhere = ada;
    elsewhere.region = "eu-west-1";
    const auto others = must<op::DescribeSubnets>({}, elsewhere).subnets;
    ASSERT_EQ(others.size(), 3u);
    EXPECT_NE(others[0].vpc_id, subnets[0].vpc_id);
    EXPECT_TRUE(published().vpcs.empty());  // Nobody uses it: it costs nothing.
}

TEST_F(Ec2Test, WrongInputGetsAwsErrors) {
    const std::string id = vpc();
    subnet(id, "10.0.1.0/24");
    EXPECT_EQ(outcome<op::CreateVpc>({.cidr_block = "10.0.0.0/8"}), "InvalidVpc.Range");
    EXPECT_EQ(outcome<op::CreateVpc>({.cidr_block = "ten"}), "InvalidParameterValue");
    EXPECT_EQ(outcome<op::CreateVpc>({}), "MissingParameter");
    EXPECT_EQ(outcome<op::CreateVpc>({.cidr_block = "10.0.0.0/16", .dry_run = true}),
              "DryRunOperation");
    EXPECT_EQ(outcome<op::DescribeVpcs>({.vpc_ids = {"vpc-0"}}), "InvalidVpcID.NotFound");
    EXPECT_EQ(outcome<op::DescribeVpcs>({.vpc_ids = {"x"}}), "InvalidVpcID.Malformed");
    EXPECT_EQ(outcome<op::DescribeVpcs>({.filters = {filter("colour", "red")}}),
              "InvalidParameterValue");
    EXPECT_EQ(outcome<op::DescribeVpcs>({.max_results = 1}), "InvalidParameterValue");
    EXPECT_EQ(outcome<op::DescribeVpcs>({.next_token = "?", .max_results = 5}), "InvalidNextToken");
    EXPECT_EQ(outcome<op::CreateSubnet>({.cidr_block = "10.0.1.128/25", .vpc_id = id}),
              "InvalidSubnet.Conflict");
    EXPECT_EQ(outcome<op::CreateSubnet>({.cidr_block = "10.1.0.0/24", .vpc_id = id}),
              "InvalidSubnet.Range");
    EXPECT_EQ(outcome<op::CreateSubnet>(
                  {.availability_zone = "us-east-1z", .cidr_block = "10.0.2.0/24", .vpc_id = id}),
              "InvalidParameterValue");
    EXPECT_EQ(outcome<op::DeleteVpc>({.vpc_id = id}), "DependencyViolation");
    EXPECT_EQ(outcome<op::DeleteSubnet>({.subnet_id = "subnet-0"}), "InvalidSubnetID.NotFound");
    EXPECT_EQ(outcome<op::DeleteRouteTable>({.route_table_id = "rtb-0"}),
              "InvalidRouteTableID.NotFound");
    EXPECT_EQ(outcome<op::DeleteNatGateway>({.nat_gateway_id = "nat-0"}), "NatGatewayNotFound");
    EXPECT_EQ(outcome<op::ReleaseAddress>({.allocation_id = "eipalloc-0"}),
              "InvalidAllocationID.NotFound");
    EXPECT_EQ(outcome<op::DeleteSecurityGroup>({.group_id = "sg-0"}), "InvalidGroup.NotFound");
    EXPECT_EQ(outcome<op::DeleteNetworkInterface>({.network_interface_id = "eni-0"}),
              "InvalidNetworkInterfaceID.NotFound");
    EXPECT_EQ(outcome<op::CreateTags>({.resources = {"i-1"}, .tags = {{"a", "b"}}}), "InvalidID");
    for (size_t i = 2; i < limits::vpcs; ++i) vpc();
    EXPECT_EQ(outcome<op::CreateVpc>({.cidr_block = "10.0.0.0/16"}), "VpcLimitExceeded");
}

TEST_F(Ec2Test, APublicAndAPrivateSubnetWithNat) {
    const std::string id = vpc();
    const std::string igw = gateway(id);
    const std::string public_subnet = subnet(id, "10.0.1.0/24");
    const std::string private_subnet = subnet(id, "10.0.2.0/24");
    const std::string public_table =
        *must<op::CreateRouteTable>({.vpc_id = id}).route_table->route_table_id;
    const std::string private_table =
        *must<op::CreateRouteTable>({.vpc_id = id}).route_table->route_table_id;
    must<op::AssociateRouteTable>({.subnet_id = public_subnet, .route_table_id = public_table});
    must<op::AssociateRouteTable>({.subnet_id = private_subnet, .route_table_id = private_table});
    must<op::CreateRoute>(
        {.route_table_id = public_table, .destination_cidr_block = "0.0.0.0/0", .gateway_id = igw});
    EXPECT_EQ(outcome<op::AssociateRouteTable>(
                  {.subnet_id = public_subnet, .route_table_id = private_table}),
              "Resource.AlreadyAssociated");

    const auto address = must<op::AllocateAddress>({});
    const auto made = must<op::CreateNatGateway>(
        {.allocation_id = address.allocation_id, .subnet_id = public_subnet});
    EXPECT_EQ(made.nat_gateway->state, "pending");
    const std::string nat = *made.nat_gateway->nat_gateway_id;
    must<op::CreateRoute>({.route_table_id = private_table,
                           .destination_cidr_block = "0.0.0.0/0",
                           .nat_gateway_id = nat});
    const planes::network::Snapshot& snapshot = published();
    EXPECT_EQ(must<op::DescribeNatGateways>({.nat_gateway_ids = {nat}}).nat_gateways[0].state,
              "available");
    ASSERT_EQ(snapshot.nat_gateways.size(), 1u);
    ASSERT_EQ(snapshot.interfaces.size(), 1u);
    EXPECT_EQ(snapshot.interfaces[0].kind, planes::network::Interface::Kind::nat_gateway);
    EXPECT_EQ(snapshot.interfaces[0].addresses[0].public_address->text(), *address.public_ip);
    ASSERT_EQ(snapshot.vpcs.size(), 1u);
    EXPECT_TRUE(snapshot.vpcs[0].internet_gateway);
    for (const auto& one : snapshot.subnets)
        EXPECT_EQ(one.route_table, one.id == public_subnet ? public_table : private_table);

    // Taken down in the wrong order, then in the right one.
    EXPECT_EQ(outcome<op::DetachInternetGateway>({.internet_gateway_id = igw, .vpc_id = id}),
              "DependencyViolation");
    EXPECT_EQ(outcome<op::DeleteSubnet>({.subnet_id = public_subnet}), "DependencyViolation");
    EXPECT_EQ(outcome<op::ReleaseAddress>({.allocation_id = address.allocation_id}),
              "InvalidIPAddress.InUse");
    EXPECT_EQ(outcome<op::DeleteRouteTable>({.route_table_id = public_table}),
              "DependencyViolation");
    must<op::DeleteNatGateway>({.nat_gateway_id = nat});
    EXPECT_TRUE(published().vpcs.empty());
    EXPECT_EQ(must<op::DescribeNatGateways>({.nat_gateway_ids = {nat}}).nat_gateways[0].state,
              "deleted");
    const auto tables =
        must<op::DescribeRouteTables>({.route_table_ids = {private_table}}).route_tables;
    EXPECT_EQ(tables[0].routes.back().state, "blackhole");
    must<op::ReleaseAddress>({.allocation_id = address.allocation_id});
    must<op::DeleteSubnet>({.subnet_id = public_subnet});
    must<op::DeleteSubnet>({.subnet_id = private_subnet});
    must<op::DeleteRouteTable>({.route_table_id = public_table});
    must<op::DeleteRouteTable>({.route_table_id = private_table});
    must<op::DetachInternetGateway>({.internet_gateway_id = igw, .vpc_id = id});
    must<op::DeleteInternetGateway>({.internet_gateway_id = igw});
    must<op::DeleteVpc>({.vpc_id = id});
    EXPECT_EQ(must<op::DescribeVpcs>({}).vpcs.size(), 1u);
}

TEST_F(Ec2Test, ANatGatewayWithoutInternetGatewayFails) {
    const std::string inside = subnet(vpc(), "10.0.1.0/24");
    EXPECT_EQ(outcome<op::CreateNatGateway>({.subnet_id = inside}), "MissingParameter");
    const auto address = must<op::AllocateAddress>({});
    const auto nat =
        must<op::CreateNatGateway>({.allocation_id = address.allocation_id, .subnet_id = inside});
    EXPECT_EQ(nat.nat_gateway->state, "failed");
    EXPECT_EQ(nat.nat_gateway->failure_code, "Gateway.NotAttached");
    const auto own =
        must<op::CreateNatGateway>({.subnet_id = inside, .connectivity_type = "private"});
    published();
    EXPECT_EQ(must<op::DescribeNatGateways>({.nat_gateway_ids = {*own.nat_gateway->nat_gateway_id}})
                  .nat_gateways[0]
                  .state,
              "available");
}

TEST_F(Ec2Test, RoutesHaveOneTargetEach) {
    const std::string id = vpc();
    const std::string igw = gateway(id);
    const std::string table =
        *must<op::CreateRouteTable>({.vpc_id = id}).route_table->route_table_id;
    const auto create = [&](const char* destination, std::optional<std::string> target) {
        return outcome<op::CreateRoute>({.route_table_id = table,
                                         .destination_cidr_block = destination,
                                         .gateway_id = std::move(target)});
    };
    EXPECT_EQ(create("0.0.0.0/0", igw), "ok");
    EXPECT_EQ(create("0.0.0.0/0", igw), "ok");
    EXPECT_EQ(create("10.0.0.0/16", igw), "RouteAlreadyExists");
    EXPECT_EQ(create("10.0.1.0/24", igw), "InvalidParameterValue");
    EXPECT_EQ(create("8.8.8.0/24", "igw-0"), "InvalidGatewayID.NotFound");
    EXPECT_EQ(create("8.8.8.0/24", std::nullopt), "MissingParameter");
    const std::string other =
        *must<op::CreateInternetGateway>({}).internet_gateway->internet_gateway_id;
    EXPECT_EQ(create("8.8.8.0/24", other), "InvalidParameterValue");
    EXPECT_EQ(outcome<op::CreateRoute>({.transit_gateway_id = "tgw-1",
                                        .route_table_id = table,
                                        .destination_cidr_block = "8.0.0.0/8"}),
              "InvalidTransitGatewayID.NotFound");
    EXPECT_EQ(
        outcome<op::ReplaceRoute>(
            {.route_table_id = table, .destination_cidr_block = "9.0.0.0/8", .gateway_id = igw}),
        "InvalidRoute.NotFound");
    EXPECT_EQ(outcome<op::DeleteRoute>(
                  {.route_table_id = table, .destination_cidr_block = "10.0.0.0/16"}),
              "InvalidParameterValue");
    EXPECT_EQ(
        outcome<op::DeleteRoute>({.route_table_id = table, .destination_cidr_block = "0.0.0.0/0"}),
        "ok");
    EXPECT_EQ(
        outcome<op::DeleteRoute>({.route_table_id = table, .destination_cidr_block = "0.0.0.0/0"}),
        "InvalidRoute.NotFound");

    // The main association moves, and what is not associated follows it.
    const auto tables = must<op::DescribeRouteTables>(
                            {.filters = {filter("association.main", "true"), filter("vpc-id", id)}})
                            .route_tables;
    ASSERT_EQ(tables.size(), 1u);
    must<op::ReplaceRouteTableAssociation>(
        {.association_id = *tables[0].associations[0].route_table_association_id,
         .route_table_id = table});
    const auto now = must<op::DescribeRouteTables>(
                         {.filters = {filter("association.main", "true"), filter("vpc-id", id)}})
                         .route_tables;
    ASSERT_EQ(now.size(), 1u);
    EXPECT_EQ(now[0].route_table_id, table);
}

TEST_F(Ec2Test, SecurityGroupsKeepTheirRules) {
    const std::string id = vpc();
    const std::string web = group(id, "web");
    const std::string tasks = group(id, "tasks");
    EXPECT_EQ(
        outcome<op::CreateSecurityGroup>({.description = "x", .group_name = "web", .vpc_id = id}),
        "InvalidGroup.Duplicate");
    EXPECT_EQ(outcome<op::CreateSecurityGroup>(
                  {.description = "x", .group_name = "default", .vpc_id = id}),
              "InvalidParameterValue");

    const auto added = must<op::AuthorizeSecurityGroupIngress>(
        {.group_id = web, .ip_permissions = {tcp(443, "0.0.0.0/0")}});
    ASSERT_EQ(added.security_group_rules.size(), 1u);
    const std::string rule = *added.security_group_rules[0].security_group_rule_id;
    const auto duplicate = call<op::AuthorizeSecurityGroupIngress>(
        {.group_id = web, .ip_permissions = {tcp(443, "0.0.0.0/0")}});
    ASSERT_FALSE(duplicate);
    EXPECT_EQ(duplicate.error().code, "InvalidPermission.Duplicate");
    EXPECT_EQ(duplicate.error().message,
              "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW\" "
              "already exists");
    IpPermission from_web = tcp(80, "10.0.0.0/8");
    from_web.ip_ranges.clear();
    from_web.user_id_group_pairs.push_back({.group_id = web});
    must<op::AuthorizeSecurityGroupIngress>({.group_id = tasks, .ip_permissions = {from_web}});
    EXPECT_EQ(outcome<op::DeleteSecurityGroup>({.group_id = web}), "DependencyViolation");
    EXPECT_EQ(outcome<op::AuthorizeSecurityGroupIngress>(
                  {.group_id = web, .ip_permissions = {tcp(70000, "0.0.0.0/0")}}),
              "InvalidParameterValue");
    EXPECT_EQ(outcome<op::AuthorizeSecurityGroupIngress>(
                  {.group_id = web, .ip_permissions = {tcp(80, "10/8")}}),
              "InvalidParameterValue");
    // The flat form of old.
    must<op::AuthorizeSecurityGroupIngress>({.cidr_ip = "10.0.0.0/8",
                                             .from_port = 22,
                                             .group_id = web,
                                             .ip_protocol = "6",
                                             .to_port = 22});

    const auto groups = must<op::DescribeSecurityGroups>(
                            {.filters = {filter("group-name", "w*"), filter("vpc-id", id)}})
                            .security_groups;
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_EQ(groups[0].ip_permissions.size(), 2u);
    EXPECT_EQ(groups[0].ip_permissions_egress.size(), 1u);
    EXPECT_EQ(groups[0].ip_permissions_egress[0].ip_protocol, "-1");
    EXPECT_FALSE(groups[0].ip_permissions_egress[0].from_port);

    must<op::UpdateSecurityGroupRuleDescriptionsIngress>(
        {.group_id = web,
         .security_group_rule_descriptions = {
             {.security_group_rule_id = rule, .description = "TLS"}}});
    must<op::ModifySecurityGroupRules>(
        {.group_id = web,
         .security_group_rules = {
             {.security_group_rule_id = rule,
              .security_group_rule = SecurityGroupRuleRequest{.ip_protocol = "tcp",
                                                              .from_port = 8443,
                                                              .to_port = 8443,
                                                              .cidr_ipv4 = "0.0.0.0/0"}}}});
    const auto rules = must<op::DescribeSecurityGroupRules>({.filters = {filter("group-id", web)}})
                           .security_group_rules;
    EXPECT_EQ(rules.size(), 3u);
    EXPECT_EQ(outcome<op::RevokeSecurityGroupIngress>(
                  {.group_id = web, .ip_permissions = {tcp(443, "0.0.0.0/0")}}),
              "InvalidPermission.NotFound");
    must<op::RevokeSecurityGroupIngress>({.group_id = web, .security_group_rule_ids = {rule}});
    EXPECT_EQ(outcome<op::RevokeSecurityGroupIngress>(
                  {.group_id = web, .security_group_rule_ids = {rule}}),
              "InvalidSecurityGroupRuleId.NotFound");
    must<op::RevokeSecurityGroupIngress>({.group_id = tasks, .ip_permissions = {from_web}});
    must<op::DeleteSecurityGroup>({.group_id = web});
    const auto own = must<op::DescribeSecurityGroups>(
                         {.filters = {filter("group-name", "default"), filter("vpc-id", id)}})
                         .security_groups;
    EXPECT_EQ(outcome<op::DeleteSecurityGroup>({.group_id = own[0].group_id}), "CannotDelete");
    for (size_t i = 0; i < limits::group_rules; ++i)
        must<op::AuthorizeSecurityGroupIngress>(
            {.group_id = tasks, .ip_permissions = {tcp(1000 + static_cast<int>(i), "0.0.0.0/0")}});
    EXPECT_EQ(outcome<op::AuthorizeSecurityGroupIngress>(
                  {.group_id = tasks, .ip_permissions = {tcp(80, "0.0.0.0/0")}}),
              "RulesPerSecurityGroupLimitExceeded");
}

TEST_F(Ec2Test, ServicesMakeInterfacesThatAreInUse) {
    const std::string id = vpc();
    gateway(id);
    const std::string inside = subnet(id, "10.0.1.0/28");
    const std::string web = group(id, "web");
    const auto idle =
        must<op::CreateNetworkInterface>({.subnet_id = inside, .private_ip_address = "10.0.1.14"})
            .network_interface;
    const auto task = must<op::CreateNetworkInterface>({.subnet_id = inside, .groups = {web}}, ecs)
                          .network_interface;
    const auto balancer =
        must<op::CreateNetworkInterface>({.subnet_id = inside}, elb).network_interface;
    EXPECT_EQ(task->status, "in-use");
    EXPECT_EQ(task->requester_managed, true);
    EXPECT_EQ(idle->status, "available");
    EXPECT_EQ(idle->groups.size(), 1u);  // The default one.

    const auto address = must<op::AllocateAddress>({}, elb);
    must<op::AssociateAddress>({.allocation_id = address.allocation_id,
                                .network_interface_id = balancer->network_interface_id},
                               elb);
    EXPECT_TRUE(must<op::DescribeAddresses>({}).addresses.empty());
    EXPECT_EQ(outcome<op::ReleaseAddress>({.allocation_id = address.allocation_id}),
              "InvalidAllocationID.NotFound");
    const auto shown = must<op::DescribeNetworkInterfaces>(
                           {.filters = {filter("association.public-ip", *address.public_ip)}})
                           .network_interfaces;
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(shown[0].association->ip_owner_id, "amazon-elb");

    const auto& snapshot = published();
    ASSERT_EQ(snapshot.interfaces.size(), 2u);
    for (const auto& one : snapshot.interfaces)
        EXPECT_EQ(one.kind == planes::network::Interface::Kind::local,
                  one.id == balancer->network_interface_id);

    EXPECT_EQ(outcome<op::CreateNetworkInterface>(
                  {.subnet_id = inside, .private_ip_address = "10.0.1.14"}),
              "InvalidIPAddress.InUse");
    EXPECT_EQ(outcome<op::CreateNetworkInterface>(
                  {.subnet_id = inside, .private_ip_address = "10.0.1.2"}),
              "InvalidParameterValue");
    EXPECT_EQ(outcome<op::CreateNetworkInterface>(
                  {.subnet_id = inside, .private_ip_address = "10.0.2.5"}),
              "InvalidParameterValue");
    EXPECT_EQ(
        must<op::DescribeSubnets>({.subnet_ids = {inside}}).subnets[0].available_ip_address_count,
        8);
    EXPECT_EQ(
        must<op::AssignPrivateIpAddresses>({.network_interface_id = *idle->network_interface_id,
                                            .secondary_private_ip_address_count = 8})
            .assigned_private_ip_addresses.size(),
        8u);
    EXPECT_EQ(outcome<op::CreateNetworkInterface>({.subnet_id = inside}),
              "InsufficientFreeAddressesInSubnet");
    EXPECT_EQ(outcome<op::UnassignPrivateIpAddresses>(
                  {.network_interface_id = *idle->network_interface_id,
                   .private_ip_addresses = {"10.0.1.14"}}),
              "InvalidParameterValue");

    EXPECT_EQ(
        outcome<op::DeleteNetworkInterface>({.network_interface_id = *task->network_interface_id}),
        "InvalidNetworkInterface.InUse");
    EXPECT_EQ(outcome<op::DeleteSecurityGroup>({.group_id = web}), "DependencyViolation");
    must<op::DeleteNetworkInterface>({.network_interface_id = *task->network_interface_id}, ecs);
    must<op::DeleteNetworkInterface>({.network_interface_id = *balancer->network_interface_id},
                                     elb);
    must<op::DeleteNetworkInterface>({.network_interface_id = *idle->network_interface_id});
    EXPECT_TRUE(must<op::DescribeAddresses>({}, elb).addresses.empty());
    EXPECT_TRUE(published().interfaces.empty());
}

TEST_F(Ec2Test, AddressesMoveBetweenInterfaces) {
    const std::string id = vpc();
    const std::string inside = subnet(id, "10.0.1.0/24");
    const std::string a = *must<op::CreateNetworkInterface>({.subnet_id = inside})
                               .network_interface->network_interface_id;
    const std::string b = *must<op::CreateNetworkInterface>({.subnet_id = inside})
                               .network_interface->network_interface_id;
    const auto address = must<op::AllocateAddress>({});
    const auto associate = [&](const std::string& to, bool again) {
        return outcome<op::AssociateAddress>({.allocation_id = address.allocation_id,
                                              .network_interface_id = to,
                                              .allow_reassociation = again});
    };
    EXPECT_EQ(associate(a, false), "Gateway.NotAttached");
    gateway(id);
    EXPECT_EQ(associate(a, false), "ok");
    EXPECT_EQ(associate(b, false), "Resource.AlreadyAssociated");
    EXPECT_EQ(associate(b, true), "ok");
    const auto shown = must<op::DescribeAddresses>({.public_ips = {*address.public_ip}}).addresses;
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(shown[0].network_interface_id, b);
    must<op::DisassociateAddress>({.association_id = shown[0].association_id});
    EXPECT_EQ(outcome<op::DisassociateAddress>({.association_id = shown[0].association_id}),
              "InvalidAssociationID.NotFound");
    for (size_t i = 1; i < limits::addresses; ++i) must<op::AllocateAddress>({});
    EXPECT_EQ(outcome<op::AllocateAddress>({}), "AddressLimitExceeded");
}

TEST_F(Ec2Test, TagsFiltersAndPages) {
    const std::string id = vpc();
    for (int i = 0; i < 12; ++i) subnet(id, fmt::format("10.0.{}.0/24", i));
    size_t seen = 0;
    std::optional<std::string> token;
    do {
        const auto page = must<op::DescribeSubnets>(
            {.filters = {filter("vpc-id", id)}, .next_token = token, .max_results = 5});
        seen += page.subnets.size();
        token = page.next_token;
    } while (token);
    EXPECT_EQ(seen, 12u);
    const auto one = must<op::DescribeSubnets>(
                         {.filters = {filter("vpc-id", id), filter("cidr-block", "10.0.1.*")}})
                         .subnets;
    ASSERT_EQ(one.size(), 1u);
    const std::string subnet_id = *one[0].subnet_id;
    must<op::CreateTags>({.resources = {id, subnet_id}, .tags = {{"Name", "blue"}, {"team", "a"}}});
    EXPECT_EQ(must<op::DescribeSubnets>({.filters = {filter("tag:Name", "bl?e")}}).subnets.size(),
              1u);
    EXPECT_EQ(must<op::DescribeSubnets>({.filters = {filter("tag-key", "team")}}).subnets.size(),
              1u);
    EXPECT_EQ(must<op::DescribeTags>({.filters = {filter("resource-type", "vpc")}}).tags.size(),
              2u);
    must<op::DeleteTags>(
        {.resources = {subnet_id}, .tags = {{.key = "team", .value = "b"}, {.key = "Name"}}});
    EXPECT_EQ(must<op::DescribeTags>({.filters = {filter("resource-id", subnet_id)}}).tags.size(),
              1u);
    EXPECT_EQ(outcome<op::CreateVpc>({.cidr_block = "10.9.0.0/16",
                                      .tag_specifications = {{.resource_type = "subnet"}}}),
              "InvalidParameterValue");
}

TEST_F(Ec2Test, DescribesWhatARegionHas) {
    const auto zones = must<op::DescribeAvailabilityZones>({}).availability_zones;
    ASSERT_EQ(zones.size(), 3u);
    EXPECT_EQ(zones[0].zone_id, "use1-az1");
    EXPECT_EQ(outcome<op::DescribeAvailabilityZones>({.zone_names = {"us-east-1x"}}),
              "InvalidParameterValue");
    EXPECT_GE(must<op::DescribeRegions>({}).regions.size(), 10u);
    EXPECT_EQ(
        must<op::DescribeNetworkAcls>({.filters = {filter("default", "true")}}).network_acls.size(),
        1u);
    EXPECT_EQ(must<op::DescribeDhcpOptions>({}).dhcp_options.size(), 1u);
    const std::string id = vpc();
    EXPECT_EQ(must<op::DescribeVpcAttribute>({.attribute = "enableDnsHostnames", .vpc_id = id})
                  .enable_dns_hostnames->value,
              false);
    must<op::ModifyVpcAttribute>(
        {.enable_dns_hostnames = AttributeBooleanValue{true}, .vpc_id = id});
    must<op::ModifyVpcAttribute>(
        {.enable_dns_support = AttributeBooleanValue{false}, .vpc_id = id});
    EXPECT_EQ(must<op::DescribeVpcAttribute>({.attribute = "enableDnsHostnames", .vpc_id = id})
                  .enable_dns_hostnames->value,
              true);
    EXPECT_EQ(must<op::DescribeVpcAttribute>({.attribute = "enableDnsSupport", .vpc_id = id})
                  .enable_dns_support->value,
              false);
    const auto more = must<op::AssociateVpcCidrBlock>({.cidr_block = "10.1.0.0/16", .vpc_id = id});
    EXPECT_EQ(outcome<op::AssociateVpcCidrBlock>({.cidr_block = "10.1.0.0/24", .vpc_id = id}),
              "CidrConflict");
    const std::string inside = subnet(id, "10.1.2.0/24");
    const std::string association = *more.cidr_block_association->association_id;
    EXPECT_EQ(outcome<op::DisassociateVpcCidrBlock>({.association_id = association}),
              "InvalidCidrBlock.InUse");
    must<op::ModifySubnetAttribute>(
        {.map_public_ip_on_launch = AttributeBooleanValue{true}, .subnet_id = inside});
    EXPECT_EQ(
        must<op::DescribeSubnets>({.subnet_ids = {inside}}).subnets[0].map_public_ip_on_launch,
        true);
    must<op::DeleteSubnet>({.subnet_id = inside});
    must<op::DisassociateVpcCidrBlock>({.association_id = association});
}

TEST_F(Ec2Test, WhyNamesTheRule) {
    const std::string id = vpc();
    gateway(id);
    const std::string inside = subnet(id, "10.0.1.0/24");
    const std::string web = group(id, "web");
    const auto task = must<op::CreateNetworkInterface>(
        {.subnet_id = inside, .description = "task 0a1b2c", .private_ip_address = "10.0.1.10"},
        ecs);
    must<op::CreateNetworkInterface>(
        {.subnet_id = inside, .description = "ELB app/shop/77", .groups = {web}}, elb);
    published();
    const auto ask = [&](const std::string& source, const std::string& destination) {
        store::Txn txn = store_.begin();
        return why(txn, network_, {ada.account, ada.region, source, destination});
    };
    const std::string shop = "shop-1234567890.us-east-1.elb.amazonaws.com:80";
    const auto closed = ask("0a1b2c", shop);
    ASSERT_TRUE(closed) << closed.error().message;
    EXPECT_FALSE(closed->explanation.passes);
    EXPECT_EQ(closed->explanation.steps.back().id, web);
    const auto added = must<op::AuthorizeSecurityGroupIngress>(
        {.group_id = web, .ip_permissions = {tcp(80, "10.0.1.10/32")}});
    published();
    const auto open = ask(*task.network_interface->network_interface_id, shop);
    ASSERT_TRUE(open);
    EXPECT_TRUE(open->explanation.passes);
    EXPECT_EQ(open->explanation.steps.back().rule,
              added.security_group_rules[0].security_group_rule_id);
    EXPECT_EQ(ask("internet", shop).error().code, "NotFound");  // It has no public address.
    EXPECT_EQ(ask("nobody", shop).error().code, "NotFound");
    EXPECT_EQ(ask("0a1b2c", "shop").error().code, "InvalidParameterValue");
    EXPECT_FALSE(ask("0a1b2c", "8.8.8.8:53/udp")->explanation.passes);
}

TEST_F(Ec2Test, ANetworkThatRefusesIsAskedAgain) {
    network_.failure = Error{"FilterFailed", "no", 500, {}};
    const std::string inside = subnet(vpc(), "10.0.1.0/24");
    must<op::CreateNetworkInterface>({.subnet_id = inside}, ecs);
    EXPECT_TRUE(network_.applied().interfaces.empty());
    network_.failure.reset();
    EXPECT_EQ(published().interfaces.size(), 1u);
}

TEST(Rules, PickAddressesAndZones) {
    const Cidr cidr = *Cidr::parse("10.0.0.0/28");
    std::set<Ipv4> used;
    for (int i = 0; i < 11; ++i) {
        const auto address = pick_address(cidr, used, 7);
        ASSERT_TRUE(address);
        EXPECT_FALSE(is_reserved(cidr, *address));
        EXPECT_TRUE(used.insert(*address).second);
    }
    EXPECT_FALSE(pick_address(cidr, used, 7));
    EXPECT_EQ(free_addresses(cidr, used.size()), 0);
    EXPECT_EQ(zone_id("ap-northeast-1", "ap-northeast-1c"), "apne1-az3");
    EXPECT_EQ(zone_id("eu-central-1", "eu-central-1a"), "euc1-az1");
    EXPECT_EQ(private_dns_name("us-east-1", "10.0.0.5"), "ip-10-0-0-5.ec2.internal");
    EXPECT_EQ(private_dns_name("eu-west-1", "10.0.0.5"), "ip-10-0-0-5.eu-west-1.compute.internal");
}

}  // namespace unkai::services::ec2
