"""A warm function behind an HTTP API: what API Gateway and Lambda add to the same handler, for the same event, called
over the Runtime API (the function plane alone, without any service). Medians; one request at a time.
"""
import base64
import io
import re
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from functions import PROGRAM
from measure import ACCOUNT, Figure, Missing, Unkai, folder, until

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
TRUST = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},'
         '"Action":"sts:AssumeRole"}]}')
CODE = "import json\n\n\ndef handler(event, context):\n    return {'statusCode': 200, 'body': %s}\n"


def archive(body):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as writer:
        writer.writestr("app.py", CODE % body)
    return base64.b64encode(made.getvalue()).decode()


def deploy(unkai, name, body):
    """A function behind an API of its own. → the API's host name."""
    made = unkai.call("lambda", "CreateFunction", FunctionName=name, Runtime=RUNTIME, Handler="app.handler", MemorySize=1769,
                      Role=f"arn:aws:iam::{ACCOUNT}:role/bench", Code={"ZipFile": archive(body)})
    api = unkai.call("apigatewayv2", "CreateApi", Name=name, ProtocolType="HTTP", Target=made["FunctionArn"])["ApiId"]
    unkai.call("lambda", "AddPermission", FunctionName=name, StatementId="api", Action="lambda:InvokeFunction",
               Principal="apigateway.amazonaws.com")
    until(lambda: unkai.call("lambda", "GetFunctionConfiguration", FunctionName=name)["State"] == "Active", f"{name} is active")
    return f"{api}.execute-api.us-east-1.amazonaws.com"


class Asker:
    """A bare socket: an HTTP library would be measured with it."""

    def __init__(self, port, host):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = f"GET /items/1?a=b HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n".encode()

    def ask(self):
        self.socket.sendall(self.request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += self.socket.recv(65536)
        return head, body


def warm(asker, count):
    times = []
    for number in range(count + 50):
        started = time.monotonic()
        head, body = asker.ask()
        if number >= 50:
            times.append((time.monotonic() - started) * 1000)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.decode()} {body.decode()}")
    return statistics.median(times)


def direct(program, event, rounds):
    """The same event for the plane's function, which answers as ours does. → the median in milliseconds."""
    with folder("gateway") as place:
        (place / "event.json").write_bytes(event)
        text = subprocess.run([program, place / "plane", str(rounds), place / "event.json"], stdout=subprocess.PIPE,
                              text=True, check=True).stdout
    found = re.search(rf"^{re.escape(RUNTIME)} warm invoke +p50 +([0-9.]+) ms", text, re.M)
    if not found:
        raise Missing(f"{RUNTIME} is not among the function plane's runtimes")
    return float(found[1])


def measure(setting):
    program = Path(setting.program).resolve().parent / PROGRAM
    if not program.exists():
        raise Missing(f"{PROGRAM} is not built: ninja -C {program.parent} {PROGRAM}")
    with Unkai(setting) as unkai:
        unkai.call("iam", "CreateRole", RoleName="bench", AssumeRolePolicyDocument=TRUST)
        event = Asker(unkai.port, deploy(unkai, "echo", "json.dumps(event)")).ask()[1]
        asker = Asker(unkai.port, deploy(unkai, "bench", "'ok'"))
        through, alone = [], []
        for _ in range(min(setting.rounds, 3)):
            through.append(warm(asker, 500))
            alone.append(direct(program, event, 5))
    through, alone = statistics.median(through), statistics.median(alone)
    yield Figure("warm invocation through API Gateway", through, alone, peer="over the Runtime API", unit="ms")
    yield Figure("what API Gateway and Lambda add to it", through - alone, unit="ms", most=0.3)
