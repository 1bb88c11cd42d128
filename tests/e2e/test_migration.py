"""A serverless API moves to containers, under load, with alarms that reach Slack (examples/migration)."""
import json
import math
import threading
import time

import pytest

from migration import deployed_migration
from standalone import wait_for

pytestmark = pytest.mark.migration


@pytest.fixture(scope="module")
def migration(request):
    with deployed_migration(request.config.getoption("--unkai")) as deployed:
        yield deployed


def assert_all_good(measured):
    assert measured["answered"] > 0 and set(measured["statuses"]) == {"200"}, json.dumps(measured)
    assert measured["failed"] == 0 and measured["dropped"] == 0, json.dumps(measured)


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/", None),
    ("GET", "/products?page=3&size=50", None),
    ("GET", "/products/7", None),
    ("GET", "/products/100000", None),
    ("GET", "/products?page=0", None),
    ("GET", "/products/7/label", None),  # A PNG: Base64 between API Gateway and the function only.
    ("POST", "/quotes", {"product": 7, "quantity": 120}),
    ("POST", "/quotes", {"product": "seven"}),
    ("GET", "/nothing/here", None),
])
def test_both_sides_answer_with_the_same_bytes(migration, method, path, body):
    old = migration.ask("lambda", path, method, body)
    new = migration.ask("fargate", path, method, body)
    assert old == new
    assert old[0] < 500
    if path.endswith("label"):
        assert old[2].startswith(b"\x89PNG")


@pytest.mark.parametrize("weight", [0, 10, 50, 100])
def test_shares_arrive_as_weighed(migration, weight):
    migration.set_weights(**{"lambda": 100 - weight, "fargate": weight})
    old, new = migration.addresses("lambda"), migration.addresses("fargate")
    count = 3000
    arrived = sum(1 for _ in range(count) if set(migration.resolve("api.migration.localhost")) <= new)
    migration.set_weights(**{"lambda": 100, "fargate": 0})
    share = weight / 100
    width = 3.2905 * math.sqrt(count * share * (1 - share))  # 99.9 %
    assert abs(arrived - count * share) <= width + 1e-9
    assert not old & new


def test_a_failing_side_is_rolled_back_and_slack_hears_of_it(migration):
    alarm = migration.outputs["migration-fargate"]["AlarmName"]
    broken = {}

    def break_it():
        wait_for("the first step", lambda: migration.weights()["fargate"] == 50, 60)
        broken["at"] = time.monotonic()
        migration.break_fargate(25)

    with migration.load() as end_load:
        breaking = threading.Thread(target=break_it)
        breaking.start()
        done = migration.shift("--steps", "50,100", "--every", "60s", "--guard", "errors<1%")
        rolled_back_after = time.monotonic() - broken["at"]
        breaking.join()
        assert done.returncode == 99, done.stdout
        assert migration.weights() == {"lambda": 100, "fargate": 0}
        wait_for("the alarm", lambda: migration.alarm(alarm) == "ALARM"
                 or migration.slack.about(alarm, "ALARM"), max(1, 30 - rolled_back_after))
        wait_for("the message in Slack", lambda: migration.slack.about(alarm, "ALARM"),
                 max(1, broken["at"] + 30 - time.monotonic()))
        assert rolled_back_after < 30
        wait_for("OK after it is mended", lambda: migration.alarm(alarm) == "OK", 90)
        wait_for("the all-clear in Slack", lambda: migration.slack.about(alarm, "OK"), 30)
        end_load()


def test_the_whole_shift_under_load_fails_no_request(migration):
    with migration.load() as end_load:
        done = migration.shift("--steps", "10,25,50,100", "--every", "6s", "--guard", "errors<1%",
                               "--guard", "p99<2s")
        assert done.returncode == 0, done.stdout
        assert migration.weights() == {"lambda": 0, "fargate": 100}
        measured = end_load()
    assert_all_good(measured)
    report = json.loads((migration.own.data / "shift.json").read_text())
    assert report["outcome"] == "completed"
    assert (migration.own.data / "shift.html").stat().st_size > 1000


def test_the_old_side_goes(migration):
    with migration.load() as end_load:
        wait_for("the new side alone", lambda: set(migration.resolve("api.migration.localhost"))
                 <= migration.addresses("fargate"), 30)
        migration.own.run("down", "migration-lambda", "--yes")
        assert set(migration.records()) == {"fargate"}
        assert migration.client("lambda").list_functions()["Functions"] == []
        measured = end_load()
    assert_all_good(measured)

