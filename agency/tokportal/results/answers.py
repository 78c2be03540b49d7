"""What every answer has around its object: pages of a list, and the receipt of a change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Self, TypeVar

from ..reading import Json, mapping, pick, whole, whole_numbers

T = TypeVar("T")

# Older contracts name the parts of a price differently ("Create Bundle", "Credits & Pricing").
_BREAKDOWN_SYNONYMS: Final = {
    "account": "account_creation",
    "accounts": "account_creation",
    "videos": "video_slots",
    "video_slot": "video_slots",
    "video_upload": "video_slots",
    "video_uploads": "video_slots",
    "edits": "edit_slots",
    "edit_slot": "edit_slots",
    "video_edit": "edit_slots",
    "video_edits": "edit_slots",
}


def breakdown_of(value: object) -> dict[str, int]:
    """The parts of a price in whole credits by today's names; unknown parts are kept, ``total`` is left out.

    A part that comes under both its names keeps both, so that nothing is lost or added twice under one name.
    """
    given = {name: amount for name, amount in whole_numbers(value).items() if name != "total"}
    read: dict[str, int] = {}
    for name, amount in given.items():
        today = _BREAKDOWN_SYNONYMS.get(name, name)
        read[name if today != name and today in given else today] = amount
    return read


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `total` and `total_pages` are None where the answer has no pagination."""

    items: tuple[T, ...]
    page: int
    total: int | None
    total_pages: int | None

    @property
    def has_more(self) -> bool:
        return bool(self.items) and self.total_pages is not None and self.page < self.total_pages


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """The ``pagination`` object of a list answer."""

    total: int | None
    total_pages: int | None

    @classmethod
    def from_json(cls, document: object) -> Self:
        pagination = pick(document, "pagination", "meta")
        total, per_page = whole(pick(pagination, "total")), whole(pick(pagination, "per_page"))
        pages = whole(pick(pagination, "total_pages"))
        if pages is None and total is not None and per_page:
            pages = -(-total // per_page)
        return cls(total=total, total_pages=pages)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """The receipt of a change: what it made, what it cost, and how to ask TokPortal about it.

    Credits are whole; None means that the answer does not say. `credits_charged` is the truth, the breakdown
    is only informative and need not add up.
    """

    result: T
    status: int
    request_id: str
    replayed: (
        bool  # the stored answer to an earlier call with the same key; nothing ran, nothing was charged again
    )
    dry_run: bool
    credits_charged: int | None
    credits_remaining: int | None
    credits_would_charge: int | None
    cost_breakdown: Mapping[str, int]
    server_time: datetime | None  # the Date header: TokPortal's clock, UTC, whole seconds
    raw: Json  # the whole body, secrets dropped


@dataclass(frozen=True, slots=True)
class RowError:
    """A part of a batch or an import that was refused: a slot's position, or a line of the file (header =
    1).
    """

    position: int | None
    row: int | None
    code: str
    message: str
    details: Json

    @classmethod
    def from_json(cls, value: object) -> Self:
        nested = mapping(pick(value, "error"))
        message = pick(value, "message", "error") if not nested else pick(nested, "message")
        return cls(
            position=whole(pick(value, "position")),
            row=whole(pick(value, "row", "line")),
            code=str(pick(value, "code") or pick(nested, "code") or "").upper(),
            message=message if isinstance(message, str) else "",
            details=mapping(pick(value, "details") or pick(nested, "details")),
        )
