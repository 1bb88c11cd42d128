#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

static api::ec2::NatGateway describe_nat(const NatGateway& nat) {
    api::ec2::NatGateway out;
    const auto given = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    out.create_time = nat.created;
    out.delete_time = nat.deleted;
    out.failure_code = given(nat.failure_code);
    out.failure_message = given(nat.failure_message);
    NatGatewayAddress address;
    address.allocation_id = given(nat.allocation);
    address.association_id = given(nat.association);
    address.network_interface_id = given(nat.interface);
    address.private_ip = given(nat.private_ip);
    address.public_ip = given(nat.public_ip);
    address.is_primary = true;
    address.status = nat.state == "failed" ? "failed" : "succeeded";
    out.nat_gateway_addresses.push_back(std::move(address));
    out.nat_gateway_id = nat.id;
    out.state = nat.state;
    out.subnet_id = nat.subnet;
    out.vpc_id = nat.vpc;
    out.tags = tag_list(nat.tags);
    out.connectivity_type = nat.connectivity;
    out.availability_mode = "zonal";
    return out;
}

static Attributes attributes_nat(const NatGateway& nat) {
    return {{"connectivity-type", {nat.connectivity}},
            {"nat-gateway-id", {nat.id}},
            {"state", {nat.state}},
            {"subnet-id", {nat.subnet}},
            {"vpc-id", {nat.vpc}}};
}

static Status check_zone_limit(aws::Call& call, const Subnet& subnet) {
    size_t in_zone = 0;
    for (const NatGateway& other : all(call, kinds::nat_gateway)) {
        const auto its = schema::subnets.get(call.txn(), {call.account, call.region, other.subnet});
        in_zone +=
            its && its->zone == subnet.zone && other.state != "deleted" && other.state != "failed";
    }
    if (in_zone < limits::nat_gateways) return ok();
    return bad("NatGatewayLimitExceeded",
               "The maximum number of NAT gateways in the Availability "
               "Zone " +
                   subnet.zone + " has been reached.");
}

// The elastic address of a public NAT gateway; nullopt for a private one.
static Result<std::optional<Address>> allocation_of(aws::Call& call,
                                                    const CreateNatGatewayInput& in) {
    if (in.connectivity_type.value_or("public") == "private") {
        if (in.allocation_id)
            return bad("InvalidParameterCombination",
                       "A private NAT gateway takes no AllocationId.");
        return std::optional<Address>{};
    }
    if (!in.allocation_id) return missing_parameter("AllocationId");
    TRY(Address address, find(call, kinds::address, *in.allocation_id));
    if (!address.association.empty())
        return bad("Resource.AlreadyAssociated",
                   "Elastic IP address [" + address.id + "] is already associated");
    return std::optional(std::move(address));
}

Result<CreateNatGatewayOutput> Ec2::CreateNatGateway(aws::Call& call,
                                                     const CreateNatGatewayInput& in) {
    REQUIRE(begin(call, in));
    if (in.availability_mode.value_or("zonal") != "zonal")
        return unsupported("Regional NAT gateways are not there; give a SubnetId.");
    if (!in.secondary_allocation_ids.empty() || !in.secondary_private_ip_addresses.empty())
        return unsupported("A NAT gateway of Unkai has one address.");
    if (!in.subnet_id) return missing_parameter("subnetId");
    if (in.client_token)
        for (const NatGateway& other : all(call, kinds::nat_gateway))
            if (other.client_token == *in.client_token)
                return CreateNatGatewayOutput{.client_token = in.client_token,
                                              .nat_gateway = describe_nat(other)};
    TRY(const Subnet subnet, find(call, kinds::subnet, *in.subnet_id));
    REQUIRE(check_zone_limit(call, subnet));
    TRY(auto address, allocation_of(call, in));
    NatGateway nat;
    TRY(nat.tags, tags_for(call, "natgateway", in.tag_specifications));
    nat.id = new_id(call, "nat-");
    nat.vpc = subnet.vpc;
    nat.subnet = subnet.id;
    nat.connectivity = address ? "public" : "private";
    nat.client_token = in.client_token.value_or("");
    nat.created = call.now;
    if (address && !gateway_of(call, subnet.vpc)) {
        nat.state = "failed";
        nat.failure_code = "Gateway.NotAttached";
        nat.failure_message = "Network " + subnet.vpc + " has no Internet gateway attached";
    } else {
        TRY(const std::string own, claim_address(call, subnet, in.private_ip_address));
        NetworkInterface interface = make_interface(call, subnet, own);
        interface.type = "nat_gateway";
        interface.requester = "nat-gateway.ec2.amazonaws.com";
        interface.description = "Interface for NAT Gateway " + nat.id;
        interface.unchecked = true;
        put(call, kinds::interface, interface);
        nat.state = "pending";  // Until the network has it (publisher.cc).
        nat.interface = interface.id;
        nat.private_ip = own;
        if (address) {
            associate(call, *address, interface, own);
            nat.allocation = address->id;
            nat.association = address->association;
            nat.public_ip = address->public_ip;
        }
    }
    put(call, kinds::nat_gateway, nat);
    return CreateNatGatewayOutput{.client_token = in.client_token,
                                  .nat_gateway = describe_nat(nat)};
}

Result<DeleteNatGatewayOutput> Ec2::DeleteNatGateway(aws::Call& call,
                                                     const DeleteNatGatewayInput& in) {
    REQUIRE(begin(call, in));
    TRY(NatGateway nat, find(call, kinds::nat_gateway, in.nat_gateway_id));
    DeleteNatGatewayOutput out{.nat_gateway_id = nat.id};
    if (nat.state == "deleting" || nat.state == "deleted") return out;
    if (const auto interface =
            schema::interfaces.get(call.txn(), {call.account, call.region, nat.interface}))
        drop_interface(call, *interface);
    nat.state = "deleting";  // Until the network has let it go.
    put(call, kinds::nat_gateway, nat);
    return out;
}

Result<DescribeNatGatewaysOutput> Ec2::DescribeNatGateways(aws::Call& call,
                                                           const DescribeNatGatewaysInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found, select(call, kinds::nat_gateway, in.nat_gateway_ids, in.filter,
                                 in.max_results, in.next_token, attributes_nat));
    DescribeNatGatewaysOutput out;
    out.nat_gateways.present = true;
    for (const NatGateway& nat : found.items) out.nat_gateways.push_back(describe_nat(nat));
    out.next_token = found.next_token;
    return out;
}

}  // namespace unkai::services::ec2
