"""The AWS SDK for JavaScript v3 for the tests, made once by npm: tests/conformance/js/node_modules.

  python3 tests/javascript.py       installs what tests/conformance/js/package-lock.json names

Registries are at times silent for minutes: npm asks again, and so does this. When none answered, the tests by that
client are skipped with the reason (the variable UNKAI_NO_JAVASCRIPT carries it to them); everything else that npm
refuses is a failure.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "conformance" / "js"
LOCK, STAMP = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".installed"
OLDEST_NODE = 18
TRIES, SECONDS = 3, 300
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-timeout=60000", "--fetch-retries=4",
       "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=20000"]
REFUSED = re.compile(r"npm error code (EUSAGE|EINTEGRITY|EJSONPARSE|ENOSPC|EACCES|EROFS)")


def missing():
    """Why the SDK cannot be used here, as a sentence; else None."""
    if said := os.environ.get("UNKAI_NO_JAVASCRIPT"):
        return said
    node = shutil.which("node")
    if not node:
        return "No node is on the PATH: apt-get install nodejs."
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout.strip()
    if not version or int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        return f"The AWS SDK for JavaScript needs Node {OLDEST_NODE} or later; {node} is {version or 'none'}."
    if not STAMP.exists() or STAMP.read_text() != LOCK.read_text():
        return "The AWS SDK for JavaScript is not installed: python3 tests/javascript.py"
    return None


def install():
    """Installs it if it is not there; returns, and leaves in UNKAI_NO_JAVASCRIPT, why it is still not there."""
    why_not = missing()
    if why_not and "not installed" in why_not:
        why_not = download() or missing()
    if why_not:
        os.environ["UNKAI_NO_JAVASCRIPT"] = why_not
    return why_not


def download():
    if not shutil.which("npm"):
        return "No npm is on the PATH: apt-get install npm."
    said = ""
    for _ in range(TRIES):
        try:
            done = subprocess.run(NPM, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=SECONDS)
        except subprocess.TimeoutExpired:
            said = f"no answer in {SECONDS} s"
            continue
        if done.returncode == 0:
            STAMP.write_text(LOCK.read_text())
            return None
        if REFUSED.search(done.stdout):
            sys.exit(f"npm ci in {FOLDER} failed:\n{done.stdout[-4000:]}")
        found = re.search(r"npm error code (\S+)", done.stdout)
        said = found[1] if found else f"exit code {done.returncode}"
    return f"The npm registry gave no AWS SDK for JavaScript, asked {TRIES} times ({said}): python3 tests/javascript.py"


if __name__ == "__main__":
    sys.exit(install())
