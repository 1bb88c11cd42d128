"""The HTTP server beside nginx `return 200`, and the load balancer beside HAProxy, each on one thread, over keep-alive
connections on loopback, in turns. The promises: at least half of nginx's requests a second, and at most 1.2 of
HAProxy's CPU for a response of 1 KiB (SPECIFICATION.md).

  python3 tests/bench/proxy.py [--preset release] [--seconds 4] [--rounds 3]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = {"unkai": 15401, "nginx": 15402, "unkai_proxy": 15403, "haproxy": 15404}
BACKEND = 15405
TOOLS = {"wrk": "wrk", "nginx": "nginx-light", "haproxy": "haproxy"}


def build(preset):
    subprocess.run(["ninja", "-C", ROOT / "build" / preset, "unkai_planes_proxy_bench"], check=True,
                   stdout=subprocess.DEVNULL)
    return ROOT / "build" / preset / "unkai_planes_proxy_bench"


def start_nginx(folder, port, body):
    # One process does everything, so that its CPU is the server's.
    (folder / f"nginx{port}.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx{port}.pid; error_log /dev/null;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 100000000;\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 \"{body}\"; }} }} }}\n")
    return subprocess.Popen(["nginx", "-c", folder / f"nginx{port}.conf"], stderr=subprocess.DEVNULL)


def start_haproxy(folder):
    (folder / "haproxy.cfg").write_text(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        f"frontend front\n  bind 127.0.0.1:{PORTS['haproxy']}\n  option forwardfor\n  default_backend back\n"
        f"backend back\n  http-reuse always\n  server one 127.0.0.1:{BACKEND} check inter 30s\n")
    return subprocess.Popen(["haproxy", "-db", "-f", folder / "haproxy.cfg"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def wait_for(port):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"proxy bench: nobody answers on port {port}")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(name, pid, seconds):
    before = cpu_seconds(pid)
    done = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{PORTS[name]}/"],
                          stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        sys.exit(f"proxy bench: {name} failed requests:\n{done}")
    count = int(re.search(r"(\d+) requests in", done)[1])
    return count / seconds, (cpu_seconds(pid) - before) / count * 1e6


def measure(preset, seconds, rounds):
    program = build(preset)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="unkai-bench-http-"))
    backend = start_nginx(folder, BACKEND, "x" * 1024)
    wait_for(BACKEND)
    servers = {
        "unkai": subprocess.Popen([program, "serve", str(PORTS["unkai"])], stdout=subprocess.DEVNULL),
        "nginx": start_nginx(folder, PORTS["nginx"], "hello world\\n"),
        "unkai_proxy": subprocess.Popen([program, "proxy", str(PORTS["unkai_proxy"]), str(BACKEND)],
                                        stdout=subprocess.DEVNULL),
        "haproxy": start_haproxy(folder)}
    try:
        results = {name: [] for name in servers}
        for port in PORTS.values():
            wait_for(port)
        for _ in range(rounds):
            for name, server in servers.items():
                results[name].append(load(name, server.pid, seconds))
    finally:
        for server in [*servers.values(), backend]:
            server.send_signal(signal.SIGKILL)
            server.wait()
        shutil.rmtree(folder)
    out = {name: {"per_second": round(statistics.median(rate for rate, _ in rows)),
                  "cpu_us": round(statistics.median(cpu for _, cpu in rows), 2)} for name, rows in results.items()}
    return {"http": {"unkai": out["unkai"], "nginx": out["nginx"],
                     "ratio": round(out["unkai"]["per_second"] / out["nginx"]["per_second"], 2),
                     "cpu_ratio": round(out["unkai"]["cpu_us"] / out["nginx"]["cpu_us"], 2)},
            "proxy": {"unkai": out["unkai_proxy"], "haproxy": out["haproxy"],
                      "ratio": round(out["unkai_proxy"]["per_second"] / out["haproxy"]["per_second"], 2),
                      "cpu_ratio": round(out["unkai_proxy"]["cpu_us"] / out["haproxy"]["cpu_us"], 2)}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default=os.environ.get("UNKAI_PRESET", "release"))
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for needed, package in TOOLS.items():
        if not shutil.which(needed):
            sys.exit(f"proxy bench: {needed} is missing: apt-get install {package}")
    print(json.dumps(measure(arguments.preset, arguments.seconds, arguments.rounds)))


if __name__ == "__main__":
    main()
