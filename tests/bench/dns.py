"""DNS answers a second and core, beside Knot: the same zone of 1,000 names, asked by dnsperf over UDP at the same
address (Route 53's of this installation), Knot on a port of its own.
"""
import random
import re
import subprocess

from measure import Figure, Unkai, folder, in_turns, need, running, until

NAMES = 1000
PORTS = {"unkai": 53, "knot": 5353}


def hosted_zone(unkai):
    zone = unkai.call("route53", "CreateHostedZone", Name="example.com", CallerReference="bench")["HostedZone"]["Id"]
    changes = [{"Action": "CREATE", "ResourceRecordSet": {
        "Name": f"h{number}.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}}
        for number in range(NAMES)]
    for start in range(0, NAMES, 500):
        unkai.call("route53", "ChangeResourceRecordSets", HostedZoneId=zone.removeprefix("/hostedzone/"),
                   ChangeBatch={"Changes": changes[start:start + 500]})


def knot_conf(place, address):
    (place / "zone").write_text(
        "$ORIGIN example.com.\n@ 60 SOA ns1 h 1 7200 900 1209600 60\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n" +
        "".join(f"h{number} 60 A 192.0.2.1\n" for number in range(NAMES)))
    for name in ("run", "db"):
        (place / name).mkdir()
    (place / "knot.conf").write_text(
        f"server:\n    listen: {address}@{PORTS['knot']}\n    rundir: {place}/run\n    udp-workers: 2\n"
        f"    tcp-workers: 1\n    background-workers: 1\ndatabase:\n    storage: {place}/db\n"
        f"zone:\n  - domain: example.com\n    file: {place}/zone\n")
    return ["/usr/sbin/knotd", "-c", place / "knot.conf"]


def answers_dns(address, port):
    done = subprocess.run(["dig", "+short", "+time=1", "+tries=1", f"@{address}", "-p", str(port), "h999.example.com"],
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() == "192.0.2.1"


def dnsperf(address, port, queries, seconds):
    text = subprocess.run(["dnsperf", "-s", address, "-p", str(port), "-d", str(queries), "-l", str(seconds), "-c", "8",
                           "-q", "200"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    good = re.search(r"NOERROR (\d+)", text)
    if not good:
        raise RuntimeError(f"no answers:\n{text}")
    return int(good[1])


def measure(setting):
    need("dnsperf", "dig", "/usr/sbin/knotd", "nsenter")
    with Unkai(setting) as unkai, folder("dns") as place:
        hosted_zone(unkai)
        queries = place / "queries"
        queries.write_text("".join(f"h{random.randrange(NAMES)}.example.com A\n" for _ in range(20000)))
        address = unkai.dns_address
        with running(*knot_conf(place, address), network=unkai.run_dir / "netns" / "internet") as knot:
            for name, port in PORTS.items():
                until(lambda: answers_dns(address, port), f"{name} answers")
            cost = in_turns(setting, {
                name: (pid, lambda seconds, port=PORTS[name]: dnsperf(address, port, queries, seconds))
                for name, pid in (("unkai", unkai.pid), ("knot", knot.pid))})
    yield Figure("DNS answers a second and core", 1e3 / cost["unkai"], 1e3 / cost["knot"], peer="Knot", unit="k/s",
                 least=0.8)
