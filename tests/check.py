"""`./dev check`: the directions of deps.txt, the budgets of size, and what review should not have to say."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER_LINES, SOURCE_LINES, FUNCTION_LINES, COLUMNS = 200, 500, 70, 100
problems = []


def problem(path, line, text):
    problems.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
                            cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).exists()]


def directions():
    allowed = {}
    for line in (ROOT / "deps.txt").read_text().splitlines():
        line = line.split("#")[0]
        if ":" in line:
            folder, uses = line.split(":")
            allowed[folder.strip()] = {folder.strip(), *uses.split()}
    return allowed


def folder_of(path, allowed):
    """The longest folder of deps.txt that holds this path below src/."""
    parts = path.split("/")
    for length in (2, 1):
        if "/".join(parts[:length]) in allowed:
            return "/".join(parts[:length])
    return None


def check_includes(path, text, allowed):
    here = folder_of(str(path.relative_to(ROOT / "src")), allowed)
    parts = path.relative_to(ROOT / "src").parts
    if parts[0] in ("cli", "parts") or len(parts) == 1:  # The composition root may include everything.
        return
    if here is None:
        problem(path, 1, "this folder is not in deps.txt")
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = re.match(r'#include "([^"]+)"', line)
        if not include:
            continue
        there = folder_of(include[1], allowed) or include[1].split("/")[0]
        if there not in allowed[here] and not path.name.endswith("_test.cc"):
            problem(path, number, f"{here} may not include {there} (deps.txt)")


def check_size(path, lines):
    limit = HEADER_LINES if path.suffix == ".h" else SOURCE_LINES
    if len(lines) > limit and not path.name.endswith("_test.cc"):
        problem(path, limit, f"{len(lines)} lines; the budget is {limit}")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and 'R"' not in line:  # A raw string cannot be broken.
            problem(path, number, f"{len(line)} columns; the budget is {COLUMNS}")


def check_functions(path, lines):
    """Functions at the outermost level (inside namespaces): from their head to the closing brace."""
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"^[A-Za-z~].*[({,]$|^[A-Za-z~].*\{$", line) and not re.match(
                r"^(namespace|class|struct|enum|union|using|template|static const|const|constexpr|inline const)", line):
            start = start or number
        if line in ("}", "};"):
            if start and number - start > FUNCTION_LINES and line == "}":
                problem(path, start, f"a function of {number - start} lines; the budget is {FUNCTION_LINES}")
            start = None


def check_words(path, lines):
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            problem(path, number, "unfinished work belongs into docs/ROADMAP.md")
        if re.search(r"^\s*using namespace std;", line):
            problem(path, number, "no using namespace std")


def main():
    allowed = directions()
    for path in tracked("src/*.h", "src/*.cc", "src/**/*.h", "src/**/*.cc"):
        text = path.read_text()
        lines = text.splitlines()
        check_includes(path, text, allowed)
        check_size(path, lines)
        check_words(path, lines)
        if path.suffix == ".cc" and not path.name.endswith("_test.cc"):
            check_functions(path, lines)
        if path.suffix == ".h" and "#pragma once" not in text:
            problem(path, 1, "a header without #pragma once")
    for folder in ("utils", "common", "misc", "helpers"):
        for path in (ROOT / "src").rglob(folder):
            problem(path, 0, "what has no name has no home")
    print("\n".join(problems) or "check: nothing to say")
    sys.exit(1 if problems else 0)


main()
