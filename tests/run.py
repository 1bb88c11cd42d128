"""Runs every test, group by group, and closes with one line: N passed, N failed.

  python3 tests/run.py [--fast] [WORD...]    only groups whose names contain one of the words

Groups: `check` (tests/check.py), one for each C++ folder (GoogleTest), `codegen`, then with a running
Unkai of its own (own data folder, own installation) `conformance`, and `operations`, which names every
promised operation that conformance did not call with success and with error; `example` drives the
application of examples/saas alone, in a browser; `e2e` the same deployed, in an installation of its own;
`migration` examples/migration, whose traffic moves from one side to the other under load; `cdk` its CDK
version, deployed by the CDK CLI (skipped where the npm registry is silent).
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import javascript

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / os.environ.get("UNKAI_PRESET", "release")
REPORTS = BUILD / "reports"
# Conformance waits more than it works: its parts go to so many processes, each with an Unkai of its own.
WORKERS = os.environ.get("UNKAI_TEST_WORKERS", "4")
# What --fast leaves out: real databases, containers, browsers.
SLOW = ("planes_mysql", "planes_containers", "planes_network", "example", "e2e", "conformance", "migration", "cdk")


def venv(browser=False):
    """A Python with the test libraries, made once and kept beside the build."""
    python = ROOT / ".venv" / "bin" / "python"
    files = [ROOT / "tests" / "requirements.txt", ROOT / "tests" / "e2e" / "requirements.txt"][:2 if browser else 1]
    wanted = "".join(file.read_text() for file in files)
    stamp = ROOT / ".venv" / ("browser.txt" if browser else "requirements.txt")
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", ROOT / ".venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                    *(part for file in files for part in ("-r", file))], check=True)
    stamp.write_text(wanted)
    return python


def read_report(path):
    """Passed and failed cases of a JUnit report; skipped ones count as neither."""
    passed, failed, names = 0, 0, []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            names.append(f"{case.get('classname')}.{case.get('name')}")
        elif case.find("skipped") is None and case.get("status") != "notrun":
            passed += 1
    return passed, failed, names


def run_group(name, command, report):
    started = time.monotonic()
    report.unlink(missing_ok=True)
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=float(os.environ.get("UNKAI_GROUP_TIMEOUT", "1800")))
    if report.exists():
        passed, failed, names = read_report(report)
    else:
        passed, failed, names = (1, 0, []) if done.returncode == 0 else (0, 1, [name])
    if done.returncode != 0 and failed == 0:
        failed, names = 1, [f"{name} (exit code {done.returncode})"]
    print(f"{'ok  ' if failed == 0 else 'FAIL'} {name:24} {passed:5} passed {failed:3} failed "
          f"{time.monotonic() - started:7.1f} s", flush=True)
    if failed:
        print(done.stdout[-20000:])
    return passed, failed, names


def groups(fast, words):
    def wanted(name):
        return (not fast or not name.startswith(SLOW)) and (not words or any(word in name for word in words))

    if wanted("check"):
        yield "check", [sys.executable, ROOT / "tests" / "check.py"], REPORTS / "check.xml"
    for binary in sorted(BUILD.glob("unkai_*_test")):
        name = binary.name[len("unkai_"):-len("_test")]
        if wanted(name):
            report = REPORTS / f"{name}.xml"
            yield name, [binary, f"--gtest_output=xml:{report}"], report
    if wanted("codegen"):
        yield "codegen", [sys.executable, ROOT / "codegen" / "golden_test.py"], REPORTS / "codegen.xml"
    if wanted("conformance"):
        report = REPORTS / "conformance.xml"
        shutil.rmtree(REPORTS / "operations", ignore_errors=True)  # What was called then is not called now.
        if why_not := javascript.install():
            print(f"note: conformance is skipped by the AWS SDK for JavaScript. {why_not}", flush=True)
        yield "conformance", [venv(), "-m", "pytest", "-q", ROOT / "tests" / "conformance", "--unkai",
                              BUILD / "unkai", "-n", WORKERS, "--dist", "loadgroup", "--no-loadscope-reorder",
                              f"--junitxml={report}"], report
        yield "operations", [sys.executable, ROOT / "tests" / "operations.py"], REPORTS / "operations.xml"
    for name, options in (("example", []), ("e2e", ["--deploy", "--unkai", BUILD / "unkai"]),
                          ("migration", ["--migration", "--unkai", BUILD / "unkai"]),
                          ("cdk", ["--cdk", "--unkai", BUILD / "unkai"])):
        if wanted(name):
            report = REPORTS / f"{name}.xml"
            yield name, [venv(browser=True), "-m", "pytest", "-q", ROOT / "tests" / "e2e", *options,
                         f"--junitxml={report}"], report


def main():
    arguments = sys.argv[1:]
    fast = "--fast" in arguments
    words = [word for word in arguments if not word.startswith("--")]
    REPORTS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    broken = []
    for name, command, report in groups(fast, words):
        try:
            good, bad, names = run_group(name, command, report)
        except subprocess.TimeoutExpired:
            good, bad, names = 0, 1, [f"{name} (did not end in time)"]
            print(f"FAIL {name}: it did not end in time", flush=True)
        passed, failed, broken = passed + good, failed + bad, broken + names
    for name in broken:
        print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


main()
