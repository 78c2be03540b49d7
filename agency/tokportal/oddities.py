"""What in an answer is not among the words that we know (`vocabulary`). Pure.

An odd word is a sign that the API has moved on. It is told and shown, and changes nothing else: readers keep what
they do not know (`reading`).
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .errors import TokPortalError
from .reading import mapping, pick, whole
from .redaction import blank_secrets, is_secret_key, without_secrets
from .results import breakdown_of
from .vocabulary import ENVELOPE, ERROR_CODES, LISTS, PRICES, PRICES_BESIDE, SHAPES, Shape

MOST_ODDITIES: Final = 20  # that one answer may tell
NOT_THE_SUM: Final = "≠"  # the word for a price whose parts are not the whole
_LONGEST_WORD: Final = 120
_LONGEST_TEXT, _MOST_MEMBERS, _DEEPEST = 300, 10, 4  # of an example
_ADDRESS_QUERY: Final = re.compile(r"(https?://[^\s?#\"]+)[?#][^\s\"]*")


class Sort(enum.StrEnum):
    """What kind of word it is."""

    FIELD = "field"
    STATUS = "status"
    EVENT = "event"
    ERROR = "error"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Oddity:
    """A word that we do not know. `place`: where it was said; `example`: what was said, without secrets."""

    sort: Sort
    place: str
    word: str
    example: object = None
    times: int = 1  # in this answer


def oddities_of(operation: str, document: object) -> tuple[Oddity, ...]:
    """What an answer says that we do not know, each word once."""
    if not isinstance(document, Mapping):
        return ()
    found: dict[tuple[Sort, str, str], Oddity] = {}
    for oddity in islice(_oddities(operation, document), 10 * MOST_ODDITIES):
        name = (oddity.sort, oddity.place, oddity.word)
        first = found.get(name)
        if first is None and len(found) >= MOST_ODDITIES:
            continue
        found[name] = oddity if first is None else Oddity(*name, first.example, first.times + 1)
    return tuple(found.values())


def odd_codes(operation: str, error: TokPortalError | None) -> tuple[Oddity, ...]:
    """The codes of a failure, and of the blockers in it, that we do not know."""
    if error is None or error.status is None:  # nothing was said
        return ()
    listed = error.details.get("blockers")
    blockers = listed if isinstance(listed, list | tuple) else ()
    codes = [(error.code, error.message), *((pick(row, "code", "type"), row) for row in blockers)]
    return tuple(
        Oddity(Sort.ERROR, operation, _as_word(code), example_of({"status": error.status, "said": said}))
        for code, said in codes
        if isinstance(code, str) and code and code.upper() not in ERROR_CODES
    )


def example_of(value: object, depth: int = _DEEPEST) -> object:
    """As much of a value as tells what it is, without secrets and without the signed part of addresses."""
    if isinstance(value, str):
        return _ADDRESS_QUERY.sub(r"\1?***", blank_secrets(value.replace("\x00", "")))[:_LONGEST_TEXT]
    if isinstance(value, Mapping | list | tuple) and not depth:
        return "…"
    if isinstance(value, Mapping):
        members = islice(mapping(without_secrets(value, levels=depth + 1)).items(), _MOST_MEMBERS)
        return {_as_word(name): example_of(member, depth - 1) for name, member in members}
    if isinstance(value, list | tuple):
        return [example_of(member, depth - 1) for member in value[:_MOST_MEMBERS]]
    return value


def _oddities(operation: str, document: Mapping[str, object]) -> Iterator[Oddity]:
    if (shape := SHAPES.get(operation)) is not None:
        inner = document.get("data", document)
        known = ENVELOPE | LISTS if inner is not document else ENVELOPE | LISTS | shape.names
        yield from _strange_names(operation, document, known)
        for row in _objects(inner):
            yield from _strange(operation, shape, row)
    yield from _strange_prices(operation, document)


def _objects(inner: object) -> Iterator[Mapping[str, object]]:
    """The objects of an answer: one, a list, or a list under its own name."""
    if isinstance(inner, Mapping):
        listed = [inner[name] for name in LISTS & inner.keys() if isinstance(inner[name], list)]
        if len(inner) > len(listed) or not listed:
            yield inner
    else:
        listed = [inner]
    for rows in listed:
        yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, Mapping))


def _strange(place: str, shape: Shape, row: Mapping[str, object]) -> Iterator[Oddity]:
    yield from _strange_names(place, row, shape.names)
    for name, known in shape.words.items():
        word = row.get(name)
        if isinstance(word, str) and word and word not in known:
            yield Oddity(Sort.STATUS, f"{place}.{name}", _as_word(word), _example(row, name))
    for name, inner in shape.inside.items():
        member = row.get(name)
        for part in member if isinstance(member, list) else (member,):
            if isinstance(part, Mapping):
                yield from _strange(f"{place}.{name}", inner, part)


def _strange_names(place: str, row: Mapping[str, object], known: frozenset[str]) -> Iterator[Oddity]:
    if known.issuperset(row):  # as nearly always, and much quicker than taking one from the other
        return
    for name in row.keys() - known - ENVELOPE:  # some answers put the price inside `data`
        if _snake(str(name)) not in known:
            yield Oddity(Sort.FIELD, place, _as_word(name), _example(row, name))


def _strange_prices(operation: str, document: Mapping[str, object]) -> Iterator[Oddity]:
    """Parts of a price, and prices of the list, that have no name with us; and parts that are not the whole."""
    if operation == "getCreditCosts":
        costs = mapping(pick(mapping(pick(document, "data")) or document, "costs"))
        yield from _strange_parts(operation, costs, PRICES | PRICES_BESIDE)
        return
    data = pick(document, "data")
    receipts = [row for row in (document, data) if isinstance(row, Mapping) and "cost_breakdown" in row]
    for receipt in receipts:
        parts = mapping(receipt["cost_breakdown"])
        yield from _strange_parts(operation, parts, PRICES)
        price = whole(pick(receipt, "credits_would_charge")) or whole(pick(receipt, "credits_charged"))
        named = breakdown_of(parts)
        if price is not None and named and sum(named.values()) != price:
            yield Oddity(
                Sort.PRICE, operation, NOT_THE_SUM, {"cost_breakdown": example_of(parts), "credits": price}
            )
    for row in data if isinstance(data, list) else ():
        if isinstance(row, Mapping) and isinstance(row.get("breakdown"), Mapping):
            yield from _strange_parts(operation, mapping(row["breakdown"]), PRICES)


def _strange_parts(place: str, parts: Mapping[str, object], known: frozenset[str]) -> Iterator[Oddity]:
    for name in parts.keys() - known:
        yield Oddity(Sort.PRICE, place, _as_word(name), _example(parts, name))


def _example(row: Mapping[str, object], name: str) -> dict[str, object]:
    """The member, and the id of the object that it was found in."""
    value = "***" if is_secret_key(str(name)) else example_of(row[name])
    about = {key: row[key] for key in ("id", "bundle_id") if isinstance(row.get(key), str)}
    return {**dict(islice(about.items(), 1)), _as_word(name): value}


def _as_word(name: object) -> str:
    return blank_secrets(str(name).replace("\x00", ""))[:_LONGEST_WORD]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
