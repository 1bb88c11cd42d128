"""RDS: every promised operation through boto3, with servers that really run."""
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def rds(unkai, via):
    return unkai.client("rds", via=via)


@pytest.fixture(scope="module")
def network(unkai, via):
    """A VPC with two subnets in two zones and a DB subnet group over them."""
    ec2, rds = unkai.client("ec2"), unkai.client("rds", via=via)
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
               ["Subnet"]["SubnetId"] for number, zone in enumerate("ab")]
    group = ec2.create_security_group(VpcId=vpc, GroupName="database", Description="database")["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName="pair", DBSubnetGroupDescription="two zones", SubnetIds=subnets)
    yield {"vpc": vpc, "subnets": subnets, "group": group, "ec2": ec2}
    rds.delete_db_subnet_group(DBSubnetGroupName="pair")


@pytest.fixture(scope="module")
def cluster(rds, network):
    """A writer and a reader; deleted, with all that they had, at the end."""
    made = rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="admin",
                                 ManageMasterUserPassword=True, DBSubnetGroupName="pair", DatabaseName="shop",
                                 VpcSecurityGroupIds=[network["group"]])["DBCluster"]
    for name in ("shop-1", "shop-2"):
        rds.create_db_instance(DBInstanceIdentifier=name, DBClusterIdentifier="shop", Engine="aurora-mysql",
                               DBInstanceClass="db.t4g.medium")
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig={"Delay": 1})
    yield made
    for name in ("shop-1", "shop-2"):
        rds.delete_db_instance(DBInstanceIdentifier=name)
    rds.delete_db_cluster(DBClusterIdentifier="shop", SkipFinalSnapshot=True)
    until(lambda: code(rds.describe_db_clusters, DBClusterIdentifier="shop") == "DBClusterNotFoundFault")
    left = network["ec2"].describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [network["vpc"]]}])
    assert left["NetworkInterfaces"] == []


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "fine"


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def status(rds, name="shop"):
    return rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["Status"]


def members(rds):
    described = rds.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"][0]["DBClusterMembers"]
    return {member["DBInstanceIdentifier"]: member["IsClusterWriter"] for member in described}


def test_a_cluster_with_a_writer_and_a_reader(rds, cluster, unkai):
    assert cluster["Endpoint"].startswith("shop.cluster-") and cluster["ReaderEndpoint"].startswith("shop.cluster-ro-")
    assert members(rds) == {"shop-1": True, "shop-2": False}
    one, two = (rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0] for name in ("shop-1", "shop-2"))
    assert one["AvailabilityZone"] != two["AvailabilityZone"] and one["Endpoint"]["Port"] == 3306
    secret = json.loads(unkai.client("secretsmanager").get_secret_value(
        SecretId=cluster["MasterUserSecret"]["SecretArn"])["SecretString"])
    assert secret["username"] == "admin" and len(secret["password"]) >= 8
    endpoints = rds.describe_db_cluster_endpoints(DBClusterIdentifier="shop")["DBClusterEndpoints"]
    assert sorted(endpoint["EndpointType"] for endpoint in endpoints) == ["READER", "WRITER"]
    named = rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": ["shop"]}])["DBInstances"]
    assert len(named) == 2


def test_failover_and_back(rds, cluster):
    for target in ("shop-2", "shop-1"):
        rds.failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier=target)
        until(lambda: members(rds)[target] and status(rds) == "available")
    messages = [event["Message"] for event in rds.describe_events(SourceType="db-cluster", SourceIdentifier="shop")["Events"]]
    assert "Completed failover to DB instance: shop-2" in messages
    assert code(rds.failover_db_cluster, DBClusterIdentifier="nope") == "DBClusterNotFoundFault"


def test_reboot_and_modify(rds, cluster):
    rds.reboot_db_instance(DBInstanceIdentifier="shop-2")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="shop-2", WaiterConfig={"Delay": 1})
    rds.modify_db_instance(DBInstanceIdentifier="shop-2", PromotionTier=5)
    assert rds.describe_db_instances(DBInstanceIdentifier="shop-2")["DBInstances"][0]["PromotionTier"] == 5
    rds.modify_db_cluster(DBClusterIdentifier="shop", BackupRetentionPeriod=7, DeletionProtection=True)
    assert code(rds.delete_db_cluster, DBClusterIdentifier="shop", SkipFinalSnapshot=True) == "InvalidParameterCombination"
    rds.modify_db_cluster(DBClusterIdentifier="shop", DeletionProtection=False)
    assert code(rds.delete_db_cluster, DBClusterIdentifier="shop", SkipFinalSnapshot=True) == "InvalidDBClusterStateFault"
    rds.reboot_db_cluster(DBClusterIdentifier="shop")
    for name in ("shop-1", "shop-2"):
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig={"Delay": 1})


def test_stop_and_start(rds, cluster):
    rds.stop_db_cluster(DBClusterIdentifier="shop")
    until(lambda: status(rds) == "stopped")
    assert code(rds.stop_db_cluster, DBClusterIdentifier="shop") == "InvalidDBClusterStateFault"
    rds.start_db_cluster(DBClusterIdentifier="shop")
    until(lambda: status(rds) == "available")
    assert code(rds.start_db_cluster, DBClusterIdentifier="shop") == "InvalidDBClusterStateFault"


@pytest.mark.parametrize("kind", ["cluster", "instance"])
def test_parameter_groups(rds, kind):
    own = "DBClusterParameterGroupName" if kind == "cluster" else "DBParameterGroupName"
    middle = "db_cluster_parameter" if kind == "cluster" else "db_parameter"
    call = lambda verb, end="_group", **more: getattr(rds, f"{verb}_{middle}{end}")(**{own: name, **more})
    name = f"pg-{uuid.uuid4().hex[:8]}"
    call("create", DBParameterGroupFamily="aurora-mysql8.0", Description="own")
    change = [{"ParameterName": "max_connections", "ParameterValue": "50", "ApplyMethod": "immediate"}]
    call("modify", Parameters=change)
    assert code(lambda: call("modify", Parameters=[{**change[0], "ParameterValue": "0"}])) == "InvalidParameterValue"
    parameters = call("describe", "s", Source="user")["Parameters"]
    assert [(one["ParameterName"], one["ParameterValue"]) for one in parameters] == [("max_connections", "50")]
    call("reset", ResetAllParameters=True)
    assert call("describe", "s", Source="user")["Parameters"] == []
    assert name in json.dumps(call("describe", "_groups"), default=str)
    call("delete")
    assert "NotFound" in code(lambda: call("describe", "s"))


def test_defaults_versions_and_classes(rds):
    pages = rds.get_paginator("describe_engine_default_cluster_parameters").paginate(DBParameterGroupFamily="aurora-mysql8.0")
    names = [one["ParameterName"] for page in pages for one in page["EngineDefaults"]["Parameters"]]
    assert "binlog_format" in names
    defaults = rds.describe_engine_default_parameters(DBParameterGroupFamily="aurora-mysql8.0")["EngineDefaults"]
    assert any("DBInstanceClassMemory" in one.get("ParameterValue", "") for one in defaults["Parameters"])
    versions = rds.describe_db_engine_versions(Engine="aurora-mysql")["DBEngineVersions"]
    assert all(one["DBParameterGroupFamily"] == "aurora-mysql8.0" for one in versions)
    options = rds.describe_orderable_db_instance_options(Engine="aurora-mysql", DBInstanceClass="db.r6g.large")
    assert options["OrderableDBInstanceOptions"][0]["DBInstanceClass"] == "db.r6g.large"
    assert code(rds.describe_orderable_db_instance_options, Engine="oracle-ee") == "InvalidParameterValue"


def test_subnet_groups_and_tags(rds, network):
    arn = rds.describe_db_subnet_groups(DBSubnetGroupName="pair")["DBSubnetGroups"][0]["DBSubnetGroupArn"]
    rds.modify_db_subnet_group(DBSubnetGroupName="pair", DBSubnetGroupDescription="changed", SubnetIds=network["subnets"])
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "team", "Value": "red"}])
    assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "team", "Value": "red"}]
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == []
    assert code(rds.create_db_subnet_group, DBSubnetGroupName="one", DBSubnetGroupDescription="d",
                SubnetIds=network["subnets"][:1]) == "DBSubnetGroupDoesNotCoverEnoughAZs"
    assert code(rds.create_db_subnet_group, DBSubnetGroupName="bad", DBSubnetGroupDescription="d",
                SubnetIds=["subnet-00000000000000000", network["subnets"][0]]) == "InvalidSubnet"


def test_what_is_refused(rds, cluster):
    login = {"Engine": "aurora-mysql", "MasterUsername": "admin", "MasterUserPassword": "longenough"}
    assert code(rds.create_db_cluster, DBClusterIdentifier="shop", **login) == "DBClusterAlreadyExistsFault"
    assert code(rds.create_db_cluster, DBClusterIdentifier="x", **{**login, "Engine": "neptune"}) == "InvalidParameterValue"
    assert code(rds.create_db_cluster, DBClusterIdentifier="x", **{**login, "MasterUserPassword": "short"}) == "InvalidParameterValue"
    one = {"DBInstanceIdentifier": "shop-1", "Engine": "aurora-mysql", "DBInstanceClass": "db.t4g.medium"}
    assert code(rds.create_db_instance, DBClusterIdentifier="shop", **one) == "DBInstanceAlreadyExists"
    assert code(rds.create_db_instance, DBClusterIdentifier="nope", **{**one, "DBInstanceIdentifier": "x"}) == "DBClusterNotFoundFault"
    assert code(rds.create_db_instance, DBClusterIdentifier="shop", **{**one, "DBInstanceIdentifier": "x",
                                                                       "DBInstanceClass": "db.huge"}) == "InvalidParameterValue"
    assert code(rds.delete_db_instance, DBInstanceIdentifier="nope") == "DBInstanceNotFound"
    with pytest.raises(ClientError) as raised:
        rds.create_db_snapshot(DBSnapshotIdentifier="s", DBInstanceIdentifier="shop-1")
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
