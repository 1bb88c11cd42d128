#!/usr/bin/env python3
"""The generator's output for golden/cafe.json is what lies beside it: a change of it is reviewed.

codegen/golden_test.py            # compares
codegen/golden_test.py --accept   # writes the new output
"""

import difflib
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "golden"


def generate(target):
    subprocess.run(
        [
            sys.executable,
            str(HERE / "generate.py"),
            str(GOLDEN / "cafe.json"),
            str(GOLDEN / "cafe.ops"),
            str(target / "cafe"),
        ],
        check=True,
    )


def main():
    if "--accept" in sys.argv:
        generate(GOLDEN)
        return
    differs = False
    with tempfile.TemporaryDirectory() as folder:
        generate(pathlib.Path(folder))
        for name in ("cafe.h", "cafe.cc"):
            wanted, got = (
                path.read_text().splitlines(keepends=True)
                for path in (GOLDEN / name, pathlib.Path(folder, name))
            )
            for line in difflib.unified_diff(wanted, got, f"golden/{name}", "generated"):
                differs = True
                sys.stdout.write(line)
    if differs:
        sys.exit(
            "The generator's output has changed. If that is wanted: codegen/golden_test.py --accept"
        )


if __name__ == "__main__":
    main()
