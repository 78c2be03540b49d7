"""The price on the button, while the form is filled in and when it is come back to."""

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_coming_back_to_a_half_filled_order_prices_what_it_shows(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/campaigns/")
    page.get_by_role("link", name="Holiday 2026").first.click()
    page.get_by_role("link", name="Order a bundle").first.click()
    videos = page.get_by_label("Videos", exact=True)
    slots = page.locator("#order-offer").get_by_role("row", name="Video slots")
    expect(slots).to_contain_text("10")  # the five videos that the form begins with, 2 credits each
    videos.fill("3")
    expect(slots).to_contain_text("6")
    page.get_by_role("link", name="Bundles", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Bundles")).to_be_visible()
    page.go_back()
    expect(videos).to_have_value("3")
    expect(slots).to_contain_text("6")
