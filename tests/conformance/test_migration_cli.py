"""The migration commands: load, shift, cost and migrate check, against real load balancers and real DNS."""
import contextlib
import http.server
import json
import subprocess
import threading
import time
import uuid

import pytest

from test_elbv2 import ec2, elbv2, place  # noqa: F401  (fixtures)
from test_route53 import change, records, remove, settled


@pytest.fixture(scope="module")
def via():
    return "boto3"


@contextlib.contextmanager
def served(status=200):
    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
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
    for wrong in (["load", "ftp://x"], ["load", "http://x", "--rate", "0"], ["load", "http://x", "--http2", "yes"],
                  ["load", "http://x", "--guard", "p95<1"], ["load", "http://x", "--duration", "soon"]):
        assert command(unkai, *wrong)[0] == 2


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


@pytest.fixture(scope="module")
def two_sides(unkai, elbv2, place, route53):  # noqa: F811
    """A name with two weighted aliases to load balancers that answer by themselves."""
    name = f"s{uuid.uuid4().hex[:6]}.example.com"
    zone = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"].split("/")[-1]
    sides = {}
    for side in ("old", "new"):
        made = elbv2.create_load_balancer(Name=f"side-{side}", Subnets=place["subnets"],
                                          SecurityGroups=[place["group"]])["LoadBalancers"][0]
        listener = elbv2.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": side}}])
        sides[side] = {**made, "listener": listener["Listeners"][0]["ListenerArn"]}
    host = "api." + name

    def weigh(old, new):
        settled(route53, change(route53, zone, "UPSERT", *[
            {"Name": host, "Type": "A", "SetIdentifier": side, "Weight": weight, "AliasTarget": {
                "HostedZoneId": sides[side]["CanonicalHostedZoneId"], "DNSName": sides[side]["DNSName"],
                "EvaluateTargetHealth": True}} for side, weight in (("old", old), ("new", new))]))

    def weights():
        return {one["SetIdentifier"]: one["Weight"] for one in records(route53, zone) if "SetIdentifier" in one}

    def answer_with(side, status):
        elbv2.modify_listener(ListenerArn=sides[side]["listener"], DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": str(status), "MessageBody": side}}])
    weigh(100, 0)
    yield {"host": host, "weigh": weigh, "weights": weights, "answer_with": answer_with, "zone": zone}
    remove(route53, zone)
    for side in sides.values():
        elbv2.delete_load_balancer(LoadBalancerArn=side["LoadBalancerArn"])


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


def test_help_begins_with_examples(unkai):
    for words in (["load"], ["shift"], ["cost"], ["migrate"], ["migrate", "check"]):
        text = unkai.run(*words, "--help").stdout
        assert "Examples:" in text and f"unkai {' '.join(words)}" in text
