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
COLOURS = (
    256  # half of them those that are seen most, half those that are few but tell clients and states apart
)

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
    with_few_colours(picture).save(FOLDER / f"{name}-{scheme}-{size}.png", optimize=True)


def with_few_colours(picture: Image.Image) -> Image.Image:
    """A third of the bytes, and the repository stays small."""
    half = COLOURS // 2
    seen = sorted(picture.getcolors(picture.width * picture.height) or [], reverse=True)
    most_seen = [value for _count, colour in seen[:half] for value in colour]
    told_apart = picture.quantize(half, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(most_seen + told_apart)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
