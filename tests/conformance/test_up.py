"""`unkai up`: the build of a page that hangs or fails, and installations that are in each other's way."""
import os
import pathlib
import subprocess

import pytest

from conftest import PUBLIC_CIDR, Unkai

TEMPLATE = """
Resources:
  Pages: {Type: AWS::S3::Bucket}
Outputs:
  BucketName: {Value: !Ref Pages}
"""
MANIFEST = """
stack: {stack}
template: template.yaml
sites:
  - {{name: web, context: ., build: '{build}', time_limit: 2, inputs: [template.yaml], output: dist, bucket: Pages}}
"""


def processes_with(word):
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (process / "cmdline").read_bytes() and process.name != str(os.getpid()):
                found.append(process.name)
        except OSError:
            pass
    return found


@pytest.fixture
def page(unkai, tmp_path):
    """Deploys a folder whose page is built by a shell command; what it printed, and whether it went well."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    stack = f"page-{os.getpid()}"

    def up(build):
        (tmp_path / "unkai.yaml").write_text(MANIFEST.format(stack=stack, build=build))
        done = unkai.run("up", str(tmp_path), check=False)
        return done.stdout, done.returncode == 0
    yield up
    unkai.run("down", str(tmp_path), "--yes", check=False)


def test_a_build_that_hangs_is_stopped_and_tried_once_more(unkai, page, tmp_path):
    marker = f"31536{os.getpid()}"
    text, good = page(f"test -e once || {{ touch once; sleep {marker} & sleep {marker}; }}; "
                      "mkdir -p dist; echo page > dist/index.html")
    assert good, text
    assert "not done in 2 seconds; trying again" in text
    assert processes_with(f"sleep\0{marker}") == []
    bucket = unkai.client("s3").list_buckets()["Buckets"]
    name = next(one["Name"] for one in bucket if one["Name"].startswith("page-"))
    assert unkai.client("s3").get_object(Bucket=name, Key="index.html")["Body"].read() == b"page\n"
    text, good = page("echo nothing > once; exit 3")
    assert not good and "ended with exit code 3" in text


def test_a_build_that_always_hangs_fails_with_a_sentence(page):
    text, good = page(f"echo asking registry.example; sleep 31537{os.getpid()}")
    assert not good
    assert "did not end within 2 seconds, twice" in text and "registry does not answer" in text
    assert "asking registry.example" in text
    assert processes_with(f"sleep\00031537{os.getpid()}") == []


def test_a_network_that_fails_is_asked_once_more(page):
    text, good = page("test -e twice && mkdir -p dist && echo page > dist/index.html && exit 0; "
                      "touch twice; echo npm error code ETIMEDOUT; exit 1")
    assert good, text
    assert "the network failed; trying again" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="networks need root")
def test_public_addresses_that_another_installation_has_are_refused(unkai, request):
    assert unkai.run("status").returncode == 0
    other = Unkai(request.config.getoption("--unkai"))
    try:
        with pytest.raises(subprocess.CalledProcessError) as failed:
            other.start()
        assert f"The public addresses {PUBLIC_CIDR} overlap with" in failed.value.output
        assert f"another Unkai ({unkai.data})" in failed.value.output
        assert "--public-cidr" in failed.value.output
    finally:
        other.stop()
