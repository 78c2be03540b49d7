"""The style guide shows every component, and each as it is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client as Browser

from agency.models import User
from agency.views.styleguide import SAMPLES

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Drawn by pages that have the rows for them.
NEED_ROWS = {
    "campaign_rows.html",
    "campaign_state.html",
    "command_lines.html",
    "history.html",
    "needs_lines.html",
}


@pytest.mark.parametrize("theme", ["", "?theme=light", "?theme=dark", "?theme=neon"])
def test_it_opens_in_every_theme(theme: str, owner: User, signed_in: Callable[[User], Browser]) -> None:
    page = signed_in(owner).get(f"/styleguide/{theme}")
    assert page.status_code == 200
    shown = theme.removeprefix("?theme=") if "neon" not in theme else ""
    assert f'data-theme="{shown or owner.theme}"' in page.content.decode()
    owner.refresh_from_db()
    assert owner.theme == User.Theme.SYSTEM


def test_it_has_no_style_and_no_script_of_its_own(owner: User, signed_in: Callable[[User], Browser]) -> None:
    page = signed_in(owner).get("/styleguide/").content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script type="module" src=') + page.count("<script src=")


def test_it_is_for_owners(analyst: User, signed_in: Callable[[User], Browser]) -> None:
    assert signed_in(analyst).get("/styleguide/").status_code == 404


def test_it_shows_every_component() -> None:
    sources = "".join((TEMPLATES / "styleguide" / f"{name}.html").read_text() for name, _, _ in SAMPLES)
    sources += (TEMPLATES / "styleguide" / "styleguide.html").read_text()
    drawn_by_a_tag = {"list_head.html"}
    for folder in ("components", "charts"):
        for file in (TEMPLATES / folder).glob("*.html"):
            if file.name not in NEED_ROWS | drawn_by_a_tag:
                assert f'"{folder}/{file.name}"' in sources, f"{folder}/{file.name} is not in the style guide"


@pytest.mark.parametrize(
    "file",
    sorted(file for folder in ("components", "charts") for file in (TEMPLATES / folder).glob("*.html")),
    ids=str,
)
def test_a_component_names_its_inputs_first(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    assert first.startswith("{# ")
    assert first.endswith(" #}")
