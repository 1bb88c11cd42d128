"""What Unkai can leave behind on a machine, counted: compare a picture from before with one from after.

    python machine.py > before.json … python machine.py before.json   # exit code 1 and the difference, if any

Of the whole machine, or, for machines on which others work too, of one installation, known by its data folder.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

PROGRAMS = ("unkai", "node", "runc", "crun", "mariadbd", "mysqld")
RUN = pathlib.Path("/run/unkai")


def lines(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def read(path) -> str:
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def installation_id(data: pathlib.Path) -> str:
    """Empty when that folder is gone."""
    return json.loads(read(data / "installation.json") or "{}").get("id", "")


class Marks:
    """What bears the marks of an installation: its folders, its id, its control group, its namespaces."""

    known: dict[pathlib.Path, str] = {}  # Ids of installations, which outlive their folders here.

    def __init__(self, data: pathlib.Path):
        self.id = installation_id(data) or self.known.get(data, "")
        self.known[data] = self.id
        self.run = str(RUN / self.id)
        self.data = str(data)
        self.group = "unkai-" + hashlib.sha256(f"{self.run}/containers".encode()).hexdigest()[:12]
        self.namespaces = {path.stat().st_ino for path in pathlib.Path(self.run, "netns").glob("*")}

    def on(self, text: str) -> bool:
        return bool(self.id) and any(mark in text for mark in (self.id, self.data, self.group))

    def on_process(self, number: str) -> bool:
        """By its control group, its command line, or the namespace that it is in."""
        try:
            namespace = os.stat(f"/proc/{number}/ns/net").st_ino
        except OSError:
            return False
        texts = read(f"/proc/{number}/cgroup") + read(f"/proc/{number}/cmdline")
        return namespace in self.namespaces or self.on(texts)


def processes(marks: Marks | None) -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        program = read(f"/proc/{name}/comm").strip()
        ended = re.search(r"\) [ZX] ", read(f"/proc/{name}/stat"))
        ours = marks.on_process(name) if marks else program.startswith(PROGRAMS)
        if program and ours and not ended:
            found.append(program)
    return sorted(found)


def mounts() -> list[str]:
    with open("/proc/self/mountinfo") as file:
        return sorted(line.split()[4] for line in file)


def cgroups() -> list[str]:
    """Those of installations and all below them."""
    found = []
    for top in pathlib.Path("/sys/fs/cgroup").rglob("unkai*"):
        found += [folder for folder, _, _ in os.walk(top)]
    return sorted(found)


def picture(data: pathlib.Path | None = None) -> dict[str, list[str]]:
    """Of the whole machine, or of the installation in that data folder."""
    marks = Marks(data) if data else None
    found = {
        "mounts": mounts(),
        "links": sorted(link.split(":")[1].split("@")[0].strip() for link in lines("ip", "-o", "link")),
        "tables": sorted(lines("nft", "list", "tables")),
        "rules": sorted(lines("ip", "rule")),
        "cgroups": cgroups(),
        "folders": sorted(str(path) for path in RUN.glob("*/*")),
    }
    if marks:
        found = {kind: [item for item in items if marks.on(item)] for kind, items in found.items()}
        # The first task makes the installation's own group, in which those of containers are.
        found["cgroups"] = [path for path in found["cgroups"] if not path.endswith(marks.group)]
        found["namespaces"] = sorted(map(str, marks.namespaces))
    else:
        found["namespaces"] = sorted(line.split()[0] for line in lines("lsns", "-t", "net", "-n", "-o", "NS"))
    found["processes"] = processes(marks)
    return found


def others_run(data: pathlib.Path) -> bool:
    """Whether another installation than this one runs on the machine: then the whole machine's picture moves."""
    own = Marks(data).id
    return any(path.parent.name != own and os.path.exists(f"/proc/{read(path).strip()}")
               for path in RUN.glob("*/unkai.pid"))


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
