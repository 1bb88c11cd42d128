#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

constexpr const char* user_owned_pool = "amazon";

// Whose address: users see their own, services see all of the account.
bool visible(const aws::Call& call, const Address& address) {
    return address.service.empty() || call.principal.kind == aws::Principal::Kind::service;
}

api::ec2::Address describe(aws::Call& call, const Address& address) {
    api::ec2::Address out;
    out.allocation_id = address.id;
    out.domain = "vpc";
    out.tags = tag_list(address.tags);
    out.public_ipv4_pool = user_owned_pool;
    out.network_border_group = call.region;
    out.public_ip = address.public_ip;
    if (address.association.empty()) return out;
    out.association_id = address.association;
    out.network_interface_id = address.interface;
    out.network_interface_owner_id = call.account;
    out.private_ip_address = address.private_ip;
    return out;
}

Attributes attributes(const aws::Call& call, const Address& address) {
    const auto given = [](const std::string& text) {
        return text.empty() ? std::vector<std::string>{} : std::vector<std::string>{text};
    };
    return {{"allocation-id", {address.id}},
            {"association-id", given(address.association)},
            {"domain", {"vpc"}},
            {"instance-id", {}},
            {"network-border-group", {call.region}},
            {"network-interface-id", given(address.interface)},
            {"network-interface-owner-id", {call.account}},
            {"private-ip-address", given(address.private_ip)},
            {"public-ip", {address.public_ip}},
            {"public-ipv4-pool", {user_owned_pool}}};
}

Unexpected no_such_public(const std::string& public_ip) {
    return bad("InvalidAddress.NotFound", "Address '" + public_ip + "' not found.");
}

// By allocation id or by public address; one of them must be given.
Result<Address> named(aws::Call& call, const std::optional<std::string>& allocation,
                      const std::optional<std::string>& public_ip) {
    if (allocation) {
        TRY(Address address, find(call, kinds::address, *allocation));
        if (!visible(call, address)) return not_found(kinds::address, *allocation);
        return address;
    }
    if (!public_ip) return missing_parameter("AllocationId");
    for (Address& address : all(call, kinds::address))
        if (address.public_ip == *public_ip && visible(call, address)) return std::move(address);
    return no_such_public(*public_ip);
}

// A public address that nobody has, anywhere in this installation.
Result<std::string> take_public(aws::Call& call, const planes::network::Settings& network,
                                const std::optional<std::string>& wanted) {
    const Ipv4 first = network.first_elastic();
    const auto count = network.last_elastic().value - first.value + 1;
    if (wanted) {
        const auto address = Ipv4::parse(*wanted);
        if (!address || *address < first || *address > network.last_elastic() ||
            schema::public_addresses.has(call.txn(), {*wanted}))
            return no_such_public(*wanted);
        return *wanted;
    }
    const auto start = static_cast<uint32_t>(call.env.random.below(count));
    for (uint32_t i = 0; i < count; ++i) {
        const std::string text = (first + (start + i) % count).text();
        if (!schema::public_addresses.has(call.txn(), {text})) return text;
    }
    return bad("InsufficientAddressCapacity", "No public address is left in " +
                                                  network.public_range.text() +
                                                  "; start Unkai with a wider public range.");
}

// The private address of the interface that gets the public one. Error: it has one already.
Result<std::string> private_target(aws::Call& call, const NetworkInterface& interface,
                                   const AssociateAddressInput& in) {
    const std::string wanted = in.private_ip_address.value_or(interface.addresses.front());
    if (std::find(interface.addresses.begin(), interface.addresses.end(), wanted) ==
        interface.addresses.end())
        return invalid_value("The address " + wanted + " is not assigned to interface " +
                             interface.id);
    const auto other = address_at(all(call, kinds::address), interface.id, wanted);
    if (!other) return wanted;
    if (!in.allow_reassociation.value_or(true))
        return bad(
            "Resource.AlreadyAssociated",
            "resource " + interface.id + " is already associated with address " + other->public_ip);
    disassociate(call, *other);
    return wanted;
}

}  // namespace

void associate(aws::Call& call, Address& address, const NetworkInterface& interface,
               const std::string& private_ip) {
    address.association = new_id(call, "eipassoc-");
    address.interface = interface.id;
    address.private_ip = private_ip;
    put(call, kinds::address, address);
}

void disassociate(aws::Call& call, Address address) {
    address.association.clear();
    address.interface.clear();
    address.private_ip.clear();
    put(call, kinds::address, address);
}

std::optional<Address> address_at(const std::vector<Address>& addresses,
                                  const std::string& interface, const std::string& private_ip) {
    for (const Address& address : addresses)
        if (address.interface == interface && address.private_ip == private_ip) return address;
    return std::nullopt;
}

Result<AllocateAddressOutput> Ec2::AllocateAddress(aws::Call& call,
                                                   const AllocateAddressInput& in) {
    REQUIRE(begin(call, in));
    if (in.domain.value_or("vpc") != "vpc")
        return invalid_value("Invalid value '" + *in.domain + "' for domain.");
    if (in.ipam_pool_id || in.customer_owned_ipv4_pool ||
        in.public_ipv4_pool.value_or(user_owned_pool) != user_owned_pool)
        return unsupported("There are no pools of own addresses; leave the pool out.");
    Address address;
    if (call.principal.kind == aws::Principal::Kind::service)
        address.service = call.principal.service;
    size_t own = 0;
    for (const Address& other : all(call, kinds::address)) own += other.service.empty();
    if (address.service.empty() && own >= limits::addresses)
        return bad("AddressLimitExceeded", "The maximum number of addresses has been reached.");
    TRY(address.tags, tags_for(call, "elastic-ip", in.tag_specifications));
    TRY(address.public_ip, take_public(call, network_, in.address));
    address.id = new_id(call, "eipalloc-");
    schema::public_addresses.put(call.txn(), {address.public_ip}, address.id);
    put(call, kinds::address, address);
    return AllocateAddressOutput{.allocation_id = address.id,
                                 .public_ipv4_pool = user_owned_pool,
                                 .network_border_group = call.region,
                                 .domain = "vpc",
                                 .public_ip = address.public_ip};
}

Result<ReleaseAddressOutput> Ec2::ReleaseAddress(aws::Call& call, const ReleaseAddressInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Address address, named(call, in.allocation_id, in.public_ip));
    if (!address.association.empty())
        return bad("InvalidIPAddress.InUse", "Address " + address.public_ip + " is in use.");
    schema::public_addresses.erase(call.txn(), {address.public_ip});
    erase(call, kinds::address, address.id);
    return ReleaseAddressOutput{};
}

Result<DescribeAddressesOutput> Ec2::DescribeAddresses(aws::Call& call,
                                                       const DescribeAddressesInput& in) {
    REQUIRE(begin(call, in));
    List<std::string> ids = in.allocation_ids;
    for (const std::string& public_ip : in.public_ips) {
        TRY(const Address address, named(call, std::nullopt, public_ip));
        ids.push_back(address.id);
    }
    TRY(const auto found,
        select(call, kinds::address, ids, in.filters, std::nullopt, std::nullopt,
               [&](const Address& address) { return attributes(call, address); }));
    DescribeAddressesOutput out;
    out.addresses.present = true;
    for (const Address& address : found.items)
        if (visible(call, address)) out.addresses.push_back(describe(call, address));
    return out;
}

Result<DescribeAddressesAttributeOutput> Ec2::DescribeAddressesAttribute(
    aws::Call& call, const DescribeAddressesAttributeInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found,
        select(call, kinds::address, in.allocation_ids, {}, in.max_results, in.next_token,
               [&](const Address& address) { return attributes(call, address); }));
    DescribeAddressesAttributeOutput out;
    out.addresses.present = true;
    for (const Address& address : found.items)
        if (visible(call, address))
            out.addresses.push_back({.public_ip = address.public_ip, .allocation_id = address.id});
    out.next_token = found.next_token;
    return out;
}

Result<AssociateAddressOutput> Ec2::AssociateAddress(aws::Call& call,
                                                     const AssociateAddressInput& in) {
    REQUIRE(begin(call, in));
    TRY(Address address, named(call, in.allocation_id, in.public_ip));
    if (in.instance_id)
        return bad("InvalidInstanceID.NotFound",
                   "The instance ID '" + *in.instance_id + "' does not exist");
    if (!in.network_interface_id) return missing_parameter("NetworkInterfaceId");
    TRY(const NetworkInterface interface, find(call, kinds::interface, *in.network_interface_id));
    if (!gateway_of(call, interface.vpc))
        return bad("Gateway.NotAttached",
                   "Network " + interface.vpc + " is not attached to any internet gateway");
    if (!address.association.empty()) {
        if (!in.allow_reassociation.value_or(true))
            return bad("Resource.AlreadyAssociated",
                       "resource " + address.id + " is already associated with associate-id " +
                           address.association);
    }
    TRY(const std::string private_ip, private_target(call, interface, in));
    associate(call, address, interface, private_ip);
    return AssociateAddressOutput{.association_id = address.association};
}

Result<DisassociateAddressOutput> Ec2::DisassociateAddress(aws::Call& call,
                                                           const DisassociateAddressInput& in) {
    REQUIRE(begin(call, in));
    if (!in.association_id && !in.public_ip) return missing_parameter("AssociationId");
    for (const Address& address : all(call, kinds::address)) {
        if (address.association.empty() || !visible(call, address)) continue;
        if (in.association_id ? address.association != *in.association_id
                              : address.public_ip != *in.public_ip)
            continue;
        for (const NatGateway& nat : all(call, kinds::nat_gateway))
            if (nat.interface == address.interface && nat.state != "deleted")
                return bad("AuthFailure",
                           "You do not have permission to access the specified resource.");
        disassociate(call, address);
        return DisassociateAddressOutput{};
    }
    return bad("InvalidAssociationID.NotFound",
               "The association ID '" + in.association_id.value_or(in.public_ip.value_or("")) +
                   "' does not exist");
}

}  // namespace unkai::services::ec2
