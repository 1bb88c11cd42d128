"""examples/migration in an installation of its own: both sides behind one name, a receiver in Slack's place."""
import contextlib
import http.client
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import boto3
import dns.message
import dns.query
import dns.rdatatype

from installation import Installation
from stack import Unkai
from standalone import ROOT, wait_for

EXAMPLE = ROOT / "examples" / "migration"
NAME = "api.migration.localhost"
WORKSPACE, CHANNEL = "T0000DEMO", "C0000ALARMS"


class Slack:
    """A webhook on loopback; `.messages` has what was posted, with the time of its arrival."""

    def __enter__(self):
        messages = self.messages = []

        class Webhook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.append((time.monotonic(), json.loads(body)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/services/T0/B0/x"

    def about(self, *words: str) -> list:
        return [one for _, one in list(self.messages) if all(word in json.dumps(one) for word in words)]


class Migration:
    def __init__(self, own: Installation, program: str):
        self.own, self.unkai = own, Unkai(program, str(own.data))
        environment = self.unkai.environment()
        self.dns_server = self.unkai.status()["dnsAddress"]
        self.authority = environment["AWS_CA_BUNDLE"]
        session = boto3.Session(aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                                region_name=environment["AWS_REGION"])
        self.client = lambda service: session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"])
        self.outputs = {}
        for stack in ("migration-base", "migration-lambda", "migration-fargate"):
            described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
            self.outputs[stack] = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
        self.sides = {"lambda": self.outputs["migration-lambda"]["RegionalDomainName"],
                      "fargate": self.outputs["migration-fargate"]["LoadBalancerDnsName"]}

    # ---- Names

    def resolve(self, name: str) -> list[str]:
        """Asks the DNS server anew: nothing is remembered."""
        answer = dns.query.udp(dns.message.make_query(name, "A"), self.dns_server, timeout=5)
        return [item.address for rrset in answer.answer for item in rrset if item.rdtype == dns.rdatatype.A]

    def addresses(self, side: str) -> set[str]:
        return set(self.resolve(self.sides[side]))

    def records(self) -> dict[str, dict]:
        zone = self.outputs["migration-base"]["ZoneId"]
        listed = self.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {one["SetIdentifier"]: one for one in listed if one["Name"] == NAME + "." and "SetIdentifier" in one}

    def weights(self) -> dict[str, int]:
        return {name: record["Weight"] for name, record in self.records().items()}

    def set_weights(self, **weights: int):
        records = self.records()
        self.client("route53").change_resource_record_sets(
            HostedZoneId=self.outputs["migration-base"]["ZoneId"],
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {**records[name], "Weight": weight}}
                                     for name, weight in weights.items()]})

    # ---- Requests

    def ask(self, side: str, path: str, method="GET", body=None) -> tuple[int, str, bytes]:
        """One request to that side under the common name: status, Content-Type, body."""
        context = ssl.create_default_context(cafile=self.authority)
        plain = socket.create_connection((sorted(self.addresses(side))[0], 443), timeout=15)
        with contextlib.closing(http.client.HTTPConnection(NAME)) as connection:
            connection.sock = context.wrap_socket(plain, server_hostname=NAME)
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()

    def break_fargate(self, seconds: float, status: int = 503):
        """Every task is told to fail for a while."""
        for _ in range(12):  # They take turns.
            got, _, text = self.ask("fargate", "/fault", "POST", {"status": status, "seconds": seconds})
            assert got == 200, text

    @contextlib.contextmanager
    def load(self, path="/products/7", rate=30):
        """Requests in the open model, each asking DNS anew; yields a function that ends it: what was measured."""
        process = subprocess.Popen(
            [self.own.program, "--data-dir", self.own.data, "load", f"https://{NAME}{path}", "--rate", str(rate),
             "--duration", "10m", "--fresh-dns", "--json"], stdout=subprocess.PIPE, text=True)

        def end() -> dict:
            process.send_signal(2)
            return json.loads(process.communicate(timeout=60)[0])["data"]
        try:
            yield end
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def shift(self, *options: str, seconds: float = 300) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.own.program, "--data-dir", self.own.data, "shift", NAME, "--from", "lambda", "--to", "fargate",
             "--report", str(self.own.data / "shift"), "--json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds)

    def alarm(self, name: str) -> str:
        return self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


@contextlib.contextmanager
def deployed_migration(program: str):
    with Slack() as slack, Installation(program) as own:
        own.run("slack", WORKSPACE, CHANNEL, slack.url)
        own.run("up", str(EXAMPLE), "--check", "--check-timeout", "120")
        migration = Migration(own, program)
        migration.slack = slack
        wait_for("both sides", lambda: all(migration.ask(side, "/health")[0] == 200 for side in migration.sides), 60)
        yield migration
