"""Conformance: every promised operation through boto3, against an Unkai of its own.

    .venv/bin/python -m pytest tests/conformance [-k ec2] [--unkai build/dev/unkai]

The program is started once for all tests, with its own data folder, port and range of public addresses, and is
stopped and purged at the end, whatever happened.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "123456789012", "us-east-1"
PUBLIC_CIDR = os.environ.get("UNKAI_PUBLIC_CIDR", "203.0.112.0/22")


def pytest_addoption(parser):
    built = ROOT / "build" / os.environ.get("UNKAI_PRESET", "release") / "unkai"
    parser.addoption("--unkai", default=str(built), help="the program to test")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Unkai:
    def __init__(self, program):
        self.program = program
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="unkai-conformance-"))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def run(self, *arguments, check=True):
        return subprocess.run([self.program, "--data-dir", self.data, *arguments], check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def start(self):
        self.run("start", "--port", str(self.port), "--public-cidr", PUBLIC_CIDR, "--account", ACCOUNT,
                 "--access-key", "AKIACONFORMANCE00000", "--secret-key", "conformance-secret")

    def stop(self):
        self.run("stop", "--purge", check=False)
        shutil.rmtree(self.data, ignore_errors=True)

    def client(self, service, region=REGION, **options):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region,
                            aws_access_key_id="AKIACONFORMANCE00000", aws_secret_access_key="conformance-secret",
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, **options))


@pytest.fixture(scope="session")
def unkai(request):
    program = Unkai(request.config.getoption("--unkai"))
    try:
        program.start()
        yield program
    finally:
        program.stop()
