"""Pages, filters and dates of the query string."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from .errors import invalid
from .store import Row, Store

DEFAULT_PER_PAGE = 25
MAX_PER_PAGE = 100


def read_date(name: str, text: Any) -> date:
    """A calendar day `YYYY-MM-DD`; raises VALIDATION_ERROR."""
    try:
        if not isinstance(text, str) or len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(**{name: "must be a date in the form YYYY-MM-DD"}) from None


def read_page(args: Mapping[str, str]) -> tuple[int, int]:
    """`page` and `per_page`; per_page above the maximum is clamped (assumed)."""
    numbers = []
    for name, default in (("page", 1), ("per_page", DEFAULT_PER_PAGE)):
        text = args.get(name, str(default))
        if not text.isdigit() or int(text) < 1:
            raise invalid(**{name: "must be a whole number of at least 1"})
        numbers.append(int(text))
    return numbers[0], min(numbers[1], MAX_PER_PAGE)


def pagination(page: int, per_page: int, total: int) -> dict[str, int]:
    return {"page": page, "per_page": per_page, "total": total, "total_pages": -(-total // per_page)}


def page_of(
    store: Store, table: str, where: str, values: Sequence[Any], args: Mapping[str, str], columns: str = "*"
) -> tuple[list[Row], dict[str, int]]:
    """One page of a table, newest first. Returns the rows and the `pagination` object."""
    page, per_page = read_page(args)
    total = store.value(f"SELECT count(*) FROM {table} WHERE {where}", *values)
    rows = store.all(
        f"SELECT {columns} FROM {table} WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?",
        *values,
        per_page,
        (page - 1) * per_page,
    )
    return rows, pagination(page, per_page, total)
