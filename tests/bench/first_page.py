"""What a browser fetches and does for a page that it has never seen, on the agency of S1.

Goals: 8 requests and 150 KB for the first page, 60 KB of JavaScript and 30 KB of CSS on any page, all as they travel;
nothing moves by more than 0.02 (Cumulative Layout Shift) while fragments land and panels open.
"""

import os
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.report import line
from tests.bench.sites import Site, sites

MOST_REQUESTS, MOST_BYTES, MOST_SCRIPT, MOST_STYLE, MOST_SHIFT = 8, 150_000, 60_000, 30_000, 0.02
SETTLED_MS = 1500  # polls and fragments that come right after the page have landed by then
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def run() -> bool:
    (site,) = sites("S1")
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        results = [measure(name, site, browser) for name in ("sign-in", *site.pages)]
        browser.close()
    return all(results)


def measure(name: str, site: Site, browser: Browser) -> bool:
    """In a context of its own: nothing is in its cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    if name != "sign-in":
        context.add_cookies(
            [{"name": key, "value": value, "url": site.url} for key, value in site.cookies.items()]
        )
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    requests, travelled = fetch(
        page, site.url + ("/sign-in/" if name == "sign-in" else str(site.pages[name]["path"]))
    )
    shift = page.evaluate("window.shifted")
    context.close()
    whole = sum(travelled.values())
    label = f"first-page/{name}"
    is_first = name in ("sign-in", "today")
    ok = line(
        f"{label}/requests",
        requests,
        "requests",
        goal=f"<= {MOST_REQUESTS}" if is_first else "none",
        ok=requests <= MOST_REQUESTS if is_first else None,
    )
    for what, size, most in (
        ("bytes", whole, MOST_BYTES),
        ("script", travelled["Script"], MOST_SCRIPT),
        ("style", travelled["Stylesheet"], MOST_STYLE),
    ):
        ok &= line(f"{label}/{what}", size, "bytes", goal=f"<= {most}", ok=size <= most)
    ok &= line(f"{label}/shift", shift, "CLS", goal=f"<= {MOST_SHIFT}", ok=shift <= MOST_SHIFT)
    return ok


def fetch(page: Page, url: str) -> tuple[int, Counter[str]]:
    """How many requests, and bytes by kind as they travelled, headers included."""
    kinds: dict[str, str] = {}
    travelled: Counter[str] = Counter()
    protocol = page.context.new_cdp_session(page)
    protocol.send("Network.enable")
    host = urlsplit(url).netloc
    protocol.on(
        "Network.requestWillBeSent",
        lambda sent: (
            urlsplit(sent["request"]["url"]).netloc == host
            and kinds.setdefault(sent["requestId"], sent.get("type", "Other"))
        ),
    )
    protocol.on(
        "Network.loadingFinished",
        lambda done: travelled.update(
            {kinds.get(done["requestId"], "Other"): int(done["encodedDataLength"])}
        ),
    )
    page.goto(url)
    page.wait_for_timeout(SETTLED_MS)
    return len(kinds), travelled
