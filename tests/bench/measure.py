"""What every bench is made of. A bench is one file in this folder with one function:

    def measure(setting):            # a Setting: the program, how long, how often
        with Unkai(setting) as unkai:
            …
        yield Figure("answers a second", ours, theirs, peer="Knot", unit="µs CPU", most=1.2)

Rules: peers run beside Unkai in the same run, and every round takes each in turn (in_turns), so that a slow minute
of the machine hits both; the median of the rounds counts; what is compared is CPU per request wherever a rate would
only tell who had a core for himself. `./dev bench` runs all, prints a table, and writes build/bench.json.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PUBLIC_CIDR = os.environ.get("UNKAI_PUBLIC_CIDR", "203.0.112.0/22")
ACCOUNT, ACCESS_KEY, SECRET_KEY = "123456789012", "AKIABENCH00000000000", "bench-secret"


@dataclasses.dataclass
class Setting:
    program: str
    seconds: float = 3
    rounds: int = 5


@dataclasses.dataclass
class Figure:
    """One measured figure. With a peer it is judged by the ratio ours / theirs, else by itself."""
    name: str
    ours: float
    theirs: float = None
    peer: str = ""
    unit: str = ""
    most: float = None
    least: float = None

    @property
    def judged(self):
        return self.ours / self.theirs if self.theirs else self.ours

    @property
    def good(self):
        return (self.most is None or self.judged <= self.most) and (self.least is None or self.judged >= self.least)


class Missing(Exception):
    """A peer or a tool that is not installed; its bench is left out, by name."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed (packages.txt, section bench)")


class Unkai:
    """A program of its own: data folder, port, range of public addresses; purged at the end."""

    def __init__(self, setting):
        self.program = setting.program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="unkai-bench-"))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.pid = None

    def arguments(self):
        return ["--port", str(self.port), "--public-cidr", PUBLIC_CIDR, "--account", ACCOUNT,
                "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]

    def run(self, *arguments):
        done = subprocess.run([self.program, "--data-dir", self.folder, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"unkai {' '.join(map(str, arguments))}: {done.stdout}")
        return done.stdout

    def __enter__(self):
        try:
            self.run("start", *self.arguments())
            status = json.loads(self.run("status", "--json"))["data"]
            self.pid, self.run_dir = status["pid"], pathlib.Path(status["runDir"])
            self.dns_address, self.edge_address = status["dnsAddress"], status["edgeAddress"]
            if not status["network"]:
                raise Missing("networks cannot be made here (unkai doctor says why)")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([self.program, "--data-dir", self.folder, "stop", "--purge"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def token(self):
        return json.loads((self.folder / "installation.json").read_text())["controlToken"]

    def control(self, verb, **body):
        """What the command line asks; this way by HTTP."""
        request = urllib.request.Request(
            f"{self.endpoint}/_unkai/{verb}", json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token()}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{verb} {body.get('operation', '')}: {error.read().decode()}") from None

    def call(self, service, operation, region="us-east-1", **parameters):
        """Any AWS operation, as the root user."""
        return self.control("call", service=service, operation=operation, input=parameters, region=region)

    def vpc_namespace(self, vpc):
        """The path of the network namespace that a VPC is (`internet`: what lies outside of all of them)."""
        found = [path for path in self.run_dir.rglob(f"*{vpc}*") if not path.is_dir()]
        if not found:
            raise RuntimeError(f"{vpc} has no namespace below {self.run_dir}")
        return str(found[0])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes(pid):
    """A process and all below it."""
    below = [int(child) for task in pathlib.Path(f"/proc/{pid}/task").glob("*")
             for child in (task / "children").read_text().split()]
    return [pid, *(one for child in below for one in processes(child))]


def cpu_seconds(pid):
    """User and system time of a process, its threads and what it runs."""
    total = 0
    for one in processes(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident(pid, field="Pss"):
    """MiB, of the process alone."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1024


@contextlib.contextmanager
def running(*command, network=None):
    """A peer in the foreground, ended with the block; `network`: inside that namespace."""
    inside = ["nsenter", f"--net={network}", "--"] if network else []
    process = subprocess.Popen([*inside, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def folder(prefix):
    made = pathlib.Path(tempfile.mkdtemp(prefix=f"unkai-bench-{prefix}-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def answers(url, host=None, status=200):
    """Whether a URL answers as it should (curl, so that any Host can be asked for)."""
    done = subprocess.run(["curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}",
                           *(["-H", f"Host: {host}"] if host else []), url], stdout=subprocess.PIPE, text=True)
    return done.stdout == str(status)


def wrk(url, seconds, connections=32, headers=(), script=None):
    """Requests that succeeded, by one thread over kept connections; any failed one is an error."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", *(part for one in headers for part in ("-H", one)),
               *(["-s", str(script)] if script else []), url]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text or "requests in" not in text:
        raise RuntimeError(f"requests failed:\n{' '.join(command)}\n{text}")
    return int(re.search(r"(\d+) requests in", text)[1])


def in_turns(setting, loads):
    """{name: (pid, load)}, load(seconds) → requests. Every round runs each once, after a short one that warms it.
    → {name: CPU microseconds per request}, medians."""
    for _, load in loads.values():
        load(1)
    results = {name: [] for name in loads}
    for _ in range(setting.rounds):
        for name, (pid, load) in loads.items():
            before = cpu_seconds(pid)
            count = load(setting.seconds)
            results[name].append((cpu_seconds(pid) - before) / count * 1e6)
    return {name: statistics.median(values) for name, values in results.items()}


def nginx_conf(path, body, events="worker_connections 4096;"):
    """nginx in one process, so that its CPU is the server's."""
    path.write_text(f"daemon off; master_process off; pid {path}.pid; error_log /dev/null;\n"
                    f"events {{ {events} }}\nhttp {{ access_log off; keepalive_requests 100000000;\n{body}\n}}\n")
    return ["nginx", "-c", path]
