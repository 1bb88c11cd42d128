"""`unkai up examples/saas` to serving, with its images and pages built before: deployed, taken down, deployed again.

The clock stops when the site and its API answer as the manifest's checks want them (`up` asks them by itself).
"""
import statistics
import time

from measure import ROOT, Figure, Unkai

EXAMPLE = ROOT / "examples" / "saas"


def measure(setting):
    with Unkai(setting) as unkai:
        unkai.run("up", str(EXAMPLE))  # Builds what is not there.
        took = []
        for _ in range(min(setting.rounds, 3)):
            unkai.run("down", str(EXAMPLE), "--yes")
            started = time.monotonic()
            unkai.run("up", str(EXAMPLE))
            took.append(time.monotonic() - started)
    yield Figure("unkai up examples/saas to serving, images there", statistics.median(took), unit="s", most=5)
