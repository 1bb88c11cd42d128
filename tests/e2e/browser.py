"""Debian's Chromium, headless, without any traffic of its own; every answer's headers are kept."""
import contextlib
import os
import shutil
import tempfile

from playwright.sync_api import Error, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
]


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise RuntimeError("No Chromium on this machine. Install it: apt-get install chromium")


@contextlib.contextmanager
def open_browser(names: dict[str, str] | None = None):
    """A browser context with an empty profile; `names` says where hosts are, as a DNS server would.

    The local CA is not in it; certificates are tested apart.
    """
    rules = ", ".join(f"MAP {host} {address}" for host, address in (names or {}).items())
    with tempfile.TemporaryDirectory(prefix="unkai-chromium-") as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), headless=True,
            args=[*FLAGS, f"--host-resolver-rules={rules}"], ignore_https_errors=True,
            viewport={"width": 1200, "height": 1150}, env={**os.environ, "HOME": profile},
        )
        try:
            yield context
        finally:
            context.close()


class Page:
    """The Orders page in a tab, spoken to as a person would."""

    def __init__(self, context, site: str):
        self.site = site
        self.tab = context.new_page()
        self.answers: list = []
        self.failures: list[str] = []
        self.tab.on("response", lambda answer: self.answers.append(answer))
        self.tab.on("pageerror", lambda error: self.failures.append(str(error)))
        self.tab.on("console", lambda message: self.failures.append(message.text)
                    if message.type == "error" else None)

    def open(self):
        self._load(lambda: self.tab.goto(self.site, wait_until="load"))

    def reload(self):
        self._load(lambda: self.tab.reload(wait_until="load"))

    def _load(self, load, attempts: int = 5):
        """Chromium drops what it loads when an interface of the machine comes or goes, as others' on it do; a person's
        reloads then by itself. (Failures before count on.)"""
        before = len(self.failures)
        for attempt in range(attempts):
            self.answers.clear()
            del self.failures[before:]
            try:
                load()
                self.tab.wait_for_selector("table[data-testid=orders] tbody tr[data-id]")
                return
            except Error as error:
                changed = any("ERR_NETWORK_CHANGED" in text for text in [str(error), *self.failures[before:]])
                if not changed or attempt == attempts - 1:
                    raise

    def customers(self) -> list[str]:
        return self.tab.locator("table[data-testid=orders] tbody tr[data-id] td:nth-child(2)").all_inner_texts()

    def ids(self) -> list[int]:
        rows = self.tab.locator("table[data-testid=orders] tbody tr[data-id]")
        return [int(row.get_attribute("data-id")) for row in rows.all()]

    def add(self, customer: str, quantity: int = 3) -> int:
        """Adds an order through the form; its id, as soon as the list shows it."""
        self.tab.get_by_test_id("new-order").click()
        self.tab.fill("input[name=customer]", customer)
        self.tab.fill("input[name=quantity]", str(quantity))
        self.tab.get_by_test_id("save-order").click()
        row = self.tab.locator("tr[data-id]", has_text=customer)
        row.wait_for()
        return int(row.get_attribute("data-id"))

    def fetch(self, path: str) -> dict:
        """What the page itself gets from its API: {"headers", "body"}."""
        return self.tab.evaluate("""async (path) => {
            const answer = await fetch(path);
            return { headers: Object.fromEntries(answer.headers), body: await answer.json() };
        }""", path)

    def headers_of(self, kind: str) -> list[dict]:
        """Headers of the answers of one kind of resource: document, script, stylesheet, fetch."""
        return [answer.all_headers() for answer in self.answers if answer.request.resource_type == kind]
