"""The board and a bundle's history as people use them."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]
DESKTOP = {"viewport": {"width": 1440, "height": 900}}


def test_the_filters_go_along_between_list_and_board(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/bundles/")
    page.get_by_label("Client", exact=True).select_option("acme")
    expect(page).to_have_url(re.compile("client=acme"))
    page.get_by_role("navigation", name="How to look at them").get_by_role("link", name="Board").click()
    expect(page).to_have_url(re.compile(r"/bundles/board/\?.*client=acme"))
    expect(page.get_by_label("Client", exact=True)).to_have_value("acme")
    page.get_by_role("link", name="List").click()
    expect(page).to_have_url(re.compile(r"/bundles/\?.*client=acme"))


def test_a_card_opens_its_bundle_beside_the_board(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/bundles/board/")
    lane = page.get_by_role("region", name="To set up")
    card = lane.get_by_role("listitem").first
    name = card.get_by_role("link").inner_text()
    card.click()
    drawer = page.locator("#drawer[open]")
    expect(drawer.get_by_role("heading", level=1)).to_have_text(name)
    expect(drawer.get_by_role("link", name=re.compile("Show all"))).to_be_visible()
    expect(drawer.locator(".moment").first).to_be_visible()


def test_the_board_scrolls_in_itself_and_stacks_on_a_phone(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    for width in (1440, 900, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/bundles/board/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    jump = page.get_by_role("navigation", name="Stages")
    jump.get_by_role("link", name=re.compile("Done")).click()
    expect(page.get_by_role("region", name="Done")).to_be_in_viewport()


def test_a_history_lands_after_its_page_and_its_kinds_can_be_chosen(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/bundles/")
    page.goto(page.locator("#bundle-table td a").first.get_attribute("href") or "")
    page.get_by_role("link", name=re.compile("Show all")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    page.get_by_role("navigation", name="What to show").get_by_role("link", name=re.compile("Orders")).click()
    expect(page).to_have_url(re.compile("kind=orders"))
    expect(page.locator(".moment.orders").first).to_be_visible()
    expect(page.locator(".moment:not(.orders)")).to_have_count(0)
