"""The API's own promises, against the application alone: its reader lags two seconds behind."""
import json
import signal
import urllib.error
import urllib.request
import uuid

import pytest

from standalone import stop_process, wait_for

pytestmark = pytest.mark.standalone

ORDER = {"customer": "Test", "product": "Team plan", "quantity": 2, "amountCents": 19800, "status": "paid"}


def call(base, path, body=None, headers=None, method=None):
    """Status, parsed body and headers."""
    request = urllib.request.Request(base + path, method=method)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if body is not None:
        request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def test_health_needs_no_database(deployed):
    status, body, _ = call(deployed.api, "/api/health")
    assert (status, body["status"]) == (200, "ok")


def test_an_order_is_read_back_though_the_reader_lags(deployed):
    status, body, headers = call(deployed.api, "/api/records", ORDER)
    assert status == 201
    order = body["record"]["id"]
    assert headers["location"] == f"/api/records/{order}"

    # Who did not write it may see the past; who did says so, and is answered by the writer meanwhile.
    _, stale, _ = call(deployed.api, "/api/records")
    assert stale["source"] == "reader"
    assert order not in [row["id"] for row in stale["records"]]
    _, fresh, _ = call(deployed.api, f"/api/records?seen={order}")
    assert fresh["source"] == "writer"
    assert fresh["records"][0]["id"] == order

    # Once it has arrived, the reader answers again.
    wait_for("replication", lambda: call(deployed.api, f"/api/records?seen={order}")[1]["source"] == "reader")
    rows = deployed.reader.query(f"SELECT customer, quantity FROM saas.orders WHERE id = {order}")
    assert rows == (("Test", 2),)


def test_a_repeated_key_adds_one_order(deployed):
    key = {"idempotency-key": uuid.uuid4().hex}
    first = call(deployed.api, "/api/records", ORDER, key)
    again = call(deployed.api, "/api/records", ORDER, key)
    assert (first[0], again[0]) == (201, 200)
    assert first[1]["record"] == again[1]["record"]


@pytest.mark.parametrize("change, field", [
    ({"customer": " "}, "customer"), ({"customer": "x" * 81}, "customer"), ({"product": 5}, "product"),
    ({"quantity": 0}, "quantity"), ({"quantity": 1.5}, "quantity"), ({"amountCents": -1}, "amountCents"),
    ({"status": "gone"}, "status"),
])
def test_bad_orders_are_refused_by_field(deployed, change, field):
    status, body, _ = call(deployed.api, "/api/records", {**ORDER, **change})
    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "InvalidRecord", field)


@pytest.mark.parametrize("path, body, method, status, code", [
    ("/api/records", b"{", "POST", 400, "InvalidJson"),
    ("/api/records", b"[]", "POST", 400, "InvalidRecord"),
    ("/api/records", b" " * 70000, "POST", 413, "TooLarge"),
    ("/api/records", None, "DELETE", 405, "MethodNotAllowed"),
    ("/api/records?page=0", None, "GET", 400, "InvalidParameter"),
    ("/api/records?upto=x", None, "GET", 400, "InvalidParameter"),
    ("/api/records?size=101", None, "GET", 400, "InvalidParameter"),
    ("/api/records?status=x", None, "GET", 400, "InvalidParameter"),
    ("/api/records/999999999", None, "GET", 404, "NotFound"),
    ("/api/nothing", None, "GET", 404, "NotFound"),
])
def test_bad_requests(deployed, path, body, method, status, code):
    answer = call(deployed.api, path, body, method=method)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)


def test_pages_are_those_of_one_moment(deployed):
    _, both, _ = call(deployed.api, "/api/records?size=10")
    ids = [row["id"] for row in both["records"]]
    assert call(deployed.api, "/api/records", ORDER)[0] == 201
    _, second, _ = call(deployed.api, f"/api/records?size=5&page=2&upto={ids[0]}")
    assert second["total"] == both["total"]
    assert [row["id"] for row in second["records"]] == ids[5:]


def test_customer_filter_takes_wildcards_literally(deployed):
    _, all_of_them, _ = call(deployed.api, "/api/records?customer=%25")
    assert all_of_them["total"] == 0
    _, some, _ = call(deployed.api, "/api/records?customer=acm")
    assert {row["customer"] for row in some["records"]} == {"Acme"}


def test_migrations_ran_once_for_two_tasks(deployed):
    assert deployed.writer.query("SELECT COUNT(*) FROM saas.schema_versions") == ((2,),)
    assert deployed.writer.query("SELECT COUNT(*) FROM saas.orders WHERE request_key IS NULL AND id <= 96") == ((96,),)


def test_a_stopped_task_ends_orderly(deployed):
    from standalone import free_port
    port = free_port()
    deployed.start_task(port)
    task = deployed.tasks[-1]
    wait_for("the task", lambda: call(f"http://127.0.0.1:{port}", "/api/health")[0] == 200)
    task.send_signal(signal.SIGTERM)
    assert task.wait(10) == 0
    stop_process(task)
    lines = [json.loads(line) for line in (deployed.folder / f"task-{port}.log").read_text().splitlines()]
    assert [line["message"] for line in lines if line["message"] in ("ready", "stopping", "stopped")] == [
        "ready", "stopping", "stopped"]
