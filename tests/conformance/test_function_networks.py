"""Where functions stand in the network: each environment in a namespace of its own, behind Lambda's interfaces."""
import io
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import uuid
import zipfile

import pytest

from conftest import REGION

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
HANDLER = """
import socket, urllib.error, urllib.request
listeners = []

def listen(host, port):
    one = socket.socket()
    one.bind((host, port))
    one.listen(8)
    one.setblocking(False)
    listeners.append(one)
    return "listens"

def connect(host, port):
    socket.create_connection((host, port), timeout=1.5).close()
    return "connected"

def accepted():
    count = 0
    for one in listeners:
        try:
            while True:
                one.accept()[0].close()
                count += 1
        except BlockingIOError:
            pass
    return count

def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]

def address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        return probe.getsockname()[0]

def resolve(name):
    return socket.gethostbyname(name)

def handler(event, context):
    try:
        return globals()[event[0]](*event[1:])
    except OSError as error:
        return type(error).__name__ + " " + str(error.errno)
"""


def until(look, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "it never came"
        threading.Event().wait(0.1)


@pytest.fixture
def make(unkai):
    """make(**arguments) → a function to ask: ask("connect", host, port)."""
    iam, functions = unkai.client("iam"), unkai.client("lambda", read_timeout=60)
    role_name, names = "networks-" + uuid.uuid4().hex[:8], []
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("app.py", HANDLER)

    def create(**arguments):
        name = "n-" + uuid.uuid4().hex[:10]
        functions.create_function(FunctionName=name, Role=role, Runtime="python3.11", Handler="app.handler", Timeout=30,
                                  Code={"ZipFile": zipped.getvalue()}, **arguments)
        names.append(name)
        functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

        def ask(*event):
            answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
            assert "FunctionError" not in answer, answer["Payload"].read()
            return json.loads(answer["Payload"].read())
        return ask
    yield create
    for name in names:
        functions.delete_function(FunctionName=name)
    iam.delete_role(RoleName=role_name)


@pytest.fixture
def place(unkai):
    """A VPC with a load balancer that answers everybody on port 80."""
    ec2, elbv2 = unkai.client("ec2"), unkai.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.78.{i}.0/24",
                                 AvailabilityZone=REGION + "ab"[i - 1])["Subnet"]["SubnetId"] for i in (1, 2)]
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    balancer = elbv2.create_load_balancer(Name="n-" + uuid.uuid4().hex[:8], Subnets=subnets,
                                          SecurityGroups=[group])["LoadBalancers"][0]
    elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "the balancer"}}])

    def interfaces():
        return ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]
    yield {"subnets": subnets, "group": group, "name": balancer["DNSName"], "interfaces": interfaces}
    elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    until(lambda: not interfaces())
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)


def status(unkai):
    return json.loads(unkai.run("status", "--json").stdout)["data"]


def namespaces(unkai):
    """Those of execution environments, and those that wait for one."""
    return {one.name for one in pathlib.Path(status(unkai)["runDir"], "netns").iterdir()
            if one.name.startswith("tenant-")}


def keep_apart(one, two, port):
    assert one("listen", "127.0.0.1", port) == "listens"
    assert two("connect", "127.0.0.1", port).startswith("ConnectionRefusedError")
    assert two("listen", "127.0.0.1", port) == "listens"
    assert two("connect", "127.0.0.1", port) == "connected"
    assert (one("accepted"), two("accepted")) == (0, 1)
    here, there = one("address"), two("address")
    assert here != there
    assert one("listen", here, port) == "listens"
    assert one("connect", here, port) == "connected"
    assert two("connect", here, port).startswith("TimeoutError")
    assert one("accepted") == 1


def test_environments_do_not_see_each_other(make):
    keep_apart(make(), make(), 9999)


def test_environments_in_a_vpc_do_not_see_each_other(place, make):
    inside = {"VpcConfig": {"SubnetIds": place["subnets"][:1], "SecurityGroupIds": [place["group"]]}}
    one, two = make(**inside), make(**inside)
    keep_apart(one, two, 9999)
    # They share one interface, which takes nothing from its VPC, however open its group is.
    mine = [i for i in place["interfaces"]() if i["Description"] == "AWS Lambda VPC ENI"]
    assert len(mine) == 1
    address = mine[0]["PrivateIpAddress"]
    assert one("listen", "0.0.0.0", 8080) == "listens"
    assert two("connect", address, 8080).startswith("TimeoutError")
    # What they reach, they reach by its groups and routes.
    balancer = [i["PrivateIpAddress"] for i in place["interfaces"]() if i not in mine]
    assert one("fetch", f"http://{balancer[0]}/") == [200, "the balancer"]


def test_what_a_function_without_a_vpc_reaches(unkai, place, make):
    ask, machine = make(), status(unkai)
    # The API by its address and by AWS's names, as SDKs call it.
    assert ask("resolve", f"sts.{REGION}.amazonaws.com") == machine["apiAddress"]
    for url in (f"http://{machine['apiAddress']}:{unkai.port}/", f"http://sts.{REGION}.amazonaws.com/",
                f"https://sts.{REGION}.amazonaws.com/"):
        code, body = ask("fetch", url)
        assert code == 403 and ("MissingAuthenticationToken" in body or "AccessDenied" in body), (url, code, body)
    # A load balancer by its public name; its private addresses lie in somebody else's VPC.
    assert ask("fetch", f"http://{place['name']}/") == [200, "the balancer"]
    for interface in place["interfaces"]():
        assert not ask("connect", interface["PrivateIpAddress"], 80).startswith("connected")
    # The edge answers, too; who runs containers does not.
    assert ask("connect", machine["edgeAddress"], 80) == "connected"
    assert ask("connect", "169.254.170.2", 80).startswith("TimeoutError")
    assert ask("connect", "169.254.169.254", 80).startswith("TimeoutError")


def test_a_function_has_no_port_of_the_machine(unkai, make):
    ask, machine = make(), status(unkai)
    for name in ("apiAddress", "edgeAddress", "dnsAddress"):
        assert ask("listen", machine[name], 8123).startswith("OSError 99")  # EADDRNOTAVAIL
    for port in (unkai.port, 53, 80, 443):
        assert ask("connect", "127.0.0.1", port).startswith("ConnectionRefusedError")
    assert ask("listen", "0.0.0.0", unkai.port) == "listens"
    assert unkai.client("sts").get_caller_identity()["Account"]
    # Nor is it reached from the machine, where functions' public address is routed.
    assert ask("listen", ask("address"), 8124) == "listens"
    base = machine["apiAddress"].rsplit(".", 1)[0]
    for host in (ask("address"), base + ".4"):
        try:
            socket.create_connection((host, 8124), timeout=1).close()  # Another network may have this address.
        except OSError:
            pass
    assert ask("accepted") == 0


def test_namespaces_go_with_their_environments(unkai, make):
    make()("address")
    many = [make() for _ in range(3)]
    taken = {ask("address") for ask in many}
    assert len(taken) == 3 and all(re.match(r"169\.254\.", one) for one in taken)
    before = namespaces(unkai)
    assert len(before) >= 4
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert "t-" not in links  # All ends lie in namespaces.
    os.kill(status(unkai)["pid"], signal.SIGKILL)
    unkai.start()
    assert many[0]("address") not in ("", None)
    until(lambda: not before & namespaces(unkai))
