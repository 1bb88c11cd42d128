"""Route 53: every promised operation through boto3, and its answers by dig at the installation's DNS server."""
import functools
import json
import subprocess
import time
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def route53(unkai, via):
    return unkai.client("route53", via=via)


@pytest.fixture
def zone(route53):
    """A public zone with a name of its own; whatever a test puts into it goes with it."""
    name = f"z{uuid.uuid4().hex[:8]}.example.com"
    made = route53.create_hosted_zone(Name=name, CallerReference=str(uuid.uuid4()))
    yield {"Id": made["HostedZone"]["Id"].split("/")[-1], "Name": name}
    remove(route53, made["HostedZone"]["Id"])


def remove(route53, zone_id):
    apex = route53.get_hosted_zone(Id=zone_id)["HostedZone"]["Name"]
    added = [record for record in records(route53, zone_id, at_once=300)
             if record["Name"] != apex or record["Type"] not in ("NS", "SOA")]
    if added:
        change(route53, zone_id, "DELETE", *added)
    route53.delete_hosted_zone(Id=zone_id)


def records(route53, zone_id, at_once=3):
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id,
                                                                        PaginationConfig={"PageSize": at_once})
    return [record for page in pages for record in page["ResourceRecordSets"]]


def record(name, kind, *values, ttl=60, **more):
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values], **more}


def change(route53, zone_id, action, *sets):
    return route53.change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Comment": "conformance", "Changes": [
            {"Action": action, "ResourceRecordSet": one} for one in sets]})["ChangeInfo"]


def settled(route53, info):
    for _ in range(200):
        if route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC":
            return
        time.sleep(0.02)
    pytest.fail("the change never became INSYNC")


def failure(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@functools.cache
def dns_address(unkai):
    return json.loads(unkai.run("status", "--json").stdout)["data"]["dnsAddress"]


def dig(unkai, *arguments):
    return subprocess.run(["dig", "+short", "+time=2", "+tries=1", f"@{dns_address(unkai)}", *arguments],
                          stdout=subprocess.PIPE, text=True, timeout=20).stdout.split("\n")[:-1]


def test_zones(route53, zone):
    got = route53.get_hosted_zone(Id=zone["Id"])
    assert got["HostedZone"]["Name"] == zone["Name"] + "." and got["HostedZone"]["ResourceRecordSetCount"] == 2
    assert got["HostedZone"]["Config"]["PrivateZone"] is False
    assert len(got["DelegationSet"]["NameServers"]) == 4
    assert route53.update_hosted_zone_comment(Id=zone["Id"], Comment="hi")["HostedZone"]["Config"]["Comment"] == "hi"
    listed = [one["Id"] for page in route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1})
              for one in page["HostedZones"]]
    assert f"/hostedzone/{zone['Id']}" in listed
    by_name = route53.list_hosted_zones_by_name(DNSName=zone["Name"], MaxItems="1")
    assert by_name["HostedZones"][0]["Name"] == zone["Name"] + "."
    assert route53.get_hosted_zone_count()["HostedZoneCount"] == len(listed)
    assert route53.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")["Limit"]["Value"] == 500
    assert route53.get_hosted_zone_limit(HostedZoneId=zone["Id"], Type="MAX_RRSETS_BY_ZONE")["Count"] == 2


def test_zones_refused(route53, zone):
    reference = str(uuid.uuid4())
    made = route53.create_hosted_zone(Name="twice.example.com", CallerReference=reference)
    assert failure(route53.create_hosted_zone, Name="other.com", CallerReference=reference)[0] == "HostedZoneAlreadyExists"
    route53.delete_hosted_zone(Id=made["HostedZone"]["Id"])
    assert failure(route53.create_hosted_zone, Name="a..b", CallerReference="x")[0] == "InvalidDomainName"
    assert failure(route53.get_hosted_zone, Id="ZNOWHERE")[0] == "NoSuchHostedZone"
    assert failure(route53.delete_hosted_zone, Id="ZNOWHERE")[0] == "NoSuchHostedZone"
    change(route53, zone["Id"], "CREATE", record("www." + zone["Name"], "A", "192.0.2.1"))
    assert failure(route53.delete_hosted_zone, Id=zone["Id"])[0] == "HostedZoneNotEmpty"
    assert failure(route53.get_hosted_zone_limit, HostedZoneId=zone["Id"], Type="MAX_VPCS_ASSOCIATED_BY_ZONE")[0] == "HostedZoneNotPrivate"
    assert failure(route53.get_change, Id="CNONE")[0] == "NoSuchChange"


def test_records_are_answered(unkai, route53, zone):
    name = zone["Name"]
    info = change(route53, zone["Id"], "CREATE",
                  record("www." + name, "A", "192.0.2.1", "192.0.2.2"), record("www." + name, "AAAA", "2001:db8::1"),
                  record("c." + name, "CNAME", "www." + name), record(name, "MX", "10 mail." + name),
                  record(name, "TXT", '"v=spf1 -all" "and \\101"'), record("*.wild." + name, "A", "192.0.2.9"),
                  record("_s._tcp." + name, "SRV", "1 2 443 www." + name), record(name, "CAA", '0 issue "ca.example.com"'),
                  record("sub." + name, "NS", "ns.elsewhere.net."))
    assert info["Comment"] == "conformance"
    settled(route53, info)
    assert sorted(dig(unkai, "www." + name, "A")) == ["192.0.2.1", "192.0.2.2"]
    assert dig(unkai, "www." + name, "AAAA") == ["2001:db8::1"]
    assert sorted(dig(unkai, "+tcp", "c." + name, "A")) == ["192.0.2.1", "192.0.2.2", f"www.{name}."]
    assert dig(unkai, name, "MX") == [f"10 mail.{name}."]
    assert dig(unkai, name, "TXT") == ['"v=spf1 -all" "and A"']
    assert dig(unkai, "any.wild." + name) == ["192.0.2.9"]
    assert dig(unkai, "_s._tcp." + name, "SRV") == [f"1 2 443 www.{name}."]
    assert dig(unkai, name, "CAA") == ['0 issue "ca.example.com"']
    assert len(dig(unkai, name, "NS")) == 4 and "awsdns-hostmaster.amazon.com." in dig(unkai, name, "SOA")[0]
    assert dig(unkai, "nothing." + name) == []
    got = route53.test_dns_answer(HostedZoneId=zone["Id"], RecordName="c." + name, RecordType="A")
    assert got["ResponseCode"] == "NOERROR" and got["RecordData"][0] == f"www.{name}."
    names = [(one["Name"], one["Type"]) for one in records(route53, zone["Id"])]
    assert (f"\\052.wild.{name}.", "A") in names and names[0] == (name + ".", "CAA") and len(names) == 11


def test_changes_refused(route53, zone):
    name = zone["Name"]
    change(route53, zone["Id"], "CREATE", record("www." + name, "A", "192.0.2.1"))

    def refused(action, one):
        return failure(route53.change_resource_record_sets, HostedZoneId=zone["Id"],
                       ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": one}]})
    code, message = refused("CREATE", record("www." + name, "A", "192.0.2.1"))
    assert code == "InvalidChangeBatch"
    assert message == f"[Tried to create resource record set [name='www.{name}.', type='A'] but it already exists]"
    assert "was not found" in refused("DELETE", record("no." + name, "A", "192.0.2.1"))[1]
    assert "do not match" in refused("DELETE", record("www." + name, "A", "192.0.2.7"))[1]
    assert "not permitted in zone" in refused("CREATE", record("www.other.net", "A", "192.0.2.1"))[1]
    assert "conflicts with other records" in refused("CREATE", record("www." + name, "CNAME", "x.y"))[1]
    assert "at apex" in refused("CREATE", record(name, "CNAME", "x.y"))[1]
    assert "ARRDATAIllegalIPv4Address" in refused("CREATE", record("a." + name, "A", "300.1.1.1"))[1]
    assert "enclosed in quotation marks" in refused("CREATE", record("a." + name, "TXT", "bare"))[1]
    assert refused("CREATE", record("a." + name, "A", "192.0.2.1", HealthCheckId="none"))[0] == "NoSuchHealthCheck"
    assert refused("CREATE", {"Name": "a." + name, "Type": "A", "TTL": 5})[0] == "InvalidInput"
    assert failure(route53.change_resource_record_sets, HostedZoneId="ZNOWHERE", ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": record("a.b", "A", "192.0.2.1")}]})[0] == "NoSuchHostedZone"
    assert len(records(route53, zone["Id"])) == 3


def test_weights_shift(unkai, route53, zone):
    name = "w." + zone["Name"]

    def weigh(old, new):
        settled(route53, change(route53, zone["Id"], "UPSERT",
                                record(name, "A", "192.0.2.1", SetIdentifier="old", Weight=old),
                                record(name, "A", "192.0.2.2", SetIdentifier="new", Weight=new)))
        return {answer for _ in range(20) for answer in dig(unkai, name)}
    assert weigh(100, 0) == {"192.0.2.1"}
    assert weigh(50, 50) == {"192.0.2.1", "192.0.2.2"}
    assert weigh(0, 100) == {"192.0.2.2"}


def test_alias_within_the_zone(unkai, route53, zone):
    name = zone["Name"]
    settled(route53, change(route53, zone["Id"], "CREATE", record("www." + name, "A", "192.0.2.5", ttl=77), {
        "Name": name, "Type": "A", "AliasTarget": {"HostedZoneId": zone["Id"], "DNSName": "www." + name,
                                                   "EvaluateTargetHealth": False}}))
    assert dig(unkai, name) == ["192.0.2.5"]
    code, message = failure(route53.change_resource_record_sets, HostedZoneId=zone["Id"], ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": "b." + name, "Type": "A", "AliasTarget": {
            "HostedZoneId": zone["Id"], "DNSName": "gone." + name, "EvaluateTargetHealth": False}}}]})
    assert code == "InvalidChangeBatch" and "that target was not found" in message


def test_private_zones(unkai, route53):
    ec2 = unkai.client("ec2", region="us-east-1")
    vpcs = [ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
    first, second = ({"VPCRegion": "us-east-1", "VPCId": vpc} for vpc in vpcs)
    try:
        assert failure(route53.create_hosted_zone, Name="corp.internal", CallerReference="p0",
                       VPC={"VPCRegion": "us-east-1", "VPCId": "vpc-00000000"})[0] == "InvalidVPCId"
        made = route53.create_hosted_zone(Name="corp.internal", CallerReference=str(uuid.uuid4()), VPC=first)
        zone_id = made["HostedZone"]["Id"]
        assert made["HostedZone"]["Config"]["PrivateZone"] is True
        assert failure(route53.create_hosted_zone, Name="corp.internal", CallerReference="p1", VPC=first)[0] == "ConflictingDomainExists"
        route53.associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=second)
        assert len(route53.get_hosted_zone(Id=zone_id)["VPCs"]) == 2
        summaries = route53.list_hosted_zones_by_vpc(VPCId=vpcs[1], VPCRegion="us-east-1")["HostedZoneSummaries"]
        assert [one["Name"] for one in summaries] == ["corp.internal."]
        settled(route53, change(route53, zone_id, "CREATE", record("api.corp.internal", "A", "10.99.0.5")))
        assert dig(unkai, "api.corp.internal") == []  # Only containers in the VPCs see it.
        route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone_id, VPC=first)
        assert failure(route53.disassociate_vpc_from_hosted_zone, HostedZoneId=zone_id, VPC=first)[0] == "VPCAssociationNotFound"
        assert failure(route53.disassociate_vpc_from_hosted_zone, HostedZoneId=zone_id, VPC=second)[0] == "LastVPCAssociation"
        remove(route53, zone_id)
    finally:
        for vpc in vpcs:
            ec2.delete_vpc(VpcId=vpc)


def test_vpcs_do_not_join_public_zones(unkai, route53, zone):
    ec2 = unkai.client("ec2", region="us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    try:
        assert failure(route53.associate_vpc_with_hosted_zone, HostedZoneId=zone["Id"],
                       VPC={"VPCRegion": "us-east-1", "VPCId": vpc})[0] == "PublicZoneVPCAssociation"
    finally:
        ec2.delete_vpc(VpcId=vpc)


def test_tags(route53, zone):
    target = {"ResourceType": "hostedzone", "ResourceId": zone["Id"]}
    route53.change_tags_for_resource(**target, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    route53.change_tags_for_resource(**target, RemoveTagKeys=["a"])
    assert route53.list_tags_for_resource(**target)["ResourceTagSet"]["Tags"] == [{"Key": "b", "Value": "2"}]
    sets = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone["Id"]])["ResourceTagSets"]
    assert sets[0]["ResourceId"] == zone["Id"]
    assert failure(route53.list_tags_for_resource, ResourceType="hostedzone", ResourceId="ZNOWHERE")[0] == "NoSuchHostedZone"
    assert failure(route53.list_tags_for_resource, ResourceType="healthcheck", ResourceId="x")[0] == "NoSuchHealthCheck"
