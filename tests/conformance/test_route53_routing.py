"""Route 53's routing policies and health checks: through boto3 and the AWS CLI, answers by dig and by dnspython."""
import collections
import json
import pathlib
import subprocess
import sys
import time
import uuid

import dns.flags
import dns.message
import dns.query
import dns.resolver
import pytest
from botocore.exceptions import ClientError

from test_route53 import change, dig, failure, record, records, remove, settled


@pytest.fixture
def route53(unkai, via):
    return unkai.client("route53", via=via)


@pytest.fixture
def zone(route53):
    name = f"r{uuid.uuid4().hex[:8]}.example.com"
    made = route53.create_hosted_zone(Name=name, CallerReference=str(uuid.uuid4()))
    yield {"Id": made["HostedZone"]["Id"].split("/")[-1], "Name": name}
    remove(route53, made["HostedZone"]["Id"])


@pytest.fixture
def status(unkai):
    return json.loads(unkai.run("status", "--json").stdout)["data"]


@pytest.fixture
def resolver(status):
    out = dns.resolver.Resolver(configure=False)
    out.nameservers = [status["dnsAddress"]]
    out.cache = None
    return out


@pytest.fixture
def endpoint(status):
    """An HTTP server on the internet of this installation; answers the status that its file says."""
    if not status["network"]:
        pytest.skip("networks need root")
    folder = pathlib.Path(status["dataDir"]) / f"endpoint-{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    (folder / "status").write_text("200")
    code = (
        "import http.server, pathlib, sys\n"
        "class Answer(http.server.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def do_GET(self):\n"
        f"        status = int(pathlib.Path({str(folder / 'status')!r}).read_text())\n"
        "        body = b'x' * 3000 + b'needle' + b'y' * 9000 + b'late'\n"
        "        self.send_response(status); self.send_header('Content-Length', str(len(body)))\n"
        "        self.end_headers(); self.wfile.write(body)\n"
        "    def log_message(self, *_): pass\n"
        f"server = http.server.ThreadingHTTPServer(({status['edgeAddress']!r}, 0), Answer)\n"
        "print(server.server_port, flush=True); server.serve_forever()\n")
    network = pathlib.Path(status["runDir"]) / "netns" / "internet"
    server = subprocess.Popen(["nsenter", f"--net={network}", sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    yield {"address": status["edgeAddress"], "port": port, "set": lambda code: (folder / "status").write_text(str(code))}
    server.kill()
    server.wait()


@pytest.fixture
def checks(route53):
    made = []

    def make(**config):
        out = route53.create_health_check(CallerReference=str(uuid.uuid4()), HealthCheckConfig=config)["HealthCheck"]
        made.append(out["Id"])
        return out
    yield make
    for one in made:
        try:
            route53.delete_health_check(HealthCheckId=one)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchHealthCheck"


def eventually(condition, seconds=60):
    """Waits for what must come, however slow the machine: health checks look every ten seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


def weighted(name, address, identifier, weight, **more):
    return record(name, "A", address, SetIdentifier=identifier, Weight=weight, **more)


@pytest.mark.by_boto3
@pytest.mark.parametrize("old,new", [(90, 10), (50, 50), (0, 0), (255, 1)])
def test_shares_of_weights(route53, zone, resolver, old, new):
    name = "w." + zone["Name"]
    settled(route53, change(route53, zone["Id"], "UPSERT", weighted(name, "192.0.2.1", "old", old),
                            weighted(name, "192.0.2.2", "new", new)))
    asked = 2000
    seen = collections.Counter(resolver.resolve(name, "A")[0].address for _ in range(asked))
    share = 0.5 if old + new == 0 else new / (old + new)
    spread = 3.9 * (asked * share * (1 - share)) ** 0.5 + 1
    assert abs(seen["192.0.2.2"] - asked * share) <= spread, seen
    assert resolver.resolve(name, "A").rrset.ttl == 60


def test_weighted_rules(unkai, route53, zone):
    name = "w." + zone["Name"]
    change(route53, zone["Id"], "CREATE", weighted(name, "192.0.2.1", "a", 1), weighted(name, "192.0.2.2", "b", 1))

    def refused(one):
        return failure(route53.change_resource_record_sets, HostedZoneId=zone["Id"],
                       ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": one}]})
    assert refused(record(name, "A", "192.0.2.9")) == ("InvalidChangeBatch", (
        f"[RRSet with DNS name {name}., type A cannot be created as other RRSets exist with the same name and type.]"))
    assert "set exists with the same name and type" in refused(
        record(name, "A", "192.0.2.9", SetIdentifier="c", Failover="PRIMARY"))[1]
    assert refused(record(name, "A", "192.0.2.9", Weight=1))[0] == "InvalidInput"
    assert refused(record(name, "A", "192.0.2.9", SetIdentifier="c"))[0] == "InvalidInput"
    assert refused(record(name, "A", "192.0.2.9", SetIdentifier="c", Weight=256))[0] in ("InvalidInput", "ParamValidation")
    assert "exactly one" in refused(record(name, "A", "192.0.2.9", "192.0.2.8", SetIdentifier="c", Weight=1))[1]
    # One TTL for the whole group: the last one given.
    settled(route53, change(route53, zone["Id"], "UPSERT", weighted(name, "192.0.2.1", "a", 1, ttl=30)))
    assert {one["TTL"] for one in records(route53, zone["Id"]) if one["Name"] == name + "."} == {30}
    sets = [weighted(f"m.{zone['Name']}", f"192.0.2.{i}", str(i), 1) for i in range(100)]
    change(route53, zone["Id"], "CREATE", *sets)
    assert "more than 100" in refused(weighted(f"m.{zone['Name']}", "198.51.100.1", "one more", 1))[1]


def test_latency_geolocation_multivalue(unkai, route53, zone, resolver, status):
    name = zone["Name"]
    regions = {"us-east-1": "192.0.2.1", "eu-west-1": "192.0.2.2", "ap-northeast-1": "192.0.2.3"}
    settled(route53, change(route53, zone["Id"], "CREATE", *[
        record("l." + name, "A", address, SetIdentifier=region, Region=region) for region, address in regions.items()],
        record("g." + name, "A", "192.0.2.7", SetIdentifier="default", GeoLocation={"CountryCode": "*"}),
        record("g." + name, "A", "192.0.2.8", SetIdentifier="south", GeoLocation={"ContinentCode": "AF"}),
        *[record("m." + name, "A", f"192.0.2.{i}", SetIdentifier=str(i), MultiValueAnswer=True) for i in range(10)]))
    assert dig(unkai, "l." + name) == [regions[status["region"]]]
    assert dig(unkai, "g." + name) == ["192.0.2.7"]
    assert len(resolver.resolve("m." + name, "A")) == 8
    code, message = failure(route53.change_resource_record_sets, HostedZoneId=zone["Id"], ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": record("l." + name, "A", "192.0.2.9", SetIdentifier="x", Region="eu-west-1")}]})
    assert code == "InvalidChangeBatch" and "a latency RRSet with the same name, type and region already exists" in message


def test_health_check_life(route53, checks):
    made = checks(Type="HTTPS_STR_MATCH", FullyQualifiedDomainName="down.example.com", SearchString="ok", RequestInterval=10)
    config = made["HealthCheckConfig"]
    assert config["Port"] == 443 and config["FailureThreshold"] == 3 and made["HealthCheckVersion"] == 1
    assert route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["Id"] == made["Id"]
    listed = [one["Id"] for page in route53.get_paginator("list_health_checks").paginate(PaginationConfig={"PageSize": 1})
              for one in page["HealthChecks"]]
    assert made["Id"] in listed
    assert route53.get_health_check_count()["HealthCheckCount"] == len(listed)
    changed = route53.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, SearchString="fine", FailureThreshold=1)
    assert changed["HealthCheck"]["HealthCheckVersion"] == 2 and changed["HealthCheck"]["HealthCheckConfig"]["SearchString"] == "fine"
    assert failure(route53.update_health_check, HealthCheckId=made["Id"], HealthCheckVersion=1)[0] == "HealthCheckVersionMismatch"
    assert route53.get_checker_ip_ranges()["CheckerIpRanges"][0].endswith("/32")
    target = {"ResourceType": "healthcheck", "ResourceId": made["Id"]}
    route53.change_tags_for_resource(**target, AddTags=[{"Key": "Name", "Value": "api"}])
    assert route53.list_tags_for_resource(**target)["ResourceTagSet"]["Tags"] == [{"Key": "Name", "Value": "api"}]
    assert eventually(lambda: route53.get_health_check_status(HealthCheckId=made["Id"])["HealthCheckObservations"])
    reason = route53.get_health_check_last_failure_reason(HealthCheckId=made["Id"])["HealthCheckObservations"][0]
    assert reason["StatusReport"]["Status"].startswith("Failure: DNS resolution failed")
    route53.delete_health_check(HealthCheckId=made["Id"])
    for call in ("get_health_check", "delete_health_check", "get_health_check_status", "update_health_check",
                 "get_health_check_last_failure_reason"):
        assert failure(getattr(route53, call), HealthCheckId=made["Id"])[0] == "NoSuchHealthCheck"


def test_health_checks_refused(route53, checks):
    def refused(**config):
        return failure(route53.create_health_check, CallerReference=str(uuid.uuid4()), HealthCheckConfig=config)
    assert refused(Type="HTTP")[0] == "InvalidInput"
    assert refused(Type="HTTP", IPAddress="10.0.0.1")[0] == "InvalidInput"
    assert refused(Type="TCP", IPAddress="203.0.113.1")[0] == "InvalidInput"
    assert refused(Type="HTTP", IPAddress="203.0.113.1", RequestInterval=20)[0] == "InvalidInput"
    assert "Application Recovery Controller" in refused(Type="RECOVERY_CONTROL", RoutingControlArn="arn:aws:x")[1]
    assert refused(Type="CALCULATED", ChildHealthChecks=["none"], HealthThreshold=1)[0] == "InvalidInput"
    reference = str(uuid.uuid4())
    config = {"Type": "TCP", "IPAddress": "203.0.113.1", "Port": 5}
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]["Id"]
    again = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]["Id"]
    assert made == again
    assert failure(route53.create_health_check, CallerReference=reference,
                   HealthCheckConfig={**config, "Port": 6})[0] == "HealthCheckAlreadyExists"
    route53.delete_health_check(HealthCheckId=made)


@pytest.mark.by_boto3
def test_failover_follows_the_endpoint(unkai, route53, zone, endpoint, checks, resolver):
    name = "f." + zone["Name"]
    probe = {"Type": "HTTP", "IPAddress": endpoint["address"], "Port": endpoint["port"], "RequestInterval": 10,
             "FailureThreshold": 1}
    check = checks(**probe)["Id"]
    inverted = checks(**probe, Inverted=True)["Id"]
    total = checks(Type="CALCULATED", ChildHealthChecks=[check, inverted], HealthThreshold=2)["Id"]
    settled(route53, change(route53, zone["Id"], "CREATE",
                            record(name, "A", "192.0.2.1", SetIdentifier="p", Failover="PRIMARY", HealthCheckId=check),
                            record(name, "A", "192.0.2.2", SetIdentifier="s", Failover="SECONDARY"),
                            weighted("w." + name, "192.0.2.1", "a", 100, HealthCheckId=check),
                            weighted("w." + name, "192.0.2.2", "b", 0, HealthCheckId=inverted),
                            record("t." + name, "A", "192.0.2.1", SetIdentifier="p", Failover="PRIMARY", HealthCheckId=total),
                            record("t." + name, "A", "192.0.2.2", SetIdentifier="s", Failover="SECONDARY")))
    assert dig(unkai, name) == ["192.0.2.1"] and dig(unkai, "w." + name) == ["192.0.2.1"]
    assert eventually(lambda: "Success: HTTP Status Code 200, OK" in str(
        route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]))
    assert eventually(lambda: dig(unkai, "t." + name) == ["192.0.2.2"])  # One of two is not enough.
    endpoint["set"](503)
    assert eventually(lambda: dig(unkai, name) == ["192.0.2.2"])
    assert eventually(lambda: dig(unkai, "w." + name) == ["192.0.2.2"])  # The record of weight 0 steps in.
    assert "Failure: HTTP Status Code 503" in str(route53.get_health_check_last_failure_reason(HealthCheckId=check))
    endpoint["set"](302)
    assert eventually(lambda: dig(unkai, name) == ["192.0.2.1"])
    route53.update_health_check(HealthCheckId=inverted, Disabled=True, Inverted=False)
    assert eventually(lambda: dig(unkai, "t." + name) == ["192.0.2.1"])  # Both count as healthy now.


def test_endpoints_are_looked_at(route53, endpoint, checks):
    base = {"IPAddress": endpoint["address"], "Port": endpoint["port"], "RequestInterval": 10, "FailureThreshold": 1}

    def report(check):
        seen = []
        assert eventually(lambda: seen.extend(
            route53.get_health_check_status(HealthCheckId=check["Id"])["HealthCheckObservations"]) or seen)
        assert seen[0]["IPAddress"] and seen[0]["Region"]
        return seen[0]["StatusReport"]["Status"]
    assert report(checks(**base, Type="TCP")).startswith("Success")
    assert report(checks(**base, Type="HTTP_STR_MATCH", SearchString="needle")).startswith("Success: HTTP Status Code 200")
    assert "not in the first 5,120" in report(checks(**base, Type="HTTP_STR_MATCH", SearchString="late"))
    assert "SSL" in report(checks(**base, Type="HTTPS"))
    assert "refused" in report(checks(**{**base, "Port": 9}, Type="HTTP"))


@pytest.mark.by_boto3
def test_alarms_are_followed_by_their_data(unkai, route53, zone, checks, via):
    cloudwatch = unkai.client("cloudwatch")
    name, space = "a." + zone["Name"], f"test/{via}"
    alarm = f"depth-{via}"
    cloudwatch.put_metric_alarm(AlarmName=alarm, Namespace=space, MetricName="Depth", Statistic="Maximum", Period=10,
                                EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold")
    check = checks(Type="CLOUDWATCH_METRIC", AlarmIdentifier={"Region": "us-east-1", "Name": alarm},
                   InsufficientDataHealthStatus="LastKnownStatus")["Id"]
    settled(route53, change(route53, zone["Id"], "CREATE",
                            record(name, "A", "192.0.2.1", SetIdentifier="p", Failover="PRIMARY", HealthCheckId=check),
                            record(name, "A", "192.0.2.2", SetIdentifier="s", Failover="SECONDARY")))

    def answers_after(value):
        cloudwatch.put_metric_data(Namespace=space, MetricData=[
            {"MetricName": "Depth", "Value": value, "StorageResolution": 1}])
        return dig(unkai, name)
    assert eventually(lambda: answers_after(9) == ["192.0.2.2"])
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="by hand")  # Moves nothing.
    assert answers_after(9) == ["192.0.2.2"]
    assert eventually(lambda: answers_after(1) == ["192.0.2.1"])
    assert failure(route53.get_health_check_status, HealthCheckId=check)[0] == "InvalidInput"
    shown = {(one["MetricName"], one["Dimensions"][0]["Value"])
             for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/Route53") for one in page["Metrics"]}
    assert ("HealthCheckStatus", check) in shown
    cloudwatch.delete_alarms(AlarmNames=[alarm])


def test_answers_are_authoritative_and_complete(status, route53, zone):
    """By dnspython: flags, NXDOMAIN with the zone's SOA, truncation and TCP."""
    name = zone["Name"]
    settled(route53, change(route53, zone["Id"], "CREATE", record(
        "big." + name, "TXT", *[f'"{i:02d}{"t" * 120}"' for i in range(20)])))
    server = status["dnsAddress"]
    answer = dns.query.udp(dns.message.make_query("big." + name, "TXT"), server, timeout=5)
    assert answer.flags & dns.flags.TC and answer.flags & dns.flags.AA
    answer = dns.query.tcp(dns.message.make_query("big." + name, "TXT"), server, timeout=5)
    assert len(answer.answer[0]) == 20
    missing = dns.query.udp(dns.message.make_query("nothing." + name, "A"), server, timeout=5)
    assert missing.rcode() == dns.rcode.NXDOMAIN and missing.authority[0].rdtype == dns.rdatatype.SOA
