"""End-to-end tests. Without options they test the application alone (see standalone.py); with

    pytest tests/e2e --deploy [--unkai build/dev/unkai]

they start an installation of their own, deploy examples/saas, test it, take it down and purge it; with

    pytest tests/e2e --stack saas

they test the stack of that name in the Unkai that runs on this machine (`unkai up examples/saas` made it); with

    pytest tests/e2e --migration [--unkai build/dev/unkai]

they deploy examples/migration and move its traffic, in an installation of their own; with

    pytest tests/e2e --cdk [--unkai build/dev/unkai]

they deploy its CDK version by the CDK CLI, likewise.
"""
import pytest

from browser import open_browser


def pytest_addoption(parser):
    parser.addoption("--stack", help="name of the deployed stack to test; without it the application alone")
    parser.addoption("--migration", action="store_true", help="test examples/migration instead, likewise")
    parser.addoption("--cdk", action="store_true", help="test the CDK version of examples/migration instead")
    parser.addoption("--deploy", action="store_true", help="test a stack in an installation of its own")
    parser.addoption("--unkai", default="unkai", help="the program, where it is not in PATH")
    parser.addoption("--data-dir", help="the installation's data folder, if not the customary one")


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if all((group in item.keywords) == config.getoption(f"--{group}")
                                            for group in ("migration", "cdk"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    of_a_stack = config.getoption("--stack") or config.getoption("--deploy")
    for item in items:
        needs = "stack" if "stack" in item.keywords else "standalone" if "standalone" in item.keywords else None
        if needs == "stack" and not of_a_stack:
            item.add_marker(pytest.mark.skip(reason="needs a deployed stack: --deploy, or --stack NAME"))
        if needs == "standalone" and of_a_stack:
            item.add_marker(pytest.mark.skip(reason="tests the application without a stack"))
    items.sort(key=lambda item: "last" in item.keywords)


def pytest_configure(config):
    config.addinivalue_line("markers", "migration: tests examples/migration")
    config.addinivalue_line("markers", "cdk: tests examples/migration/cdk")
    config.addinivalue_line("markers", "stack: needs a deployed stack")
    config.addinivalue_line("markers", "standalone: runs the application alone")
    config.addinivalue_line("markers", "last: runs after all others, because it removes what they test")


@pytest.fixture(scope="session")
def deployed(request):
    """Where the application answers: `.site` and `.api`, and in a stack much more (see stack.py)."""
    option = request.config.getoption
    if name := option("--stack"):
        from stack import Stack, Unkai
        yield Stack(Unkai(option("--unkai"), option("--data-dir")), name)
    elif option("--deploy"):
        from installation import Installation
        from stack import Stack, Unkai
        with Installation(option("--unkai")) as own:
            own.up()
            yield Stack(Unkai(option("--unkai"), str(own.data)), "saas", own)
    else:
        from standalone import Standalone
        with Standalone() as alone:
            yield alone


@pytest.fixture
def browser_context(deployed):
    with open_browser(deployed.names_for_browsers()) as context:
        yield context
