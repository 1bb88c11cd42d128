#include "services/elbv2/interfaces.h"

#include "api/ec2.h"
#include "api/elbv2.h"

namespace unkai::services::elbv2 {

namespace op = api::ec2::op;
namespace errors = api::elbv2::errors;

// Tag of a public address: the description of the interface that it is for.
static constexpr const char* address_tag = "elasticloadbalancing:interface";

aws::Caller load_balancing(const std::string& account, const std::string& region) {
    return aws::service_caller("elasticloadbalancing.amazonaws.com", account, region);
}

Task<Result<Placement>> Interfaces::check(aws::Caller caller, std::vector<ZoneWish> wishes,
                                          std::vector<std::string> security_groups,
                                          bool internet_facing) {
    Placement placement;
    api::ec2::DescribeSubnetsInput subnets;
    for (const ZoneWish& wish : wishes) subnets.subnet_ids.push_back(wish.subnet);
    auto found = co_await client_.call<op::DescribeSubnets>(caller, subnets);
    if (!found) co_return errors::SubnetNotFoundException(found.error().message);
    std::set<std::string> zones;
    for (ZoneWish& wish : wishes) {
        for (const auto& subnet : found->subnets) {
            if (subnet.subnet_id != wish.subnet) continue;
            wish.zone = subnet.availability_zone.value_or("");
            const std::string vpc = subnet.vpc_id.value_or("");
            if (!placement.vpc.empty() && placement.vpc != vpc)
                co_return errors::InvalidConfigurationRequestException(
                    "All subnets must belong to the same VPC: '" + placement.vpc + "'");
            placement.vpc = vpc;
        }
        if (!zones.insert(wish.zone).second)
            co_return errors::InvalidConfigurationRequestException(
                "A load balancer cannot be attached to multiple subnets in the same Availability "
                "Zone");
    }
    if (zones.size() < 2)
        co_return fail("ValidationError",
                       "At least two subnets in two different Availability Zones "
                       "must be specified",
                       400);
    placement.zones = std::move(wishes);
    if (internet_facing) {
        api::ec2::DescribeInternetGatewaysInput gateways;
        gateways.filters.push_back({.name = "attachment.vpc-id", .values = {placement.vpc}});
        CO_TRY(const auto attached,
               co_await client_.call<op::DescribeInternetGateways>(caller, gateways));
        if (attached.internet_gateways.empty())
            co_return errors::InvalidSubnetException("VPC " + placement.vpc +
                                                     " has no internet gateway");
    }
    api::ec2::DescribeSecurityGroupsInput groups;
    if (security_groups.empty())
        groups.filters = {{.name = "vpc-id", .values = {placement.vpc}},
                          {.name = "group-name", .values = {"default"}}};
    for (const std::string& id : security_groups) groups.group_ids.push_back(id);
    const auto known = co_await client_.call<op::DescribeSecurityGroups>(caller, groups);
    if (!known) co_return errors::InvalidSecurityGroupException(known.error().message);
    for (const auto& group : known->security_groups)
        if (group.vpc_id != placement.vpc)
            co_return errors::InvalidConfigurationRequestException(
                "One or more security groups are invalid: they belong to another VPC");
        else if (security_groups.empty())
            placement.security_groups.push_back(*group.group_id);
    if (!security_groups.empty()) placement.security_groups = std::move(security_groups);
    co_return placement;
}

Task<Result<ZoneRecord>> Interfaces::make_one(aws::Caller service, ZoneWish wish,
                                              std::vector<std::string> groups,
                                              std::string description, bool internet_facing) {
    api::ec2::CreateNetworkInterfaceInput in;
    in.subnet_id = wish.subnet;
    in.description = description;
    in.groups = groups;
    if (!wish.private_ip.empty()) in.private_ip_address = wish.private_ip;
    CO_TRY(const auto made, co_await client_.call<op::CreateNetworkInterface>(service, in));
    ZoneRecord zone{.zone = wish.zone, .subnet = wish.subnet};
    zone.interface = made.network_interface->network_interface_id.value_or("");
    zone.private_ip = made.network_interface->private_ip_address.value_or("");
    if (!internet_facing) co_return zone;
    api::ec2::AllocateAddressInput allocate;
    allocate.domain = "vpc";
    allocate.tag_specifications.push_back(
        {.resource_type = "elastic-ip", .tags = {{.key = address_tag, .value = description}}});
    auto address = co_await client_.call<op::AllocateAddress>(service, allocate);
    Status associated = ok();
    if (address) {
        zone.public_ip = address->public_ip.value_or("");
        api::ec2::AssociateAddressInput associate;
        associate.allocation_id = address->allocation_id;
        associate.network_interface_id = zone.interface;
        auto done = co_await client_.call<op::AssociateAddress>(service, associate);
        if (done) co_return zone;
        associated = unexpected(std::move(done.error()));
        (void)co_await client_.call<op::ReleaseAddress>(service,
                                                        {.allocation_id = address->allocation_id});
    } else {
        associated = unexpected(std::move(address.error()));
    }
    (void)co_await remove(service, zone.interface);
    co_return unexpected(std::move(associated.error()));
}

Task<Result<std::vector<ZoneRecord>>> Interfaces::make(aws::Caller service, Placement placement,
                                                       std::string description,
                                                       bool internet_facing) {
    std::vector<ZoneRecord> zones;
    for (const ZoneWish& wish : placement.zones) {
        auto zone = co_await make_one(service, wish, placement.security_groups, description,
                                      internet_facing);
        if (zone) {
            zones.push_back(std::move(*zone));
            continue;
        }
        for (const ZoneRecord& made : zones) (void)co_await remove(service, made.interface);
        co_return unexpected(std::move(zone.error()));
    }
    co_return zones;
}

Task<Status> Interfaces::set_groups(aws::Caller service, std::string interface,
                                    std::vector<std::string> groups) {
    api::ec2::ModifyNetworkInterfaceAttributeInput in;
    in.network_interface_id = std::move(interface);
    in.groups = groups;
    CO_REQUIRE(co_await client_.call<op::ModifyNetworkInterfaceAttribute>(service, in));
    co_return ok();
}

Task<Status> Interfaces::take_back(aws::Caller service, std::string description,
                                   std::set<std::string> used) {
    api::ec2::DescribeNetworkInterfacesInput in;
    in.filters.push_back({.name = "description", .values = {description}});
    CO_TRY(const auto found, co_await client_.call<op::DescribeNetworkInterfaces>(service, in));
    for (const auto& one : found.network_interfaces)
        if (const std::string id = one.network_interface_id.value_or(""); !used.contains(id))
            CO_REQUIRE(co_await remove(service, id));
    // Those of interfaces went with them.
    api::ec2::DescribeAddressesInput addresses;
    addresses.filters.push_back(
        {.name = std::string("tag:") + address_tag, .values = {description}});
    CO_TRY(const auto left, co_await client_.call<op::DescribeAddresses>(service, addresses));
    for (const auto& one : left.addresses)
        CO_REQUIRE(co_await client_.call<op::ReleaseAddress>(service,
                                                             {.allocation_id = one.allocation_id}));
    co_return ok();
}

Task<Status> Interfaces::remove(aws::Caller service, std::string interface) {
    auto gone = co_await client_.call<op::DeleteNetworkInterface>(
        service, {.network_interface_id = std::move(interface)});
    if (!gone && !gone.error().is("InvalidNetworkInterfaceID.NotFound"))
        co_return unexpected(std::move(gone.error()));
    co_return ok();
}

}  // namespace unkai::services::elbv2
