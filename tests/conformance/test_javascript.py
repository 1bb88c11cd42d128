"""What only the AWS SDK for JavaScript v3 does: streams with trailing checksums, its own presigned URLs, many sockets."""
import concurrent.futures
import hashlib
import io
import json
import os
import subprocess
import uuid

import pytest
import requests

from aws_js import js
from conftest import ACCOUNT, REGION, code
from javascript import FOLDER

pytestmark = pytest.mark.parametrize("via", ["js"], indirect=True, scope="module")
ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


FROM_THE_ENVIRONMENT = """
import { CreateBucketCommand, DeleteBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
const [Bucket, s3] = [process.argv[1], new S3Client()];
await s3.send(new CreateBucketCommand({ Bucket }));
const { Buckets } = await s3.send(new ListBucketsCommand());
await s3.send(new DeleteBucketCommand({ Bucket }));
const { Account } = await new STSClient().send(new GetCallerIdentityCommand());
console.log(JSON.stringify({ Account, there: Buckets.some((one) => one.Name === Bucket) }));
"""


@pytest.fixture
def s3(unkai, via):
    return unkai.client("s3", via=via)


@pytest.fixture
def bucket(s3):
    name = f"js-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_checksums(s3, bucket, algorithm, streamed):
    """A stream goes out in chunks with its checksum behind them; what comes back is checked by the SDK."""
    for size in (9, 3 << 20):  # From 2 MiB on the SDK waits for 100 Continue.
        body = os.urandom(size)
        s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(body) if streamed else body, ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert got["Body"].read() == body and got[f"Checksum{algorithm}"]
        assert got["ContentLength"] == size and "ContentEncoding" not in got  # Not aws-chunked, which the upload was.
    s3.put_object(Bucket=bucket, Key="z", Body=io.BytesIO(b"z") if streamed else b"z", ContentEncoding="gzip")
    assert s3.head_object(Bucket=bucket, Key="z")["ContentEncoding"] == "gzip"
    wrong = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"])["Checksum"]
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"other",
                **{f"Checksum{algorithm}": wrong[f"Checksum{algorithm}"]}) == "BadDigest"


def test_presigned_urls(s3, bucket):
    key = "a b/ü+%.txt"
    put = js.presigned(s3, "PutObject", Bucket=bucket, Key=key)
    assert requests.put(put, data=b"body", timeout=10).status_code == 200
    got = js.presigned(s3, "GetObject", Bucket=bucket, Key=key, ResponseContentType="text/x-test")
    answer = requests.get(got, timeout=10)
    assert answer.content == b"body" and answer.headers["Content-Type"] == "text/x-test"
    assert requests.get(got.replace("text%2Fx-test", "text%2Fhtml"), timeout=10).status_code == 403
    assert requests.put(got, data=b"other", timeout=10).status_code == 403
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"body"


def test_what_env_prints_is_enough(unkai, via):
    """`eval "$(unkai env)"`, and a client without any option finds Unkai, S3 included."""
    printed = json.loads(unkai.run("--json", "env").stdout)["data"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                   **{name: value for name, value in printed.items() if name.startswith("AWS_")}}
    done = subprocess.run(["node", "--input-type=module", "-e", FROM_THE_ENVIRONMENT, f"js-{uuid.uuid4().hex[:12]}"],
                          cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"Account": ACCOUNT, "there": True}


def test_many_at_once(s3, bucket, unkai, via):
    """More calls than the SDK has sockets, which it keeps alive and uses again."""
    bodies = {f"k{number}": hashlib.sha256(str(number).encode()).digest() * 100 for number in range(200)}

    def there_and_back(key):
        s3.put_object(Bucket=bucket, Key=key, Body=bodies[key])
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read() == bodies[key]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert all(pool.map(there_and_back, bodies))


def test_keys_of_a_session(unkai, via):
    issued = unkai.client("sts", via=via).get_session_token()["Credentials"]
    keys = (issued["AccessKeyId"], issued["SecretAccessKey"])
    assert code(unkai.client("sts", via=via, keys=keys).get_caller_identity) in (
        "InvalidClientTokenId", "UnrecognizedClientException")  # Without the token.
    inside = unkai.session(*keys, issued["SessionToken"]).client("sqs", region_name=REGION)
    inside.via = via
    url = inside.create_queue(QueueName=f"js-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    inside.send_message(QueueUrl=url, MessageBody="ü\n\t<&>")
    assert inside.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "ü\n\t<&>"
    inside.delete_queue(QueueUrl=url)
    assert code(inside.send_message, QueueUrl=url, MessageBody="b") == "AWS.SimpleQueueService.NonExistentQueue"
