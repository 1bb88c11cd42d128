// AWS::EC2: VPCs and what lies in them. Security groups: security_group_resources.cc.
#include "services/cloudformation/resources/ec2_support.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;
using FoundEc2 = Task<Result<std::vector<std::string>>>;

// ---- VPC

Made create_vpc(Work& work) {
    Json input = work.input;
    input.set("TagSpecifications", tag_specifications(work, "vpc"));
    CO_TRY(const Json made, co_await work.call("ec2", "CreateVpc", std::move(input)));
    co_return made["Vpc"]["VpcId"].text();
}

Attributes settle_vpc(Work& work) {
    for (const char* attribute : {"EnableDnsSupport", "EnableDnsHostnames"})
        if (const Json* value = work.properties.find(attribute))
            CO_REQUIRE(
                co_await work.call("ec2", "ModifyVpcAttribute",
                                   Json::object({{"VpcId", work.physical_id},
                                                 {attribute, Json::object({{"Value", *value}})}})));
    const auto available = [](const Json& answer) -> Result<bool> {
        return answer["Vpcs"][0]["State"].text() == "available";
    };
    CO_TRY(const Json vpc, co_await work.wait_until("ec2", "DescribeVpcs",
                                                    ids("VpcIds", work.physical_id), available));
    const Json in_vpc = filters({{"vpc-id", work.physical_id}, {"group-name", "default"}});
    CO_TRY(const Json groups, co_await work.call("ec2", "DescribeSecurityGroups", in_vpc));
    CO_TRY(const Json lists,
           co_await work.call("ec2", "DescribeNetworkAcls",
                              filters({{"vpc-id", work.physical_id}, {"default", "true"}})));
    Json associations = Json::array();
    for (size_t i = 0; i < vpc["Vpcs"][0]["CidrBlockAssociationSet"].size(); ++i)
        associations.push(vpc["Vpcs"][0]["CidrBlockAssociationSet"][i]["AssociationId"]);
    co_return Json::object({{"VpcId", work.physical_id},
                            {"CidrBlock", vpc["Vpcs"][0]["CidrBlock"]},
                            {"CidrBlockAssociations", associations},
                            {"DefaultSecurityGroup", groups["SecurityGroups"][0]["GroupId"]},
                            {"DefaultNetworkAcl", lists["NetworkAcls"][0]["NetworkAclId"]}});
}

Task<Status> remove_vpc(Work& work) {
    return work.remove("ec2", "DeleteVpc", Json::object({{"VpcId", work.physical_id}}),
                       {"InvalidVpcID.NotFound"}, {"DependencyViolation"});
}

FoundEc2 find_vpc(Work& work) { return find_by_tags(work, "DescribeVpcs", "Vpcs", "VpcId"); }

// ---- Subnet

Made create_subnet(Work& work) {
    Json input = work.input;
    input.set("TagSpecifications", tag_specifications(work, "subnet"));
    CO_TRY(const Json made, co_await work.call("ec2", "CreateSubnet", std::move(input)));
    co_return made["Subnet"]["SubnetId"].text();
}

Attributes settle_subnet(Work& work) {
    if (const Json* value = work.properties.find("MapPublicIpOnLaunch"))
        CO_REQUIRE(co_await work.call(
            "ec2", "ModifySubnetAttribute",
            Json::object({{"SubnetId", work.physical_id},
                          {"MapPublicIpOnLaunch", Json::object({{"Value", *value}})}})));
    const auto available = [](const Json& answer) -> Result<bool> {
        return answer["Subnets"][0]["State"].text() == "available";
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("ec2", "DescribeSubnets", ids("SubnetIds", work.physical_id),
                                    available));
    const Json& subnet = answer["Subnets"][0];
    co_return Json::object({{"SubnetId", work.physical_id},
                            {"AvailabilityZone", subnet["AvailabilityZone"]},
                            {"AvailabilityZoneId", subnet["AvailabilityZoneId"]},
                            {"CidrBlock", subnet["CidrBlock"]},
                            {"VpcId", subnet["VpcId"]}});
}

Task<Status> remove_subnet(Work& work) {
    return work.remove("ec2", "DeleteSubnet", Json::object({{"SubnetId", work.physical_id}}),
                       {"InvalidSubnetID.NotFound"}, {"DependencyViolation"});
}

FoundEc2 find_subnet(Work& work) {
    return find_by_tags(work, "DescribeSubnets", "Subnets", "SubnetId");
}

// ---- Internet gateway and its attachment

Made create_internet_gateway(Work& work) {
    CO_TRY(
        const Json made,
        co_await work.call(
            "ec2", "CreateInternetGateway",
            Json::object({{"TagSpecifications", tag_specifications(work, "internet-gateway")}})));
    co_return made["InternetGateway"]["InternetGatewayId"].text();
}

Attributes settle_internet_gateway(Work& work) {
    co_return Json::object({{"InternetGatewayId", work.physical_id}});
}

Task<Status> remove_internet_gateway(Work& work) {
    return work.remove("ec2", "DeleteInternetGateway",
                       Json::object({{"InternetGatewayId", work.physical_id}}),
                       {"InvalidInternetGatewayID.NotFound"}, {"DependencyViolation"});
}

FoundEc2 find_internet_gateway(Work& work) {
    return find_by_tags(work, "DescribeInternetGateways", "InternetGateways", "InternetGatewayId");
}

Made attach_gateway(Work& work) {
    CO_REQUIRE(co_await work.call_unless(
        "ec2", "AttachInternetGateway", work.input,
        work.again ? std::vector<std::string>{"Resource.AlreadyAssociated"}
                   : std::vector<std::string>{}));
    co_return "IGW|" + work["VpcId"].text();
}

Attributes settle_attachment(Work&) { co_return Json::object({{"AttachmentType", "IGW"}}); }

Task<Status> detach_gateway(Work& work) {
    return work.remove(
        "ec2", "DetachInternetGateway", work.input,
        {"Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"},
        {"DependencyViolation"});
}

// ---- Route tables

Made create_route_table(Work& work) {
    CO_TRY(const Json made,
           co_await work.call(
               "ec2", "CreateRouteTable",
               Json::object({{"VpcId", work["VpcId"]},
                             {"TagSpecifications", tag_specifications(work, "route-table")}})));
    co_return made["RouteTable"]["RouteTableId"].text();
}

Attributes settle_route_table(Work& work) {
    co_return Json::object({{"RouteTableId", work.physical_id}});
}

Task<Status> remove_route_table(Work& work) {
    return work.remove("ec2", "DeleteRouteTable",
                       Json::object({{"RouteTableId", work.physical_id}}),
                       {"InvalidRouteTableID.NotFound"}, {"DependencyViolation"});
}

FoundEc2 find_route_table(Work& work) {
    return find_by_tags(work, "DescribeRouteTables", "RouteTables", "RouteTableId");
}

std::string destination_of(const Work& work) {
    for (const char* name :
         {"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"})
        if (const Json* value = work.properties.find(name)) return value->text();
    return "";
}

Made create_route(Work& work) {
    CO_REQUIRE(co_await work.call_unless(
        "ec2", "CreateRoute", work.input,
        work.again ? std::vector<std::string>{"RouteAlreadyExists"} : std::vector<std::string>{}));
    co_return work["RouteTableId"].text() + "|" + destination_of(work);
}

Attributes settle_route(Work& work) {
    co_return Json::object({{"CidrBlock", destination_of(work)}});
}

Task<Status> update_route(Work& work) {
    CO_REQUIRE(co_await work.call("ec2", "ReplaceRoute", work.input));
    co_return ok();
}

Task<Status> remove_route(Work& work) {
    Json input = Json::object({{"RouteTableId", work["RouteTableId"]}});
    for (const char* name :
         {"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"})
        if (const Json* value = work.properties.find(name)) input.set(name, *value);
    co_return co_await work.remove("ec2", "DeleteRoute", std::move(input),
                                   {"InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"});
}

Made associate(Work& work) {
    CO_TRY(const Json made, co_await work.call("ec2", "AssociateRouteTable", work.input));
    co_return made["AssociationId"].text();
}

FoundEc2 find_association(Work& work) {
    CO_TRY(const Json answer,
           co_await work.call("ec2", "DescribeRouteTables",
                              filters({{"association.subnet-id", work["SubnetId"].text()}})));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer["RouteTables"].size(); ++i)
        for (size_t j = 0; j < answer["RouteTables"][i]["Associations"].size(); ++j) {
            const Json& one = answer["RouteTables"][i]["Associations"][j];
            if (one["SubnetId"] == work["SubnetId"])
                found.push_back(one["RouteTableAssociationId"].text());
        }
    co_return found;
}

Attributes settle_association(Work& work) { co_return Json::object({{"Id", work.physical_id}}); }

Task<Status> update_association(Work& work) {
    CO_TRY(const Json made,
           co_await work.call("ec2", "ReplaceRouteTableAssociation",
                              Json::object({{"AssociationId", work.physical_id},
                                            {"RouteTableId", work["RouteTableId"]}})));
    work.physical_id = made["NewAssociationId"].text();
    co_return ok();
}

Task<Status> remove_association(Work& work) {
    return work.remove("ec2", "DisassociateRouteTable",
                       Json::object({{"AssociationId", work.physical_id}}),
                       {"InvalidAssociationID.NotFound"});
}

// ---- Elastic addresses and NAT gateways

Made allocate_address(Work& work) {
    Json input = work.input;
    input.set("TagSpecifications", tag_specifications(work, "elastic-ip"));
    CO_TRY(const Json made, co_await work.call("ec2", "AllocateAddress", std::move(input)));
    co_return made["PublicIp"].text();
}

Task<Result<Json>> describe_address(Work& work) {
    CO_TRY(const Json answer,
           co_await work.call("ec2", "DescribeAddresses",
                              Json::object({{"PublicIps", Json::array({work.physical_id})}})));
    co_return answer["Addresses"][0];
}

Attributes settle_address(Work& work) {
    CO_TRY(const Json address, co_await describe_address(work));
    co_return Json::object(
        {{"AllocationId", address["AllocationId"]}, {"PublicIp", work.physical_id}});
}

Task<Status> release_address(Work& work) {
    const Result<Json> address = co_await describe_address(work);
    if (!address) {
        if (has_code(address.error(), {"InvalidAddress.NotFound"})) co_return ok();
        co_return address.error();
    }
    co_return co_await work.remove("ec2", "ReleaseAddress",
                                   Json::object({{"AllocationId", (*address)["AllocationId"]}}),
                                   {"InvalidAllocationID.NotFound"}, {"InvalidIPAddress.InUse"});
}

FoundEc2 find_address(Work& work) {
    return find_by_tags(work, "DescribeAddresses", "Addresses", "PublicIp");
}

// An address is tagged by its allocation, not by what Ref gives.
Task<Status> update_address(Work& work) {
    CO_TRY(const Json address, co_await describe_address(work));
    const std::string physical_id = std::exchange(work.physical_id, address["AllocationId"].text());
    Status updated = co_await update_ec2_tags(work);
    work.physical_id = physical_id;
    co_return updated;
}

Made create_nat_gateway(Work& work) {
    Json input = work.input;
    input.set("TagSpecifications", tag_specifications(work, "natgateway"));
    input.set("ClientToken", work.token);
    CO_TRY(const Json made, co_await work.call("ec2", "CreateNatGateway", std::move(input)));
    co_return made["NatGateway"]["NatGatewayId"].text();
}

Attributes settle_nat_gateway(Work& work) {
    const auto available = [](const Json& answer) -> Result<bool> {
        const Json& gateway = answer["NatGateways"][0];
        if (gateway["State"].text() == "failed")
            return fail("NatGatewayFailed", gateway["FailureMessage"].text(), 400);
        return gateway["State"].text() == "available";
    };
    CO_REQUIRE(co_await work.wait_until("ec2", "DescribeNatGateways",
                                        ids("NatGatewayIds", work.physical_id), available));
    co_return Json::object({{"NatGatewayId", work.physical_id}});
}

Task<Status> remove_nat_gateway(Work& work) {
    CO_REQUIRE(co_await work.remove("ec2", "DeleteNatGateway",
                                    Json::object({{"NatGatewayId", work.physical_id}}),
                                    {"NatGatewayNotFound", "InvalidNatGatewayID.NotFound"}));
    const auto gone = [](const Json& answer) -> Result<bool> {
        return answer["NatGateways"].size() == 0 ||
               answer["NatGateways"][0]["State"].text() == "deleted";
    };
    co_return co_await work.wait_gone("ec2", "DescribeNatGateways",
                                      ids("NatGatewayIds", work.physical_id),
                                      {"NatGatewayNotFound", "InvalidNatGatewayID.NotFound"}, gone);
}

// This operation alone calls its member Filter, and lists gateways that are gone.
FoundEc2 find_nat_gateway(Work& work) {
    const Json wanted = filters({{"tag:aws:cloudformation:stack-id", work.stack_id},
                                 {"tag:aws:cloudformation:logical-id", work.logical_id}});
    CO_TRY(const Json answer, co_await work.call("ec2", "DescribeNatGateways",
                                                 Json::object({{"Filter", wanted["Filters"]}})));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer["NatGateways"].size(); ++i) {
        const Json& gateway = answer["NatGateways"][i];
        const std::string state = gateway["State"].text();
        if (state == "pending" || state == "available")
            found.push_back(gateway["NatGatewayId"].text());
    }
    co_return found;
}

constexpr ResourceType ec2_types[] = {
    {.name = "AWS::EC2::VPC",
     .properties = "CidrBlock!^ InstanceTenancy^ EnableDnsSupport:b EnableDnsHostnames:b Tags:tags",
     .attributes = "VpcId CidrBlock CidrBlockAssociations DefaultSecurityGroup DefaultNetworkAcl",
     .service = "ec2",
     .operation = "CreateVpc",
     .create = create_vpc,
     .settle = settle_vpc,
     .update = update_ec2_tags,
     .remove = remove_vpc,
     .find = find_vpc},
    {.name = "AWS::EC2::Subnet",
     .properties = "VpcId!^ CidrBlock!^ AvailabilityZone^ AvailabilityZoneId^ "
                   "MapPublicIpOnLaunch:b Tags:tags",
     .attributes = "SubnetId AvailabilityZone AvailabilityZoneId CidrBlock VpcId",
     .service = "ec2",
     .operation = "CreateSubnet",
     .create = create_subnet,
     .settle = settle_subnet,
     .update = update_ec2_tags,
     .remove = remove_subnet,
     .find = find_subnet},
    {.name = "AWS::EC2::InternetGateway",
     .properties = "Tags:tags",
     .attributes = "InternetGatewayId",
     .service = "ec2",
     .operation = "CreateInternetGateway",
     .create = create_internet_gateway,
     .settle = settle_internet_gateway,
     .update = update_ec2_tags,
     .remove = remove_internet_gateway,
     .find = find_internet_gateway},
    {.name = "AWS::EC2::VPCGatewayAttachment",
     .properties = "VpcId!^ InternetGatewayId!^",
     .attributes = "AttachmentType",
     .service = "ec2",
     .operation = "AttachInternetGateway",
     .create = attach_gateway,
     .settle = settle_attachment,
     .remove = detach_gateway},
    {.name = "AWS::EC2::RouteTable",
     .properties = "VpcId!^:s Tags:tags",
     .attributes = "RouteTableId",
     .service = "ec2",
     .operation = "CreateRouteTable",
     .create = create_route_table,
     .settle = settle_route_table,
     .update = update_ec2_tags,
     .remove = remove_route_table,
     .find = find_route_table},
    {.name = "AWS::EC2::Route",
     .properties =
         "RouteTableId!^ DestinationCidrBlock^ DestinationIpv6CidrBlock^ DestinationPrefixListId^ "
         "GatewayId NatGatewayId NetworkInterfaceId InstanceId VpcPeeringConnectionId "
         "VpcEndpointId "
         "TransitGatewayId EgressOnlyInternetGatewayId",
     .attributes = "CidrBlock",
     .service = "ec2",
     .operation = "CreateRoute",
     .create = create_route,
     .settle = settle_route,
     .update = update_route,
     .remove = remove_route},
    {.name = "AWS::EC2::SubnetRouteTableAssociation",
     .properties = "SubnetId!^ RouteTableId!",
     .attributes = "Id",
     .service = "ec2",
     .operation = "AssociateRouteTable",
     .create = associate,
     .settle = settle_association,
     .update = update_association,
     .remove = remove_association,
     .find = find_association},
    {.name = "AWS::EC2::EIP",
     .properties = "Domain^ Tags:tags",
     .attributes = "AllocationId PublicIp",
     .service = "ec2",
     .operation = "AllocateAddress",
     .create = allocate_address,
     .settle = settle_address,
     .update = update_address,
     .remove = release_address,
     .find = find_address},
    {.name = "AWS::EC2::NatGateway",
     .properties = "SubnetId!^ AllocationId^ ConnectivityType^ PrivateIpAddress^ Tags:tags",
     .attributes = "NatGatewayId",
     .service = "ec2",
     .operation = "CreateNatGateway",
     .create = create_nat_gateway,
     .settle = settle_nat_gateway,
     .update = update_ec2_tags,
     .remove = remove_nat_gateway,
     .find = find_nat_gateway},
};

}  // namespace

Json tag_specifications(const Work& work, std::string_view type) {
    return Json::array({Json::object({{"ResourceType", type}, {"Tags", work.tags(true)}})});
}

Json filters(std::initializer_list<std::pair<std::string_view, std::string>> wanted) {
    Json list = Json::array();
    for (const auto& [name, value] : wanted)
        list.push(Json::object({{"Name", name}, {"Values", Json::array({value})}}));
    return Json::object({{"Filters", list}});
}

Json ids(std::string_view name, const std::string& id) {
    return Json::object({{name, Json::array({id})}});
}

FoundEc2 find_by_tags(Work& work, std::string operation, std::string list, std::string id) {
    CO_TRY(const Json answer,
           co_await work.call("ec2", std::move(operation),
                              filters({{"tag:aws:cloudformation:stack-id", work.stack_id},
                                       {"tag:aws:cloudformation:logical-id", work.logical_id}})));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer[list].size(); ++i) found.push_back(answer[list][i][id].text());
    co_return found;
}

Task<Status> update_ec2_tags(Work& work) {
    if (!work.changed("Tags")) co_return ok();
    std::map<std::string, std::string> after = work.tag_map();
    Json removed = Json::array();
    if (work.previous["Tags"].is_array())
        for (const Json& tag : work.previous["Tags"].as_array())
            if (!after.contains(tag["Key"].text()))
                removed.push(Json::object({{"Key", tag["Key"]}}));
    const Json resources = Json::array({work.physical_id});
    if (removed.size() > 0)
        CO_REQUIRE(co_await work.call("ec2", "DeleteTags",
                                      Json::object({{"Resources", resources}, {"Tags", removed}})));
    if (!after.empty())
        CO_REQUIRE(co_await work.call(
            "ec2", "CreateTags", Json::object({{"Resources", resources}, {"Tags", work.tags()}})));
    co_return ok();
}

std::span<const ResourceType> ec2_resources() { return ec2_types; }

}  // namespace unkai::services::cloudformation
