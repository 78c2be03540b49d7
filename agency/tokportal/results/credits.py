"""Balance and history of the workspace's one pool of credits ("Credits & Pricing", API 2026-05-25)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..reading import Json, clean, identifier, moment, pick, rows, subject, text, whole
from .answers import breakdown_of


@dataclass(frozen=True, slots=True)
class Expiration:
    """Credits that will be gone at `expires_at` (UTC) unless spent before."""

    amount: int | None
    expires_at: datetime | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole credits; None where the answer does not say."""

    total: int | None
    expiring_within_7_days: int | None
    upcoming: tuple[Expiration, ...]
    last_updated: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            total=whole(pick(found, "total_credits", "credits", "balance")),
            expiring_within_7_days=whole(pick(found, "expiring_within_7_days")),
            upcoming=tuple(
                Expiration(
                    amount=whole(pick(row, "amount", "credits")),
                    expires_at=moment(pick(row, "expires_at")),
                    source=text(pick(row, "source")),
                )
                for row in rows(pick(found, "upcoming_expirations"))
            ),
            last_updated=moment(pick(found, "last_updated")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class CreditEntryState:
    """One row of the credit history. `amount` is signed, debits are negative; decide by it, never by `type`.

    No documented field links a row to a bundle or a request; should one appear, it is in `raw`.
    """

    id: str
    type: str | None
    amount: int
    description: str | None
    breakdown: Mapping[str, int]  # by today's names, see Answer.cost_breakdown
    balance_after: int | None
    created_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        return cls(
            id=identifier(pick(row, "id", "transaction_id")),
            type=text(pick(row, "type")),
            amount=whole(pick(row, "amount")) or 0,
            description=text(pick(row, "description")),
            breakdown=breakdown_of(pick(row, "breakdown", "cost_breakdown")),
            balance_after=whole(pick(row, "balance_after")),
            created_at=moment(pick(row, "created_at")),
            raw=clean(row),
        )

    @property
    def is_complete(self) -> bool:
        """Whether the row names itself, its amount and its time: without these it can't be booked."""
        return bool(self.id) and whole(self.raw.get("amount")) is not None and self.created_at is not None
