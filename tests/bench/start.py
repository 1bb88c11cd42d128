"""From exec to the first 200 of the health endpoint, with an empty state; memory when idle; a reset of everything."""
import socket
import statistics
import subprocess
import time

from measure import Figure, Unkai, resident


def healthy(port):
    """A bare socket: an HTTP library's own start would be measured with it."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            return False
        probe.sendall(b"GET /_unkai/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return probe.recv(64).startswith(b"HTTP/1.1 200")


def start_once(setting):
    """→ milliseconds to ready, and MiB after two seconds of idleness."""
    unkai = Unkai(setting)
    process = None
    try:
        started = time.monotonic()
        process = subprocess.Popen([unkai.program, "--data-dir", unkai.folder, "start", "--foreground",
                                    *unkai.arguments()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not healthy(unkai.port):
            if process.poll() is not None or time.monotonic() - started > 30:
                raise RuntimeError("unkai did not start")
        ready = (time.monotonic() - started) * 1000
        time.sleep(2)  # What start-up still frees.
        return ready, resident(process.pid)
    finally:
        unkai.__exit__()
        if process:
            process.wait()


def fill(unkai):
    """Something in every kind of service that costs no process."""
    for number in range(5):
        unkai.call("s3", "CreateBucket", Bucket=f"bench-{number}")
        unkai.call("ssm", "PutParameter", Name=f"/bench/{number}", Value="x", Type="String")
        unkai.call("logs", "CreateLogGroup", logGroupName=f"bench-{number}")
        unkai.call("iam", "CreateUser", UserName=f"bench-{number}")
    vpc = unkai.call("ec2", "CreateVpc", CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    unkai.call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.50.0.0/24")
    unkai.call("route53", "CreateHostedZone", Name="bench.example.com", CallerReference=vpc)
    return vpc


def reset_once(unkai):
    vpc = fill(unkai)
    started = time.monotonic()
    unkai.control("reset")
    took = (time.monotonic() - started) * 1000
    assert not unkai.call("s3", "ListBuckets").get("Buckets")
    left = [one["VpcId"] for one in unkai.call("ec2", "DescribeVpcs").get("Vpcs", [])]
    assert vpc not in left
    return took


def measure(setting):
    runs = [start_once(setting) for _ in range(setting.rounds)]
    yield Figure("start to ready, empty state", statistics.median(ready for ready, _ in runs), unit="ms", most=50)
    yield Figure("idle memory (PSS)", statistics.median(memory for _, memory in runs), unit="MiB", most=25)
    with Unkai(setting) as unkai:
        resets = [reset_once(unkai) for _ in range(setting.rounds)]
        yield Figure("reset with nothing running", statistics.median(resets), unit="ms", most=200)
        yield Figure("reset with nothing running, the slowest", max(resets), unit="ms", most=400)
