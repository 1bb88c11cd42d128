#include "base/strings.h"
#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

template <class In>
Result<Cidr> destination_of(const In& in) {
    if (in.destination_ipv6_cidr_block) return unsupported("Unkai's VPCs have no IPv6 yet.");
    if (in.destination_prefix_list_id)
        return bad("InvalidPrefixListID.NotFound",
                   "The prefix list ID '" + *in.destination_prefix_list_id + "' does not exist");
    if (!in.destination_cidr_block) return missing_parameter("destinationCidrBlock");
    return parse_cidr(*in.destination_cidr_block);
}

// The kinds of targets that Unkai does not have: no such thing can exist.
template <class In>
Status refuse_foreign_targets(const In& in) {
    const std::tuple<const std::optional<std::string>&, const char*, const char*> foreign[] = {
        {in.transit_gateway_id, "InvalidTransitGatewayID.NotFound", "transitGateway ID"},
        {in.vpc_peering_connection_id, "InvalidVpcPeeringConnectionID.NotFound",
         "vpcPeeringConnection ID"},
        {in.instance_id, "InvalidInstanceID.NotFound", "instance ID"},
        {in.vpc_endpoint_id, "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"},
        {in.egress_only_internet_gateway_id, "InvalidGatewayID.NotFound", "gateway ID"},
        {in.carrier_gateway_id, "InvalidCarrierGatewayID.NotFound", "carrierGateway ID"},
        {in.local_gateway_id, "InvalidLocalGatewayID.NotFound", "localGateway ID"}};
    for (const auto& [id, code, noun] : foreign)
        if (id) return bad(code, std::string("The ") + noun + " '" + *id + "' does not exist");
    return ok();
}

template <class In>
Result<std::string> target_of(aws::Call& call, const In& in, const RouteTable& table) {
    REQUIRE(refuse_foreign_targets(in));
    const int given = in.gateway_id.has_value() + in.nat_gateway_id.has_value() +
                      in.network_interface_id.has_value();
    if (given == 0) return missing_parameter("gatewayId, natGatewayId or networkInterfaceId");
    if (given > 1) return bad("InvalidParameterCombination", "A route has exactly one target.");
    if (in.nat_gateway_id) {
        TRY(const NatGateway nat, find(call, kinds::nat_gateway, *in.nat_gateway_id));
        if (nat.vpc != table.vpc || nat.state == "deleted" || nat.state == "failed")
            return bad("InvalidNatGatewayID.NotFound",
                       "The natGateway ID '" + nat.id + "' does not exist in " + table.vpc);
        return nat.id;
    }
    if (in.network_interface_id) {
        TRY(const NetworkInterface interface,
            find(call, kinds::interface, *in.network_interface_id));
        if (interface.vpc != table.vpc)
            return invalid_value("route table " + table.id + " and interface " + interface.id +
                                 " belong to different networks");
        return interface.id;
    }
    const auto gateway =
        schema::internet_gateways.get(call.txn(), {call.account, call.region, *in.gateway_id});
    if (!gateway)
        return bad("InvalidGatewayID.NotFound",
                   "The gateway ID '" + *in.gateway_id + "' does not exist");
    if (gateway->vpc != table.vpc)
        return invalid_value("route table " + table.id + " and network gateway " + gateway->id +
                             " belong to different networks");
    return gateway->id;
}

// Inside the VPC the local route rules: no other may be there.
Status check_outside(aws::Call& call, const RouteTable& table, Cidr destination) {
    const auto vpc = schema::vpcs.get(call.txn(), {call.account, call.region, table.vpc});
    if (!vpc) return ok();
    for (const CidrAssociation& cidr : vpc->cidrs) {
        const Cidr local = *Cidr::parse(cidr.cidr);
        if (local == destination)
            return bad("RouteAlreadyExists",
                       "The route identified by " + destination.text() + " already exists.");
        if (local.contains(destination))
            return invalid_value(
                "The destination CIDR block " + destination.text() +
                " is equal to or more specific than one of this VPC's CIDR blocks. "
                "This route can target only an interface or an instance.");
    }
    return ok();
}

}  // namespace

Result<CreateRouteOutput> Ec2::CreateRoute(aws::Call& call, const CreateRouteInput& in) {
    REQUIRE(begin(call, in));
    TRY(RouteTable table, find(call, kinds::route_table, in.route_table_id));
    TRY(const Cidr destination, destination_of(in));
    REQUIRE(check_outside(call, table, destination));
    TRY(const std::string target, target_of(call, in, table));
    for (const RouteRecord& route : table.routes) {
        if (route.destination != destination.text()) continue;
        if (route.target == target) return CreateRouteOutput{.return_ = true};  // As it is.
        return bad("RouteAlreadyExists",
                   "The route identified by " + destination.text() + " already exists.");
    }
    if (table.routes.size() >= limits::routes)
        return bad("RouteLimitExceeded", "The maximum number of routes has been reached.");
    table.routes.push_back({destination.text(), target});
    put(call, kinds::route_table, table);
    return CreateRouteOutput{.return_ = true};
}

static Unexpected no_route(const RouteTable& table, Cidr destination) {
    return bad("InvalidRoute.NotFound", "no route with destination-cidr-block " +
                                            destination.text() + " in route table " + table.id);
}

Result<ReplaceRouteOutput> Ec2::ReplaceRoute(aws::Call& call, const ReplaceRouteInput& in) {
    REQUIRE(begin(call, in));
    TRY(RouteTable table, find(call, kinds::route_table, in.route_table_id));
    TRY(const Cidr destination, destination_of(in));
    TRY(const std::string target, target_of(call, in, table));
    for (RouteRecord& route : table.routes) {
        if (route.destination != destination.text()) continue;
        route.target = target;
        put(call, kinds::route_table, table);
        return ReplaceRouteOutput{};
    }
    return no_route(table, destination);
}

Result<DeleteRouteOutput> Ec2::DeleteRoute(aws::Call& call, const DeleteRouteInput& in) {
    REQUIRE(begin(call, in));
    TRY(RouteTable table, find(call, kinds::route_table, in.route_table_id));
    TRY(const Cidr destination, destination_of(in));
    const auto same = [&](const RouteRecord& route) {
        return route.destination == destination.text();
    };
    if (std::erase_if(table.routes, same) == 0) {
        const auto vpc = schema::vpcs.get(call.txn(), {call.account, call.region, table.vpc});
        for (const CidrAssociation& cidr : vpc ? vpc->cidrs : std::vector<CidrAssociation>{})
            if (cidr.cidr == destination.text())
                return invalid_value("cannot remove local route " + cidr.cidr + " in route table " +
                                     table.id);
        return no_route(table, destination);
    }
    put(call, kinds::route_table, table);
    return DeleteRouteOutput{};
}

}  // namespace unkai::services::ec2
