"""EC2's VPC part. Each test works in a region of its own, so that quotas and default VPCs do not meet."""
import ipaddress
import itertools
import time

import pytest
from botocore.exceptions import ClientError

from conftest import PUBLIC_CIDR

REGIONS = itertools.cycle(["us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3",
                           "eu-central-1", "eu-north-1", "ap-south-1", "ap-southeast-1", "ca-central-1"])
ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def ec2(unkai, via):
    return unkai.client("ec2", via=via, region=next(REGIONS))


def code(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]["Code"]


def filters(**values):
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


@pytest.fixture
def vpc(ec2):
    """A VPC with a public and a private subnet, and nothing of it left afterwards."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[
        {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "conformance"}]}])["Vpc"]
    vpc_id = vpc["VpcId"]
    assert vpc["State"] in ("pending", "available") and vpc["Tags"] == [{"Key": "Name", "Value": "conformance"}]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    made = {"VpcId": vpc_id}
    for index, name in enumerate(("public", "private")):
        subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zones[index])["Subnet"]
        table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        association = ec2.associate_route_table(SubnetId=subnet["SubnetId"], RouteTableId=table)["AssociationId"]
        made[name] = {"SubnetId": subnet["SubnetId"], "RouteTableId": table, "AssociationId": association}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    made["InternetGatewayId"] = gateway
    ec2.create_route(RouteTableId=made["public"]["RouteTableId"], DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    yield made
    for name in ("public", "private"):
        ec2.delete_subnet(SubnetId=made[name]["SubnetId"])
        ec2.delete_route_table(RouteTableId=made[name]["RouteTableId"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for group in ec2.describe_security_groups(Filters=filters(vpc_id=vpc_id))["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=vpc_id)
    assert code(ec2.describe_vpcs, VpcIds=[vpc_id]) == "InvalidVpcID.NotFound"


def test_default_vpc(ec2):
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert vpc["CidrBlock"] == "172.31.0.0/16" and vpc["IsDefault"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 3
    assert all(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    assert code(ec2.create_default_vpc) == "DefaultVpcAlreadyExists"


def test_vpc_attributes(ec2, vpc):
    vpc_id = vpc["VpcId"]
    for attribute, member in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        for value in (True, False):
            ec2.modify_vpc_attribute(VpcId=vpc_id, **{member: {"Value": value}})
            assert ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)[member]["Value"] is value
    block = ec2.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    assert code(ec2.associate_vpc_cidr_block, VpcId=vpc_id, CidrBlock="10.1.0.0/20") == "CidrConflict"
    ec2.disassociate_vpc_cidr_block(AssociationId=block["AssociationId"])
    [acl] = ec2.describe_network_acls(Filters=filters(vpc_id=vpc_id))["NetworkAcls"]
    assert len(acl["Associations"]) == 2
    [options] = ec2.describe_dhcp_options()["DhcpOptions"]
    assert ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["DhcpOptionsId"] == options["DhcpOptionsId"]
    assert code(ec2.delete_vpc, VpcId=vpc_id) == "DependencyViolation"
    assert code(ec2.delete_vpc, VpcId=vpc_id, DryRun=True) == "DryRunOperation"


def test_subnets(ec2, vpc):
    subnet_id = vpc["public"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    [subnet] = ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    assert subnet["MapPublicIpOnLaunch"] and subnet["AvailableIpAddressCount"] == 251
    assert code(ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/20") == "InvalidSubnet.Conflict"
    assert code(ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock="10.9.0.0/24") == "InvalidSubnet.Range"
    assert code(ec2.describe_subnets, Filters=filters(no_such="x")) == "InvalidParameterValue"
    paged = ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
    assert sum(len(page["Subnets"]) for page in paged) == 5


def test_routes(ec2, vpc):
    public, private = vpc["public"], vpc["private"]
    route = {"RouteTableId": private["RouteTableId"], "DestinationCidrBlock": "8.8.8.0/24"}
    ec2.create_route(**route, GatewayId=vpc["InternetGatewayId"])
    interface = ec2.create_network_interface(SubnetId=public["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    ec2.replace_route(**route, NetworkInterfaceId=interface)
    assert code(ec2.create_route, **route, GatewayId=vpc["InternetGatewayId"]) == "RouteAlreadyExists"
    [table] = ec2.describe_route_tables(RouteTableIds=[private["RouteTableId"]])["RouteTables"]
    assert [r["DestinationCidrBlock"] for r in table["Routes"]] == ["10.0.0.0/16", "8.8.8.0/24"]
    assert table["Routes"][0]["GatewayId"] == "local" and table["Routes"][0]["Origin"] == "CreateRouteTable"
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    [table] = ec2.describe_route_tables(Filters=[{"Name": "route.state", "Values": ["blackhole"]}])["RouteTables"]
    ec2.delete_route(**route)
    assert code(ec2.delete_route, **route) == "InvalidRoute.NotFound"
    ec2.disassociate_route_table(AssociationId=private["AssociationId"])
    assert code(ec2.disassociate_route_table, AssociationId=private["AssociationId"]) == "InvalidAssociationID.NotFound"
    [main] = ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]},
                                                {"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    moved = ec2.replace_route_table_association(
        AssociationId=main["Associations"][0]["RouteTableAssociationId"], RouteTableId=private["RouteTableId"])
    ec2.replace_route_table_association(AssociationId=moved["NewAssociationId"], RouteTableId=main["RouteTableId"])


def wait_for_nat(ec2, nat, state):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        [gateway] = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
        if gateway["State"] == state:
            return gateway
        time.sleep(0.02)
    raise AssertionError(f"{nat} did not become {state}, it is {gateway['State']}")


def test_nat_gateway_and_addresses(ec2, vpc, unkai):
    address = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=vpc["public"]["SubnetId"], AllocationId=address["AllocationId"],
                                 ClientToken="once")["NatGateway"]["NatGatewayId"]
    assert ec2.create_nat_gateway(SubnetId=vpc["public"]["SubnetId"], AllocationId=address["AllocationId"],
                                  ClientToken="once")["NatGateway"]["NatGatewayId"] == nat
    gateway = wait_for_nat(ec2, nat, "available")
    assert gateway["NatGatewayAddresses"][0]["PublicIp"] == address["PublicIp"]
    ec2.create_route(RouteTableId=vpc["private"]["RouteTableId"], DestinationCidrBlock=ANYWHERE, NatGatewayId=nat)
    [shown] = ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"]
    assert shown["NetworkInterfaceId"] == gateway["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    assert ec2.describe_addresses_attribute(AllocationIds=[address["AllocationId"]])["Addresses"]
    assert code(ec2.release_address, AllocationId=address["AllocationId"]) == "InvalidIPAddress.InUse"
    assert code(ec2.detach_internet_gateway, InternetGatewayId=vpc["InternetGatewayId"], VpcId=vpc["VpcId"]) == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    wait_for_nat(ec2, nat, "deleted")
    ec2.release_address(AllocationId=address["AllocationId"])
    assert code(ec2.describe_addresses, AllocationIds=[address["AllocationId"]]) == "InvalidAllocationID.NotFound"


def test_network_interfaces(ec2, vpc):
    group = ec2.create_security_group(GroupName="one", Description="d", VpcId=vpc["VpcId"])["GroupId"]
    interface = ec2.create_network_interface(SubnetId=vpc["public"]["SubnetId"], Groups=[group], Description="mine",
                                             PrivateIpAddress="10.0.0.77")["NetworkInterface"]
    own = interface["NetworkInterfaceId"]
    assert interface["Status"] in ("pending", "available") and interface["PrivateIpAddress"] == "10.0.0.77"
    more = ec2.assign_private_ip_addresses(NetworkInterfaceId=own, SecondaryPrivateIpAddressCount=1)
    second = more["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    address = ec2.allocate_address()
    association = ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=own,
                                        PrivateIpAddress=second)["AssociationId"]
    [shown] = ec2.describe_network_interfaces(Filters=[{"Name": "private-ip-address", "Values": ["10.0.0.77"]}])["NetworkInterfaces"]
    assert shown["PrivateIpAddresses"][1]["Association"]["PublicIp"] == address["PublicIp"]
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=own, PrivateIpAddresses=[second])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=own, SourceDestCheck={"Value": False})
    shown = ec2.describe_network_interface_attribute(NetworkInterfaceId=own, Attribute="sourceDestCheck")
    assert shown["SourceDestCheck"]["Value"] is False
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert code(ec2.delete_subnet, SubnetId=vpc["public"]["SubnetId"]) == "DependencyViolation"
    ec2.delete_network_interface(NetworkInterfaceId=own)
    assert code(ec2.delete_network_interface, NetworkInterfaceId=own) == "InvalidNetworkInterfaceID.NotFound"


def test_security_groups(ec2, vpc):
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc["VpcId"])["GroupId"]
    assert code(ec2.create_security_group, GroupName="web", Description="d", VpcId=vpc["VpcId"]) == "InvalidGroup.Duplicate"
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": ANYWHERE, "Description": "all"}]}
    ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": group}]}
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https, ping])["SecurityGroupRules"]
    assert len(made) == 2 and all(rule["SecurityGroupRuleId"].startswith("sgr-") for rule in made)
    assert code(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[https]) == "InvalidPermission.Duplicate"
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[https])
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[
        {**https, "IpRanges": [{"CidrIp": ANYWHERE, "Description": "changed"}]}])
    ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[
        {**https, "IpRanges": [{"CidrIp": ANYWHERE, "Description": "changed"}]}])
    [shown] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert {"CidrIp": ANYWHERE, "Description": "changed"} in [r for p in shown["IpPermissions"] for r in p["IpRanges"]]
    rules = ec2.describe_security_group_rules(Filters=filters(group_id=group))["SecurityGroupRules"]
    assert len(rules) == 4
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[
        {"SecurityGroupRuleId": made[0]["SecurityGroupRuleId"],
         "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "CidrIpv4": ANYWHERE}}])
    assert code(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[https]) == "InvalidPermission.NotFound"
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in made])
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[https])
    [shown] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert shown["IpPermissions"] == [] and len(shown["IpPermissionsEgress"]) == 1
    assert code(ec2.delete_security_group, GroupId="sg-0") == "InvalidGroup.NotFound"


def test_tags_and_the_account(ec2, vpc):
    ec2.create_tags(Resources=[vpc["VpcId"], vpc["InternetGatewayId"]], Tags=[{"Key": "team", "Value": "sea"}])
    found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["team"]}])["Tags"]
    assert {tag["ResourceType"] for tag in found} == {"vpc", "internet-gateway"}
    ec2.delete_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "team"}])
    assert ec2.describe_internet_gateways(Filters=[{"Name": "tag:team", "Values": ["s*"]}])["InternetGateways"]
    assert not ec2.describe_vpcs(Filters=[{"Name": "tag:team", "Values": ["s*"]}])["Vpcs"]
    assert code(ec2.create_tags, Resources=[vpc["VpcId"]], Tags=[{"Key": "aws:x", "Value": "y"}]) == "InvalidParameterValue"
    assert any(region["RegionName"] == "us-east-1" for region in ec2.describe_regions()["Regions"])
    assert ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"][0]["AttributeValues"]
    assert code(ec2.allocate_address, Address="8.8.8.8") == "InvalidAddress.NotFound"


def test_why(ec2, unkai):
    answer = unkai.run("why", "internet", str(ipaddress.ip_network(PUBLIC_CIDR)[-7]) + ":80", check=False)
    assert answer.returncode == 99 and "nothing has the public address" in answer.stdout


def test_a_default_vpc_is_made_again(ec2):
    own = ec2.describe_vpcs(Filters=filters(is_default="true"))["Vpcs"][0]["VpcId"]
    assert code(ec2.create_default_vpc) == "DefaultVpcAlreadyExists"
    for subnet in ec2.describe_subnets(Filters=filters(vpc_id=own))["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for gateway in ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [own]}])["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=own)
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=own)
    made = ec2.create_default_vpc()["Vpc"]
    assert made["IsDefault"] and made["CidrBlock"] == "172.31.0.0/16" and made["VpcId"] != own
    assert len(ec2.describe_subnets(Filters=filters(vpc_id=made["VpcId"]))["Subnets"]) >= 2
