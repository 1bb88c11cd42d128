"""The life of a stack, from nothing to nothing: an installation of its own, on its own addresses.

    pytest tests/e2e/test_teardown.py --lifecycle

Deploys examples/saas, takes it down, stops and purges; what is on the machine afterwards is what was there before.
"""
import pathlib
import subprocess

import pytest

import machine
from standalone import ROOT, wait_for


@pytest.fixture
def unkai(request, tmp_path):
    if not request.config.getoption("--lifecycle"):
        pytest.skip("starts an installation of its own: --lifecycle")
    program = request.config.getoption("--unkai")
    data = str(tmp_path / "data")

    def run(*arguments: str, timeout: float = 300):
        done = subprocess.run([program, "--data-dir", data, *arguments], capture_output=True, text=True,
                              timeout=timeout)
        assert done.returncode == 0, f"unkai {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout
    yield run
    subprocess.run([program, "--data-dir", data, "stop", "--purge"], capture_output=True, timeout=120)


def left(before: dict) -> list[str]:
    return machine.difference(before, machine.picture())


def vanish(before: dict):
    """Waits until nothing is left; says what is, if it does not go."""
    try:
        wait_for("what was there to go", lambda: not left(before), 60)
    except AssertionError:
        assert left(before) == []


def test_a_deleted_stack_and_a_purged_installation_leave_nothing(unkai):
    nothing = machine.picture()
    unkai("start", "--port", "4577", "--public-cidr", "198.19.128.0/17")
    started = machine.picture()
    example = str(pathlib.Path(ROOT) / "examples" / "saas")
    unkai("up", example)
    assert left(started) != [], "the stack should have made namespaces, mounts and processes"
    unkai("down", example)
    vanish(started)
    unkai("stop", "--purge")
    vanish(nothing)
