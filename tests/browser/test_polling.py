"""Pages that follow work: how often they ask, and when they stop. The browser's clock is the test's."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import Demo, sign_in

HIDE = """is_hidden => {
    Object.defineProperty(document, "hidden", { value: is_hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class Polls:
    """Counts what a page asks for by itself."""

    def __init__(self, page: Page) -> None:
        self.page, self.count, self.answered = page, 0, 0
        page.on("request", self._asked)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _is_poll(self, request: Request) -> bool:
        return request.headers.get("hx-target") == "bundle-state"

    def _asked(self, request: Request) -> None:
        self.count += self._is_poll(request)

    def _ended(self, request: Request) -> None:
        self.answered += self._is_poll(request)

    def within(self, seconds: int) -> int:
        """How many came while that time went by on the page's clock."""
        before = self.count
        for _ in range(seconds):
            self.page.clock.run_for(1000)
            while self.answered < self.count:
                self.page.wait_for_timeout(20)
        return self.count - before


def open_bundle(page: Page) -> Polls:
    """A bundle at which nothing happens any more asks every 15 seconds whether something did."""
    page.clock.install()
    page.goto("/bundles/?state=to-set-up&client=lumen")
    page.goto(str(page.get_by_role("row").last.get_by_role("link").first.get_attribute("href")))
    expect(page.locator("#bundle-state[data-poll='15']")).to_be_visible()
    page.wait_for_timeout(300)
    return Polls(page)


def test_it_asks_ever_more_rarely_while_nothing_changes(new_page: Callable[..., Page]) -> None:
    polls = open_bundle(new_page())
    assert polls.within(60) == 3  # after 15, 34 and 57 seconds
    assert polls.within(60) == 2


def test_a_hidden_tab_hardly_asks_and_coming_back_asks_at_once(new_page: Callable[..., Page]) -> None:
    page = new_page()
    polls = open_bundle(page)
    page.evaluate(HIDE, True)
    assert polls.within(100) == 0
    asked = polls.count
    page.evaluate(HIDE, False)
    polls.within(1)
    assert polls.count == asked + 1


def test_a_failed_poll_says_nothing_and_the_next_one_waits_longer(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(base_url=demo.url)  # one whose console may complain
    page = context.new_page()
    sign_in(page, *demo.users["owner"])
    polls = open_bundle(page)
    page.route("**/bundles/*/", lambda route: route.fulfill(status=500, body="broken"))
    assert polls.within(16) == 1
    assert polls.within(25) == 0
    assert polls.within(10) == 1
    expect(page.locator("#messages .message")).to_have_count(0)
    page.unroute("**/bundles/*/")
    assert polls.within(31) == 1
    context.close()


def test_an_import_is_followed_to_its_end_and_then_nothing_is_asked(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/credits/")
    page.get_by_role("button", name="Import now").click()
    done = page.get_by_role("link", name="Show the books")
    expect(page.locator("#import-progress[data-poll]").or_(done).first).to_be_attached()
    page.reload()  # the progress is the server's: it survives
    expect(done.or_(page.locator("#import-progress[hidden]")).first).to_be_attached(timeout=40_000)
    expect(page.locator("[data-poll]")).to_have_count(0)


def test_what_is_being_filled_in_is_not_taken_away(new_page: Callable[..., Page]) -> None:
    page = new_page()
    polls = open_bundle(page)
    page.evaluate("document.getElementById('bundle-state').append(document.createElement('textarea'))")
    page.locator("#bundle-state textarea").focus()
    assert polls.within(40) == 0
    page.locator("h1").first.click()
    assert polls.within(40) > 0
