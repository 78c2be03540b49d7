"""What components do in a browser, with the keyboard and without a script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]


@pytest.fixture
def guide(new_page: NewPage) -> Page:
    page = new_page()
    page.goto("/styleguide/")
    return page


def test_a_country_is_found_by_name_or_code_with_the_keyboard(guide: Page) -> None:
    field = guide.get_by_role("combobox", name="Country")
    field.focus()
    guide.keyboard.type("uk")
    expect(guide.locator(".combo").get_by_role("option")).to_have_text(["United KingdomUK"])
    guide.keyboard.press("Enter")
    expect(field).to_have_value("United Kingdom")
    assert guide.locator("select[name=country]").input_value() == "UK"
    guide.keyboard.press("Control+A")
    guide.keyboard.type("united")
    guide.keyboard.press("ArrowDown")
    guide.keyboard.press("Enter")
    assert guide.locator("select[name=country]").input_value() == "USA"


def test_what_is_no_country_changes_nothing(guide: Page) -> None:
    field = guide.get_by_role("combobox", name="Country")
    field.fill("Atlantis")
    expect(guide.locator(".combo").get_by_role("option")).to_have_count(0)
    guide.keyboard.press("Tab")
    expect(field).to_have_value("")
    field.fill("fra")
    guide.keyboard.press("Escape")
    expect(guide.locator(".combo").get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_value("")


def test_arrow_keys_read_the_figures_of_a_chart(guide: Page) -> None:
    plot = guide.locator("#sample-line")
    plot.focus()
    guide.keyboard.press("End")
    expect(plot.locator(".tip")).to_have_text("21 Nov 2026: 427,657")
    guide.keyboard.press("ArrowLeft")
    expect(plot.locator(".tip")).to_contain_text("20 Nov 2026")
    guide.keyboard.press("Escape")
    expect(plot.locator(".tip")).to_have_count(0)
    plot.hover()
    expect(plot.locator(".tip")).to_have_count(1)


def test_chosen_rows_are_counted_and_bring_their_buttons(guide: Page) -> None:
    bar = guide.locator("#sample-bulk")
    expect(bar).to_be_hidden()
    guide.get_by_label("Choose US · TikTok 03").check()
    expect(bar.locator("output")).to_have_text("1 bundle chosen")
    every = guide.get_by_label("Choose all on this page")
    every.check()
    expect(bar.locator("output")).to_have_text("3 bundles chosen")
    expect(bar.get_by_role("button")).to_be_in_viewport()
    every.uncheck()
    expect(bar).to_be_hidden()


def test_a_day_is_filled_in_by_its_button(guide: Page) -> None:
    guide.get_by_role("button", name="First possible day").click()
    expect(guide.get_by_label("Goes live")).to_have_value("2026-11-24")


def test_a_list_is_searched_sorted_and_cleared_by_its_address(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/bundles/")
    page.get_by_role("link", name="Client", exact=True).click()
    expect(page.get_by_role("columnheader", name="Client")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("searchbox", name="Search", exact=True).fill("acme")
    chip = page.get_by_role("link", name="Take away Search: acme")
    expect(chip).to_be_visible()
    assert "q=acme" in page.url
    assert "sort=client" in page.url
    assert "q=acme" in (page.get_by_role("link", name="Download CSV").get_attribute("href") or "")
    chip.click()
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_have_value("")
    assert "sort=client" in page.url


def test_without_a_script_boxes_and_lists_are_plain(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/styleguide/")
    expect(page.locator("#sample-bulk")).to_be_visible()
    expect(page.get_by_label("Choose all on this page")).to_be_hidden()
    page.locator("select[name=country]").select_option("FR")
    expect(page.locator("#sample-line svg")).to_be_visible()
    page.goto("/bundles/?q=acme")
    expect(page.get_by_role("link", name="Take away Search: acme")).to_be_visible()
