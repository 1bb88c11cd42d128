"""Conformance: every promised operation through boto3, against an Unkai of its own.

    .venv/bin/python -m pytest tests/conformance [-n 4 --dist loadgroup] [-k ec2] [--unkai build/dev/unkai]

The program is started once for all tests of a process, with its own data folder, port and range of public addresses,
and is stopped and purged at the end, whatever happened. With -n there are several such processes, and each part (see
part()) runs in one of them, in its module's order.
"""
import ipaddress
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from aws_cli import cli, record_what_it_does_not_know  # noqa: E402
from aws_js import js  # noqa: E402
from operations import promised  # noqa: E402
from record import record, record_calls  # noqa: E402

ACCOUNT, REGION = "123456789012", "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIACONFORMANCE00000", "conformance-secret"
WORKER = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, ...
# The parts that take longest, so that no worker has them left when the others are through.
LONGEST = ("test_migration_cli-boto3", "test_lambda-cli", "test_quotas-boto3", "test_lambda-js", "test_lambda-boto3",
           "test_route53_routing-boto3", "test_ec2-cli", "test_errors-cli", "test_apigateway-cli", "test_aurora_scaling-boto3",
           "test_route53_routing-cli", "test_cloudfront-cli", "test_sqs-boto3", "test_s3-cli", "test_iam-cli",
           "test_events-cli", "test_cloudwatch-boto3", "test_ecs-cli", "test_ecs-js", "test_ecs-boto3", "test_rds-cli",
           "test_rds-js", "test_rds-boto3", "test_route53-cli", "test_elbv2-cli", "test_not_there-cli")
FOLDER_OF_RUN = "UNKAI_CONFORMANCE_FOLDER"  # The first process makes it, and its workers are told.
OTHERS = {"cli": cli, "js": js}


def public_cidr():
    """All of this run's public addresses, or one of several processes' share, the smallest that Unkai takes (/23)."""
    all_of_them = ipaddress.ip_network(os.environ.get("UNKAI_PUBLIC_CIDR", "203.0.96.0/20"))
    if not WORKER:
        return str(all_of_them)
    shares = list(all_of_them.subnets(new_prefix=max(23, all_of_them.prefixlen)))
    number = int(WORKER.removeprefix("gw"))
    if number >= len(shares) or shares[number].prefixlen > 23:
        raise pytest.UsageError(f"{all_of_them} is too small for {WORKER}: UNKAI_PUBLIC_CIDR needs a /23 for each.")
    return str(shares[number])


PUBLIC_CIDR = public_cidr()


def pytest_addoption(parser):
    built = ROOT / "build" / os.environ.get("UNKAI_PRESET", "release") / "unkai"
    parser.addoption("--unkai", default=str(built), help="the program to test")


def pytest_configure(config):
    if not WORKER:
        os.environ[FOLDER_OF_RUN] = tempfile.mkdtemp(prefix="unkai-conformance-")
        os.chmod(os.environ[FOLDER_OF_RUN], 0o755)  # The database server has a user of its own.
    config.addinivalue_line("markers", "apart: waits for long, so it is a part of its own")
    config.addinivalue_line("markers", "by_boto3: takes long, and no client changes what it shows, so one is enough")
    record_calls(OTHERS)


def client_of(item):
    return item.callspec.params.get("via", "boto3") if hasattr(item, "callspec") else "boto3"


def part(item):
    """Tests that one process runs one after the other, and of which one report of operations tells: those of one
    module by one client. A test that waits for long is one for itself (@pytest.mark.apart)."""
    apart = item.get_closest_marker("apart")
    return f"{item.path.stem}-{client_of(item)}" + (f"-{item.originalname}" if apart else "")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist's own looks for the marks.
def pytest_collection_modifyitems(config, items):
    again = [item for item in items if item.get_closest_marker("by_boto3") and client_of(item) != "boto3"]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)
    if WORKER:
        items.sort(key=lambda item: LONGEST.index(part(item)) if part(item) in LONGEST else len(LONGEST))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(part(item)))


def pytest_runtest_setup(item):
    record.part = part(item)


def pytest_runtest_teardown(item, nextitem):
    if nextitem is not None and part(nextitem) != part(item):
        record.write()  # A worker of an interrupted run may be ended before it comes to the end of its own.


def pytest_sessionfinish(exitstatus):
    try:
        if cli.process and exitstatus != pytest.ExitCode.INTERRUPTED:  # Else it may be in the middle of an answer.
            record.part = "aws_cli"
            record_what_it_does_not_know(promised())
        cli.stop()
        js.stop()
    finally:
        record.write()


def pytest_unconfigure(config):
    """Ends what an interrupted run, or a worker that died, left."""
    if WORKER:
        return
    folder = pathlib.Path(os.environ.pop(FOLDER_OF_RUN))
    for data in folder.iterdir():
        subprocess.run([config.getoption("--unkai"), "--data-dir", data, "stop", "--purge"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Unkai:
    def __init__(self, program):
        self.program = program
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=os.environ[FOLDER_OF_RUN]))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def run(self, *arguments, check=True):
        return subprocess.run([self.program, "--data-dir", self.data, *arguments], check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def start(self):
        self.run("start", "--port", str(self.port), "--public-cidr", PUBLIC_CIDR, "--account", ACCOUNT,
                 "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)

    def stop(self):
        self.run("stop", "--purge", check=False)
        shutil.rmtree(self.data, ignore_errors=True)

    def session(self, access_key, secret_key, token=None):
        """Whoever these keys belong to; `.client("sts")` asks this Unkai."""
        options_of_all = {"endpoint_url": self.endpoint, "region_name": REGION, "aws_access_key_id": access_key,
                          "aws_secret_access_key": secret_key, "aws_session_token": token}

        class Other:
            def client(self, service, **options):
                return boto3.client(service, **{**options_of_all, **options})
        return Other()

    def client(self, service, region=REGION, via="boto3", keys=(ACCESS_KEY, SECRET_KEY), **options):
        """A boto3 client; with via="cli" or "js" (see the fixture `via`) one whose calls another client makes."""
        made = boto3.client(service, endpoint_url=self.endpoint, region_name=region,
                            aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, **options))
        made.via = via
        return made


@pytest.fixture(scope="session")
def unkai(request):
    program = Unkai(request.config.getoption("--unkai"))
    try:
        program.start()
        yield program
    finally:
        program.stop()


@pytest.fixture(scope="module", params=["boto3", *OTHERS])
def via(request, unkai):
    """Runs a test three times: by boto3, by the AWS CLI v2 and by the AWS SDK for JavaScript v3
    (`unkai.client("iam", via=via)`). Names that a test makes must differ between them: put `via` into them."""
    if request.param in OTHERS:
        why_not = OTHERS[request.param].start()
        if why_not:
            pytest.skip(why_not)
    return request.param


def code(call, **arguments):
    """The error code that a call ends with; it must not succeed."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]
