#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

bool target_exists(aws::Call& call, const RouteTable& table, const std::string& target) {
    const std::tuple key{call.account, call.region, target};
    if (target.starts_with("igw-")) {
        const auto gateway = schema::internet_gateways.get(call.txn(), key);
        return gateway && gateway->vpc == table.vpc;
    }
    if (target.starts_with("nat-")) {
        const auto nat = schema::nat_gateways.get(call.txn(), key);
        return nat && (nat->state == "available" || nat->state == "pending");
    }
    return schema::interfaces.has(call.txn(), key);
}

api::ec2::Route describe_route_table(aws::Call& call, const RouteTable& table,
                                     const RouteRecord& route) {
    api::ec2::Route out;
    out.destination_cidr_block = route.destination;
    if (route.target.starts_with("igw-"))
        out.gateway_id = route.target;
    else if (route.target.starts_with("nat-"))
        out.nat_gateway_id = route.target;
    else
        out.network_interface_id = route.target;
    out.origin = "CreateRoute";
    out.state = target_exists(call, table, route.target) ? "active" : "blackhole";
    return out;
}

api::ec2::RouteTable describe_route_table(aws::Call& call, const RouteTable& table) {
    api::ec2::RouteTable out;
    out.associations.present = out.propagating_vgws.present = true;
    for (const TableAssociation& one : table.associations) {
        RouteTableAssociation association;
        association.main = one.subnet.empty();
        association.route_table_association_id = one.id;
        association.route_table_id = table.id;
        if (!one.subnet.empty()) association.subnet_id = one.subnet;
        association.association_state = RouteTableAssociationState{.state = "associated"};
        out.associations.push_back(std::move(association));
    }
    out.route_table_id = table.id;
    if (const auto vpc = schema::vpcs.get(call.txn(), {call.account, call.region, table.vpc}))
        for (const CidrAssociation& cidr : vpc->cidrs) {
            api::ec2::Route local;
            local.destination_cidr_block = cidr.cidr;
            local.gateway_id = "local";
            local.origin = "CreateRouteTable";
            local.state = "active";
            out.routes.push_back(std::move(local));
        }
    for (const RouteRecord& route : table.routes)
        out.routes.push_back(describe_route_table(call, table, route));
    out.tags = tag_list(table.tags);
    out.vpc_id = table.vpc;
    out.owner_id = call.account;
    return out;
}

Attributes attributes_route_table(const api::ec2::RouteTable& table) {
    std::vector<std::string> subnets, associations, mains, destinations, gateways, nats, interfaces,
        states, origins;
    const auto add = [](std::vector<std::string>& to, const std::optional<std::string>& value) {
        if (value) to.push_back(*value);
    };
    for (const auto& one : table.associations) {
        add(subnets, one.subnet_id);
        add(associations, one.route_table_association_id);
        mains.push_back(boolean(one.main.value_or(false)));
    }
    for (const auto& route : table.routes) {
        add(destinations, route.destination_cidr_block);
        add(gateways, route.gateway_id);
        add(nats, route.nat_gateway_id);
        add(interfaces, route.network_interface_id);
        add(states, route.state);
        add(origins, route.origin);
    }
    return {{"association.gateway-id", {}},
            {"association.main", mains},
            {"association.route-table-association-id", associations},
            {"association.route-table-id", {*table.route_table_id}},
            {"association.subnet-id", subnets},
            {"owner-id", {*table.owner_id}},
            {"route-table-id", {*table.route_table_id}},
            {"route.destination-cidr-block", destinations},
            {"route.destination-ipv6-cidr-block", {}},
            {"route.destination-prefix-list-id", {}},
            {"route.gateway-id", gateways},
            {"route.instance-id", {}},
            {"route.nat-gateway-id", nats},
            {"route.network-interface-id", interfaces},
            {"route.origin", origins},
            {"route.state", states},
            {"route.transit-gateway-id", {}},
            {"route.vpc-peering-connection-id", {}},
            {"vpc-id", {*table.vpc_id}}};
}

struct FoundAssociation {
    RouteTable table;
    size_t index;
};

Result<FoundAssociation> find_association(aws::Call& call, const std::string& id) {
    for (RouteTable& table : all(call, kinds::route_table))
        for (size_t i = 0; i < table.associations.size(); ++i)
            if (table.associations[i].id == id) return FoundAssociation{std::move(table), i};
    return bad("InvalidAssociationID.NotFound", "The association ID '" + id + "' does not exist");
}

const RouteTableAssociationState associated{.state = "associated"};

}  // namespace

std::vector<RouteTable> route_tables_of(aws::Call& call, const std::string& vpc) {
    auto out = all(call, kinds::route_table);
    std::erase_if(out, [&](const RouteTable& table) { return table.vpc != vpc; });
    return out;
}

Result<CreateRouteTableOutput> Ec2::CreateRouteTable(aws::Call& call,
                                                     const CreateRouteTableInput& in) {
    REQUIRE(begin(call, in));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    if (route_tables_of(call, vpc.id).size() >= limits::route_tables)
        return bad("RouteTableLimitExceeded",
                   "The maximum number of route tables has been reached.");
    RouteTable table;
    TRY(table.tags, tags_for(call, "route-table", in.tag_specifications));
    table.id = new_id(call, "rtb-");
    table.vpc = vpc.id;
    put(call, kinds::route_table, table);
    return CreateRouteTableOutput{.route_table = describe_route_table(call, table),
                                  .client_token = in.client_token};
}

Result<DeleteRouteTableOutput> Ec2::DeleteRouteTable(aws::Call& call,
                                                     const DeleteRouteTableInput& in) {
    REQUIRE(begin(call, in));
    TRY(const RouteTable table, find(call, kinds::route_table, in.route_table_id));
    if (!table.associations.empty())
        return dependency("The routeTable '" + table.id +
                          "' has dependencies and cannot be deleted.");
    erase(call, kinds::route_table, table.id);
    return DeleteRouteTableOutput{};
}

Result<DescribeRouteTablesOutput> Ec2::DescribeRouteTables(aws::Call& call,
                                                           const DescribeRouteTablesInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found,
        select(call, kinds::route_table, in.route_table_ids, in.filters, in.max_results,
               in.next_token, [&](const RouteTable& table) {
                   return attributes_route_table(describe_route_table(call, table));
               }));
    DescribeRouteTablesOutput out;
    out.route_tables.present = true;
    for (const RouteTable& table : found.items)
        out.route_tables.push_back(describe_route_table(call, table));
    out.next_token = found.next_token;
    return out;
}

Result<AssociateRouteTableOutput> Ec2::AssociateRouteTable(aws::Call& call,
                                                           const AssociateRouteTableInput& in) {
    REQUIRE(begin(call, in));
    TRY(RouteTable table, find(call, kinds::route_table, in.route_table_id));
    if (in.gateway_id)
        return unsupported("Route tables of gateways are not there; give a SubnetId.");
    if (!in.subnet_id) return missing_parameter("subnetId");
    TRY(const Subnet subnet, find(call, kinds::subnet, *in.subnet_id));
    if (subnet.vpc != table.vpc)
        return invalid_value("Route table " + table.id + " and subnet " + subnet.id +
                             " belong to different networks");
    for (const RouteTable& other : route_tables_of(call, table.vpc))
        for (const TableAssociation& one : other.associations) {
            if (one.subnet != subnet.id) continue;
            if (other.id == table.id)
                return AssociateRouteTableOutput{.association_id = one.id,
                                                 .association_state = associated};
            return bad("Resource.AlreadyAssociated", "the specified association for route table " +
                                                         table.id +
                                                         " conflicts with an existing association");
        }
    table.associations.push_back({new_id(call, "rtbassoc-"), subnet.id});
    put(call, kinds::route_table, table);
    return AssociateRouteTableOutput{.association_id = table.associations.back().id,
                                     .association_state = associated};
}

Result<DisassociateRouteTableOutput> Ec2::DisassociateRouteTable(
    aws::Call& call, const DisassociateRouteTableInput& in) {
    REQUIRE(begin(call, in));
    TRY(FoundAssociation found, find_association(call, in.association_id));
    auto& associations = found.table.associations;
    if (associations[found.index].subnet.empty())
        return invalid_value("cannot disassociate the main route table association " +
                             in.association_id);
    associations.erase(associations.begin() + static_cast<ptrdiff_t>(found.index));
    put(call, kinds::route_table, found.table);
    return DisassociateRouteTableOutput{};
}

Result<ReplaceRouteTableAssociationOutput> Ec2::ReplaceRouteTableAssociation(
    aws::Call& call, const ReplaceRouteTableAssociationInput& in) {
    REQUIRE(begin(call, in));
    TRY(FoundAssociation found, find_association(call, in.association_id));
    TRY(const RouteTable wanted, find(call, kinds::route_table, in.route_table_id));
    if (wanted.vpc != found.table.vpc)
        return invalid_value("Route table " + wanted.id + " belongs to another network");
    auto& associations = found.table.associations;
    const std::string subnet = associations[found.index].subnet;
    associations.erase(associations.begin() + static_cast<ptrdiff_t>(found.index));
    put(call, kinds::route_table, found.table);
    TRY(RouteTable to, find(call, kinds::route_table, in.route_table_id));
    to.associations.push_back({new_id(call, "rtbassoc-"), subnet});
    put(call, kinds::route_table, to);
    return ReplaceRouteTableAssociationOutput{.new_association_id = to.associations.back().id,
                                              .association_state = associated};
}

}  // namespace unkai::services::ec2
