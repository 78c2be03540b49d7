"""Shortcuts: the list of them, what each does, and that they can be switched off."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.parametrize(
    ("key", "heading"),
    [("c", "Clients"), ("b", "Bundles"), ("o", "Orders"), ("a", "Accounts"), ("r", "Reports")],
)
def test_g_and_a_letter_go_to_a_page(key: str, heading: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/campaigns/")
    page.keyboard.press("g")
    page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def test_the_list_of_shortcuts_says_all_that_work(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    for key in ("/", "j", "k", "x", "n", "?", "Esc"):
        expect(dialog.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$"))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_rows_are_walked_through_and_opened(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    rows = page.locator("main tbody tr")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    expect(rows.nth(0)).not_to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    name = rows.nth(0).get_by_role("link").first.inner_text()
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_slash_goes_to_the_search_and_typing_there_is_only_typing(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    page.keyboard.press("/")
    field = page.locator("main").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("gc?nj")
    expect(field).to_have_value("gc?nj")
    expect(page.get_by_role("heading", level=1, name="Clients")).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_n_follows_the_pages_main_action_when_it_is_a_link(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/clients/new/$"))


def test_n_does_not_press_a_button(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/accounts/")
    button = page.locator(".acts button.go")
    page.keyboard.press("n")
    expect(button).to_be_focused()
    expect(page.locator("#messages .message")).to_have_count(0)


def test_single_characters_can_be_switched_off_in_this_browser(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    page.keyboard.press("?")
    page.get_by_label("Use the keys that are single characters").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.reload()
    for key in ("g", "b", "n", "?", "j"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1, name="Clients")).to_be_visible()
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or jump to…")).to_be_focused()
