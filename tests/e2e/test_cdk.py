"""The migration's CDK application, by the CDK CLI that npm has: bootstrap, deploy, diff, destroy."""
import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess

import boto3
import dns.message
import dns.query
import dns.rdatatype
import pytest

from installation import SILENT_REGISTRY, Installation
from stack import Unkai
from standalone import ROOT, wait_for

pytestmark = pytest.mark.cdk

NAME = "api.cdk.localhost"
EXAMPLE = ROOT / "examples" / "migration"
STACKS = ["migration-cdk-base", "migration-cdk-lambda", "migration-cdk-fargate"]


def output_of(command, folder, environment=None, seconds=900):
    """What it printed; a package registry that does not answer skips the test."""
    try:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        if command[0] != "npx":
            pytest.skip(f"a package registry does not answer: {' '.join(command)}")
        raise AssertionError(f"{' '.join(command)} did not end: {error.output}") from error
    if done.returncode != 0 and any(word in done.stdout for word in SILENT_REGISTRY):
        pytest.skip(f"a package registry does not answer: {done.stdout[-600:]}")
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-6000:]}"
    return done.stdout


class Cdk:
    def __init__(self, own, program, example):
        self.own, self.unkai, self.example = own, Unkai(program, str(own.data)), example
        self.names = self.unkai.environment()
        self.environment = {**os.environ, **{key: value for key, value in self.names.items() if key.startswith("AWS_")},
                            "CI": "true", "CDK_DISABLE_VERSION_CHECK": "1", "AWS_EC2_METADATA_DISABLED": "true"}

    def run(self, *arguments):
        return output_of(["npx", "--no-install", "cdk", "--no-notices", *arguments], self.example / "cdk",
                         self.environment)

    def client(self, service):
        return boto3.client(service, endpoint_url=self.names["AWS_ENDPOINT_URL"], region_name=self.names["AWS_REGION"],
                            aws_access_key_id=self.names["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=self.names["AWS_SECRET_ACCESS_KEY"])

    def stacks(self):
        return {one["StackName"]: one["StackStatus"] for one in self.client("cloudformation").describe_stacks()["Stacks"]}

    def outputs(self, stack):
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}

    def ask(self, server, path):
        """One request to the address that `server` has; its certificate is that of the common name."""
        query = dns.message.make_query(server, "A")
        answer = dns.query.udp(query, self.unkai.status()["dnsAddress"], timeout=5)
        address = [item.address for rrset in answer.answer for item in rrset if item.rdtype == dns.rdatatype.A][0]
        trusted = ssl.create_default_context(cafile=self.names["AWS_CA_BUNDLE"])
        plain = socket.create_connection((address, 443), timeout=20)
        with contextlib.closing(http.client.HTTPConnection(NAME)) as connection:
            connection.sock = trusted.wrap_socket(plain, server_hostname=NAME)
            connection.request("GET", path)
            got = connection.getresponse()
            assert got.status == 200, got.status
            return got.read()


@pytest.fixture(scope="module")
def cdk(request, tmp_path_factory):
    if not shutil.which("npx"):
        pytest.skip("npx is not installed: apt-get install npm")
    example = tmp_path_factory.mktemp("cdk") / "migration"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("node_modules", "cdk.out", "build", "reports"))
    output_of(["npm", "ci", "--no-audit", "--no-fund"], example / "cdk", seconds=400)
    code, layer = example / "api" / "build" / "code", example / "api" / "build" / "layer"
    code.mkdir(parents=True)
    for name in ("app.py", "lambda_handler.py"):
        shutil.copy(example / "api" / name, code)
    output_of(["python3", "-m", "pip", "install", "--quiet", "--timeout", "10", "--disable-pip-version-check",
               "--no-compile", "-r", "requirements.txt", "-t", str(layer / "python")], example / "api", seconds=300)
    program = request.config.getoption("--unkai")
    with Installation(program) as own:
        yield Cdk(own, program, example)
        own.purge()
        own.wait_until_as_before()


def test_bootstrap_makes_the_bucket_as_its_template_says(cdk):
    cdk.run("bootstrap")
    assert cdk.stacks()["CDKToolkit"] == "CREATE_COMPLETE"
    bucket = cdk.outputs("CDKToolkit")["BucketName"]
    s3 = cdk.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [one["ID"] for one in rules] == ["CleanupOldVersions", "AbortIncompleteMultipartUploads"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    cdk.run("bootstrap")  # Again: nothing to change.


def test_deploy_both_sides_answer(cdk):
    cdk.run("deploy", *STACKS[:2], "--require-approval", "never")
    old = wait_for("the function", lambda: cdk.ask(NAME, "/products/7"), 60)  # The only one with weight.
    output_of([cdk.own.program, "--data-dir", str(cdk.own.data), "image", "build", str(cdk.example / "api"), "-t",
               "migration-cdk:v1"], cdk.example)
    output_of([cdk.own.program, "--data-dir", str(cdk.own.data), "image", "push", "migration-cdk:v1"], cdk.example)
    cdk.run("deploy", "--all", "--require-approval", "never", "-c", "imageTag=v1")
    balancer = cdk.outputs(STACKS[2])["LoadBalancerUrl"].removeprefix("https://")
    new = wait_for("the tasks", lambda: cdk.ask(balancer, "/products/7"), 90)
    assert json.loads(old)["id"] == 7 and old == new


def test_diff_finds_no_difference(cdk):
    assert "Number of stacks with differences: 0" in cdk.run("diff", "-c", "imageTag=v1")


def test_destroy_leaves_the_toolkit_alone(cdk):
    cdk.run("destroy", "--all", "--force", "-c", "imageTag=v1")
    assert set(cdk.stacks()) == {"CDKToolkit"}
