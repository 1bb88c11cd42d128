"""Proofs that the stack is real: what is forbidden does not pass, what dies comes back, what is kept stays."""
import json
import os
import signal
import subprocess

import pytest

from stack import Load, pids_of_task, result_of, unique
from standalone import wait_for

pytestmark = pytest.mark.stack

DATABASE_RULE = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306}


def test_writes_on_the_reader_are_refused_and_replication_is_visible(deployed):
    refused = deployed.query("INSERT INTO orders (customer, product, quantity, amount_cents) VALUES ('x', 'x', 1, 1)")
    assert refused in ({"error": "ER_OPTION_PREVENTS_STATEMENT", "number": 1290}, {"error": "ER_READ_ONLY_MODE", "number": 1836})

    marker = unique("replication")
    written = deployed.query(
        f"INSERT INTO orders (customer, product, quantity, amount_cents) VALUES ('{marker}', 'x', 1, 1)", "writer")
    assert written["affectedRows"] == 1
    rows = wait_for("replication", lambda: deployed.query(f"SELECT id FROM orders WHERE customer = '{marker}'"), 60)
    assert rows == [{"id": written["insertId"]}]


def test_a_killed_task_is_replaced_and_no_request_fails(deployed):
    before = {task["taskArn"] for task in deployed.service_tasks()}
    assert len(before) == 2
    victim = sorted(before)[0]
    pids = pids_of_task(victim)
    assert pids, "no process of the task was found"

    def ask():
        for path in ("/api/records", "/api/health"):
            status, _, body = deployed.get(deployed.site + path)
            assert status == 200, f"{path}: {status} {body[:200]!r}"

    with Load(ask) as load:
        wait_for("load", lambda: load.answers > 20)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

        def replaced():
            running = {task["taskArn"] for task in deployed.service_tasks() if task["lastStatus"] == "RUNNING"}
            return victim not in running and len(running) == 2

        wait_for("the service to replace the task", replaced, 90)

        def both_serve():
            served = {deployed.get(deployed.api + "/api/health")[1]["x-served-by"] for _ in range(10)}
            return len(served) == 2
        wait_for("the new task to serve", both_serve, 60)
        served = load.answers
        wait_for("load on both tasks", lambda: load.answers > served + 40)
    assert load.failures == []


def test_a_closed_security_group_drops_connections_and_an_open_one_passes(deployed):
    ec2 = deployed.client("ec2")
    group = deployed.resource("DatabaseSecurityGroup")
    rule = [{**DATABASE_RULE, "UserIdGroupPairs": [{"GroupId": deployed.resource("TaskSecurityGroup")}]}]
    database = deployed.outputs["DatabaseEndpoint"]
    assert deployed.connects(database, 3306) == "open"

    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    try:
        assert deployed.connects(database, 3306) == "dropped"
    finally:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    assert deployed.connects(database, 3306) == "open"


def test_only_the_tasks_reach_the_database(deployed):
    other = deployed.resource("LoadBalancerSecurityGroup")
    assert deployed.connects(deployed.outputs["DatabaseEndpoint"], 3306, group=other) == "dropped"


def test_a_private_subnet_without_a_nat_route_has_no_way_out(deployed):
    ec2 = deployed.client("ec2")
    table, gateway = deployed.resource("PrivateRouteTableA"), deployed.resource("NatGatewayA")
    balancer = deployed.outputs["LoadBalancerDnsName"]  # A public address: by NAT only.
    place = {"subnet": deployed.resource("PrivateSubnetA")}
    assert deployed.connects(balancer, 443, **place) == "open"

    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    try:
        assert deployed.connects(balancer, 443, **place) == "dropped"
        assert deployed.connects(deployed.outputs["DatabaseEndpoint"], 3306, **place) == "open"
    finally:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    assert deployed.connects(balancer, 443, **place) == "open"


@pytest.fixture
def twins(deployed):
    """Two VPCs with one CIDR; (subnet, security group) of each."""
    ec2 = deployed.client("ec2")
    made = []
    try:
        for _ in range(2):
            vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
            made.append({"vpc": vpc})
            made[-1]["subnet"] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]["SubnetId"]
            group = ec2.create_security_group(VpcId=vpc, GroupName=unique("twin"), Description="tasks of a twin")["GroupId"]
            made[-1]["group"] = group
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": group}]}])
        yield [(one["subnet"], one["group"]) for one in made]
    finally:
        for one in made:
            wait_for("the twin's interfaces to go", lambda one=one: delete_vpc(ec2, one), 60)


def delete_vpc(ec2, one) -> bool:
    """Once more after a refusal: what is gone already is not asked for again."""
    if "group" in one:
        ec2.delete_security_group(GroupId=one["group"])
        del one["group"]
    if "subnet" in one:
        ec2.delete_subnet(SubnetId=one["subnet"])
        del one["subnet"]
    ec2.delete_vpc(VpcId=one["vpc"])
    return True


def test_two_vpcs_with_one_cidr_are_two_worlds(deployed, twins):
    ecs = deployed.client("ecs")
    cluster = deployed.outputs["ClusterName"]
    servers = []
    try:
        for number, (subnet, group) in enumerate(twins):
            script = (f"require('http').createServer((q, a) => a.end('world {number}')).listen(8080);"
                      "process.on('SIGTERM', () => process.exit(0));")
            started = ecs.run_task(
                cluster=cluster, taskDefinition=deployed.resource("ApiTaskDefinition"), launchType="FARGATE", count=1,
                networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group],
                                                              "assignPublicIp": "DISABLED"}},
                overrides={"containerOverrides": [{"name": "api", "command": ["node", "-e", script]}]})
            assert not started["failures"], started["failures"]
            servers.append(started["tasks"][0]["taskArn"])

        def address(arn):
            task = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
            if task["lastStatus"] != "RUNNING":
                return None
            details = task["attachments"][0]["details"]
            return next(item["value"] for item in details if item["name"] == "privateIPv4Address")
        addresses = [wait_for("the server", lambda arn=arn: address(arn), 60) for arn in servers]
        for number, (subnet, group) in enumerate(twins):
            # Each asks at both addresses: its own server answers at its own, and nobody or itself at the other.
            ask = """
                const get = (host) => fetch(`http://${host}:8080`, { signal: AbortSignal.timeout(3000) })
                  .then((answer) => answer.text(), () => 'nobody');
                Promise.all(%s.map(get)).then((all) => {
                  console.log('RESULT ' + JSON.stringify(all));
                  process.exit(); // An attempt to connect lives on after its time limit.
                });
            """ % json.dumps(addresses)
            answers = result_of(deployed.run_script(ask, subnet=subnet, group=group))
            assert answers[number] == f"world {number}"
            other = answers[1 - number]
            assert other == (f"world {number}" if addresses[0] == addresses[1] else "nobody")
    finally:
        for arn in servers:
            ecs.stop_task(cluster=cluster, task=arn)


def test_after_kill_9_everything_is_back(deployed):
    def picture():
        return {
            "records": deployed.get_json("/api/records")["total"],
            "outputs": deployed._outputs(),
            "objects": sorted(item["Key"] for item in deployed.client("s3").list_objects_v2(
                Bucket=deployed.outputs["SiteBucketName"])["Contents"]),
            "images": deployed.client("ecr").describe_images(
                repositoryName=deployed.outputs["RepositoryUri"].split("/", 1)[1])["imageDetails"][0]["imageDigest"],
            "users": deployed.query("SELECT COUNT(*) AS count FROM orders", "writer"),
        }

    before = picture()
    pid = deployed.unkai.pid()
    command = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
    os.kill(pid, signal.SIGKILL)
    wait_for("its end", lambda: not os.path.exists(f"/proc/{pid}"))
    options = [part.decode() for part in command[1:] if part and part != b"--foreground"]
    subprocess.run([deployed.unkai.program, *options], check=True, stdout=subprocess.DEVNULL)
    deployed.connect()

    def serves():
        return deployed.get(deployed.site + "/api/records")[0] == 200 and len(deployed.service_tasks()) == 2
    wait_for("the stack to serve again", serves, 90)
    assert picture() == before
    # New tasks run: they found the metadata endpoint, which says where they are.
    assert len(set(deployed.served_by().values())) == 2
    marker = unique("after")
    written = deployed.query(
        f"INSERT INTO orders (customer, product, quantity, amount_cents) VALUES ('{marker}', 'x', 1, 1)", "writer")
    rows = wait_for("replication after the restart",
                    lambda: deployed.query(f"SELECT id FROM orders WHERE customer = '{marker}'"), 60)
    assert rows == [{"id": written["insertId"]}]
