"""Tolerant reading of decoded JSON: what is missing, odd or new becomes None, never an exception.

Every function here takes any decoded JSON value. The rules are those of the API's versioning policy: fields
and enum values may appear inside one version, numbers may arrive as floats, and older contracts use other
names.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final, cast

import msgspec

from .redaction import without_secrets

Json = Mapping[str, object]

EMPTY: Final[Json] = {}

# "Create Bundle" (API 2026-05-25): US and GB are accepted as aliases; older answers return them.
_COUNTRY_ALIASES: Final = {"US": "USA", "GB": "UK"}


class Unreadable(ValueError):
    """The bytes are not JSON."""


def decode(body: bytes) -> object:
    """The JSON value in these bytes; an empty body is an empty object. Raises Unreadable."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        return {}
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"not JSON: {type(error).__name__}") from None


def pick(source: object, *names: str) -> object:
    """The first of these members that is there and not null. Names in snake_case also match camelCase."""
    if not isinstance(source, Mapping):
        return None
    for name in names:
        for spelling in (name, _camel(name)):
            value = source.get(spelling)
            if value is not None:
                return cast(object, value)
    return None


def mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else EMPTY


def clean(value: object) -> Json:
    """The object without secrets, to be kept beside the parsed fields."""
    return cast(Json, without_secrets(mapping(value)))


def values(document: object, *names: str) -> Iterator[object]:
    """The members of a list answer: ``data``, ``data.<name>``, ``<name>`` or a bare array."""
    found = document
    if isinstance(found, Mapping):
        found = pick(document, "data", *names)
    if isinstance(found, Mapping):
        found = pick(found, *names, "items", "data", "results")
    yield from found if isinstance(found, list | tuple) else ()


def rows(document: object, *names: str) -> Iterator[Json]:
    """The members of a list answer that are objects."""
    return (row for row in values(document, *names) if isinstance(row, Mapping))


def subject(document: object) -> Json:
    """The object of a single answer: ``data`` when it is an object, otherwise the body itself."""
    inner = pick(document, "data")
    return inner if isinstance(inner, Mapping) else mapping(document)


def text(value: object) -> str | None:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return str(value)
    return None


def identifier(value: object) -> str:
    """Ids are opaque strings; a missing one is an empty string."""
    return text(value) or ""


def number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


def whole(value: object) -> int | None:
    """A whole number, also when it arrives as 52.0 or "52"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    parsed = number(value)
    return None if parsed is None else round(parsed)


def flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return bool(value) if value in (0, 1) else None


def moment(value: object) -> datetime | None:
    """An aware UTC datetime from ISO 8601 (a missing zone means UTC) or from seconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            return None
        parsed = datetime.fromisoformat(value.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day(value: object) -> date | None:
    """A calendar day, also when it arrives as a timestamp (its day in UTC)."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    at = moment(value) if isinstance(value, str) else None
    return at.date() if at else None


def texts(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list | tuple) else ()
    return tuple(part for part in map(text, found) if part is not None)


def whole_numbers(value: object) -> dict[str, int]:
    """The members of an object that are whole numbers; nested objects and texts are left out."""
    counted = ((str(name), whole(amount)) for name, amount in mapping(value).items())
    return {name: amount for name, amount in counted if amount is not None}


def normalise_country(value: object) -> str:
    """TokPortal's canonical code: US → USA, GB → UK, upper case; unknown codes are kept, nothing is ''."""
    code = identifier(value).strip().upper()
    return _COUNTRY_ALIASES.get(code, code)


def same_country(one: object, other: object) -> bool:
    return normalise_country(one) == normalise_country(other)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
