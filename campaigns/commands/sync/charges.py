"""What a Command cost that no answer told of: the credit history tells, where it leaves no doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from agency.connections import SKEW_NOISE
from agency.tokportal import CreditEntryState, TokPortal, TokPortalError
from agency.tokportal.results.answers import breakdown_of
from campaigns.commands.kinds import COVERAGE_UNTIL, KINDS
from campaigns.models import Command

S = Command.State

CLOCKS_DIFFER = timedelta(seconds=SKEW_NOISE + 1)  # by so much unnoticed
# How far an entry may lie from the moment of its effect, where that is known. The nearest distance that tells wins.
STEPS = (timedelta(milliseconds=50), timedelta(seconds=1), CLOCKS_DIFFER)
_UNDER_WAY = Q(state__in=(S.SENDING, S.UNKNOWN)) | Q(state=S.QUEUED, first_sent_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Cost:
    credits: int
    left: int | None = None  # in the pool afterwards


def cost_in_history(
    api: TokPortal, command: Command, *, effect_at: datetime | None, at: datetime
) -> Cost | None:
    """What a Command cost whose effect is there; None = the history cannot be read, or leaves a doubt.

    What buys has an entry for certain, so the only one that could be it is. What settles a Coverage period that
    is due may have cost nothing: its effect is told from a state, which may have been there before. Whether the
    account's period moved on tells. Where that cannot be seen, an entry is its own only where no other Command
    could own it, and none is nothing only once no call can be under way.

    The price may have moved after it was quoted, so the amount proves nothing. `effect_at`: when what it made
    came to be, where TokPortal tells; `at` is TokPortal's time too. One page is read, the newest hundred entries.
    """
    if not command.quoted_credits:
        return Cost(0)
    since = (command.first_sent_at or command.state_since) - CLOCKS_DIFFER
    try:
        page = api.credit_page(date_from=since.date())
    except TokPortalError:
        return None
    times = [entry.created_at for entry in page.items if entry.created_at is not None]
    entries = [
        entry
        for entry in page.items
        if entry.amount < 0
        and entry.created_at is not None
        and since <= entry.created_at <= at + CLOCKS_DIFFER
        and _may_be_of(command, entry.amount, entry.breakdown)
    ]
    entries = _not_taken(command, entries)
    if KINDS[command.kind].buys:
        return _cost(_only(entries, effect_at))
    if page.has_more and not (times and min(times) < since):
        return None  # older ones may be on the next page
    if (was_paid := _was_period_paid(api, command, since=since)) is not None:
        if not was_paid:
            is_over = command.state == S.SENDING or at - command.state_since >= Command.LEASE
            return Cost(0) if is_over else None
        if len({entry.amount for entry in entries}) != 1:
            return None
        is_certain = len(entries) == 1 and not _has_rival(command, entries[0])
        return Cost(-entries[0].amount, entries[0].balance_after if is_certain else None)  # whichever it is
    if not entries:
        return Cost(0) if at - command.state_since >= Command.LEASE else None
    return _cost(entries[0]) if len(entries) == 1 and not _has_rival(command, entries[0]) else None


def _was_period_paid(api: TokPortal, command: Command, *, since: datetime) -> bool | None:
    """Whether the account's Coverage period moved on since the Command left; None = untold, or not its doing alone."""
    look = KINDS[command.kind].before
    if look is None or command.bundle is None or COVERAGE_UNTIL not in command.before:
        return None
    until = look(api, command).get(COVERAGE_UNTIL)
    if until is None or until == command.before[COVERAGE_UNTIL]:
        return None if until is None else False
    others = Command.objects.filter(
        bundle__saved_account=command.bundle.saved_account_id, quoted_credits__gt=0
    )
    others = others.exclude(pk=command.pk).filter(_UNDER_WAY | Q(state=S.SUCCEEDED, state_since__gte=since))
    return None if others.exists() else True


def _cost(entry: CreditEntryState | None) -> Cost | None:
    return Cost(-entry.amount, entry.balance_after) if entry else None


def _not_taken(command: Command, entries: list[CreditEntryState]) -> list[CreditEntryState]:
    """Without those of Commands whose answer told what they left in the pool."""
    others = Command.objects.filter(connection=command.connection_id, credits_charged__gt=0)
    told = {entry.balance_after for entry in entries}
    taken = set(others.filter(credits_remaining__in=told).values_list("credits_remaining", flat=True))
    return [entry for entry in entries if entry.balance_after not in taken]


def _has_rival(command: Command, entry: CreditEntryState) -> bool:
    """Whether another Command could own it: one without an answer, or one that no answer told the charge of."""
    assert entry.created_at is not None
    others = Command.objects.filter(connection=command.connection_id, quoted_credits__gt=0)
    others = others.exclude(pk=command.pk)
    assumed = others.with_assumed_charge().filter(answered_at__gte=entry.created_at - CLOCKS_DIFFER)
    return any(
        (other.first_sent_at or other.state_since) - CLOCKS_DIFFER <= entry.created_at
        and _may_be_of(other, entry.amount, entry.breakdown)
        for other in [*others.filter(_UNDER_WAY), *assumed]
    )


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
