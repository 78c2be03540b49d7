"""What asks for itself needs the script that asks."""

import re
from pathlib import Path

import pytest

from agency.environment import BASE_DIR

TEMPLATES = BASE_DIR / "templates"
SCRIPT = "js/polling.js"
# Pieces whose page brings the script.
PIECES = {"commands/send_queue.html": "commands/command_list.html"}
POLLING = sorted(
    str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if "data-poll" in path.read_text()
)


@pytest.mark.parametrize("name", POLLING)
def test_a_page_that_polls_brings_the_script_and_names_what_it_polls(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    assert SCRIPT in (TEMPLATES / PIECES.get(name, name)).read_text()
    for tag in re.findall(r"<\w+[^<]*data-poll[^<]*", text):
        assert 'hx-trigger="poll"' in tag
        assert re.match(r"<\w+ [^{]*id=", tag)


def test_nothing_polls_in_another_way() -> None:
    assert not [path for path in Path(TEMPLATES).rglob("*.html") if 'hx-trigger="every' in path.read_text()]
