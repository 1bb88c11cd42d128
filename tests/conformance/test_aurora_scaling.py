"""Aurora's readers come and go by their load: real servers, real connections, AWS/RDS metrics, alarms, Application Auto
Scaling. The policy's alarms look back 3 and 15 minutes, as AWS makes them; here they are told to look back 10 seconds."""
import json
import pathlib
import shutil
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from test_plane_metrics import sums

REGION, CLUSTER = "ap-northeast-1", "scaled"
DIMENSION = "rds:cluster:ReadReplicaCount"
CLIENT = shutil.which("mariadb") or shutil.which("mysql")
TARGET = {"ServiceNamespace": "rds", "ResourceId": f"cluster:{CLUSTER}", "ScalableDimension": DIMENSION}


def until(look, what, seconds=90):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def clients(unkai):
    return {name: unkai.client(name, region=REGION) for name in ("rds", "ec2", "cloudwatch", "application-autoscaling")}


@pytest.fixture(scope="module")
def network(clients):
    ec2, rds = clients["ec2"], clients["rds"]
    vpc = ec2.create_vpc(CidrBlock="10.66.0.0/16")["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.66.{number}.0/24", AvailabilityZone=zones[number])["Subnet"]["SubnetId"]
               for number in range(2)]
    group = ec2.create_security_group(VpcId=vpc, GroupName="database", Description="database")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    rds.create_db_subnet_group(DBSubnetGroupName="scaled", DBSubnetGroupDescription="two zones", SubnetIds=subnets)
    yield {"vpc": vpc, "group": group}
    rds.delete_db_subnet_group(DBSubnetGroupName="scaled")
    until(lambda: not ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"],
          "interfaces go")
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def readers(rds):
    """Those of the cluster that can be used."""
    members = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]["DBClusterMembers"]
    names = [one["DBInstanceIdentifier"] for one in members if not one["IsClusterWriter"]]
    found = rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [CLUSTER]}])["DBInstances"]
    return {one["DBInstanceIdentifier"]: one for one in found
            if one["DBInstanceIdentifier"] in names and one["DBInstanceStatus"] == "available"}


@pytest.fixture(scope="module")
def cluster(clients, network):
    rds = clients["rds"]
    made = rds.create_db_cluster(DBClusterIdentifier=CLUSTER, Engine="aurora-mysql", MasterUsername="admin",
                                 MasterUserPassword="very-secret-1", DBSubnetGroupName="scaled",
                                 VpcSecurityGroupIds=[network["group"]])["DBCluster"]
    for name in ("scaled-1", "scaled-2"):
        rds.create_db_instance(DBInstanceIdentifier=name, DBClusterIdentifier=CLUSTER, Engine="aurora-mysql",
                               DBInstanceClass="db.t4g.medium")
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig={"Delay": 1})
    yield made
    for one in rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [CLUSTER]}])["DBInstances"]:
        rds.delete_db_instance(DBInstanceIdentifier=one["DBInstanceIdentifier"])
    rds.delete_db_cluster(DBClusterIdentifier=CLUSTER, SkipFinalSnapshot=True)

    def gone():
        try:
            return not rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)
        except ClientError as error:
            return error.response["Error"]["Code"] == "DBClusterNotFoundFault"
    until(gone, "the cluster goes")


class Inside:
    """Programs in the VPC's network, with its resolver."""
    def __init__(self, unkai, vpc):
        status = json.loads(unkai.run("status", "--json").stdout)["data"]
        self.enter = ["nsenter", f"--net={pathlib.Path(status['runDir']) / 'netns' / vpc}"]

    def addresses(self, name):
        asked = subprocess.run([*self.enter, "dig", "+short", "+tries=1", "@10.66.0.2", name], stdout=subprocess.PIPE, text=True)
        return asked.stdout.split()

    def connect(self, address):
        """A client that stays connected until its input ends."""
        started = subprocess.Popen([*self.enter, CLIENT, f"--host={address}", "--user=admin", "--password=very-secret-1",
                                    "--skip-ssl", "--unbuffered", "--batch", "--skip-column-names"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.stdin.write("SELECT @@hostname IS NOT NULL;\n")
        started.stdin.flush()
        assert started.stdout.readline().strip() == "1", started.stderr.read()
        return started


@pytest.fixture(scope="module")
def inside(unkai, network):
    return Inside(unkai, network["vpc"])


def test_a_running_clusters_metrics(clients, cluster, inside):
    cloudwatch = clients["cloudwatch"]
    writer, reader = {"DBInstanceIdentifier": "scaled-1"}, {"DBInstanceIdentifier": "scaled-2"}

    def newest(metric, where, stat="Average"):
        return sums(cloudwatch, "AWS/RDS", metric, where, stat)
    until(lambda: newest("CPUUtilization", reader) and newest("SelectThroughput", writer), "two samples")
    for where in (writer, reader, {"DBClusterIdentifier": CLUSTER}, {"DBClusterIdentifier": CLUSTER, "Role": "READER"},
                  {"DBClusterIdentifier": CLUSTER, "Role": "WRITER"}):
        assert 0 <= newest("CPUUtilization", where)[0] <= 100
        assert newest("DatabaseConnections", where)[0] >= 0
        assert newest("FreeableMemory", where)[0] > 1 << 30  # db.t4g.medium has 4 GiB.
        assert newest("EngineUptime", where)[0] > 0
        assert newest("Queries", where)[0] >= 0
    assert newest("AuroraReplicaLag", reader)[0] >= 0 and not newest("AuroraReplicaLag", writer)
    names = {one["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="AWS/RDS", Dimensions=[{"Name": "DBInstanceIdentifier", "Value": "scaled-2"}]) for one in page["Metrics"]}
    assert {"CPUUtilization", "DatabaseConnections", "AuroraReplicaLag", "FreeableMemory", "SelectThroughput",
            "DMLThroughput", "CommitThroughput", "Queries"} <= names, names


def hurry(cloudwatch, name):
    """The policy's own alarm, with what it acts on, over one period of 10 seconds."""
    alarm = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    kept = ("AlarmName", "AlarmDescription", "AlarmActions", "Namespace", "MetricName", "Dimensions", "Statistic", "Threshold",
            "ComparisonOperator")
    cloudwatch.put_metric_alarm(**{key: alarm[key] for key in kept}, Period=10, EvaluationPeriods=1)


@pytest.mark.skipif(CLIENT is None, reason="there is no client program of MariaDB here: apt-get install mariadb-client")
def test_readers_come_with_connections_and_go_with_them(clients, cluster, inside):
    rds, cloudwatch, scaling = clients["rds"], clients["cloudwatch"], clients["application-autoscaling"]
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    made = scaling.put_scaling_policy(
        **TARGET, PolicyName="connections", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 6.0, "ScaleInCooldown": 1, "ScaleOutCooldown": 1,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageDatabaseConnections"}})
    high, low = sorted((one["AlarmName"] for one in made["Alarms"]), key=lambda name: "AlarmLow" in name)
    one = readers(rds)["scaled-2"]["Endpoint"]["Address"]
    first = inside.addresses(one)
    assert inside.addresses(cluster["ReaderEndpoint"]) == first and len(first) == 1
    clients_there = [inside.connect(first[0]) for _ in range(10)]
    try:
        hurry(cloudwatch, high)
        added = until(lambda: set(readers(rds)) - {"scaled-2"}, "another reader", 120).pop()
        assert added.startswith("application-autoscaling-")
        new = readers(rds)[added]
        assert (new["DBInstanceClass"], new["PromotionTier"]) == ("db.t4g.medium", 15)
        second = inside.addresses(new["Endpoint"]["Address"])
        until(lambda: set(sum((inside.addresses(cluster["ReaderEndpoint"]) for _ in range(8)), [])) == set(first + second),
              "the reader endpoint leads to both")
        inside.connect(second[0]).communicate(timeout=10)  # It answers.
        told = scaling.describe_scaling_activities(**TARGET)["ScalingActivities"][0]
        assert told["Cause"] == f"monitor alarm {high} in state ALARM triggered policy connections"
        assert told["StatusCode"] in ("Successful", "InProgress", "Pending")
    finally:
        for client in clients_there:
            client.communicate(timeout=10)
    hurry(cloudwatch, low)
    until(lambda: set(readers(rds)) == {"scaled-2"}, "the reader goes", 120)  # The one that nobody else made.
    until(lambda: set(sum((inside.addresses(cluster["ReaderEndpoint"]) for _ in range(8)), [])) == set(first),
          "the reader endpoint leads to the one")
    scaling.deregister_scalable_target(**TARGET)
    assert cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"] == []
