"""Pages hold what people write into them."""

import secrets
from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_a_long_name_does_not_make_the_page_scroll_sideways(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/new/")
    page.get_by_label("Name", exact=True).first.fill("W" * 80)
    page.get_by_label("Short name").fill(
        f"wide-{secrets.token_hex(2)}"
    )  # a demo may have seen this test before
    page.get_by_role("button", name="Add client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("W" * 80)
    for address in (page.url, "/", "/clients/"):
        for width in (1440, 1024, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
