"""Pictures of the main pages for the README: `make pictures` draws them anew. Other runs leave them alone."""

import os
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from agency.environment import BASE_DIR

FOLDER = BASE_DIR / "docs/pictures"
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
COLOURS = 256  # flat areas and text need no more, and the repository stays small

# What the page is called → where it is, from the page that it is on.
PAGES = {
    "today": "/",
    "client": "/clients/acme/",
    "campaign": "/clients/acme/ table a[href^='/campaigns/']",
    "board": "/bundles/board/",
    "bundle": "/bundles/board/ .lane:nth-child(2) li:last-child a",
    "orders": "/orders/",
    "credits": "/credits/",
    "account": "/accounts/ #account-table td a",
}

pytestmark = pytest.mark.skipif("PICTURES" not in os.environ, reason="drawn by `make pictures`")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_picture_is_drawn(name: str, scheme: str, size: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    address, _, link = PAGES[name].partition(" ")
    page.goto(address)
    if link:
        page.goto(page.locator(f"main {link}").first.get_attribute("href") or "")
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    few_colours = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few_colours.save(FOLDER / f"{name}-{scheme}-{size}.png", optimize=True)
