"""What every page loads: two files made of many, and pages that travel compressed."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client as Browser

from agency.assets import SCRIPTS, site_css, site_js
from agency.environment import BASE_DIR
from agency.models import User


def test_the_files_are_found_like_any_static_file() -> None:
    assert Path(str(finders.find("site.css"))).read_text() == site_css()
    assert Path(str(finders.find("site.js"))).read_text() == site_js()
    assert finders.find("site.txt") is None
    assert {"site.css", "site.js"} <= {
        path for finder in finders.get_finders() for path, _ in finder.list([])
    }


def test_scripts_that_are_put_together_need_nothing_of_each_other() -> None:
    for name in SCRIPTS:
        script = (BASE_DIR / f"static/js/{name}.js").read_text()
        assert not re.search(r"^(import|export)\b", script, re.MULTILINE), name


def test_the_sign_in_page_and_a_page_load_the_same_two(
    owner: User, signed_in: Callable[[User], Browser]
) -> None:
    for browser, address in ((Browser(), "/sign-in/"), (signed_in(owner), "/clients/")):
        page = browser.get(address).content.decode()
        assert re.findall(r'href="/static/([\w./-]+\.css)"', page) == ["site.css"]
    assert 'src="/static/site.js"' in page


def test_pages_travel_compressed_and_never_twice_in_the_same_length(
    owner: User, signed_in: Callable[[User], Browser]
) -> None:
    """The length of an answer that repeats what was asked could give its secrets away."""
    browser = signed_in(owner)
    answers = [browser.get("/clients/", headers={"Accept-Encoding": "gzip"}) for _ in range(12)]
    assert b"</html>" in gzip.decompress(answers[0].content)
    assert all("Accept-Encoding" in answer["Vary"] for answer in answers)
    assert len({len(answer.content) for answer in answers}) > 1
