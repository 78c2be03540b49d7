"""Every URL that the URLconf knows, in a real browser: no complaint, no other host, nothing that axe objects to.

The addresses are found by following links from the pages that need no argument. A new page that nothing links to,
and that no argument seen on another page fits, fails here until it is linked or said to be none.
"""

import html
import inspect
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.db.models import Model
from django.urls import Resolver404, URLPattern, resolve, reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize, expect

from tests.browser.conftest import Demo, sign_in
from tests.test_access_everywhere import PAGES

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OURS = [*WCAG, "best-practice"]
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}

# Pieces that other pages ask for, files, and what only machines call.
NOT_PAGES = {
    "bell",
    "bundle_publish_all_quote",
    "bundle_publish_quote",
    "bundle_timeline_latest",
    "client_colours",
    "client_switch",
    "health_live",
    "health_ready",
    "meter",
    "webhook",
}


def methods(pattern: URLPattern) -> list[str]:
    """What the view's decorator lets through; views of Django's own take all."""
    named = inspect.getclosurevars(pattern.callback).nonlocals.get("request_method_list", ["GET", "POST"])
    assert isinstance(named, list)
    return named


TO_OPEN = sorted(
    name for name, pattern in PAGES.items() if "GET" in methods(pattern) and name not in NOT_PAGES
)
LOOKED_AT = {"post_edit": 30}  # most of them lead to the slot that the post is in
LINK = re.compile(r'(?:href|hx-get|action|data-[a-z-]+)="(/[^"#]*)')


@pytest.fixture(scope="module")
def addresses(demo: Demo) -> dict[str, str]:
    """URL name → an address of the sample's."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    arguments: dict[str, object] = {}
    with signed_in(demo, "owner") as http:
        waiting = what_the_sample_lacks(http)
        waiting += [reverse(name) for name in TO_OPEN if not PAGES[name].pattern.converters]
        while waiting:
            address = waiting.pop(0)
            try:
                place = resolve(address.partition("?")[0])
            except Resolver404:
                continue
            name = str(place.url_name)
            if (
                place.namespaces
                or name not in TO_OPEN
                or name in found
                or seen[name] == LOOKED_AT.get(name, 3)
            ):
                continue
            seen[name] += 1
            answer = http.get(address)
            if answer.is_redirect:
                continue
            found.setdefault(name, address)
            arguments = place.kwargs | arguments
            waiting += [html.unescape(link) for link in LINK.findall(answer.text)]
    for name in set(TO_OPEN) - found.keys():
        wanted = PAGES[name].pattern.converters
        if wanted.keys() <= arguments.keys():
            found[name] = reverse(name, kwargs={key: arguments[key] for key in wanted})
    return found


def what_the_sample_lacks(http: httpx.Client) -> list[str]:
    """A post that is in no slot, where another page would edit it, a stop, and a launch that it kept from leaving."""
    post = send(http, "/campaigns/1/posts/new/", video_type="video", name="Waits for a slot")
    stop = send(http, "/campaigns/1/stop/", reason="The brief may change")
    launch = withdrawn_launch(http)
    send(http, stop, f"{stop}lift/")
    return [post, stop, launch]


def withdrawn_launch(http: httpx.Client) -> str:
    """Its order is taken back before it leaves, so that it costs nothing."""
    page = "/campaigns/1/launch/"
    form = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', http.get(page).text))
    form |= {"bundle_type": "account_only", "markets": "FR:tiktok", "warming": "none"}
    quote = re.search(r'name="FR:tiktok-quote" value="([^"]+)"', http.post(page, data=form).text)
    assert quote
    launch = str(http.post(page, data=form | {"FR:tiktok-quote": quote[1]}).headers["Location"])
    until = time.monotonic() + 30
    while not (order := re.search(r'href="(/orders/\d+/)"', http.get(launch).text)):
        assert time.monotonic() < until, "no worker wrote the order"
        time.sleep(0.2)
    send(http, order[1], f"{order[1]}withdraw/")
    return launch


def send(http: httpx.Client, page: str, action: str = "", **fields: str) -> str:
    """Fill in a page's form and come back with the address that it leads to."""
    there = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', http.get(page).text))
    answer = http.post(action or page, data=there | fields)
    assert answer.is_redirect
    return answer.headers["Location"]


@contextmanager
def signed_in(demo: Demo, role: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.url, timeout=30) as http:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get("/sign-in/").text)
        assert token
        username, password = demo.users[role]
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
        http.post("/sign-in/", data=form)
        yield http


class Watched:
    """A page, and what its browser complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("request", self._watch)
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(("http://localhost", "http://127.0.0.1", "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")

    def _listen(self, said: ConsoleMessage) -> None:
        # Leaving a page cuts a poll off, and htmx says so.
        if said.type == "error" and "sendAbort" not in said.text and not said.text.startswith("htmx:after"):
            self.complaints.append(f"{said.text} ({said.location['url']})")

    def has_not_complained(self, but: tuple[str, ...] = ()) -> None:
        said = [line for line in self.complaints if not any(status in line for status in but)]
        self.complaints.clear()
        assert not said, "\n".join(said)

    def has_nothing_to_complain_of(
        self,
        *,
        tags: list[str] = OURS,
        but: tuple[str, ...] = (),
        sizes: Sequence[ViewportSize] = (DESKTOP, PHONE),
    ) -> None:
        """In light and in dark, as it is shown now. `but`: what an answer may say."""
        for scheme, size in zip(("light", "dark"), sizes, strict=True):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size(size)
            self.page.evaluate("for (const fade of document.getAnimations()) fade.finish()")
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                self.complaints.append(f"scrolls sideways: {width} px on {size['width']} px")
            self.complaints += violations(self.page, tags=tags, where=f"{scheme}, {size['width']} px")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESKTOP)
        self.has_not_complained(but)


def violations(page: Page, *, tags: list[str], where: str) -> list[str]:
    # Without preloading: axe would read styles by writing them into the page, which the policy refuses.
    options = {"resultTypes": ["violations"], "preload": False, "runOnly": {"type": "tag", "values": tags}}
    return [
        f"{rule['id']} ({where}): {node['html'][:200]} — {node['failureSummary']}"
        for rule in Axe().run(page, options=options).response["violations"]
        for node in rule["nodes"]
    ]


class Watch:
    """One page for each role and language, which all tests go on with."""

    def __init__(self, chromium: Browser, demo: Demo) -> None:
        self.chromium, self.demo = chromium, demo
        self.pages: dict[tuple[str, str], Watched] = {}

    def __call__(self, role: str, locale: str = "en-GB") -> Watched:
        """`role`: nothing for a visitor."""
        if (role, locale) not in self.pages:
            context = self.chromium.new_context(
                base_url=self.demo.url, locale=locale, reduced_motion="reduce"
            )
            page = context.new_page()
            if role and locale == "en-GB":
                sign_in(page, *self.demo.users[role])
            elif role:
                context.add_cookies(self(role).page.context.cookies())  # type: ignore[arg-type]
            self.pages[role, locale] = Watched(page)
        return self.pages[role, locale]


@pytest.fixture(scope="module")
def watch(chromium: Browser, demo: Demo) -> Iterator[Watch]:
    watching = Watch(chromium, demo)
    yield watching
    for watched in watching.pages.values():
        watched.page.context.close()


def opened(watched: Watched, address: str) -> None:
    watched.complaints.clear()  # a test that failed may have left some
    answer = watched.page.goto(address)
    assert answer is not None
    assert answer.status == 200
    assert watched.page.title()
    expect(watched.page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("name", TO_OPEN)
def test_a_page_has_nothing_that_a_browser_complains_of(
    name: str, addresses: dict[str, str], watch: Watch
) -> None:
    assert name in addresses, "No link leads here. Link it, or say in this file that it is no page."
    watched = watch("" if name == "sign-in" else "owner")
    if name.endswith("_csv"):
        answer = watched.page.request.get(addresses[name])
        assert answer.headers["content-disposition"].startswith("attachment")
        return
    opened(watched, addresses[name])
    watched.has_nothing_to_complain_of()


@pytest.mark.parametrize("name", ["today", "client_detail", "bundle_detail", "client_report", "account_list"])
def test_an_analysts_page_is_as_good(name: str, addresses: dict[str, str], watch: Watch) -> None:
    own = addresses[name].replace("/nordlys/", "/acme/").replace("/lumen/", "/acme/")
    watched = watch("analyst")
    if name == "bundle_detail":
        watched.page.goto("/bundles/")
        own = watched.page.locator("#bundle-table td a").first.get_attribute("href") or ""
    opened(watched, own)
    watched.has_nothing_to_complain_of()


def open_drawer(page: Page) -> None:
    page.goto("/bundles/")
    page.locator("main a[data-drawer]").first.click()
    expect(page.locator("#drawer[open] h1")).to_be_visible()


def open_palette(page: Page) -> None:
    page.goto("/clients/")
    page.keyboard.press("Control+k")
    page.keyboard.type("acme")
    expect(page.locator("#palette").get_by_role("option").first).to_be_visible()


def open_switcher(page: Page) -> None:
    page.goto("/clients/")
    page.get_by_role("button", name="Change client").click()
    expect(page.locator("#switcher-rows li").first).to_be_visible()


def open_bell(page: Page) -> None:
    page.goto("/clients/")
    page.get_by_role("button", name="What needs you").click()
    expect(page.locator("#bell-panel li").first).to_be_visible()


def open_meter(page: Page) -> None:
    page.goto("/clients/")
    page.locator("#credit-meter").click()
    expect(page.locator("#meter-panel dl")).to_be_visible()


def open_shortcuts(page: Page) -> None:
    page.goto("/clients/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def ask_before_archiving(page: Page) -> None:
    page.goto("/clients/acme/")
    page.get_by_role("button", name="Archive").first.click()
    expect(page.locator("#confirm")).to_be_visible()


def choose_rows(page: Page) -> None:
    page.goto("/credits/unassigned/")
    page.locator("td.pick input").first.check()


def refuse_a_client(page: Page) -> None:
    page.goto("/clients/new/")
    page.get_by_label("Name", exact=True).first.fill("Acme")
    page.get_by_label("Short name").fill("acme")
    page.get_by_role("button", name="Add client").click()
    expect(page.locator(".errorlist").first).to_be_visible()


def refuse_a_password(page: Page) -> None:
    page.goto("/me/password/")
    for field in page.locator("main input[type=password]").all():
        field.fill("wrong")
    page.locator("main form").get_by_role("button").last.click()
    expect(page.locator(".errorlist").first).to_be_visible()


def find_nothing(page: Page) -> None:
    page.goto("/bundles/?q=nosuchthing")
    expect(page.locator(".empty")).to_be_visible()


def lose_ones_way(page: Page) -> None:
    page.goto("/bundles/999999/")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize(
    "come_there",
    [
        open_drawer,
        open_palette,
        open_switcher,
        open_bell,
        open_meter,
        open_shortcuts,
        ask_before_archiving,
        choose_rows,
        refuse_a_client,
        refuse_a_password,
        find_nothing,
        lose_ones_way,
    ],
)
def test_what_opens_over_a_page_is_as_good(come_there: Callable[[Page], None], watch: Watch) -> None:
    watched = watch("owner")
    come_there(watched.page)
    watched.has_nothing_to_complain_of(but=("404", "422"))


def test_the_menu_on_a_phone_is_as_good(watch: Watch) -> None:
    watched = watch("owner")
    watched.page.set_viewport_size(PHONE)
    watched.page.goto("/clients/")
    watched.page.get_by_role("button", name="Menu").click()
    watched.has_nothing_to_complain_of(sizes=(PHONE, PHONE))


@pytest.mark.parametrize("name", TO_OPEN)
def test_a_page_is_as_good_in_french(name: str, addresses: dict[str, str], watch: Watch) -> None:
    """Its words are longer; axe has looked at the same markup in English."""
    if name.endswith("_csv"):
        return
    watched = watch("" if name == "sign-in" else "owner", "fr-FR")
    page = watched.page
    page.set_viewport_size(PHONE)
    opened(watched, addresses[name])
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not watched.complaints


# Where Django draws each kind of page of its admin.
ADMIN = {
    "index": "/admin/",
    "list": "/admin/campaigns/bundle/",
    "list by day": "/admin/ledger/creditentry/",
    "form": "/admin/clients/client/1/change/",
    "form with passwords": "/admin/agency/user/1/change/",
    "history": "/admin/clients/client/1/history/",
    "own password": "/admin/password_change/",
}


@pytest.mark.parametrize("kind", ADMIN)
def test_djangos_admin_is_as_good(kind: str, watch: Watch) -> None:
    watched = watch("owner")
    answer = watched.page.goto(ADMIN[kind])
    assert answer is not None
    assert answer.status == 200
    watched.has_nothing_to_complain_of(tags=WCAG)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_djangos_admin_keeps_the_same_policy(model: type[Model], watch: Watch) -> None:
    watched = watch("owner")
    watched.page.goto(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    expect(watched.page.locator("#changelist")).to_be_visible()
    first = watched.page.locator("#result_list tbody th a")
    if first.count():
        first.first.click()
        expect(watched.page.locator("#content h1")).to_be_visible()
    watched.has_not_complained()
