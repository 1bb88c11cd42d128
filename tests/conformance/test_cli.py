"""The command line as a new user meets it: up, down, logs, doctor, and a purge that leaves nothing."""
import hashlib
import json
import os
import pathlib
import subprocess
import time

import pytest
import requests

from conftest import Unkai, free_port

CIDR = os.environ.get("UNKAI_CLI_PUBLIC_CIDR", "203.0.116.0/22")
OTHER_CIDR = os.environ.get("UNKAI_OTHER_CIDR", "203.0.120.0/22")
TEMPLATE = """
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {VersioningConfiguration: {Status: Enabled}}}
  Word: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Greeting}}
  Group: {Type: AWS::Logs::LogGroup, DependsOn: Word, Properties: {RetentionInDays: 7}}
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
Outputs:
  BucketName: {Value: !Ref Bucket}
  LogGroupName: {Value: !Ref Group}
"""
MANIFEST = """
stack: small
template: template.yaml
parameters: {Greeting: good morning}
sites:
  - name: pages
    context: pages
    build: mkdir -p out/assets && cp source.html out/index.html && echo 'let a = 1' > out/assets/a.js && echo x >> ../built
    inputs: [source.html]
    output: out
    bucket: Bucket
    cache_control:
      - {match: 'assets/*', value: 'max-age=31536000'}
      - {match: '*', value: 'max-age=0'}
"""


def in_the_kernel(installation, data):
    """What there is of an installation; other ones may run on this machine at the same time."""
    run = f"/run/unkai/{installation}"
    group = "unkai-" + hashlib.sha256(f"{run}/containers".encode()).hexdigest()[:12]
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    tables = subprocess.run(["nft", "list", "tables"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {
        "links": [name for name in os.listdir("/sys/class/net") if name == f"unkai{installation}"],
        "mounts": [mount for mount in mounts if mount.startswith((run + "/", f"{data}/"))],
        "tables": [table for table in tables if installation in table],
        "groups": [str(path) for path in pathlib.Path("/sys/fs/cgroup").glob(f"**/{group}")],
        "run": [run] if os.path.exists(run) else [],
        "data": [str(data)] if os.path.exists(data) else [],
    }


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class OwnUnkai(Unkai):
    cidr = CIDR

    def start(self):
        self.run("start", "--port", str(self.port), "--public-cidr", self.cidr, "--account", "123456789012",
                 "--access-key", "AKIACONFORMANCE00000", "--secret-key", "conformance-secret")

    def json(self, *arguments, code=0):
        done = self.run(*arguments, "--json", check=False)
        assert done.returncode == code, done.stdout
        answer = json.loads(done.stdout)
        assert answer["schemaVersion"] == 1
        assert answer["status"] == ("ok" if code == 0 else "error")
        return answer["data"] if code == 0 else answer["error"]


@pytest.fixture(scope="module")
def own(request):
    one = OwnUnkai(request.config.getoption("--unkai"))
    one.start()
    yield one
    one.stop()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "unkai.yaml").write_text(MANIFEST)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "source.html").write_text("<p>one</p>")
    return tmp_path


@pytest.mark.parametrize("command", ["start", "stop", "status", "up", "down", "logs", "env", "doctor", "image", "why"])
def test_help_shows_examples(own, command):
    assert "Examples:" in own.run(command, "--help").stdout


def test_up_deploys_syncs_and_is_idempotent(own, folder):
    first = own.json("up", str(folder))
    assert first["stackStatus"] == "CREATE_COMPLETE" and first["changed"]
    bucket = first["outputs"]["BucketName"]
    s3 = own.client("s3")
    page = s3.get_object(Bucket=bucket, Key="index.html")
    assert page["Body"].read() == b"<p>one</p>"
    assert (page["ContentType"], page["CacheControl"]) == ("text/html; charset=utf-8", "max-age=0")
    script = s3.head_object(Bucket=bucket, Key="assets/a.js")
    assert (script["ContentType"], script["CacheControl"]) == ("text/javascript; charset=utf-8", "max-age=31536000")
    assert own.client("ssm").describe_parameters()["Parameters"]

    again = own.json("up", str(folder))
    assert not again["changed"]
    assert (folder / "built").read_text().split() == ["x"]  # Built once.

    (folder / "pages" / "source.html").write_text("<p>two</p>")
    s3.put_object(Bucket=bucket, Key="stray.txt", Body=b"gone with the next upload")
    third = own.json("up", str(folder), "-p", "Greeting=hi")
    assert third["stackStatus"] == "UPDATE_COMPLETE"
    assert s3.get_object(Bucket=bucket, Key="index.html")["Body"].read() == b"<p>two</p>"
    assert {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]} == {"index.html", "assets/a.js"}

    # The whole list of stacks, then gone with its objects.
    assert own.json("down", "small")["deleted"] == ["small"]
    assert own.json("down", str(folder))["deleted"] == []
    assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def test_a_parameter_keeps_its_value(own, tmp_path):
    template = tmp_path / "keep.yaml"
    template.write_text(TEMPLATE)
    own.json("up", str(template), "--stack", "keep", "-p", "Greeting=salut")
    assert not own.json("up", str(template), "--stack", "keep")["changed"]
    own.json("down", "keep", "--yes")


def test_a_failure_names_its_reason_and_can_be_mended(own, tmp_path):
    template = tmp_path / "broken.yaml"
    template.write_text("Resources: {Subnet: {Type: AWS::EC2::Subnet, Properties: "
                        "{VpcId: vpc-00000000000000000, CidrBlock: 10.0.0.0/24}}}")
    error = own.json("up", str(template), code=1)
    assert error["code"] == "StackFailed" and "Subnet (AWS::EC2::Subnet)" in error["message"]
    template.write_text(TEMPLATE)
    assert own.json("up", str(template))["stackStatus"] == "CREATE_COMPLETE"
    own.json("down", "--all", "--yes")
    assert own.json("down", "--all")["deleted"] == []


@pytest.mark.parametrize("arguments,code,word", [
    (["up", "/nowhere"], 1, "neither a folder nor a file"),
    (["up", "/var"], 1, "unkai.yaml"),
    (["down", "/var"], 1, "unkai.yaml"),
    (["logs", "no-such-group"], 1, "unkai logs"),
    (["why", "internet", "nobody:1"], 1, ""),
])
def test_wrong_use_is_answered_with_the_fix(own, arguments, code, word):
    assert word in own.json(*arguments, code=code)["message"]


@pytest.mark.parametrize("manifest,word", [
    ("stack: a\ntemplate: template.yaml\nimage: []\n", "'image'"),
    ("template: template.yaml\n", "stack"),
    ("stack: a\n  template: b\n", "line"),
    ("stack: a\ntemplate: template.yaml\nparameters: {Nothing: 1}\n", "no parameter Nothing"),
    ("stack: a\ntemplate: other.yaml\n", "other.yaml"),
])
def test_a_bad_manifest_is_an_error_that_names_it(own, folder, manifest, word):
    (folder / "unkai.yaml").write_text(manifest)
    assert word in own.json("up", str(folder), code=1)["message"]


def test_a_site_that_does_not_build_shows_the_commands_words(own, folder):
    manifest = MANIFEST.replace("mkdir -p", "echo no such luck; exit 3; mkdir -p")
    (folder / "unkai.yaml").write_text(manifest)
    error = own.json("up", str(folder), code=1)
    assert error["code"] == "SiteBuildFailed" and "no such luck" in error["message"] and "exit code 3" in error["message"]
    own.json("down", "--all", "--yes")


def test_logs_reads_filters_and_follows(own):
    logs = own.client("logs")
    logs.create_log_group(logGroupName="/shop/orders")
    logs.create_log_stream(logGroupName="/shop/orders", logStreamName="api/1")
    logs.create_log_stream(logGroupName="/shop/orders", logStreamName="api/2")
    now = int(time.time() * 1000)
    for stream in ("api/1", "api/2"):
        logs.put_log_events(logGroupName="/shop/orders", logStreamName=stream, logEvents=[
            {"timestamp": now - 2000, "message": f"{stream} ERROR one"}, {"timestamp": now - 1000, "message": f"{stream} two"}])
    assert "/shop/orders" in [group["name"] for group in own.json("logs")["groups"]]

    def messages(*arguments):
        lines = own.run("logs", "orders", "--json", *arguments).stdout.splitlines()
        return [json.loads(line)["message"] for line in lines]
    assert len(messages()) == 4
    assert messages("--filter", "ERROR", "--tasks", "2") == ["api/2 ERROR one"]
    assert len(messages("--limit", "3")) == 3
    assert messages("--end-time", "2026-01-01T00:00:00Z", "--start-time", "2025-01-01T00:00:00Z") == []

    following = subprocess.Popen([own.program, "--data-dir", own.data, "logs", "orders", "-f", "--json"],
                                 stdout=subprocess.PIPE, text=True)
    try:
        seen = [json.loads(following.stdout.readline())["message"] for _ in range(4)]
        logs.put_log_events(logGroupName="/shop/orders", logStreamName="api/1",
                            logEvents=[{"timestamp": int(time.time() * 1000), "message": "three"}])
        seen.append(json.loads(following.stdout.readline())["message"])
    finally:
        following.kill()
        following.wait()
    assert seen[-1] == "three" and len(set(seen)) == 5


def test_doctor_knows_this_machine(own):
    done = own.run("doctor", "--json", check=False)
    data = json.loads(done.stdout)["data"]
    checks = data["checks"]
    for name in ("root", "network namespaces", "veth links", "packet filter", "overlay file system", "control groups"):
        assert checks[name]["verdict"] == "PASSED", checks[name]
    assert all("fix" in check for check in checks.values() if check["verdict"] == "FAILED")
    assert done.returncode == (1 if data["failed"] else 0)


@pytest.mark.parametrize("killed", [False, True])
def test_a_purge_leaves_nothing(request, tmp_path, killed):
    one = OwnUnkai(request.config.getoption("--unkai"))
    one.cidr = OTHER_CIDR  # The module's own still runs.
    template = tmp_path / "purge.yaml"
    template.write_text(TEMPLATE)
    try:
        one.start()
        pid = one.json("status")["pid"]
        installation = json.loads((one.data / "installation.json").read_text())["id"]
        one.json("up", str(template))
        there = in_the_kernel(installation, one.data)
        assert there["links"] and there["mounts"] and there["tables"]
        if killed:
            os.kill(pid, 9)
    finally:
        one.stop()
    assert not any(in_the_kernel(installation, one.data).values())
    assert not is_running(pid)


def test_in_the_foreground_it_ends_well(unkai, tmp_path):
    command = [unkai.program, "--data-dir", tmp_path / "data"]
    port = free_port()
    process = subprocess.Popen([*command, "start", "--foreground", "--port", str(port), "--public-cidr", OTHER_CIDR],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        while process.poll() is None:
            try:
                requests.get(f"http://127.0.0.1:{port}/_unkai/health", timeout=60).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        subprocess.run([*command, "status"], check=True, timeout=60)  # Waits until everything is there.
        process.terminate()
        said = process.communicate(timeout=120)[0]
        assert process.returncode == 0, said
    finally:
        process.kill()
        subprocess.run([*command, "stop", "--purge"], check=True, timeout=120)
