"""Ctrl-K: find a thing or an action from anywhere, by keys alone."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect


def field_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search or jump to…")


def opened(page: Page, address: str = "/") -> None:
    page.goto(address)
    page.keyboard.press("Control+k")
    expect(field_of(page)).to_be_focused()


def test_a_client_is_found_and_opened_by_keys_alone(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    page.keyboard.type("acme")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("Acme")
    expect(first.locator(".title mark")).to_have_text("Acme")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Acme")).to_be_visible()


def test_what_is_chosen_is_told_and_the_field_keeps_the_focus(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    page.keyboard.type("acme")
    field = field_of(page)
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("Acme")
    expect(page.locator("#palette [role=status]")).to_have_text(re.compile(r"^\d+ results?$"))
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(options.nth(1).get_attribute("id")))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(field).to_be_focused()


def test_enter_right_after_the_last_key_opens_what_was_typed(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    expect(page.get_by_role("option").first).to_be_visible()  # what is offered before anything is typed
    page.keyboard.type("sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Sign out?")).to_be_visible()


def test_control_enter_opens_a_new_tab_and_leaves_the_page(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    page.keyboard.type("people")
    expect(page.get_by_role("option", name="People")).to_have_attribute("aria-selected", "true")
    with page.context.expect_page() as tab:
        page.keyboard.press("Control+Enter")
    expect(tab.value.get_by_role("heading", level=1, name="People")).to_be_visible()
    assert page.url.endswith("/")


def test_escape_closes_it_and_the_focus_is_where_it_was(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    button = page.get_by_role("button", name=re.compile("Search or jump"))
    button.click()
    expect(field_of(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(button).to_be_focused()


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    expect(page.get_by_role("option").first).to_be_visible()

    def late(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route("**/search/?q=acm", late)
    page.keyboard.type("acm")
    page.wait_for_timeout(200)  # longer than it waits for the next key
    field_of(page).fill("people")
    expect(page.get_by_role("option", name="People")).to_be_visible()
    page.wait_for_timeout(800)
    expect(page.get_by_role("option", name="People")).to_be_visible()
    expect(page.get_by_role("option").filter(has_text="Acme")).to_have_count(0)


def test_what_was_opened_lately_comes_first(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    page.get_by_role("link", name="Acme").first.click()
    expect(page.get_by_role("heading", level=1, name="Acme")).to_be_visible()
    opened(page)
    expect(page.get_by_role("group", name="Opened lately").get_by_role("option").first).to_contain_text(
        "Acme"
    )


def test_nothing_found_says_what_can_be_searched(new_page: Callable[..., Page]) -> None:
    page = new_page()
    opened(page)
    page.keyboard.type("qqzzqq")
    expect(page.get_by_text("Nothing is found")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(0)


def test_without_javascript_the_page_does_the_same(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Search or jump to").click()
    page.locator("main").get_by_role("searchbox").fill("acme")
    page.locator("main").get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=2, name="Clients")).to_be_visible()
    page.locator("main").get_by_role("link", name=re.compile("^Acme")).first.click()
    expect(page.get_by_role("heading", level=1, name="Acme")).to_be_visible()


def test_it_fits_a_phone(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto("/")
    page.get_by_role("button", name=re.compile("Search or jump")).click()
    field_of(page).fill("acme")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Acme")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    option.click()
    expect(page.get_by_role("heading", level=1, name="Acme")).to_be_visible()
