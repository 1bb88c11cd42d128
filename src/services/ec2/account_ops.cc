#include <algorithm>

// What a region has without being asked for it: zones, network ACLs that allow everything, DHCP
// options.
#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

std::string dhcp_options_id(const aws::Call& call) { return "dopt-" + call.account; }

NetworkAclEntry acl_entry(bool egress, bool allow) {
    return {.cidr_block = "0.0.0.0/0",
            .egress = egress,
            .protocol = "-1",
            .rule_action = allow ? "allow" : "deny",
            .rule_number = allow ? 100 : 32767};
}

NetworkAcl describe_acl(aws::Call& call, const Vpc& vpc, const std::vector<Subnet>& subnets) {
    NetworkAcl out;
    out.associations.present = out.tags.present = true;
    for (const Subnet& subnet : subnets)
        if (subnet.vpc == vpc.id)
            out.associations.push_back({.network_acl_association_id = subnet.acl_association,
                                        .network_acl_id = vpc.network_acl,
                                        .subnet_id = subnet.id});
    for (const bool egress : {true, false})
        for (const bool allow : {true, false}) out.entries.push_back(acl_entry(egress, allow));
    out.is_default = true;
    out.network_acl_id = vpc.network_acl;
    out.vpc_id = vpc.id;
    out.owner_id = call.account;
    return out;
}

Attributes acl_attributes(const NetworkAcl& acl) {
    std::vector<std::string> subnets, associations;
    for (const auto& one : acl.associations) {
        subnets.push_back(*one.subnet_id);
        associations.push_back(*one.network_acl_association_id);
    }
    return {{"association.association-id", associations},
            {"association.network-acl-id", {*acl.network_acl_id}},
            {"association.subnet-id", subnets},
            {"default", {"true"}},
            {"network-acl-id", {*acl.network_acl_id}},
            {"owner-id", {*acl.owner_id}},
            {"vpc-id", {*acl.vpc_id}}};
}

bool asked_for(const List<std::string>& names, std::string_view name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<DescribeNetworkAclsOutput> Ec2::DescribeNetworkAcls(aws::Call& call,
                                                           const DescribeNetworkAclsInput& in) {
    REQUIRE(begin(call, in));
    DescribeNetworkAclsOutput out;
    out.network_acls.present = true;
    const auto subnets = all(call, kinds::subnet);
    std::set<std::string> missing(in.network_acl_ids.begin(), in.network_acl_ids.end());
    for (const Vpc& vpc : all(call, kinds::vpc)) {
        missing.erase(vpc.network_acl);
        if (!asked_for(in.network_acl_ids, vpc.network_acl)) continue;
        NetworkAcl acl = describe_acl(call, vpc, subnets);
        TRY(const bool matched, matches(in.filters, acl_attributes(acl), {}));
        if (matched) out.network_acls.push_back(std::move(acl));
    }
    if (!missing.empty())
        return bad("InvalidNetworkAclID.NotFound",
                   "The networkAcl ID '" + *missing.begin() + "' does not exist");
    return out;
}

Result<DescribeDhcpOptionsOutput> Ec2::DescribeDhcpOptions(aws::Call& call,
                                                           const DescribeDhcpOptionsInput& in) {
    REQUIRE(begin(call, in));
    const std::string id = dhcp_options_id(call);
    for (const std::string& wanted : in.dhcp_options_ids)
        if (wanted != id)
            return bad("InvalidDhcpOptionID.NotFound",
                       "The dhcpOption ID '" + wanted + "' does not exist");
    TRY(const bool matched, matches(in.filters,
                                    {{"dhcp-options-id", {id}},
                                     {"key", {"domain-name", "domain-name-servers"}},
                                     {"value", {"AmazonProvidedDNS"}},
                                     {"owner-id", {call.account}}},
                                    {}));
    DescribeDhcpOptionsOutput out;
    out.dhcp_options.present = true;
    if (!matched) return out;
    DhcpOptions options;
    options.owner_id = call.account;
    options.dhcp_options_id = id;
    options.tags.present = true;
    const std::string domain =
        call.region == "us-east-1" ? "ec2.internal" : call.region + ".compute.internal";
    options.dhcp_configurations.push_back({.key = "domain-name", .values = {{.value = domain}}});
    options.dhcp_configurations.push_back(
        {.key = "domain-name-servers", .values = {{.value = "AmazonProvidedDNS"}}});
    out.dhcp_options.push_back(std::move(options));
    return out;
}

Result<DescribeAvailabilityZonesOutput> Ec2::DescribeAvailabilityZones(
    aws::Call& call, const DescribeAvailabilityZonesInput& in) {
    REQUIRE(begin(call, in));
    DescribeAvailabilityZonesOutput out;
    out.availability_zones.present = true;
    std::set<std::string> missing(in.zone_names.begin(), in.zone_names.end());
    missing.insert(in.zone_ids.begin(), in.zone_ids.end());
    for (const std::string& zone : zones(call.region)) {
        const std::string id = zone_id(call.region, zone);
        missing.erase(zone);
        missing.erase(id);
        TRY(const bool matched, matches(in.filters,
                                        {{"group-name", {call.region + "-zg-1"}},
                                         {"message", {}},
                                         {"opt-in-status", {"opt-in-not-required"}},
                                         {"parent-zone-id", {}},
                                         {"parent-zone-name", {}},
                                         {"region-name", {call.region}},
                                         {"state", {"available"}},
                                         {"zone-id", {id}},
                                         {"zone-name", {zone}},
                                         {"zone-type", {"availability-zone"}}},
                                        {}));
        if (!matched || !asked_for(in.zone_names, zone) || !asked_for(in.zone_ids, id)) continue;
        AvailabilityZone one;
        one.opt_in_status = "opt-in-not-required";
        one.messages.present = true;
        one.region_name = call.region;
        one.zone_name = zone;
        one.zone_id = id;
        one.group_name = call.region + "-zg-1";
        one.network_border_group = call.region;
        one.zone_type = "availability-zone";
        one.state = "available";
        out.availability_zones.push_back(std::move(one));
    }
    if (!missing.empty())
        return invalid_value("Invalid availability zone: [" + *missing.begin() + "]");
    return out;
}

Result<DescribeRegionsOutput> Ec2::DescribeRegions(aws::Call& call,
                                                   const DescribeRegionsInput& in) {
    REQUIRE(begin(call, in));
    for (const std::string& name : in.region_names)
        if (!is_region(name)) return invalid_value("Invalid region names: [" + name + "]");
    DescribeRegionsOutput out;
    out.regions.present = true;
    for (const std::string& name : regions()) {
        const std::string endpoint = "ec2." + name + ".amazonaws.com";
        TRY(const bool matched, matches(in.filters,
                                        {{"endpoint", {endpoint}},
                                         {"opt-in-status", {"opt-in-not-required"}},
                                         {"region-name", {name}}},
                                        {}));
        if (!matched || !asked_for(in.region_names, name)) continue;
        out.regions.push_back(
            {.opt_in_status = "opt-in-not-required", .region_name = name, .endpoint = endpoint});
    }
    return out;
}

Result<DescribeAccountAttributesOutput> Ec2::DescribeAccountAttributes(
    aws::Call& call, const DescribeAccountAttributesInput& in) {
    REQUIRE(begin(call, in));
    const auto own = default_vpc(call);
    const std::pair<std::string, std::string> known[] = {
        {"supported-platforms", "VPC"},
        {"default-vpc", own ? own->id : "none"},
        {"vpc-max-security-groups-per-interface", std::to_string(limits::interface_groups)},
        {"vpc-max-elastic-ips", std::to_string(limits::addresses)},
        {"max-elastic-ips", std::to_string(limits::addresses)}};
    for (const std::string& name : in.attribute_names)
        if (std::ranges::find(known, name, [](const auto& one) { return one.first; }) ==
            std::end(known))
            return invalid_value("Invalid attribute: " + name);
    DescribeAccountAttributesOutput out;
    out.account_attributes.present = true;
    for (const auto& [name, value] : known)
        if (asked_for(in.attribute_names, name))
            out.account_attributes.push_back(
                {.attribute_name = name, .attribute_values = {{.attribute_value = value}}});
    return out;
}

}  // namespace unkai::services::ec2
