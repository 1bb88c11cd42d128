"""A deployed stack, seen as its owner sees it: by the AWS SDK with what `unkai env` prints, by HTTP, by tasks that
run inside of its VPC. What only the machine's root can see (processes) is in machine.py.
"""
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import boto3
import dns.resolver
from botocore.config import Config

from standalone import wait_for


class Unkai:
    """The program under test, by its command line."""

    def __init__(self, program: str, data_dir: str | None = None):
        self.program = program
        self.common = ["--data-dir", data_dir] if data_dir else []

    def run(self, *arguments: str, timeout: float = 300) -> dict:
        """Runs a subcommand with --json; its data. A failure's message is in the assertion."""
        done = subprocess.run([self.program, *self.common, *arguments, "--json"], capture_output=True, text=True,
                              timeout=timeout)
        assert done.returncode == 0, f"unkai {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)["data"] if done.stdout.strip() else {}

    def environment(self) -> dict:
        return self.run("env")

    def status(self) -> dict:
        return self.run("status")

    def pid(self) -> int:
        return int(self.status()["pid"])


class Stack:
    def __init__(self, unkai: Unkai, name: str, installation=None):
        self.unkai = unkai
        self.installation = installation  # If it is the tests' own.
        self.name = name
        self.connect()
        self.outputs = self._outputs()
        self.site = self.outputs["SiteUrl"]
        self.api = self.outputs["ApiUrl"]
        self.domain = self.site.removeprefix("https://")

    def connect(self):
        """(Again, after the program was restarted.)"""
        environment = self.unkai.environment()
        self.names = dns.resolver.Resolver(configure=False)
        self.names.nameservers = [self.unkai.status()["dnsAddress"]]
        self.region = environment["AWS_REGION"]
        self.account = environment["account"]
        self.authority = environment.get("AWS_CA_BUNDLE")
        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.region,
        )
        self.client = lambda service: session.client(
            service, endpoint_url=environment["AWS_ENDPOINT_URL"],
            config=Config(retries={"max_attempts": 3, "mode": "standard"}))

    def _outputs(self) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}

    def resource(self, logical: str) -> str:
        """The physical id of a resource in the template."""
        detail = self.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical)
        return detail["StackResourceDetail"]["PhysicalResourceId"]

    # ---- HTTP, by the names that Route 53 answers, certificates verified against the local CA

    def addresses(self, host: str) -> list[str]:
        """What Unkai's DNS server answers; localhost itself is this machine's, as everywhere."""
        if host in ("localhost", "127.0.0.1"):
            return ["127.0.0.1"]
        return [record.address for record in self.names.resolve(host, "A")]

    def names_for_browsers(self) -> dict[str, str]:
        return {self.domain: self.addresses(self.domain)[0]}

    def door(self, place, timeout=None, *_):
        """A connection to one of the addresses of a name, as a client makes it."""
        host, port = place
        for address in (found := self.addresses(host)):
            try:
                return socket.create_connection((address, port), timeout)
            except OSError:
                if address == found[-1]:
                    raise

    def get(self, url: str, timeout: float = 10, headers: dict | None = None, method: str = "GET",
            follow: bool = True) -> tuple[int, dict, bytes]:
        context = ssl.create_default_context(cafile=self.authority)
        handlers: list = [Doors(self.door, context), urllib.request.ProxyHandler({})]
        if not follow:
            handlers.append(NoRedirect())
        request = urllib.request.Request(url, headers=headers or {}, method=method)
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def get_json(self, path: str, base: str | None = None) -> dict:
        status, _, body = self.get((base or self.site) + path)
        assert status == 200, f"{path}: {status} {body[:500]!r}"
        return json.loads(body)

    # ---- Tasks

    def service_tasks(self) -> list[dict]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=self.outputs["ClusterName"], serviceName=self.outputs["ServiceName"],
                              desiredStatus="RUNNING")["taskArns"]
        return ecs.describe_tasks(cluster=self.outputs["ClusterName"], tasks=arns)["tasks"] if arns else []

    def served_by(self) -> dict[str, str]:
        """The tasks that answer at the load balancer and their zones, as their metadata endpoints told them."""
        seen = {}
        for _ in range(40):
            status, headers, _ = self.get(self.api + "/api/health")
            assert status == 200
            task, zone = headers["x-served-by"].split(" ")
            seen[task] = zone
        return seen

    def run_script(self, script: str, *, subnet: str | None = None, group: str | None = None,
                   timeout: float = 90) -> list[str]:
        """Runs JavaScript in a task of its own, with the application's image, environment and place in the network
        (unless told otherwise); the lines that it logged."""
        ecs = self.client("ecs")
        definition = self.resource("ApiTaskDefinition")
        started = ecs.run_task(
            cluster=self.outputs["ClusterName"], taskDefinition=definition, launchType="FARGATE", count=1,
            networkConfiguration={"awsvpcConfiguration": {
                "subnets": [subnet or self.resource("PrivateSubnetA")],
                "securityGroups": [group or self.resource("TaskSecurityGroup")],
                "assignPublicIp": "DISABLED"}},
            overrides={"containerOverrides": [{"name": "api", "command": ["node", "-e", script]}]},
        )
        assert not started["failures"], started["failures"]
        arn = started["tasks"][0]["taskArn"]

        def stopped():
            task = ecs.describe_tasks(cluster=self.outputs["ClusterName"], tasks=[arn])["tasks"][0]
            return task if task["lastStatus"] == "STOPPED" else None
        try:
            task = wait_for("the task to end", stopped, timeout)
        except AssertionError:
            ecs.stop_task(cluster=self.outputs["ClusterName"], task=arn, reason="the test gave up")
            raise
        lines = self.log_lines(f"api/api/{arn.split('/')[-1]}")
        assert task["containers"][0].get("exitCode") == 0, (task.get("stoppedReason"), lines)
        return lines

    def log_lines(self, stream: str) -> list[str]:
        events = self.client("logs").get_log_events(
            logGroupName=self.outputs["LogGroupName"], logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def query(self, sql: str, endpoint: str = "reader") -> list | dict:
        """Rows of a statement at one of the database's endpoints, sent from inside of the VPC; or {"error": …}."""
        script = """
            const mysql = require('/app/node_modules/mysql2/promise');
            (async () => {
              const connection = await mysql.createConnection({
                host: process.env.DB_%s_HOST, port: process.env.DB_PORT, user: process.env.DB_USER,
                password: process.env.DB_PASSWORD, database: process.env.DB_NAME, connectTimeout: 5000 });
              try {
                const [rows] = await connection.query(%s);
                return rows;
              } finally {
                connection.destroy(); // An open connection would keep the task alive.
              }
            })().catch((error) => ({ error: error.code, number: error.errno }))
              .then((result) => console.log('RESULT ' + JSON.stringify(result)));
        """ % (endpoint.upper(), json.dumps(sql))
        return result_of(self.run_script(script))

    def connects(self, host: str, port: int, **place) -> str:
        """"open", "refused" or "dropped": what a connection from inside of the VPC meets."""
        script = """
            const socket = require('net').connect({ host: %s, port: %d });
            const end = (what) => { console.log('RESULT ' + JSON.stringify(what)); process.exit(0); };
            socket.setTimeout(4000, () => end('dropped'));
            socket.on('connect', () => end('open'));
            socket.on('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused'
              : ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].includes(error.code) ? 'dropped' : error.code));
        """ % (json.dumps(host), port)
        return result_of(self.run_script(script, **place))


class Doors(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """http and https, connected by a function of one's own."""

    def __init__(self, door, context):
        super().__init__(context=context)
        self.door, self.context = door, context

    def http_open(self, request):
        return self.do_open(self._with_door(http.client.HTTPConnection), request)

    def https_open(self, request):
        return self.do_open(self._with_door(http.client.HTTPSConnection), request, context=self.context)

    def _with_door(self, kind):
        def make(*arguments, **options):
            connection = kind(*arguments, **options)
            connection._create_connection = self.door
            return connection
        return make


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def result_of(lines: list[str]):
    found = [line for line in lines if line.startswith("RESULT ")]
    assert found, f"the task logged no result: {lines}"
    return json.loads(found[-1].removeprefix("RESULT "))


class Load:
    """Requests at a steady rate while something happens, from a thread. Failures are kept."""

    def __init__(self, ask, per_second: float = 40):
        self.ask, self.pause = ask, 1 / per_second
        self.answers, self.failures = 0, []

    def __enter__(self):
        import threading
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(4)]
        for thread in self.threads:
            thread.start()
        return self

    def _run(self):
        while not self.stopping.wait(self.pause * len(self.threads)):
            try:
                self.ask()
                self.answers += 1
            except Exception as error:  # Every failure counts, whatever it is.
                self.failures.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def in_environment(pid: int, name: str) -> str:
    """A variable in a process's environment; empty when the process is gone or has none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            for pair in file.read().split(b"\0"):
                key, _, value = pair.partition(b"=")
                if key.decode() == name:
                    return value.decode()
    except OSError:
        pass
    return ""


def pids_of_task(task_arn: str) -> list[int]:
    """The processes of a task, as the machine's root sees them: those that know its metadata endpoint by its id."""
    task = task_arn.split("/")[-1]
    pids = []
    for name in os.listdir("/proc"):
        if name.isdigit() and task in in_environment(int(name), "ECS_CONTAINER_METADATA_URI_V4"):
            pids.append(int(name))
    return pids
