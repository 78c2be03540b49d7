"""What a Command cost whose answer was lost: the credit history tells, where it leaves no doubt."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from agency.connections import SKEW_NOISE
from agency.tokportal import CreditEntryState, TokPortal
from agency.tokportal.results.answers import breakdown_of
from campaigns.models import Command

CLOCKS_DIFFER = timedelta(seconds=SKEW_NOISE + 1)  # by so much unnoticed
# How far an entry may lie from the moment of its effect, where that is known. The nearest distance that tells wins.
STEPS = (timedelta(milliseconds=50), timedelta(seconds=1), CLOCKS_DIFFER)


def charge_in_history(
    api: TokPortal, command: Command, *, effect_at: datetime | None, now: datetime
) -> CreditEntryState | None:
    """The one entry that this Command must have caused; None where none or several could be its own.

    The price may have moved after it was quoted, so the amount proves nothing. `effect_at`: when what it made
    came to be, where TokPortal tells; `now` is TokPortal's time too. One page is read, the newest hundred entries.
    Raises what `agency.tokportal` raises.
    """
    first = (command.first_sent_at or command.state_since) - CLOCKS_DIFFER
    page = api.credit_page(date_from=first.date())
    entries = [
        entry
        for entry in page.items
        if entry.amount < 0
        and entry.created_at is not None
        and first <= entry.created_at <= now + CLOCKS_DIFFER
        and _may_be_of(command, entry.amount, entry.breakdown)
    ]
    others = Command.objects.filter(connection=command.connection_id, credits_charged__gt=0)
    told = {entry.balance_after for entry in entries}
    taken = set(others.filter(credits_remaining__in=told).values_list("credits_remaining", flat=True))
    left = [entry for entry in entries if entry.balance_after not in taken]
    return _only(left, effect_at)


def _may_be_of(command: Command, amount: int, breakdown: Mapping[str, int]) -> bool:
    """Whether it is for the same things; where one of the two names none, whether it costs the same."""
    quoted, charged = _parts(command.quoted_breakdown), _parts(breakdown)
    return quoted == charged if quoted and charged else -amount == command.quoted_credits


def _parts(breakdown: Mapping[str, int]) -> set[str]:
    return {name for name, credits in breakdown_of(breakdown).items() if credits}


def _only(entries: list[CreditEntryState], effect_at: datetime | None) -> CreditEntryState | None:
    """None is guessed: not even the one at the quoted price, when another could be it."""
    if effect_at is None:
        return entries[0] if len(entries) == 1 else None
    for step in STEPS:
        near = [entry for entry in entries if entry.created_at and abs(entry.created_at - effect_at) <= step]
        if near:
            return near[0] if len(near) == 1 else None
    return None
