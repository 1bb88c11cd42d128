#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

using aws::Principal;

// Who made it uses it at once; users' interfaces wait for an instance.
bool in_use(const NetworkInterface& interface) { return !interface.requester.empty(); }

std::optional<NetworkInterfaceAssociation> association(const aws::Call& call,
                                                       const std::vector<Address>& addresses,
                                                       const NetworkInterface& interface,
                                                       const std::string& private_ip) {
    const auto address = address_at(addresses, interface.id, private_ip);
    if (!address) return std::nullopt;
    NetworkInterfaceAssociation out;
    if (address->service.empty()) out.allocation_id = address->id;
    out.association_id = address->association;
    out.ip_owner_id = address->service.empty()                                   ? call.account
                      : address->service == "elasticloadbalancing.amazonaws.com" ? "amazon-elb"
                                                                                 : "amazon";
    out.public_dns_name = public_dns_name(call.region, address->public_ip);
    out.public_ip = address->public_ip;
    return out;
}

std::optional<NetworkInterfaceAttachment> attachment(const NetworkInterface& interface) {
    if (!in_use(interface)) return std::nullopt;
    NetworkInterfaceAttachment out;
    out.attach_time = interface.created;
    out.attachment_id = interface.attachment;
    out.delete_on_termination = false;
    out.device_index = 1;
    out.instance_owner_id = "amazon-aws";
    out.status = "attached";
    return out;
}

List<GroupIdentifier> groups_of(aws::Call& call, const NetworkInterface& interface) {
    std::vector<GroupIdentifier> out;
    for (const std::string& id : interface.groups) {
        const auto group = schema::groups.get(call.txn(), {call.account, call.region, id});
        out.push_back({.group_id = id, .group_name = group ? group->name : ""});
    }
    return out;
}

api::ec2::NetworkInterface describe_interface(aws::Call& call, const NetworkInterface& interface,
                                              const std::vector<Address>& addresses) {
    api::ec2::NetworkInterface out;
    // One that is not there yet is described for the names of its attributes.
    const std::string primary = interface.addresses.empty() ? "" : interface.addresses.front();
    out.association = association(call, addresses, interface, primary);
    out.attachment = attachment(interface);
    out.availability_zone = interface.zone;
    out.availability_zone_id = zone_id(call.region, interface.zone);
    out.description = interface.description;
    out.groups = groups_of(call, interface);
    out.interface_type = interface.type;
    out.ipv6_addresses.present = true;
    out.mac_address = interface.mac;
    out.network_interface_id = interface.id;
    out.owner_id = call.account;
    out.private_dns_name = private_dns_name(call.region, primary);
    out.private_ip_address = primary;
    for (const std::string& address : interface.addresses)
        out.private_ip_addresses.push_back(
            {.association = association(call, addresses, interface, address),
             .primary = address == primary,
             .private_dns_name = private_dns_name(call.region, address),
             .private_ip_address = address});
    if (in_use(interface))
        out.requester_id = interface.requester;
    else
        out.requester_id = call.principal.user_id;
    out.requester_managed = in_use(interface);
    out.source_dest_check = !interface.unchecked;
    out.status = in_use(interface) ? "in-use" : "available";
    out.subnet_id = interface.subnet;
    out.tag_set = tag_list(interface.tags);
    out.vpc_id = interface.vpc;
    return out;
}

Attributes attributes_interface(const api::ec2::NetworkInterface& shown) {
    std::vector<std::string> addresses, group_ids, group_names, public_ips, allocations,
        associations, attachments, attachment_states;
    for (const auto& one : shown.private_ip_addresses) {
        addresses.push_back(*one.private_ip_address);
        if (!one.association) continue;
        public_ips.push_back(*one.association->public_ip);
        associations.push_back(*one.association->association_id);
        if (one.association->allocation_id) allocations.push_back(*one.association->allocation_id);
    }
    for (const auto& group : shown.groups) {
        group_ids.push_back(*group.group_id);
        group_names.push_back(*group.group_name);
    }
    if (shown.attachment) {
        attachments.push_back(*shown.attachment->attachment_id);
        attachment_states.push_back("attached");
    }
    return {{"addresses.association.owner-id", {}},
            {"addresses.association.public-ip", public_ips},
            {"addresses.primary", {"true"}},
            {"addresses.private-ip-address", addresses},
            {"association.allocation-id", allocations},
            {"association.association-id", associations},
            {"association.public-ip", public_ips},
            {"attachment.attachment-id", attachments},
            {"attachment.instance-id", {}},
            {"attachment.instance-owner-id", {}},
            {"attachment.status", attachment_states},
            {"availability-zone", {*shown.availability_zone}},
            {"availability-zone-id", {*shown.availability_zone_id}},
            {"description", {*shown.description}},
            {"group-id", group_ids},
            {"group-name", group_names},
            {"interface-type", {*shown.interface_type}},
            {"mac-address", {*shown.mac_address}},
            {"network-interface-id", {*shown.network_interface_id}},
            {"owner-id", {*shown.owner_id}},
            {"private-dns-name", {*shown.private_dns_name}},
            {"private-ip-address", {*shown.private_ip_address}},
            {"requester-id", {shown.requester_id.value_or("")}},
            {"requester-managed", {boolean(*shown.requester_managed)}},
            {"source-dest-check", {boolean(*shown.source_dest_check)}},
            {"status", {*shown.status}},
            {"subnet-id", {*shown.subnet_id}},
            {"vpc-id", {*shown.vpc_id}}};
}

Result<std::vector<std::string>> check_groups(aws::Call& call, const List<std::string>& wanted,
                                              const std::string& vpc) {
    std::vector<std::string> out;
    for (const std::string& id : wanted) {
        TRY(const SecurityGroup group, find(call, kinds::group, id));
        if (group.vpc != vpc)
            return bad("InvalidGroup.NotFound",
                       "You have specified two resources that belong to different networks.");
        if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    }
    if (out.size() > limits::interface_groups)
        return bad("SecurityGroupsPerInterfaceLimitExceeded",
                   "The maximum number of security groups per interface has been reached.");
    return out;
}

std::string new_mac(aws::Call& call) {
    const std::string digits = call.env.random.hex(10);
    std::string out = "02";
    for (size_t i = 0; i < digits.size(); i += 2) out += ":" + digits.substr(i, 2);
    return out;
}

// The explicit addresses of a request, the primary one first.
std::vector<std::optional<std::string>> wanted_addresses(const CreateNetworkInterfaceInput& in) {
    std::vector<std::optional<std::string>> out;
    for (const auto& one : in.private_ip_addresses) {
        if (!one.private_ip_address) continue;
        if (one.primary.value_or(false))
            out.insert(out.begin(), one.private_ip_address);
        else
            out.push_back(one.private_ip_address);
    }
    if (in.private_ip_address) out.insert(out.begin(), in.private_ip_address);
    if (out.empty()) out.emplace_back();
    for (int32_t i = 0; i < in.secondary_private_ip_address_count.value_or(0); ++i)
        out.emplace_back();
    return out;
}

Status check_supported(const CreateNetworkInterfaceInput& in) {
    if (!in.ipv6_addresses.empty() || in.ipv6_address_count.value_or(0) > 0)
        return unsupported("Unkai's VPCs have no IPv6 yet.");
    if (!in.ipv4_prefixes.empty() || in.ipv4_prefix_count.value_or(0) > 0)
        return unsupported("Prefix delegation is not there; give single addresses.");
    if (in.interface_type.value_or("interface") != "interface")
        return unsupported("The only type of network interfaces that can be created is interface.");
    if (in.secondary_private_ip_address_count.value_or(0) >=
        static_cast<int32_t>(limits::interface_addresses))
        return bad("PrivateIpAddressLimitExceeded",
                   "The number of private addresses exceeds the limit of the interface.");
    return ok();
}

}  // namespace

std::vector<NetworkInterface> interfaces_in(aws::Call& call, const std::string& subnet) {
    auto out = all(call, kinds::interface);
    std::erase_if(out, [&](const NetworkInterface& one) { return one.subnet != subnet; });
    return out;
}

Result<std::string> claim_address(aws::Call& call, const Subnet& subnet,
                                  const std::optional<std::string>& wanted) {
    const Cidr cidr = *Cidr::parse(subnet.cidr);
    std::set<Ipv4> used;
    for (const NetworkInterface& interface : interfaces_in(call, subnet.id))
        for (const std::string& address : interface.addresses) used.insert(*Ipv4::parse(address));
    if (!wanted) {
        const auto picked = pick_address(cidr, used, call.env.random.u64());
        if (!picked)
            return bad(
                "InsufficientFreeAddressesInSubnet",
                "The specified subnet does not have enough free addresses to satisfy the request.");
        return picked->text();
    }
    const auto address = Ipv4::parse(*wanted);
    if (!address) return invalid_value("Invalid IPv4 address: " + *wanted);
    if (!cidr.contains(*address))
        return invalid_value("Address " + *wanted +
                             " does not fall within the subnet's address range");
    if (is_reserved(cidr, *address))
        return invalid_value("Address " + *wanted + " is in subnet's reserved address range");
    if (used.contains(*address))
        return bad("InvalidIPAddress.InUse", "Address " + *wanted + " is in use.");
    return *wanted;
}

NetworkInterface make_interface(aws::Call& call, const Subnet& subnet, std::string address) {
    NetworkInterface interface;
    interface.id = new_id(call, "eni-");
    interface.vpc = subnet.vpc;
    interface.subnet = subnet.id;
    interface.zone = subnet.zone;
    interface.mac = new_mac(call);
    interface.addresses = {std::move(address)};
    interface.type = "interface";
    interface.attachment = new_id(call, "eni-attach-");
    interface.created = call.now;
    put(call, kinds::interface, interface);
    return interface;
}

void drop_interface(aws::Call& call, const NetworkInterface& interface) {
    for (const Address& address : all(call, kinds::address)) {
        if (address.interface != interface.id) continue;
        if (address.service.empty()) {
            disassociate(call, address);
            continue;
        }
        // An address that a service took for its interface goes with it.
        schema::public_addresses.erase(call.txn(), {address.public_ip});
        erase(call, kinds::address, address.id);
    }
    erase(call, kinds::interface, interface.id);
}

Result<CreateNetworkInterfaceOutput> Ec2::CreateNetworkInterface(
    aws::Call& call, const CreateNetworkInterfaceInput& in) {
    REQUIRE(begin(call, in));
    REQUIRE(check_supported(in));
    if (in.client_token)
        for (const NetworkInterface& other : all(call, kinds::interface))
            if (other.client_token == *in.client_token)
                return CreateNetworkInterfaceOutput{
                    .network_interface = describe_interface(call, other, all(call, kinds::address)),
                    .client_token = in.client_token};
    TRY(const Subnet subnet, find(call, kinds::subnet, in.subnet_id));
    TRY(auto groups, check_groups(call, in.groups, subnet.vpc));
    if (groups.empty())
        if (const auto own = group_named(call, subnet.vpc, "default")) groups.push_back(own->id);
    if (all(call, kinds::interface).size() >= limits::interfaces)
        return bad("NetworkInterfaceLimitExceeded",
                   "The maximum number of network interfaces has been reached.");
    TRY(const Tags tags, tags_for(call, "network-interface", in.tag_specifications));
    NetworkInterface interface;
    for (const auto& wanted : wanted_addresses(in)) {
        TRY(const std::string address, claim_address(call, subnet, wanted));
        if (interface.id.empty())
            interface = make_interface(call, subnet, address);
        else
            interface.addresses.push_back(address);
        put(call, kinds::interface, interface);  // So that the next one is another.
    }
    interface.description = in.description.value_or("");
    interface.groups = std::move(groups);
    interface.tags = tags;
    interface.client_token = in.client_token.value_or("");
    if (call.principal.kind == Principal::Kind::service)
        interface.requester = call.principal.service;
    put(call, kinds::interface, interface);
    return CreateNetworkInterfaceOutput{
        .network_interface = describe_interface(call, interface, all(call, kinds::address)),
        .client_token = in.client_token};
}

Result<DeleteNetworkInterfaceOutput> Ec2::DeleteNetworkInterface(
    aws::Call& call, const DeleteNetworkInterfaceInput& in) {
    REQUIRE(begin(call, in));
    TRY(const NetworkInterface interface, find(call, kinds::interface, in.network_interface_id));
    const bool own = call.principal.kind == Principal::Kind::service &&
                     call.principal.service == interface.requester;
    if (in_use(interface) && !own)
        return bad("InvalidNetworkInterface.InUse", "Network interface '" + interface.id +
                                                        "' is currently in use by " +
                                                        interface.requester + ".");
    drop_interface(call, interface);
    return DeleteNetworkInterfaceOutput{};
}

Result<DescribeNetworkInterfacesOutput> Ec2::DescribeNetworkInterfaces(
    aws::Call& call, const DescribeNetworkInterfacesInput& in) {
    REQUIRE(begin(call, in));
    const auto addresses = all(call, kinds::address);
    TRY(const auto found,
        select(call, kinds::interface, in.network_interface_ids, in.filters, in.max_results,
               in.next_token, [&](const NetworkInterface& one) {
                   return attributes_interface(describe_interface(call, one, addresses));
               }));
    DescribeNetworkInterfacesOutput out;
    out.network_interfaces.present = true;
    for (const NetworkInterface& interface : found.items)
        out.network_interfaces.push_back(describe_interface(call, interface, addresses));
    out.next_token = found.next_token;
    return out;
}

Result<ModifyNetworkInterfaceAttributeOutput> Ec2::ModifyNetworkInterfaceAttribute(
    aws::Call& call, const ModifyNetworkInterfaceAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(NetworkInterface interface, find(call, kinds::interface, in.network_interface_id));
    if (in.description) interface.description = in.description->value.value_or("");
    if (in.source_dest_check) interface.unchecked = !in.source_dest_check->value.value_or(true);
    if (!in.groups.empty()) {
        TRY(interface.groups, check_groups(call, in.groups, interface.vpc));
    }
    put(call, kinds::interface, interface);
    return ModifyNetworkInterfaceAttributeOutput{};
}

Result<DescribeNetworkInterfaceAttributeOutput> Ec2::DescribeNetworkInterfaceAttribute(
    aws::Call& call, const DescribeNetworkInterfaceAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(const NetworkInterface interface, find(call, kinds::interface, in.network_interface_id));
    const std::string wanted = in.attribute.value_or("");
    DescribeNetworkInterfaceAttributeOutput out;
    out.network_interface_id = interface.id;
    if (wanted == "description")
        out.description = AttributeValue{interface.description};
    else if (wanted == "groupSet")
        out.groups = groups_of(call, interface);
    else if (wanted == "sourceDestCheck")
        out.source_dest_check = AttributeBooleanValue{!interface.unchecked};
    else if (wanted == "attachment")
        out.attachment = attachment(interface);
    else
        return invalid_value("Value (" + wanted +
                             ") for parameter attribute is invalid. Unknown attribute.");
    return out;
}

Result<AssignPrivateIpAddressesOutput> Ec2::AssignPrivateIpAddresses(
    aws::Call& call, const AssignPrivateIpAddressesInput& in) {
    REQUIRE(begin(call, in));
    TRY(NetworkInterface interface, find(call, kinds::interface, in.network_interface_id));
    TRY(const Subnet subnet, find(call, kinds::subnet, interface.subnet));
    if (!in.ipv4_prefixes.empty() || in.ipv4_prefix_count.value_or(0) > 0)
        return unsupported("Prefix delegation is not there; give single addresses.");
    std::vector<std::optional<std::string>> wanted(in.private_ip_addresses.begin(),
                                                   in.private_ip_addresses.end());
    for (int32_t i = 0; i < in.secondary_private_ip_address_count.value_or(0); ++i)
        wanted.emplace_back();
    if (interface.addresses.size() + wanted.size() > limits::interface_addresses)
        return bad("PrivateIpAddressLimitExceeded",
                   "The number of private addresses exceeds the limit of the interface.");
    AssignPrivateIpAddressesOutput out;
    out.network_interface_id = interface.id;
    for (const auto& one : wanted) {
        TRY(const std::string address, claim_address(call, subnet, one));
        interface.addresses.push_back(address);
        put(call, kinds::interface, interface);
        out.assigned_private_ip_addresses.push_back({.private_ip_address = address});
    }
    return out;
}

Result<UnassignPrivateIpAddressesOutput> Ec2::UnassignPrivateIpAddresses(
    aws::Call& call, const UnassignPrivateIpAddressesInput& in) {
    REQUIRE(begin(call, in));
    TRY(NetworkInterface interface, find(call, kinds::interface, in.network_interface_id));
    for (const std::string& address : in.private_ip_addresses) {
        const auto found =
            std::find(interface.addresses.begin(), interface.addresses.end(), address);
        if (found == interface.addresses.end() || found == interface.addresses.begin())
            return invalid_value("Some of [" + address + "] are not assigned to interface " +
                                 interface.id + " as secondary addresses");
        interface.addresses.erase(found);
        if (const auto other = address_at(all(call, kinds::address), interface.id, address))
            disassociate(call, *other);
    }
    put(call, kinds::interface, interface);
    return UnassignPrivateIpAddressesOutput{};
}

}  // namespace unkai::services::ec2
