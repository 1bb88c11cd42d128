"""The deployed stack, through CloudFront and the load balancer, down to the database's reader."""
import json
import uuid

import pytest

from browser import Page
from standalone import wait_for

pytestmark = pytest.mark.stack


def test_the_page_comes_through_cloudfront_and_the_second_load_is_a_hit(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    first = page.headers_of("document")[0]
    assert first["x-cache"].endswith("from cloudfront")
    assert "x-amz-cf-id" in first

    page.tab.goto("about:blank")
    browser_context.clear_cookies()
    page.open()
    assert page.headers_of("document")[0]["x-cache"] == "Hit from cloudfront"
    for kind in ("document", "script", "stylesheet"):
        for headers in page.headers_of(kind):
            # What the browser kept itself never reached CloudFront; its copy bears the first answer's headers.
            assert "x-cache" in headers
    for _ in range(2):  # Without compression: another object in the cache than the browser's.
        status, headers, _ = deployed.get(deployed.site + "/")
        assert status == 200
    assert headers["x-cache"] == "Hit from cloudfront"
    assert int(headers["age"]) >= 0
    assert page.failures == []


def test_api_answers_are_never_cached(deployed):
    for _ in range(2):
        status, headers, _ = deployed.get(deployed.site + "/api/records")
        assert status == 200
        assert headers["x-cache"] == "Miss from cloudfront"


def test_a_new_order_shows_after_reload_and_the_reader_holds_it(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    customer = f"Reader {uuid.uuid4().hex[:8]}"
    order = page.add(customer, quantity=4)
    page.reload()
    assert customer in page.customers()
    rows = wait_for("replication", lambda: deployed.query(
        f"SELECT customer, quantity, @@read_only AS read_only FROM orders WHERE id = {order}"), 60)
    assert rows == [{"customer": customer, "quantity": 4, "read_only": 1}]


def test_addresses_of_the_page_that_are_no_objects_are_the_page(deployed):
    status, _, body = deployed.get(deployed.site + "/orders/7")
    assert status == 200
    assert b'<div id="root">' in body
    status, _, body = deployed.get(deployed.site + "/api/records/999999999")
    assert status == 404
    assert json.loads(body)["error"]["code"] == "NotFound"


@pytest.mark.parametrize("output, location", [("SiteUrl", "{}/x?y=z"), ("ApiUrl", "{}:443/x?y=z")])
def test_plain_http_is_redirected(deployed, output, location):
    secure = deployed.outputs[output]
    status, headers, _ = deployed.get(secure.replace("https://", "http://") + "/x?y=z", follow=False)
    assert status == 301
    assert headers["location"] == location.format(secure)


def test_certificates_are_the_local_authoritys_and_for_these_names(deployed):
    # get() verifies chain and name; here both doors are asked.
    for url in (deployed.site + "/", deployed.api + "/api/health"):
        assert deployed.get(url)[0] == 200


def test_both_tasks_answer_from_two_zones(deployed):
    seen = deployed.served_by()
    assert len(seen) == 2
    assert len(set(seen.values())) == 2
    assert {task["taskArn"].split("/")[-1] for task in deployed.service_tasks()} == set(seen)


def test_compression_and_ranges_come_from_cloudfront(deployed):
    page = deployed.get(deployed.site + "/")[2].decode()
    script = page.split('src="')[1].split('"')[0]
    deployed.get(deployed.site + script, headers={"Accept-Encoding": "br"})
    status, headers, packed = deployed.get(deployed.site + script, headers={"Accept-Encoding": "br"})
    assert (status, headers.get("content-encoding")) == (200, "br")
    status, headers, plain = deployed.get(deployed.site + script)
    assert "content-encoding" not in headers
    assert len(packed) < len(plain)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    status, headers, part = deployed.get(deployed.site + script, headers={"Range": "bytes=10-19"})
    assert (status, part) == (206, plain[10:20])


def test_nobody_reads_the_bucket_but_the_distribution(deployed):
    bucket = deployed.outputs["SiteBucketName"]
    endpoint = deployed.unkai.environment()["AWS_ENDPOINT_URL"]
    assert deployed.get(f"{endpoint}/{bucket}/index.html")[0] == 403


def test_logs_arrive(deployed):
    marker = uuid.uuid4().hex
    deployed.get(f"{deployed.api}/api/nothing?{marker}")
    logs = deployed.client("logs")

    def found():
        return logs.filter_log_events(logGroupName=deployed.outputs["LogGroupName"],
                                      filterPattern='{ $.status = 404 }')["events"]
    events = wait_for("the log line", lambda: [e for e in found() if marker in e["message"]])
    assert json.loads(events[0]["message"])["status"] == 404
