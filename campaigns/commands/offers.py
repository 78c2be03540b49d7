"""What a page shows of a price before anything is ordered: the quote and what it leaves, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agency.models import Connection, User
from agency.tokportal import InsufficientCredits, NotAllowed, NotSent, RateLimited, Refused, TokPortalError
from campaigns.commands import refusals, sync
from campaigns.commands.quotes import Quote
from campaigns.ledger import reports as ledger
from campaigns.models import Bundle, Campaign


@dataclass(frozen=True, slots=True)
class Remainder:
    """What an order leaves of a pool or budget, in whole credits. `before` None = no limit, or not known."""

    label: str
    before: int | None
    after: int | None

    @property
    def is_short(self) -> bool:
        return self.after is not None and self.after < 0


@dataclass(frozen=True, slots=True)
class Offer:
    quote: Quote | None = None
    remainders: tuple[Remainder, ...] = ()
    refused: Mapping[str, list[str]] = field(default_factory=dict)  # form field → sentences; '' = the whole
    trouble: str = ""  # why TokPortal could not be asked; another try may work

    @property
    def warnings(self) -> list[str]:
        """Why this would not be taken, with what to do."""
        return [
            f"{left.label} has {left.before:,} credits left, {-left.after:,} too few."
            f" {'Top the pool up at TokPortal' if left.label == POOL else 'Raise the budget'}, or order less."
            for left in self.remainders
            if left.is_short and left.before is not None and left.after is not None
        ]

    @property
    def can_order(self) -> bool:
        return self.quote is not None and not self.warnings


POOL = "The pool"


def offer(
    connection: Connection,
    *,
    kind: str,
    body: dict[str, Any],
    by: User,
    campaign: Campaign,
    now: datetime,
    bundle: Bundle | None = None,
    position: int | None = None,
) -> Offer:
    """Ask for a price and set it against pool and budgets. Nothing is sent for real.

    `position`: of the slot that the request is about, where it is about one.

    Raises sync.PriceCheckWasCharged.
    """
    try:
        quote = sync.quote(
            connection,
            kind=kind,
            body=body,
            by=by,
            campaign=campaign,
            bundle=bundle,
            position=position,
            now=now,
        )
    except InsufficientCredits as error:
        return Offer(refused={"": [refusals.sentence(error)]})
    except Refused as error:
        return Offer(refused=refusals.field_errors(error))
    except TokPortalError as error:
        return Offer(trouble=why_no_price(error))
    connection.refresh_from_db(fields=["balance", "balance_at"])
    return Offer(quote=quote, remainders=remainders(connection, campaign, quote.credits))


def remainders(connection: Connection, campaign: Campaign, credits: int) -> tuple[Remainder, ...]:
    """What `credits` would leave of the pool, the client's budget and the campaign's."""
    left = [
        (POOL, ledger.pool(connection).available),
        (f"{campaign.client}’s budget", ledger.budget_state(connection, campaign.client).left),
        (f"{campaign}’s budget", ledger.budget_state(connection, campaign.client, campaign).left),
    ]
    return tuple(
        Remainder(label, before, None if before is None else before - credits) for label, before in left
    )


def why_no_price(error: TokPortalError) -> str:
    """A sentence for a price that could not be asked for."""
    if isinstance(error, RateLimited):
        return "TokPortal takes no more calls for the moment, so there is no price yet. Nothing was sent."
    if isinstance(error, NotAllowed):
        return f"{refusals.sentence(error)} Nothing was sent."
    reason = "cannot be reached" if isinstance(error, NotSent) else "does not answer"
    return f"TokPortal {reason}, so there is no price. Nothing was sent or charged."
