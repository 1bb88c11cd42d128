"""Warm invocations and cold starts of the function plane, beside the bare start of the same interpreters."""
import re
import subprocess
from pathlib import Path

from measure import Figure, Missing, folder

PROGRAM = "unkai_planes_functions_bench"


def measure(setting):
    program = Path(setting.program).resolve().parent / PROGRAM
    if not program.exists():
        raise Missing(f"{PROGRAM} is not built: ninja -C {program.parent} {PROGRAM}")
    with folder("fn") as place:
        text = subprocess.run([program, place / "plane", str(setting.rounds * 4)], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
    times = {name.strip(): float(median) for name, median in re.findall(r"^(.*?) +p50 +([0-9.]+) ms", text, re.M)}
    runtimes = [name.removesuffix(" warm invoke") for name in times if name.endswith(" warm invoke")]
    if not runtimes:
        raise Missing("neither Python nor Node.js of a version that Lambda has")
    for runtime in runtimes:
        bare = next(name for name in times if name.endswith("-c pass" if runtime.startswith("python") else "-e 0"))
        yield Figure(f"{runtime}: warm invocation", times[runtime + " warm invoke"], unit="ms", most=0.3)
        yield Figure(f"{runtime}: cold start", times[runtime + " cold start"], times[bare], peer=bare, unit="ms",
                     most=1.2)
