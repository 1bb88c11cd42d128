"""`./dev bench`: every figure beside its peer, one table, build/bench.json.

  python3 tests/bench/run.py [NAME...] [--program build/release/unkai] [--seconds 3] [--rounds 5]

A NAME is a file of this folder; measure.py says how to write one. Exit code 99: a figure misses its aim.
"""
import argparse
import importlib
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from measure import ROOT, Missing, Setting  # noqa: E402

RESULT = ROOT / "build" / "bench.json"
BENCHES = sorted(path.stem for path in pathlib.Path(__file__).parent.glob("*.py")
                 if path.stem not in ("measure", "run"))


def row(bench, figure):
    aim = f"≤ {figure.most:g}" if figure.most is not None else f"≥ {figure.least:g}" if figure.least is not None else ""
    if figure.theirs:
        measured = f"{figure.ours:.2f} : {figure.theirs:.2f} {figure.unit} {figure.peer}"
        judged = f"{figure.judged:.2f} ×"
    else:
        measured, judged = "", f"{figure.ours:.1f} {figure.unit}"
    mark = "ok  " if figure.good else "MISS"
    return f"{mark} {bench:12} {figure.name:44} {judged:>12}  {aim:8} {measured}"


def main():
    parser = argparse.ArgumentParser(prog="dev bench")
    parser.add_argument("names", nargs="*", help="of " + ", ".join(BENCHES))
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "unkai"))
    parser.add_argument("--seconds", type=int, default=3, help="whole ones: wrk takes no others")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; there are {', '.join(BENCHES)}")
    setting = Setting(str(pathlib.Path(arguments.program).resolve()), arguments.seconds, arguments.rounds)
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    missed = 0
    for bench in arguments.names or BENCHES:
        figures = []
        try:
            for figure in importlib.import_module(bench).measure(setting):
                print(row(bench, figure), flush=True)
                figures.append({"name": figure.name, "ours": round(figure.ours, 3), "unit": figure.unit,
                                "peer": figure.peer, "theirs": figure.theirs and round(figure.theirs, 3),
                                "judged": round(figure.judged, 3), "most": figure.most, "least": figure.least,
                                "good": figure.good})
                missed += not figure.good
        except Missing as reason:
            print(f"---- {bench:12} left out: {reason}", flush=True)
            continue
        results[bench] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "figures": figures}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{missed} figures miss their aim; {RESULT.relative_to(ROOT)}")
    sys.exit(99 if missed else 0)


main()
