"""`unkai load` beside wrk at the same rate, against the same nginx on loopback: CPU of the load generator per request,
and the median latency that each sees. wrk is held to the rate by a pause between its requests (delay())."""
import json
import re
import resource
import statistics
import subprocess

from measure import Figure, answers, folder, free_port, need, nginx_conf, running, until

CONNECTIONS, PAUSE_MS = 32, 15


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def output_of(*command):
    """→ what a command prints, and the CPU seconds that it took."""
    before = children_cpu()
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout, children_cpu() - before


def by_wrk(url, seconds, script):
    text, cpu = output_of("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script, url)
    requests = int(re.search(r"(\d+) requests in", text)[1])
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", text).groups()
    median = float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    return {"cpu": cpu / requests * 1e6, "median": median, "rate": requests / seconds}


def by_load(program, url, seconds, rate):
    text, cpu = output_of(program, "load", url, "--rate", rate, "--duration", f"{seconds}s", "--connections", CONNECTIONS,
                          "--json")
    data = json.loads(text)["data"]
    return {"cpu": cpu / data["answered"] * 1e6, "median": data["latencyMs"]["p50"] * 1e3,
            "kept": data["answered"] / data["due"]}


def measure(setting):
    need("wrk", "nginx")
    seconds = max(2, round(setting.seconds))
    with folder("load") as place:
        port = free_port()
        (place / "page").write_bytes(b"x" * 1024)
        server = nginx_conf(place / "conf", f"server {{ listen 127.0.0.1:{port}; root {place}; }}")
        script = place / "pause.lua"
        script.write_text(f"function delay() return {PAUSE_MS} end\n")
        url = f"http://127.0.0.1:{port}/page"
        with running(*server):
            until(lambda: answers(url), "nginx answers")
            rate = by_wrk(url, seconds, script)["rate"]
            rounds = [(by_load(setting.program, url, seconds, rate), by_wrk(url, seconds, script))
                      for _ in range(setting.rounds)]
    ours, theirs = ({key: statistics.median(one[side][key] for one in rounds) for key in rounds[0][side]}
                    for side in (0, 1))
    yield Figure(f"load: CPU a request at {rate:.0f}/s", ours["cpu"], theirs["cpu"], peer="wrk", unit="µs CPU", most=6)
    yield Figure("load: median latency, from when each was due", ours["median"], theirs["median"], peer="wrk",
                 unit="µs", most=4)
    yield Figure("load: requests sent when due and answered", ours["kept"], unit="of 1", least=0.999)
