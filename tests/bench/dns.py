"""DNS answers a second, beside Knot: the same zone of 1,000 names, the same load (dnsperf over UDP on
loopback), one worker each, in turns. The promise: at least 0.8 of Knot's rate (SPECIFICATION.md).

  python3 tests/bench/dns.py [--preset release] [--seconds 5] [--rounds 3]
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = {"unkai": 15301, "knot": 15302}


def build(preset):
    subprocess.run(["ninja", "-C", ROOT / "build" / preset, "unkai_planes_dns_bench"], check=True,
                   stdout=subprocess.DEVNULL)
    return ROOT / "build" / preset / "unkai_planes_dns_bench"


def start_knot(folder):
    (folder / "zone").write_text(
        "$ORIGIN example.com.\n@ 60 SOA ns1 h 1 7200 900 1209600 60\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n" +
        "".join(f"h{i} 60 A 192.0.2.1\n" for i in range(1000)))
    (folder / "run").mkdir()
    (folder / "db").mkdir()
    (folder / "knot.conf").write_text(
        f"server:\n    listen: 127.0.0.1@{PORTS['knot']}\n    rundir: {folder}/run\n    udp-workers: 1\n"
        f"    tcp-workers: 1\n    background-workers: 1\ndatabase:\n    storage: {folder}/db\n"
        f"zone:\n  - domain: example.com\n    file: {folder}/zone\n")
    return subprocess.Popen(["/usr/sbin/knotd", "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def wait_for(port, deadline=20):
    until = time.monotonic() + deadline
    while time.monotonic() < until:
        answer = subprocess.run(["dig", "+short", "+time=1", "+tries=1", "@127.0.0.1", "-p", str(port),
                                 "h1.example.com"], stdout=subprocess.PIPE, text=True)
        if answer.stdout.strip() == "192.0.2.1":
            return
    sys.exit(f"dns bench: nobody answers on port {port}")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port, pid, queries, seconds):
    before = cpu_seconds(pid)
    done = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-l", str(seconds),
                           "-c", "8", "-q", "200"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rate = float(re.search(r"Queries per second:\s+([\d.]+)", done.stdout)[1])
    completed = int(re.search(r"Queries completed:\s+(\d+)", done.stdout)[1])
    return rate, (cpu_seconds(pid) - before) / completed * 1e6


def measure(preset, seconds, rounds):
    program = build(preset)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="unkai-bench-dns-"))
    queries = folder / "queries"
    queries.write_text("".join(f"h{random.randrange(1000)}.example.com A\n" for _ in range(20000)))
    servers = {"unkai": subprocess.Popen([program, "1", str(PORTS["unkai"])], stdout=subprocess.DEVNULL),
               "knot": start_knot(folder)}
    try:
        results = {name: [] for name in servers}
        for port in PORTS.values():
            wait_for(port)
        for _ in range(rounds):
            for name, server in servers.items():
                results[name].append(load(PORTS[name], server.pid, queries, seconds))
    finally:
        for server in servers.values():
            server.send_signal(signal.SIGTERM)
            server.wait()
        shutil.rmtree(folder)
    out = {name: {"per_second": round(statistics.median(rate for rate, _ in rows)),
                  "cpu_us": round(statistics.median(cpu for _, cpu in rows), 2)} for name, rows in results.items()}
    out["ratio"] = round(out["unkai"]["per_second"] / out["knot"]["per_second"], 2)
    out["cpu_ratio"] = round(out["unkai"]["cpu_us"] / out["knot"]["cpu_us"], 2)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default=os.environ.get("UNKAI_PRESET", "release"))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for needed in ("dnsperf", "dig", "/usr/sbin/knotd"):
        if not shutil.which(needed):
            sys.exit(f"dns bench: {needed} is missing: apt-get install knot dnsperf bind9-dnsutils")
    print(json.dumps({"dns": measure(arguments.preset, arguments.seconds, arguments.rounds)}))


if __name__ == "__main__":
    main()
