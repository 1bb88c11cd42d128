"""The page, as a person uses it: alone behind a development server, or through CloudFront."""
import uuid

from browser import Page


def test_page_lists_orders_and_pages_through_them(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    first = page.ids()
    assert len(first) == 10
    assert first == sorted(first, reverse=True)

    page.tab.get_by_test_id("next-page").click()
    page.tab.wait_for_function("first => !document.querySelector(`tr[data-id='${first}']`)", arg=first[0])
    second = page.ids()
    assert len(second) == 10
    assert max(second) < min(first)
    assert page.failures == []


def test_status_filter_shows_only_that_status(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    page.tab.get_by_role("button", name="refunded", exact=True).click()
    page.tab.wait_for_function(
        "() => [...document.querySelectorAll('tr[data-id] .status')].every((e) => e.textContent === 'refunded')")
    assert page.ids() != []


def test_an_added_order_shows_at_once_and_after_reload(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    customer = f"Reload {uuid.uuid4().hex[:8]}"
    order = page.add(customer)
    assert page.ids()[0] == order

    page.reload()
    assert customer in page.customers()
    assert page.failures == []


def test_figures_add_up(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    answer = page.fetch("/api/records/stats")
    stats = answer["body"]
    assert answer["headers"]["cache-control"] == "no-store"
    for grouping in ("byStatus", "byProduct", "byCustomer"):
        assert sum(row["orders"] for row in stats[grouping]) <= stats["totals"]["orders"]
    assert sum(row["orders"] for row in stats["byStatus"]) == stats["totals"]["orders"]
    assert sum(row["amountCents"] for row in stats["byProduct"]) == stats["totals"]["amountCents"]


def test_the_panel_names_the_tasks_and_both_database_roles(deployed, browser_context):
    page = Page(browser_context, deployed.site)
    page.open()
    page.tab.wait_for_selector("[data-testid=stack] [data-task]")
    page.tab.wait_for_selector("[data-testid=stack] em")  # "read only", at the reader.
    info = page.fetch("/api/info")["body"]
    assert info["database"]["writer"]["readOnly"] is False
    assert info["database"]["reader"]["readOnly"] is True
    assert info["database"]["writer"]["serverId"] != info["database"]["reader"]["serverId"]
