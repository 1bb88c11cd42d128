"""The migration commands: load, shift, cost and migrate check, against real load balancers and real DNS."""
import contextlib
import http.server
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from test_elbv2 import ec2, elbv2, place  # noqa: F401  (fixtures)
from test_route53 import change, dig, records, remove, settled
from test_route53_routing import eventually


@pytest.fixture(scope="module")
def via():
    return "boto3"


@contextlib.contextmanager
def served(status=200):
    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_POST = do_GET

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def command(unkai, *arguments, timeout=300):
    """→ exit code, and the data of --json (or its error)."""
    done = subprocess.run([unkai.program, "--data-dir", unkai.data, *map(str, arguments), "--json"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    out = json.loads(done.stdout)
    assert out["schemaVersion"] == 1
    return done.returncode, out.get("error") or out["data"]


def test_load_keeps_its_rate(unkai):
    with served() as url:
        code, data = command(unkai, "load", url, "--rate", 200, "--duration", "2s", "--connections", 16)
    assert code == 0 and data["due"] == 400 and data["answered"] == 400 and data["dropped"] == data["failed"] == 0
    assert data["statuses"] == {"200": 400} and data["addresses"] == {"127.0.0.1": 400}
    assert 0 < data["latencyMs"]["p50"] <= data["latencyMs"]["p99"] <= data["latencyMs"]["max"]
    assert sum(one["answered"] for one in data["perSecond"]) == 400


def test_load_fails_openly(unkai):
    with served(503) as url:
        code, data = command(unkai, "load", url, "--rate", 50, "--duration", "1s", "--guard", "errors<1%",
                             "--method", "post", "--header", "x-a: b", "--body", "hello")
    assert code == 99 and data["statuses"] == {"503": 50} and "errors<1% is broken" in data["brokenGuards"][0]
    code, data = command(unkai, "load", "http://127.0.0.1:9/", "--rate", 10, "--duration", "1s")
    assert code == 1 and data["errors"] == {"ConnectionRefused": 10}
    for wrong in (["load", "ftp://x"], ["load", "http://x", "--rate", "0"], ["load", "http://x", "--http2", "maybe"],
                  ["load", "http://x", "--http2", "yes", "--fresh-dns"],
                  ["load", "http://x", "--guard", "p95<1"], ["load", "http://x", "--duration", "soon"]):
        assert command(unkai, *wrong)[0] == 2


def test_load_over_http2(unkai):
    """The API's own port takes HTTP/2 from who knows that it does; a server that does not is told of as failed."""
    code, data = command(unkai, "load", f"{unkai.endpoint}/_unkai/nothing", "--http2", "yes", "--rate", 200, "--duration",
                         "2s", "--connections", 16)
    assert code == 0 and data["answered"] == 400 and data["failed"] == 0 and data["protocols"] == {"HTTP/2": 400}
    with served() as url:
        code, data = command(unkai, "load", url, "--http2", "yes", "--rate", 10, "--duration", "1s")
        assert code == 1 and data["answered"] == 0 and data["failed"] + data["dropped"] == 10
        code, data = command(unkai, "load", url, "--rate", 10, "--duration", "1s")
        assert code == 0 and data["protocols"] == {"HTTP/1.1": 10}


def test_load_drops_what_finds_no_connection(unkai):
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(0.5)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code, data = command(unkai, "load", f"http://127.0.0.1:{server.server_port}/", "--rate", 40, "--duration", "3s",
                             "--connections", 2)
    finally:
        server.shutdown()
        server.server_close()
    # Two connections carry four a second; the rest waits a second from when it was due, and goes.
    assert data["due"] == 120 and data["dropped"] > 80 and data["answered"] + data["dropped"] == 120
    assert data["latencyMs"]["p99"] > 900


@pytest.fixture(scope="module")
def route53(unkai):
    return unkai.client("route53")


ANSWER = """
import http.server, pathlib, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        status = int(pathlib.Path(sys.argv[2] + ("-health" if self.path == "/health" else "")).read_text())
        self.send_response(status); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
Server(("0.0.0.0", int(sys.argv[1])), Answer).serve_forever()
"""


def side_of(unkai, ec2, elbv2, place, status, group, name, port, file):  # noqa: F811
    """A load balancer before a server that stands in its VPC, on the balancer's own address."""
    made = elbv2.create_load_balancer(Name=f"side-{name}", Subnets=place["subnets"], SecurityGroups=[group])["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    targets = elbv2.create_target_group(Name=f"side-{name}", Protocol="HTTP", Port=port, VpcId=place["vpc"], TargetType="ip",
                                        HealthCheckPath="/health", HealthCheckIntervalSeconds=5,
                                        HealthCheckTimeoutSeconds=2)["TargetGroups"][0]
    front = ec2.describe_network_interfaces(Filters=[
        {"Name": "description", "Values": ["ELB " + arn.split("loadbalancer/")[1]]}])["NetworkInterfaces"][0]
    elbv2.register_targets(TargetGroupArn=targets["TargetGroupArn"],
                           Targets=[{"Id": front["PrivateIpAddress"], "Port": port,
                                     "AvailabilityZone": front["AvailabilityZone"]}])
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "forward", "TargetGroupArn": targets["TargetGroupArn"]}])
    server = subprocess.Popen(["nsenter", f"--net={status['runDir']}/netns/{place['vpc']}", sys.executable, "-c", ANSWER,
                               str(port), str(file)])
    until = time.monotonic() + 30
    while elbv2.describe_target_health(TargetGroupArn=targets["TargetGroupArn"])["TargetHealthDescriptions"][0][
            "TargetHealth"]["State"] != "healthy":
        assert time.monotonic() < until, "the target never became healthy"
        time.sleep(0.1)
    return {**made, "targets": targets["TargetGroupArn"], "server": server}


@pytest.fixture(scope="module")
def two_sides(unkai, ec2, elbv2, place, route53, tmp_path_factory):  # noqa: F811
    """A name with two weighted aliases to load balancers."""
    status = json.loads(unkai.run("status", "--json").stdout)["data"]
    if not status["network"]:
        pytest.skip("networks need root")
    name = f"s{uuid.uuid4().hex[:6]}.example.com"
    zone = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"].split("/")[-1]
    group = ec2.create_security_group(GroupName="sides", Description="x", VpcId=place["vpc"])["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    folder = tmp_path_factory.mktemp("sides")
    sides = {}
    for number, side in enumerate(("old", "new")):
        (folder / side).write_text("200")
        (folder / f"{side}-health").write_text("200")
        sides[side] = side_of(unkai, ec2, elbv2, place, status, group, side, 8081 + number, folder / side)
    host = "api." + name

    def weigh(old, new):
        settled(route53, change(route53, zone, "UPSERT", *[
            {"Name": host, "Type": "A", "SetIdentifier": side, "Weight": weight, "AliasTarget": {
                "HostedZoneId": sides[side]["CanonicalHostedZoneId"], "DNSName": sides[side]["DNSName"],
                "EvaluateTargetHealth": True}} for side, weight in (("old", old), ("new", new))]))

    def weights():
        return {one["SetIdentifier"]: one["Weight"] for one in records(route53, zone) if "SetIdentifier" in one}

    def answer_with(side, code):
        (folder / side).write_text(str(code))

    def feel(side, code):
        (folder / f"{side}-health").write_text(str(code))
    weigh(100, 0)
    yield {"host": host, "weigh": weigh, "weights": weights, "answer_with": answer_with, "feel": feel, "zone": zone}
    remove(route53, zone)
    for side in sides.values():
        elbv2.delete_load_balancer(LoadBalancerArn=side["LoadBalancerArn"])
        side["server"].kill()
        side["server"].wait()
        elbv2.delete_target_group(TargetGroupArn=side["targets"])
    delete_when_free(lambda: ec2.delete_security_group(GroupId=group))


def delete_when_free(delete):
    """The balancers' interfaces go shortly after them."""
    until = time.monotonic() + 20
    while True:
        try:
            return delete()
        except ClientError:
            assert time.monotonic() < until
            time.sleep(0.1)


@contextlib.contextmanager
def steady_load(unkai, host, seconds, rate=60):
    """Load in the background; the result is in the yielded list at the end of the block."""
    process = subprocess.Popen([unkai.program, "--data-dir", unkai.data, "load", f"http://{host}/", "--rate", str(rate),
                                "--duration", f"{seconds}s", "--fresh-dns", "--json"], stdout=subprocess.PIPE, text=True)
    result = []
    try:
        yield result
        process.terminate()
        result.append(json.loads(process.communicate(timeout=60)[0])["data"])
    finally:
        process.kill()
        process.wait()


def test_fresh_dns_shares_are_the_weights(unkai, two_sides):
    two_sides["weigh"](75, 25)
    code, data = command(unkai, "load", f"http://{two_sides['host']}/", "--rate", 150, "--duration", "8s", "--fresh-dns")
    assert code == 0 and data["answered"] == data["due"] == 1200 and data["statuses"] == {"200": 1200}
    shown = {}
    for side in ("old", "new"):
        two_sides["weigh"](*((1, 0) if side == "old" else (0, 1)))
        probe = command(unkai, "load", f"http://{two_sides['host']}/", "--rate", 20, "--duration", "2s", "--fresh-dns")[1]
        shown[side] = sum(data["addresses"].get(address, 0) for address in probe["addresses"])
    assert shown["old"] + shown["new"] == 1200
    assert abs(shown["new"] - 300) <= 3.9 * (1200 * 0.25 * 0.75) ** 0.5
    two_sides["weigh"](100, 0)


def test_a_side_without_healthy_targets_leaves_the_answer(unkai, two_sides):
    """EvaluateTargetHealth: the free roll-back."""
    def answers():
        return {address for _ in range(40) for address in dig(unkai, two_sides["host"])}
    two_sides["weigh"](100, 0)
    old = answers()
    two_sides["weigh"](50, 50)
    assert answers() > old
    two_sides["feel"]("new", 500)
    assert eventually(lambda: answers() == old)
    two_sides["feel"]("new", 200)
    assert eventually(lambda: answers() > old)


def test_shift_goes_all_the_way(unkai, two_sides, tmp_path):
    two_sides["weigh"](100, 0)
    with steady_load(unkai, two_sides["host"], 240) as load:
        code, data = command(unkai, "shift", two_sides["host"], "--from", "old", "--to", "new", "--steps", "50,100",
                             "--every", "10s", "--guard", "errors<1%", "--guard", "p99<5s", "--report", tmp_path / "report")
    assert code == 0 and data["outcome"] == "completed" and two_sides["weights"]() == {"old": 0, "new": 100}, data
    assert load[0]["failed"] == load[0]["serverErrors"] == load[0]["dropped"] == 0 and load[0]["answered"] > 500
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 4 and "src=" not in page
    assert json.loads((tmp_path / "report.json").read_text())["share"] == 100
    state = command(unkai, "shift", "status", two_sides["host"])[1]
    assert state["outcome"] == "completed"
    assert command(unkai, "shift", "pause", two_sides["host"])[0] == 1  # It is over.
    assert command(unkai, "shift", "undo", two_sides["host"])[0] == 0
    assert two_sides["weights"]() == {"old": 100, "new": 0}


def test_a_broken_guard_rolls_back(unkai, two_sides):
    two_sides["weigh"](100, 0)
    two_sides["answer_with"]("new", 503)
    try:
        with steady_load(unkai, two_sides["host"], 240):
            code, data = command(unkai, "shift", two_sides["host"], "--from", "old", "--to", "new", "--steps", "20,100",
                                 "--every", "15s", "--guard", "errors<1%")
    finally:
        two_sides["answer_with"]("new", 200)
    assert code == 99 and data["outcome"] == "guard failed" and "errors<1% is broken" in data["reason"]
    assert two_sides["weights"]() == {"old": 100, "new": 0}


def test_a_running_shift_takes_commands(unkai, two_sides):
    two_sides["weigh"](100, 0)
    process = subprocess.Popen([unkai.program, "--data-dir", unkai.data, "shift", two_sides["host"], "--from", "old", "--to",
                                "new", "--steps", "10,50,100", "--every", "10m", "--json"], stdout=subprocess.PIPE, text=True)

    def state_is(**wanted):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            code, state = command(unkai, "shift", "status", two_sides["host"])
            if code == 0 and all(state[name] == value for name, value in wanted.items()):
                return True
            time.sleep(0.1)
        return False
    try:
        assert state_is(share=10, phase="shifting")
        assert command(unkai, "shift", "pause", two_sides["host"])[0] == 0 and state_is(paused=True)
        assert command(unkai, "shift", "promote", two_sides["host"])[0] == 0 and state_is(share=50, lastGood=10)
        assert two_sides["weights"]() == {"old": 50, "new": 50}
        assert command(unkai, "shift", "abort", two_sides["host"])[0] == 0
        out = json.loads(process.communicate(timeout=60)[0])["data"]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1 and out["outcome"] == "aborted" and out["share"] == 10  # The last good one.
    assert two_sides["weights"]() == {"old": 90, "new": 10}
    assert command(unkai, "shift", "undo", two_sides["host"])[0] == 0
    assert two_sides["weights"]() == {"old": 100, "new": 0}


def test_a_terminal_takes_keys_and_asks_at_ctrl_c(unkai, two_sides):
    two_sides["weigh"](100, 0)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(unkai.program, [unkai.program, "--data-dir", str(unkai.data), "shift", two_sides["host"], "--from", "old",
                                 "--to", "new", "--steps", "10,50", "--every", "10m"])
    shown = b""

    def shows(text):
        nonlocal shown
        until = time.monotonic() + 30
        while text.encode() not in shown and time.monotonic() < until:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 65536)
        found, shown = text.encode() in shown, b""
        return found
    try:
        assert shows("p pause/resume")
        os.write(terminal, b"p")
        assert shows("Paused by command.")
        os.write(terminal, b"n")
        assert shows("Step 2 of 2: 50 % to new.")
        os.write(terminal, b"\x03")
        assert shows("[a] abort and roll back")
        os.write(terminal, b"c")
        assert shows("p pause/resume")
        os.write(terminal, b"\x03")
        assert shows("[a] abort and roll back")
        os.write(terminal, b"u")
        assert shows("undone")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)
    assert two_sides["weights"]() == {"old": 100, "new": 0}


@contextlib.contextmanager
def rest_api(unkai, route53, zone, host):
    """A REST API that answers by itself under a custom domain name; → its regional name and hosted zone."""
    gateway, acm = unkai.client("apigateway"), unkai.client("acm")
    certificate = acm.request_certificate(DomainName=host, ValidationMethod="DNS")["CertificateArn"]
    proof = acm.describe_certificate(CertificateArn=certificate)["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]
    settled(route53, change(route53, zone, "UPSERT", {"Name": proof["Name"], "Type": "CNAME", "TTL": 60,
                                                      "ResourceRecords": [{"Value": proof["Value"]}]}))
    acm.get_waiter("certificate_validated").wait(CertificateArn=certificate, WaiterConfig={"Delay": 1})
    api = gateway.create_rest_api(name="side")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    here = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**here, authorizationType="NONE")
    gateway.put_integration(**here, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**here, statusCode="200")
    gateway.put_integration_response(**here, statusCode="200")
    gateway.create_deployment(restApiId=api, stageName="prod")
    domain = gateway.create_domain_name(domainName=host, regionalCertificateArn=certificate,
                                        endpointConfiguration={"types": ["REGIONAL"]})
    gateway.create_base_path_mapping(domainName=host, restApiId=api, stage="prod")
    yield domain["regionalDomainName"], domain["regionalHostedZoneId"]
    gateway.delete_base_path_mapping(domainName=host, basePath="(none)")
    gateway.delete_domain_name(domainName=host)
    gateway.delete_rest_api(restApiId=api)


def test_an_api_gateway_is_a_side(unkai, two_sides, route53):
    """Found and measured by its custom domain name."""
    host = "rest." + two_sides["host"]
    with rest_api(unkai, route53, two_sides["zone"], host) as (regional, hosted_zone):
        balancer = next(one["AliasTarget"] for one in records(route53, two_sides["zone"])
                        if one.get("SetIdentifier") == "old" and "AliasTarget" in one)
        settled(route53, change(route53, two_sides["zone"], "UPSERT", *[
            {"Name": host, "Type": "A", "SetIdentifier": side, "Weight": weight, "AliasTarget": {
                "HostedZoneId": zone, "DNSName": name, "EvaluateTargetHealth": False}}
            for side, weight, zone, name in (("balancer", 100, balancer["HostedZoneId"], balancer["DNSName"]),
                                             ("gateway", 0, hosted_zone, regional))]))
        load = subprocess.Popen([unkai.program, "--data-dir", unkai.data, "load", f"https://{host}/", "--rate", "10",
                                 "--duration", "240s", "--fresh-dns", "--json"], stdout=subprocess.PIPE, text=True)
        try:
            code, data = command(unkai, "shift", host, "--from", "balancer", "--to", "gateway", "--steps", "100", "--every",
                                 "5s", "--guard", "errors<1%")
            load.terminate()
            measured = json.loads(load.communicate(timeout=60)[0])["data"]
        finally:
            load.kill()
            load.wait()
    assert code == 0, data
    # The balancer has no HTTPS listener: only what reached the gateway was answered.
    assert measured["statuses"].keys() == {"200"} and data["ticks"][-1]["to"]["p99Ms"] is not None


def test_shifts_refused(unkai, two_sides, route53):
    host = two_sides["host"]
    code, error = command(unkai, "shift", host, "--from", "old", "--to", "newer")
    assert code == 1 and error["code"] == "NoSuchRecord" and "'new' of weight 0" in error["message"]
    assert command(unkai, "shift", "api.nowhere.test", "--from", "a", "--to", "b")[1]["code"] == "NoSuchHostedZone"
    assert command(unkai, "shift", host, "--from", "old", "--to", "new", "--guard", "errors>1%")[0] == 2
    assert command(unkai, "shift", host, "--from", "old", "--to", "new", "--steps", "50,10")[0] == 2
    assert command(unkai, "shift", host, "--from", "old")[0] == 2
    assert command(unkai, "shift", "abort", "never.started.test")[1]["code"] == "NoSuchShift"
    plain = [{"Name": "p." + host, "Type": "A", "SetIdentifier": one, "Weight": 1, "TTL": 60,
              "ResourceRecords": [{"Value": "192.0.2.1"}]} for one in ("old", "new")]
    settled(route53, change(route53, two_sides["zone"], "CREATE", *plain))
    assert command(unkai, "shift", "p." + host, "--from", "old", "--to", "new")[1]["code"] == "NoMetrics"


def test_cost(unkai, tmp_path):
    template = tmp_path / "fargate.yaml"
    template.write_text("""
Parameters: {Tasks: {Type: Number, Default: 2}}
Resources:
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Cpu: 256, Memory: 512}}
  Service: {Type: AWS::ECS::Service, Properties: {LaunchType: FARGATE, DesiredCount: !Ref Tasks, TaskDefinition: !Ref Task}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
""")
    code, data = command(unkai, "cost", template, "--region", "ap-northeast-1")
    assert code == 0 and abs(data["monthlyUsd"] - 2 * 730 * (0.25 * 0.05056 + 0.5 * 0.00553)) < 1e-6
    api = next(line for line in data["lines"] if line["resource"] == "Api")
    assert api["parts"][0]["unitUsd"] == 4.25 and api["parts"][0]["unverified"] and api["parts"][0]["quantity"] is None
    code, data = command(unkai, "cost", template, "--traffic", "100/s", "--compare", template, "--parameter", "Tasks=4")
    assert code == 0 and data["differenceUsd"] == 0 and data["first"]["monthlyUsd"] > 900
    assert "?" in unkai.run("cost", str(template), "--region", "ap-northeast-1").stdout
    assert command(unkai, "cost", template, "--region", "mars-1")[1]["code"] == "RegionUnknown"
    assert command(unkai, "cost", tmp_path / "no.yaml")[1]["code"] == "NoSuchTemplate"
    assert command(unkai, "cost", template, "--traffic", "measured")[1]["code"] == "NotDeployed"
    assert command(unkai, "cost", "nostack")[0] == 1


def test_cost_and_check_of_a_stack(unkai):
    cloudformation = unkai.client("cloudformation")
    name = f"cost-{uuid.uuid4().hex[:6]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {
        "Logs": {"Type": "AWS::Logs::LogGroup"}}}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    try:
        code, data = command(unkai, "cost", name, "--traffic", "measured")
        assert code == 0 and data["lines"][0]["resource"] == "Logs"
        code, error = command(unkai, "migrate", "check", name)
        assert code == 1 and error["code"] == "NothingToCheck"
        assert command(unkai, "migrate", "check", "nostack")[0] == 1
    finally:
        cloudformation.delete_stack(StackName=name)


def test_migrate_check_names_what_differs(unkai):
    cloudformation = unkai.client("cloudformation")
    name = f"check-{uuid.uuid4().hex[:6]}"
    mock = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}

    def method(verb, **more):
        return {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": verb,
            "AuthorizationType": "NONE", "Integration": mock, **more}}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "BinaryMediaTypes": ["*/*"]}},
        "Get": method("GET", ApiKeyRequired=True), "Options": method("OPTIONS"),
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["Get", "Options"],
                       "Properties": {"RestApiId": {"Ref": "Api"}}},
        "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "prod", "MethodSettings": [
                {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 9}]}}}}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    try:
        code, data = command(unkai, "migrate", "check", name)
        found = {one["about"]: one for one in data["findings"]}
        assert code == 1 and data["mustFix"] == sum(one["mustFix"] for one in data["findings"])
        assert {"stage path", "mock", "CORS", "usage plans", "load balancer"} <= {
            about for about, one in found.items() if one["mustFix"]}, found
        assert {"timeout", "body", "headers", "base64", "throttling"} <= {
            about for about, one in found.items() if not one["mustFix"]}
        assert "/prod/" in found["stage path"]["text"] and "50" in found["throttling"]["text"]
        assert "FIX " in unkai.run("migrate", "check", name, check=False).stdout
        code, data = command(unkai, "cost", name, "--traffic", "measured")
        assert code == 0 and any(line["resource"] == "Api" for line in data["lines"])
    finally:
        cloudformation.delete_stack(StackName=name)


def test_help_begins_with_examples(unkai):
    for words in (["load"], ["shift"], ["cost"], ["migrate"], ["migrate", "check"]):
        text = unkai.run(*words, "--help").stdout
        assert "Examples:" in text and f"unkai {' '.join(words)}" in text
