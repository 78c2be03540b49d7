"""What a page shows of a price before anything is ordered: the quote and what it leaves, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agency.formats import number
from agency.models import Connection, User
from agency.tokportal import InsufficientCredits, NotAllowed, NotSent, RateLimited, Refused, TokPortalError
from campaigns.commands import refusals, stops, sync
from campaigns.commands.quotes import Quote
from campaigns.ledger import reports as ledger
from campaigns.models import Bundle, Campaign


@dataclass(frozen=True, slots=True)
class Remainder:
    """What an order leaves of a pool or budget, in whole credits. `before` None = no limit, or not known."""

    label: str
    before: int | None
    after: int | None
    is_pool: bool = False

    @property
    def is_short(self) -> bool:
        return self.after is not None and self.after < 0

    @property
    def warning(self) -> str:
        """Of one that is short."""
        before, after = self.before or 0, self.after or 0
        said = (
            ngettext(
                "%(label)s has %(left)s credit left, %(missing)s too few."
                " Top the pool up at TokPortal, or order less.",
                "%(label)s has %(left)s credits left, %(missing)s too few."
                " Top the pool up at TokPortal, or order less.",
                before,
            )
            if self.is_pool
            else ngettext(
                "%(label)s has %(left)s credit left, %(missing)s too few. Raise the budget, or order less.",
                "%(label)s has %(left)s credits left, %(missing)s too few. Raise the budget, or order less.",
                before,
            )
        )
        return said % {"label": self.label, "left": number(before), "missing": number(-after)}


@dataclass(frozen=True, slots=True)
class Offer:
    quote: Quote | None = None
    remainders: tuple[Remainder, ...] = ()
    refused: Mapping[str, list[str]] = field(default_factory=dict)  # form field → sentences; '' = the whole
    trouble: str = ""  # why TokPortal could not be asked; another try may work
    is_stopped: bool = False  # what is ordered now waits until a person lets it go

    @property
    def warnings(self) -> list[str]:
        """Why this would not be taken, with what to do."""
        return [left.warning for left in self.remainders if left.is_short]

    @property
    def can_order(self) -> bool:
        return self.quote is not None and not self.warnings


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
    left = remainders(connection, campaign, quote.credits)
    return Offer(quote=quote, remainders=left, is_stopped=stops.is_stopped(campaign))


def remainders(connection: Connection, campaign: Campaign, credits: int) -> tuple[Remainder, ...]:
    """What `credits` would leave of the pool, the client's budget and the campaign's."""
    owner = _("%(owner)s’s budget")
    left = [
        (_("The pool"), ledger.pool(connection).available, True),
        (owner % {"owner": campaign.client}, ledger.budget_state(connection, campaign.client).left, False),
        (
            owner % {"owner": campaign},
            ledger.budget_state(connection, campaign.client, campaign).left,
            False,
        ),
    ]
    return tuple(
        Remainder(label, before, None if before is None else before - credits, is_pool)
        for label, before, is_pool in left
    )


def why_no_price(error: TokPortalError) -> str:
    """A sentence for a price that could not be asked for."""
    if isinstance(error, RateLimited):
        return _("TokPortal takes no more calls for the moment, so there is no price yet. Nothing was sent.")
    if isinstance(error, NotAllowed):
        return f"{refusals.sentence(error)} {_('Nothing was sent.')}"
    if isinstance(error, NotSent):
        return _("TokPortal cannot be reached, so there is no price. Nothing was sent or charged.")
    return _("TokPortal does not answer, so there is no price. Nothing was sent or charged.")
