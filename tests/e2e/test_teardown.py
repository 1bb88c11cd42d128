"""The end of a stack's life, after all other tests: what it had made goes, and then the installation."""
import pytest

import machine
from standalone import EXAMPLE

pytestmark = [pytest.mark.stack, pytest.mark.last]


@pytest.fixture(scope="module")
def own(deployed):
    if deployed.installation is None:
        pytest.skip("takes down the stack that it tests: --deploy")
    return deployed.installation


def test_deploying_again_changes_nothing(own):
    assert "nothing had changed" in own.up()


def test_a_deleted_stack_leaves_nothing(own):
    stack = machine.difference(own.machine_started, machine.picture(own.data))
    assert {line.split(":")[0] for line in stack} >= {"namespaces", "mounts", "processes", "cgroups"}
    own.run("down", str(EXAMPLE))
    own.wait_until_as_started()


def test_a_purged_installation_leaves_the_machine_as_it_was(own):
    own.run("stop", "--purge")
    own.wait_until_as_before()
    assert not own.data.exists()
