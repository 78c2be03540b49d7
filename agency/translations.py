"""The catalogues of translations, kept with Babel: `python -m agency.translations` (`make messages`).

It reads every string that the code and the templates wrap in gettext, brings each `locale/*/LC_MESSAGES/django.po`
up to date and compiles it. Sentences that are gone leave the catalogue; nothing is guessed (no "fuzzy" entries);
what has no translation yet is shown in English. Files are written alike on every machine: sorted, without dates and
line numbers.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from agency.environment import BASE_DIR

LOCALE_DIR = BASE_DIR / "agency" / "locale"
SOURCES = ("agency", "campaigns", "clients", "templates")

# Function → where its arguments hold the sentence, its plural, and ("c") its context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# A date in the catalogue would make every run a change.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = r"""# Made by `make messages`; translate the `msgstr` lines.
msgid ""
msgstr ""
"Language: {language}\n"
"Plural-Forms: {plural_forms}\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def extract_template(source: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Babel's way to read a Django template: through Django's own reading of it as lines of Python."""
    lines = templatize(source.read().decode(), origin=source.name).splitlines()
    # What was text is now rows of letters. Their indentation would be none to Python.
    python = "\n".join(line.strip() for line in lines)
    yield from extract_python(BytesIO(python.encode()), keywords, comment_tags, {"encoding": "utf-8"})


METHODS: dict[str, Any] = {".py": extract_python, ".html": extract_template, ".txt": extract_template}


def read_sources(root: Path = BASE_DIR) -> Catalog:
    """Every sentence that code and templates below ROOT want translated, with the files that it stands in."""
    found = Catalog(creation_date=NO_DATE)
    for path in sorted(path for folder in SOURCES for path in (root / folder).rglob("*")):
        if method := METHODS.get(path.suffix):
            where = [(path.relative_to(root).as_posix(), 0)]
            with path.open("rb") as source:
                for _line, message, comments, context in extract(
                    method, source, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
                ):
                    found.add(message, locations=where, auto_comments=comments, context=context)
    return found


def catalogues() -> dict[str, Path]:
    """Language → its catalogue's file."""
    return {folder.name: folder / "LC_MESSAGES" / "django.po" for folder in sorted(LOCALE_DIR.iterdir())}


def read_catalogue(language: str) -> Catalog:
    path = catalogues()[language]
    if not path.exists():
        return Catalog(locale=language, creation_date=NO_DATE)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, sources: Catalog) -> Catalog:
    """Give the catalogue exactly the sentences of SOURCES, with the translations that it has, and write it."""
    catalogue = read_catalogue(language)
    catalogue.update(sources, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    write(language, catalogue)
    return catalogue


def write(language: str, catalogue: Catalog) -> None:
    """Write the catalogue as text, and compiled beside it."""
    catalogue.creation_date = catalogue.revision_date = NO_DATE
    path = catalogues()[language]
    text = BytesIO()
    write_po(text, catalogue, width=0, omit_header=True, sort_output=True, include_lineno=False)
    header = HEADER.format(language=language, plural_forms=catalogue.plural_forms)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header.encode() + text.getvalue().strip() + b"\n")
    path.with_suffix(".mo").write_bytes(compiled(language, catalogue))


def compiled(language: str, catalogue: Catalog) -> bytes:
    """What gettext reads: the sentences that have a translation."""
    complete = Catalog(locale=language, creation_date=NO_DATE, revision_date=NO_DATE)
    for message in catalogue:
        # Babel would keep a plural of empty forms, and a page would show nothing.
        if message.id and is_translated(message) and not message.fuzzy:
            complete.add(message.id, message.string, context=message.context)
    file = BytesIO()
    write_mo(file, complete)
    return file.getvalue()


def main() -> None:
    sources = read_sources()
    for language in catalogues():
        catalogue = update(language, sources)
        missing = sum(not is_translated(message) for message in catalogue if message.id)
        sys.stdout.write(f"{language}: {len(catalogue)} sentences, {missing} without a translation\n")


def is_translated(message: Message) -> bool:
    """Whether every form of it is there."""
    string = message.string
    return all(string) if isinstance(string, tuple | list) else bool(string)


if __name__ == "__main__":
    main()
