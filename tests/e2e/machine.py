"""What Unkai can leave behind on a machine, counted: compare a picture from before with one from after.

    python machine.py > before.json … python machine.py before.json   # exit code 1 and the difference, if any
"""
import json
import os
import pathlib
import subprocess
import sys

PROGRAMS = ("unkai", "node", "runc", "crun", "mariadbd", "mysqld")


def lines(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def processes() -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            program = pathlib.Path(f"/proc/{name}/comm").read_text().strip()
        except OSError:
            continue
        if program.startswith(PROGRAMS):
            found.append(program)
    return sorted(found)


def mounts() -> list[str]:
    with open("/proc/self/mountinfo") as file:
        return sorted(line.split()[4] for line in file)


def cgroups() -> list[str]:
    root = pathlib.Path("/sys/fs/cgroup")
    return sorted(str(path) for path in root.rglob("unkai*") if path.is_dir())


def picture() -> dict[str, list[str]]:
    return {
        "processes": processes(),
        "mounts": mounts(),
        "links": sorted(link.split(":")[1].split("@")[0].strip() for link in lines("ip", "-o", "link")),
        "namespaces": sorted(line.split()[0] for line in lines("lsns", "-t", "net", "-n", "-o", "NS")),
        "tables": sorted(lines("nft", "list", "tables")),
        "rules": sorted(lines("ip", "rule")),
        "cgroups": cgroups(),
    }


def difference(before: dict, after: dict) -> list[str]:
    out = []
    for kind in before:
        for item in sorted(set(before[kind]) | set(after[kind])):
            counts = before[kind].count(item), after[kind].count(item)
            if counts[0] != counts[1]:
                out.append(f"{kind}: {item}: {counts[0]} before, {counts[1]} after")
    return out


if __name__ == "__main__":
    if len(sys.argv) == 1:
        json.dump(picture(), sys.stdout, indent=1)
    else:
        found = difference(json.loads(pathlib.Path(sys.argv[1]).read_text()), picture())
        print("\n".join(found) or "nothing is left")
        sys.exit(1 if found else 0)
