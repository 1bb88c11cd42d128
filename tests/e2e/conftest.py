"""End-to-end tests. Without options they test the application alone (see standalone.py); with

    pytest tests/e2e --stack saas

they test the stack of that name in the Unkai that runs on this machine (`unkai up examples/saas` made it).
"""
import pytest

from browser import open_browser


def pytest_addoption(parser):
    parser.addoption("--stack", help="name of the deployed stack to test; without it the application alone")
    parser.addoption("--lifecycle", action="store_true", help="also deploy and remove an installation of its own")
    parser.addoption("--unkai", default="unkai", help="the program, where it is not in PATH")


def pytest_collection_modifyitems(config, items):
    stack = config.getoption("--stack")
    for item in items:
        needs = "stack" if "stack" in item.keywords else "standalone" if "standalone" in item.keywords else None
        if needs == "stack" and not stack:
            item.add_marker(pytest.mark.skip(reason="needs a deployed stack: --stack NAME"))
        if needs == "standalone" and stack:
            item.add_marker(pytest.mark.skip(reason="tests the application without a stack"))


def pytest_configure(config):
    config.addinivalue_line("markers", "stack: needs a deployed stack")
    config.addinivalue_line("markers", "standalone: runs the application alone")


@pytest.fixture(scope="session")
def deployed(request):
    """Where the application answers: `.site` and `.api`, and in a stack much more (see stack.py)."""
    name = request.config.getoption("--stack")
    if name:
        from stack import Stack
        yield Stack(request.config.getoption("--unkai"), name)
        return
    from standalone import Standalone
    with Standalone() as alone:
        yield alone


@pytest.fixture
def browser_context():
    with open_browser() as context:
        yield context
