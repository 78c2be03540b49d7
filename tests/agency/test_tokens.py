"""Colours that can be told apart, in both themes; style sheets that mirror, and that stay small."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR) / "static" / "css"
TOKENS = {
    name: pair
    for name, *pair in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", (CSS / "tokens.css").read_text()
    )
}
MOST_BYTES = 30_000  # of all style sheets together, compressed
TONES = ("good", "wait", "bad", "info", "calm")

# WCAG 2.2: 4.5 for text, 3 for the borders of fields and for lines that say something.
TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent")
        for ground in ("canvas", "surface", "sunken")
    ),
    *((tone, ground) for tone in TONES for ground in (f"{tone}-soft", "surface", "canvas", "sunken")),
    ("accent", "accent-soft"),
    ("ink", "accent-soft"),
    ("ink-2", "accent-soft"),
    ("on-accent", "accent"),
    ("surface", "bad"),
    ("surface", "ink"),
    ("ink-2", "calm-soft"),
]
SHAPES = [
    ("edge-strong", "surface"),
    *((f"series-{number}", "surface") for number in range(1, 6)),
]


def luminance(colour: str) -> float:
    channels = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_seen(shape: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[shape][theme], TOKENS[ground][theme]) >= 3


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda sheet: sheet.name)
def test_a_sheet_mirrors_for_languages_from_right_to_left(sheet: Path) -> None:
    side = "(?:left|right)"
    physical = rf"(?:margin|padding|border|float|text-align)(?:-{side}|: {side})|(?<![\w-]){side}\s*:"
    assert re.findall(physical, sheet.read_text()) == []


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda sheet: sheet.name)
def test_only_the_tokens_have_raw_colours(sheet: Path) -> None:
    if sheet.name in ("tokens.css", "print.css"):  # paper is white whatever the theme
        return
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", sheet.read_text()) == []


def test_all_sheets_together_stay_small() -> None:
    assert sum(len(gzip.compress(sheet.read_bytes())) for sheet in CSS.glob("*.css")) < MOST_BYTES
