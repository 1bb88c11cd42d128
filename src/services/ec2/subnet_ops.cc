#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

static int32_t free_in(aws::Call& call, const Subnet& subnet) {
    size_t used = 0;
    for (const NetworkInterface& interface : interfaces_in(call, subnet.id))
        used += interface.addresses.size();
    return free_addresses(*Cidr::parse(subnet.cidr), used);
}

static api::ec2::Subnet describe_subnet(aws::Call& call, const Subnet& subnet) {
    api::ec2::Subnet out;
    out.availability_zone_id = zone_id(call.region, subnet.zone);
    out.map_customer_owned_ip_on_launch = false;
    out.owner_id = call.account;
    out.assign_ipv6_address_on_creation = false;
    out.ipv6_cidr_block_association_set.present = true;
    out.tags = tag_list(subnet.tags);
    out.subnet_arn = call.arn("ec2", "subnet/" + subnet.id);
    out.enable_dns64 = out.ipv6_native = false;
    out.private_dns_name_options_on_launch =
        PrivateDnsNameOptionsOnLaunch{.hostname_type = "ip-name",
                                      .enable_resource_name_dns_a_record = false,
                                      .enable_resource_name_dns_aaaa_record = false};
    out.subnet_id = subnet.id;
    out.state = "available";
    out.vpc_id = subnet.vpc;
    out.cidr_block = subnet.cidr;
    out.available_ip_address_count = free_in(call, subnet);
    out.availability_zone = subnet.zone;
    out.default_for_az = subnet.default_for_zone;
    out.map_public_ip_on_launch = subnet.map_public_ip;
    return out;
}

static Attributes attributes_subnet(aws::Call& call, const Subnet& subnet) {
    return {{"availability-zone", {subnet.zone}},
            {"availabilityZone", {subnet.zone}},
            {"availability-zone-id", {zone_id(call.region, subnet.zone)}},
            {"availabilityZoneId", {zone_id(call.region, subnet.zone)}},
            {"available-ip-address-count", {std::to_string(free_in(call, subnet))}},
            {"cidr-block", {subnet.cidr}},
            {"cidr", {subnet.cidr}},
            {"cidrBlock", {subnet.cidr}},
            {"default-for-az", {boolean(subnet.default_for_zone)}},
            {"defaultForAz", {boolean(subnet.default_for_zone)}},
            {"enable-dns64", {"false"}},
            {"ipv6-cidr-block-association.ipv6-cidr-block", {}},
            {"ipv6-native", {"false"}},
            {"map-public-ip-on-launch", {boolean(subnet.map_public_ip)}},
            {"outpost-arn", {}},
            {"owner-id", {call.account}},
            {"state", {"available"}},
            {"subnet-arn", {call.arn("ec2", "subnet/" + subnet.id)}},
            {"subnet-id", {subnet.id}},
            {"vpc-id", {subnet.vpc}}};
}

std::vector<Subnet> subnets_of(aws::Call& call, const std::string& vpc) {
    auto out = all(call, kinds::subnet);
    std::erase_if(out, [&](const Subnet& subnet) { return subnet.vpc != vpc; });
    return out;
}

Subnet make_subnet(aws::Call& call, const Vpc& vpc, Cidr cidr, const std::string& zone) {
    Subnet subnet;
    subnet.id = new_id(call, "subnet-");
    subnet.vpc = vpc.id;
    subnet.cidr = cidr.text();
    subnet.zone = zone;
    subnet.acl_association = new_id(call, "aclassoc-");
    put(call, kinds::subnet, subnet);
    return subnet;
}

static Result<std::string> choose_zone(const aws::Call& call, const CreateSubnetInput& in) {
    const auto known = zones(call.region);
    for (const std::string& zone : known) {
        if (in.availability_zone == zone) return zone;
        if (in.availability_zone_id == zone_id(call.region, zone)) return zone;
    }
    if (!in.availability_zone && !in.availability_zone_id) return known.front();
    const std::string given = in.availability_zone.value_or(in.availability_zone_id.value_or(""));
    return invalid_value("Value (" + given +
                         ") for parameter availabilityZone is invalid. Subnets can "
                         "currently only be created in the following availability zones: " +
                         known[0] + ", " + known[1] + ", " + known[2] + ".");
}

Result<CreateSubnetOutput> Ec2::CreateSubnet(aws::Call& call, const CreateSubnetInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    if (in.ipv6_cidr_block || in.ipv6_native.value_or(false))
        return unsupported("Unkai's VPCs have no IPv6 yet.");
    if (!in.cidr_block) return missing_parameter("cidrBlock");
    TRY(const Cidr cidr, parse_block(*in.cidr_block, "InvalidSubnet.Range"));
    if (std::none_of(vpc.cidrs.begin(), vpc.cidrs.end(),
                     [&](const auto& own) { return Cidr::parse(own.cidr)->contains(cidr); }))
        return bad("InvalidSubnet.Range", "The CIDR '" + *in.cidr_block + "' is invalid.");
    TRY(const std::string zone, choose_zone(call, in));
    TRY(const Tags tags, tags_for(call, "subnet", in.tag_specifications));
    const auto siblings = subnets_of(call, vpc.id);
    for (const Subnet& other : siblings)
        if (Cidr::parse(other.cidr)->overlaps(cidr))
            return bad("InvalidSubnet.Conflict",
                       "The CIDR '" + *in.cidr_block + "' conflicts with another subnet");
    if (siblings.size() >= limits::subnets)
        return bad("SubnetLimitExceeded",
                   "The maximum number of subnets in the VPC has been reached.");
    Subnet subnet = make_subnet(call, vpc, cidr, zone);
    subnet.tags = tags;
    put(call, kinds::subnet, subnet);
    return CreateSubnetOutput{.subnet = describe_subnet(call, subnet)};
}

Result<DeleteSubnetOutput> Ec2::DeleteSubnet(aws::Call& call, const DeleteSubnetInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Subnet subnet, find(call, kinds::subnet, in.subnet_id));
    if (!interfaces_in(call, subnet.id).empty())
        return dependency("The subnet '" + subnet.id + "' has dependencies and cannot be deleted.");
    for (RouteTable& table : route_tables_of(call, subnet.vpc))
        if (std::erase_if(table.associations,
                          [&](const auto& a) { return a.subnet == subnet.id; }) > 0)
            put(call, kinds::route_table, table);
    erase(call, kinds::subnet, subnet.id);
    return DeleteSubnetOutput{};
}

Result<DescribeSubnetsOutput> Ec2::DescribeSubnets(aws::Call& call,
                                                   const DescribeSubnetsInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found,
        select(call, kinds::subnet, in.subnet_ids, in.filters, in.max_results, in.next_token,
               [&](const Subnet& subnet) { return attributes_subnet(call, subnet); }));
    DescribeSubnetsOutput out;
    out.subnets.present = true;
    for (const Subnet& subnet : found.items) out.subnets.push_back(describe_subnet(call, subnet));
    out.next_token = found.next_token;
    return out;
}

Result<ModifySubnetAttributeOutput> Ec2::ModifySubnetAttribute(
    aws::Call& call, const ModifySubnetAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(Subnet subnet, find(call, kinds::subnet, in.subnet_id));
    const auto asks = [](const std::optional<AttributeBooleanValue>& value) {
        return value && value->value.value_or(false);
    };
    if (asks(in.assign_ipv6_address_on_creation) || asks(in.enable_dns64) ||
        asks(in.map_customer_owned_ip_on_launch) ||
        asks(in.enable_resource_name_dns_a_record_on_launch) ||
        asks(in.enable_resource_name_dns_aaaa_record_on_launch) || in.enable_lni_at_device_index ||
        in.private_dns_hostname_type_on_launch.value_or("ip-name") != "ip-name")
        return unsupported(
            "Of a subnet's attributes only MapPublicIpOnLaunch can be changed.");
    if (in.map_public_ip_on_launch)
        subnet.map_public_ip = in.map_public_ip_on_launch->value.value_or(false);
    put(call, kinds::subnet, subnet);
    return ModifySubnetAttributeOutput{};
}

}  // namespace unkai::services::ec2
