#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

static api::ec2::Vpc describe_vpc(const aws::Call& call, const Vpc& vpc) {
    api::ec2::Vpc out;
    out.owner_id = call.account;
    out.instance_tenancy = vpc.tenancy;
    for (const CidrAssociation& cidr : vpc.cidrs)
        out.cidr_block_association_set.push_back(
            {.association_id = cidr.id,
             .cidr_block = cidr.cidr,
             .cidr_block_state = VpcCidrBlockState{.state = "associated"}});
    out.is_default = vpc.is_default;
    out.tags = tag_list(vpc.tags);
    out.vpc_id = vpc.id;
    out.state = "available";
    out.cidr_block = vpc.cidrs.front().cidr;
    out.dhcp_options_id = "dopt-" + call.account;
    return out;
}

static Attributes attributes_vpc(const aws::Call& call, const Vpc& vpc) {
    std::vector<std::string> cidrs, associations;
    for (const CidrAssociation& cidr : vpc.cidrs) {
        cidrs.push_back(cidr.cidr);
        associations.push_back(cidr.id);
    }
    return {{"cidr", {vpc.cidrs.front().cidr}},
            {"cidr-block", {vpc.cidrs.front().cidr}},
            {"cidr-block-association.cidr-block", cidrs},
            {"cidr-block-association.association-id", associations},
            {"cidr-block-association.state", {"associated"}},
            {"dhcp-options-id", {"dopt-" + call.account}},
            {"ipv6-cidr-block-association.ipv6-cidr-block", {}},
            {"is-default", {boolean(vpc.is_default)}},
            {"isDefault", {boolean(vpc.is_default)}},
            {"owner-id", {call.account}},
            {"state", {"available"}},
            {"vpc-id", {vpc.id}}};
}

Vpc make_vpc(aws::Call& call, Cidr cidr, std::string tenancy, bool is_default) {
    Vpc vpc;
    vpc.id = new_id(call, "vpc-");
    vpc.cidrs = {{new_id(call, "vpc-cidr-assoc-"), cidr.text()}};
    vpc.tenancy = std::move(tenancy);
    vpc.is_default = vpc.dns_hostnames = is_default;
    vpc.network_acl = new_id(call, "acl-");
    put(call, kinds::vpc, vpc);

    RouteTable table;
    table.id = new_id(call, "rtb-");
    table.vpc = vpc.id;
    table.associations = {{new_id(call, "rtbassoc-"), ""}};
    put(call, kinds::route_table, table);

    SecurityGroup group = make_group(call, vpc.id, "default", "default VPC security group");
    GroupRule from_itself;
    from_itself.id = new_id(call, "sgr-");
    from_itself.protocol = "-1";
    from_itself.group = group.id;
    group.rules.push_back(from_itself);
    put(call, kinds::group, group);
    return vpc;
}

std::optional<Vpc> default_vpc(aws::Call& call) {
    for (Vpc& vpc : all(call, kinds::vpc))
        if (vpc.is_default) return std::move(vpc);
    return std::nullopt;
}

// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
static Vpc make_default_vpc(aws::Call& call) {
    const Cidr cidr = *Cidr::parse("172.31.0.0/16");
    Vpc vpc = make_vpc(call, cidr, "default", true);
    uint32_t offset = 0;
    for (const std::string& zone : zones(call.region)) {
        Subnet subnet = make_subnet(call, vpc, Cidr{cidr.base + offset, 20}, zone);
        subnet.default_for_zone = subnet.map_public_ip = true;
        put(call, kinds::subnet, subnet);
        offset += 1 << 12;
    }
    InternetGateway gateway;
    gateway.id = new_id(call, "igw-");
    gateway.vpc = vpc.id;
    put(call, kinds::internet_gateway, gateway);
    for (RouteTable& table : route_tables_of(call, vpc.id)) {
        table.routes = {{"0.0.0.0/0", gateway.id}};
        put(call, kinds::route_table, table);
    }
    return vpc;
}

void ensure_default_vpc(aws::Call& call) {
    if (schema::regions.has(call.txn(), {call.account, call.region})) return;
    schema::regions.put(call.txn(), {call.account, call.region}, Region{call.now});
    make_default_vpc(call);
}

Result<CreateDefaultVpcOutput> Ec2::CreateDefaultVpc(aws::Call& call,
                                                     const CreateDefaultVpcInput& in) {
    REQUIRE(begin(call, in));
    if (default_vpc(call))
        return bad("DefaultVpcAlreadyExists",
                   "A Default VPC already exists for this account in this region.");
    return CreateDefaultVpcOutput{.vpc = describe_vpc(call, make_default_vpc(call))};
}

Result<CreateVpcOutput> Ec2::CreateVpc(aws::Call& call, const CreateVpcInput& in) {
    REQUIRE(begin(call, in));
    if (in.amazon_provided_ipv6_cidr_block.value_or(false) || in.ipv6_cidr_block)
        return unsupported("Unkai's VPCs have no IPv6 yet; leave AmazonProvidedIpv6CidrBlock out.");
    if (in.ipv4_ipam_pool_id) return unsupported("IPAM pools are not there; give a CidrBlock.");
    if (!in.cidr_block) return missing_parameter("cidrBlock");
    TRY(const Cidr cidr, parse_block(*in.cidr_block, "InvalidVpc.Range"));
    TRY(const Tags tags, tags_for(call, "vpc", in.tag_specifications));
    const std::string tenancy = in.instance_tenancy.value_or("default");
    if (tenancy != "default" && tenancy != "dedicated")
        return invalid_value("Invalid value '" + tenancy + "' for instanceTenancy.");
    if (all(call, kinds::vpc).size() >= limits::vpcs)
        return bad("VpcLimitExceeded", "The maximum number of VPCs has been reached.");
    Vpc vpc = make_vpc(call, cidr, tenancy, false);
    vpc.tags = tags;
    put(call, kinds::vpc, vpc);
    return CreateVpcOutput{.vpc = describe_vpc(call, vpc)};
}

Result<DeleteVpcOutput> Ec2::DeleteVpc(aws::Call& call, const DeleteVpcInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    const auto tables = route_tables_of(call, vpc.id);
    const auto groups = groups_of(call, vpc.id);
    if (!subnets_of(call, vpc.id).empty() || gateway_of(call, vpc.id) || tables.size() > 1 ||
        groups.size() > 1)
        return dependency("The vpc '" + vpc.id + "' has dependencies and cannot be deleted.");
    for (const RouteTable& table : tables) erase(call, kinds::route_table, table.id);
    for (const SecurityGroup& group : groups) erase(call, kinds::group, group.id);
    erase(call, kinds::vpc, vpc.id);
    return DeleteVpcOutput{};
}

Result<DescribeVpcsOutput> Ec2::DescribeVpcs(aws::Call& call, const DescribeVpcsInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found,
        select(call, kinds::vpc, in.vpc_ids, in.filters, in.max_results, in.next_token,
               [&](const Vpc& vpc) { return attributes_vpc(call, vpc); }));
    DescribeVpcsOutput out;
    out.vpcs.present = true;
    for (const Vpc& vpc : found.items) out.vpcs.push_back(describe_vpc(call, vpc));
    out.next_token = found.next_token;
    return out;
}

Result<ModifyVpcAttributeOutput> Ec2::ModifyVpcAttribute(aws::Call& call,
                                                         const ModifyVpcAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    const int given = in.enable_dns_hostnames.has_value() + in.enable_dns_support.has_value() +
                      in.enable_network_address_usage_metrics.has_value();
    if (given != 1)
        return bad("InvalidParameterCombination", "Fields for multiple attribute types specified");
    if (in.enable_dns_support) vpc.dns_support = in.enable_dns_support->value.value_or(true);
    if (in.enable_dns_hostnames) vpc.dns_hostnames = in.enable_dns_hostnames->value.value_or(false);
    if (in.enable_network_address_usage_metrics)
        vpc.usage_metrics = in.enable_network_address_usage_metrics->value.value_or(false);
    put(call, kinds::vpc, vpc);
    return ModifyVpcAttributeOutput{};
}

Result<DescribeVpcAttributeOutput> Ec2::DescribeVpcAttribute(aws::Call& call,
                                                             const DescribeVpcAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    DescribeVpcAttributeOutput out;
    out.vpc_id = vpc.id;
    if (in.attribute == "enableDnsSupport")
        out.enable_dns_support = AttributeBooleanValue{vpc.dns_support};
    else if (in.attribute == "enableDnsHostnames")
        out.enable_dns_hostnames = AttributeBooleanValue{vpc.dns_hostnames};
    else if (in.attribute == "enableNetworkAddressUsageMetrics")
        out.enable_network_address_usage_metrics = AttributeBooleanValue{vpc.usage_metrics};
    else
        return invalid_value("Value (" + in.attribute +
                             ") for parameter attribute is invalid. Unknown attribute.");
    return out;
}

Result<AssociateVpcCidrBlockOutput> Ec2::AssociateVpcCidrBlock(
    aws::Call& call, const AssociateVpcCidrBlockInput& in) {
    REQUIRE(begin(call, in));
    TRY(Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    if (in.amazon_provided_ipv6_cidr_block.value_or(false) || in.ipv6_cidr_block)
        return unsupported("Unkai's VPCs have no IPv6 yet.");
    if (!in.cidr_block) return missing_parameter("cidrBlock");
    TRY(const Cidr cidr, parse_block(*in.cidr_block, "InvalidVpc.Range"));
    for (const CidrAssociation& other : vpc.cidrs)
        if (Cidr::parse(other.cidr)->overlaps(cidr))
            return bad("CidrConflict", "The CIDR '" + cidr.text() +
                                           "' conflicts with a CIDR that the VPC has already.");
    if (vpc.cidrs.size() >= limits::vpc_cidrs)
        return bad("CidrLimitExceeded",
                   "This network '" + vpc.id + "' has met its maximum number of allowed CIDRs: 5");
    vpc.cidrs.push_back({new_id(call, "vpc-cidr-assoc-"), cidr.text()});
    put(call, kinds::vpc, vpc);
    AssociateVpcCidrBlockOutput out;
    out.vpc_id = vpc.id;
    out.cidr_block_association =
        VpcCidrBlockAssociation{.association_id = vpc.cidrs.back().id,
                                .cidr_block = cidr.text(),
                                .cidr_block_state = VpcCidrBlockState{.state = "associating"}};
    return out;
}

Result<DisassociateVpcCidrBlockOutput> Ec2::DisassociateVpcCidrBlock(
    aws::Call& call, const DisassociateVpcCidrBlockInput& in) {
    REQUIRE(begin(call, in));
    for (Vpc& vpc : all(call, kinds::vpc)) {
        const auto found = std::find_if(vpc.cidrs.begin(), vpc.cidrs.end(),
                                        [&](const auto& c) { return c.id == in.association_id; });
        if (found == vpc.cidrs.end()) continue;
        if (found == vpc.cidrs.begin())
            return bad(
                "OperationNotPermitted",
                "The vpc CIDR block with association ID " + in.association_id +
                    " may not be disassociated. It is the primary IPv4 CIDR block of the VPC");
        const CidrAssociation gone = *found;
        for (const Subnet& subnet : subnets_of(call, vpc.id))
            if (Cidr::parse(gone.cidr)->contains(*Cidr::parse(subnet.cidr)))
                return bad(
                    "InvalidCidrBlock.InUse",
                    "The vpc " + vpc.id + " currently has a subnet within CIDR block " + gone.cidr);
        vpc.cidrs.erase(found);
        put(call, kinds::vpc, vpc);
        DisassociateVpcCidrBlockOutput out;
        out.vpc_id = vpc.id;
        out.cidr_block_association = VpcCidrBlockAssociation{
            .association_id = gone.id,
            .cidr_block = gone.cidr,
            .cidr_block_state = VpcCidrBlockState{.state = "disassociating"}};
        return out;
    }
    return bad("InvalidVpcCidrBlockAssociationID.NotFound",
               "The vpc CIDR block association ID '" + in.association_id + "' does not exist");
}

}  // namespace unkai::services::ec2
