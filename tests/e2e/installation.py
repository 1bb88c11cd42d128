"""An installation of its own: own data folder, port, public addresses; it deploys the example and leaves nothing."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import machine
from standalone import EXAMPLE, free_port, wait_for

PUBLIC_CIDR = os.environ.get("UNKAI_PUBLIC_CIDR", "203.0.124.0/22")


# Builds ask package registries, which are not what is tested here.
SILENT_REGISTRY = ("SiteBuildTimeout", "ETIMEDOUT", "ReadTimeoutError", "ConnectTimeoutError", "npm error network")


class Installation:
    """`with Installation(program) as own: own.up()`; `own.data` is its data folder."""

    def __init__(self, program: str):
        self.program = program
        self.machine_before = machine.picture()
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="unkai-e2e-"))

    def __enter__(self):
        try:
            self.run("start", "--port", str(free_port()), "--public-cidr", PUBLIC_CIDR)
            self.machine_started = machine.picture(self.data)
        except BaseException:
            self.purge()
            raise
        return self

    def __exit__(self, *_):
        self.purge()

    def run(self, *arguments: str, seconds: float = 600) -> str:
        done = subprocess.run([self.program, "--data-dir", self.data, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds)
        if any(word in done.stdout for word in SILENT_REGISTRY):
            pytest.skip(f"a package registry does not answer: {done.stdout[-600:]}")
        assert done.returncode == 0, f"unkai {' '.join(arguments)}: {done.stdout}"
        return done.stdout

    def up(self):
        """The page's build may ask a package registry, which may be slow."""
        return self.run("up", str(EXAMPLE), "--check", "--check-timeout", "120")

    def purge(self):
        subprocess.run([self.program, "--data-dir", self.data, "stop", "--purge"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=180)
        shutil.rmtree(self.data, ignore_errors=True)

    # ---- What is left of it

    def wait_until_as_started(self):
        """What the stack made (namespaces, processes, mounts …) is gone; Unkai itself still runs."""
        self._wait(lambda: machine.difference(self.machine_started, machine.picture(self.data)))

    def wait_until_as_before(self):
        """The whole machine is as it was; while other installations run, what bears this one's marks is gone."""
        def left():
            if machine.others_run(self.data):
                return [f"{kind}: {item}" for kind, items in machine.picture(self.data).items() for item in items]
            return machine.difference(self.machine_before, machine.picture())
        self._wait(left)

    @staticmethod
    def _wait(left):
        try:
            wait_for("what was made to go", lambda: not left(), 60)
        except AssertionError as error:
            raise AssertionError("This is left:\n" + "\n".join(left())) from error
