"""The stylesheet and the script that every page asks for, put together from the files that people edit.

Templates name them `{% static 'site.css' %}` and `{% static 'site.js' %}`: two requests instead of nine. Like any
static file they are served as they lie while developing, and get a hashed name and a compressed copy by collectstatic.
What only some pages need stays a file of its own.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

from agency.environment import BASE_DIR, local_dir

STYLES = ("tokens", "base", "components", "shell", "print")
SCRIPTS = ("shell", "drawer", "components", "keyboard")


def site_css() -> str:
    return "".join((BASE_DIR / f"static/css/{name}.css").read_text() for name in STYLES)


def site_js() -> str:
    """Modules that import and export nothing. A block each, so that their names stay apart."""
    return "".join(f"{{\n{(BASE_DIR / f'static/js/{name}.js').read_text()}}}\n" for name in SCRIPTS)


MADE = {"site.css": site_css, "site.js": site_js}


class MadeFilesFinder(BaseFinder):
    """A staticfiles finder of what is put together when somebody looks for it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.storage = FileSystemStorage(local_dir() / "static-made")
        super().__init__(*args, **kwargs)

    def find(self, path: str, find_all: bool = False) -> Any:
        found = [self._make(path)] if path in MADE else []
        return found[0] if found and not find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in MADE:
            self._make(path)
            yield path, self.storage

    def _make(self, path: str) -> str:
        """Write it, unless it is there. Processes that start at once each move a whole file into its place."""
        text = MADE[path]()
        file = Path(self.storage.path(path))
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=file.parent, delete=False) as fresh:
                fresh.write(text)
            os.chmod(fresh.name, 0o644)
            os.replace(fresh.name, file)
        return str(file)
