"""Bringing TokPortal's credit history home, and giving its entries to whose they are.

`now` is machine time. A walk of the history commits page by page, so that it can stop anywhere.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q

from agency.connections import SKEW_NOISE, NotConnected, active_connection, tokportal
from agency.models import Connection, User
from agency.tokportal import CreditEntryState, Lane, Page, RateLimited, TokPortal, TokPortalError, Unreachable
from agency.tokportal.results.answers import breakdown_of
from campaigns.commands.kinds import KINDS
from campaigns.commands.sync import correct_charge
from campaigns.credits import checks, progress
from campaigns.credits.matching import WINDOW, Charge, Match, Row, is_top_up, match, without_entry
from campaigns.ledger.actions import Part, WrongAllocation, allocate
from campaigns.ledger.models import Allocation, CreditDrift, CreditEntry, Reservation
from campaigns.ledger.reports import unbooked_reservations
from campaigns.models import Command

logger = logging.getLogger(__name__)
S = Command.State

OVERLAP = timedelta(days=2)  # read again at each import ("Credits & Pricing": rows may come late)
ENTRIES_PER_TRANSACTION = 100
CLOCKS_DIFFER = timedelta(seconds=SKEW_NOISE + 1)  # by so much unnoticed; answers have whole seconds
NEIGHBOURHOOD = timedelta(days=1)  # windows nearer to each other than this are read in one go


def update_ledger(*, now: datetime, full: bool = False) -> float | None:
    """Import, match and prove the books of the active Connection.

    None = done, or nothing to do; else the seconds after which it is worth going on. An import that another
    worker runs is left alone; one that fails says so on the credits page and goes on at the next call.
    """
    try:
        connection = active_connection()
    except NotConnected:
        return None
    if not progress.begin(connection, at=now):
        return None
    stopped_by, details = progress.ERROR_OF_OURS, ""
    try:
        import_history(connection, now=now, full=full)
        match_entries(connection, now=now)
        checks.proof(connection)
        stopped_by = ""
    except RateLimited as error:
        stopped_by = progress.RATE_LIMITED
        return error.retry_after
    except TokPortalError as error:
        stopped_by, details = progress.NOT_GIVEN, str(error)
        logger.warning("The credit history could not be imported: %s", error)
    finally:
        progress.end(connection, stopped_by=stopped_by, details=details)
    return None


def is_charge_missing(connection: Connection) -> bool:
    """Whether a Command was charged after the last import began, so that another one would find its entry.

    One query. What an import has looked for in vain is left to the next regular one.
    """
    charged = unbooked_reservations(connection).filter(state=Reservation.State.SETTLED, credits__gt=0)
    if connection.history_at:
        since = connection.upstream_now(connection.history_at) - CLOCKS_DIFFER
        charged = charged.filter(settled_at__gte=since)
    return charged.exists()


def import_history(connection: Connection, *, now: datetime, full: bool = False) -> int:
    """Read the history up to today, and the balance. Returns how many entries are new.

    Starts two days before the newest known entry (`full`: at the first entry there is), and inserts by id:
    entries only ever come in, known ones are never changed. Raises what `agency.tokportal` raises.
    """
    api = tokportal(connection, Lane.BACKGROUND)
    connection.refresh_from_db()
    new = 0
    if full or connection.history_through is None:
        new += _import_everything(api, connection, now=now, full=full)
    for _ in range(2):
        since = connection.history_through - OVERLAP if connection.history_through else None
        new += _walk(api, connection, now=now, date_from=since)
        _note_newest(connection)
        if _store_balance(api, connection, now=now):
            break  # otherwise something was spent between the two answers: look once more
    connection.history_at = now
    connection.save(update_fields=["history_at"])
    return new


def _import_everything(api: TokPortal, connection: Connection, *, now: datetime, full: bool) -> int:
    """The first import, newest first; one that was interrupted goes on below the oldest entry it had."""
    known = connection.credit_entries.aggregate(oldest=Min("created_at"))["oldest"]
    until = known.date() if known and not full else None
    new = _walk(api, connection, now=now, date_to=until)
    _note_newest(connection)
    return new


def _note_newest(connection: Connection) -> None:
    """From here the next import starts: a day that TokPortal's own rows name, whatever our clock says."""
    newest = connection.credit_entries.aggregate(newest=Max("created_at"))["newest"]
    if newest and newest.date() != connection.history_through:
        connection.history_through = newest.date()
        connection.save(update_fields=["history_through"])


def _walk(
    api: TokPortal,
    connection: Connection,
    *,
    now: datetime,
    date_from: date | None = None,
    date_to: date | None = None,
) -> int:
    """Store every page of a stretch, newest first. Offsets may repeat a row while new ones come: ids tell."""
    number, read, new = 1, 0, 0
    while True:
        page: Page[CreditEntryState] = api.credit_page(page=number, date_from=date_from, date_to=date_to)
        stored = store_entries(connection, page.items, now=now)
        read, new = read + len(page.items), new + stored
        left = None if page.total is None else max(0, page.total - read)
        progress.step(connection, read=len(page.items), new=stored, left=left)
        if not page.has_more:
            return new
        number += 1


def _store_balance(api: TokPortal, connection: Connection, *, now: datetime) -> bool:
    """Keep TokPortal's balance, never over a newer one; whether it is the newest entry's `balance_after`."""
    balance = api.get_balance()
    at = connection.upstream_now(now)
    told: dict[str, Any] = {"expiring_credits": balance.expiring_within_7_days}
    Connection.objects.filter(pk=connection.pk).update(**told)
    if balance.total is not None:
        connection.note_balance(balance.total, at=at)
    connection.refresh_from_db()
    return checks.chain(connection).closing in (balance.total, None)


def facts(state: CreditEntryState) -> tuple[object, ...]:
    """What TokPortal says about an entry. A field that a later version adds is no change of it."""
    return (
        state.type or "",
        state.amount,
        state.description or "",
        dict(state.breakdown),
        state.balance_after,
        state.created_at,
    )


def store_entries(connection: Connection, states: Sequence[CreditEntryState], *, now: datetime) -> int:
    """Add what is new; note known entries that came back with other content. Returns how many are new.

    Raises Unreachable for a row without `balance_after`: money is not booked in half.
    """
    given = {state.id: state for state in states}
    with transaction.atomic():
        entries = connection.credit_entries.filter(upstream_id__in=given)
        known = {entry.upstream_id: entry for entry in entries}
        # Reversed, so that our ids grow with time as far as pages allow.
        added = [
            _entry(connection, state, now) for state in reversed(given.values()) if state.id not in known
        ]
        CreditEntry.objects.bulk_create(added, ignore_conflicts=True)
        changed = {entry.pk: given[id] for id, entry in known.items() if _differs(entry, given[id])}
        if changed:
            _note_drift(changed, now=now)
    return len(added)


def _entry(connection: Connection, state: CreditEntryState, now: datetime) -> CreditEntry:
    if state.balance_after is None or state.created_at is None:
        raise Unreachable("TokPortal's credit history has a row that can't be read", details=state.raw)
    return CreditEntry(
        connection=connection,
        upstream_id=state.id,
        type=(state.type or "")[:40],
        amount=state.amount,
        description=state.description or "",
        breakdown=dict(state.breakdown),
        balance_after=state.balance_after,
        created_at=state.created_at,
        imported_at=now,
        raw=dict(state.raw),
    )


def _differs(entry: CreditEntry, state: CreditEntryState) -> bool:
    stored = (
        entry.type,
        entry.amount,
        entry.description,
        entry.breakdown,
        entry.balance_after,
        entry.created_at,
    )
    kind, *rest = facts(state)
    return stored != (str(kind)[:40], *rest)


def _note_drift(changed: Mapping[int, CreditEntryState], *, now: datetime) -> None:
    """One row for each new content of an entry, however often it comes."""
    entries = CreditEntry.objects.select_for_update().filter(pk__in=changed).order_by("pk")
    for entry in list(entries):
        state = changed[entry.pk]
        seen = [facts(CreditEntryState.from_json(raw)) for raw in entry.drifts.values_list("raw", flat=True)]
        if facts(state) not in seen:
            CreditDrift.objects.create(entry=entry, raw=dict(state.raw), seen_at=now)


def match_entries(connection: Connection, *, now: datetime) -> int:
    """Give to their Commands the entries that are certainly theirs, and top-ups to the pool (M4, M5).

    What a person ever assigned or took back is left to people. Returns how many entries got an owner.
    """
    at = connection.upstream_now(now)
    owned = 0
    commands = {command.pk: command for command in unbooked_commands(connection)}
    assumed = set(Command.objects.with_assumed_charge().filter(pk__in=commands).values_list("pk", flat=True))
    charges = [charge_of(command, is_assumed=pk in assumed) for pk, command in commands.items()]
    if charges:
        complete_through = connection.upstream_now(connection.history_at) if connection.history_at else None
        rows = _rows_around(connection, charges)
        found = match(charges, rows, complete_through=complete_through)
        owned += _allocate_to_commands(found, commands, at=at)
        for command_id in without_entry(charges, rows, found, complete_through=complete_through):
            if KINDS[commands[command_id].kind].is_gated:  # its period was paid for already, or not due
                note = "The credit history has no entry that could be its charge."
                correct_charge(commands[command_id], charged=0, left=None, note=note, at=at)
    untouched = ~Exists(Allocation.objects.filter(entry=OuterRef("pk")))
    for entry in connection.credit_entries.filter(untouched, amount__gt=0):
        if is_top_up(type=entry.type, description=entry.description, amount=entry.amount):
            owned += _allocate(entry, [Part(entry.amount, Allocation.Owner.POOL)], rule="top-up", at=at)
    return owned


def unbooked_commands(connection: Connection, *, near: Q | None = None) -> list[Command]:
    """Commands that cost something and have no entry yet, and those that may yet turn out so.

    `near` narrows them to those that are of interest.
    """
    booked = Allocation.objects.standing().filter(command=OuterRef("pk"))
    charged = Q(state=S.SUCCEEDED, credits_charged__gt=0)
    may_be = Q(state__in=(S.SENDING, S.UNKNOWN)) | Q(state=S.QUEUED, first_sent_at__isnull=False)
    return list(
        Command.objects.filter(near or Q(), ~Exists(booked), charged | may_be & Q(quoted_credits__gt=0))
        .filter(connection=connection, client__isnull=False)
        .select_related("client", "campaign", "bundle")
        .order_by("pk")
    )


def charge_of(command: Command, *, is_assumed: bool = False) -> Charge:
    """The expected entry of a Command. Its effect lies between its first try and its answer.

    `is_assumed`: it was settled at its quote, which may not be what it cost.
    """
    is_open = not command.is_settled
    answered = command.answered_at or command.state_since
    earliest = answered - WINDOW  # the call took a while
    if command.first_sent_at:  # nothing is charged before it is asked for
        earliest = min(command.first_sent_at, answered) - CLOCKS_DIFFER
    told = breakdown_of(command.answer.get("cost_breakdown"))
    return Charge(
        command_id=command.pk,
        credits=(command.quoted_credits if is_open else command.credits_charged) or 0,
        balance_after=command.credits_remaining,
        earliest=earliest,
        latest=datetime.max.replace(tzinfo=answered.tzinfo) if is_open else answered + WINDOW,
        breakdown=told or (command.quoted_breakdown if command.credits_remaining is None else {}),
        is_assumed=is_assumed or is_open,
        is_open=is_open,
    )


def row_of(entry: CreditEntry, *, is_taken: bool = False) -> Row:
    return Row(
        entry.pk, entry.amount, entry.balance_after, entry.created_at, breakdown_of(entry.breakdown), is_taken
    )


def _rows_around(connection: Connection, charges: Iterable[Charge]) -> list[Row]:
    """The entries inside the charges' windows; those that had an owner only as neighbours."""
    stretches: list[list[datetime]] = []
    for charge in sorted(charges, key=lambda charge: charge.earliest):
        if charge.is_open:
            continue  # a rival only; the windows of the others say what is read
        if stretches and charge.earliest <= stretches[-1][1] + NEIGHBOURHOOD:
            stretches[-1][1] = max(stretches[-1][1], charge.latest)
        else:
            stretches.append([charge.earliest, charge.latest])
    if not stretches:
        return []
    where = Q()
    for earliest, latest in stretches:
        where |= Q(created_at__range=(earliest, latest))
    touched = Exists(Allocation.objects.filter(entry=OuterRef("pk")))
    entries = connection.credit_entries.filter(where).annotate(is_touched=touched).defer("raw", "description")
    return [row_of(entry, is_taken=entry.is_touched) for entry in entries.iterator()]


def _allocate_to_commands(found: Iterable[Match], commands: Mapping[int, Command], *, at: datetime) -> int:
    owned, matches = 0, iter(found)
    while batch := list(islice(matches, ENTRIES_PER_TRANSACTION)):
        with transaction.atomic():
            entries = CreditEntry.objects.in_bulk([id for match in batch for id in match.entry_ids])
            for made in batch:
                command = commands[made.command_id]
                for entry_id in made.entry_ids:
                    entry = entries[entry_id]
                    part = part_for(command, amount=entry.amount)
                    is_owned = _allocate(entry, [part], rule=made.rule, confidence=made.confidence, at=at)
                    owned += is_owned
                    if is_owned and made.rule == "command-parts":
                        correct_from(entry, command, at=at)
    return owned


def correct_from(entry: CreditEntry, command: Command, *, at: datetime, by: User | None = None) -> None:
    """Let a Command that was settled at its quote say what its entry says."""
    if -entry.amount != command.credits_charged:
        note = f"Settled at {command.credits_charged} credits; the history has {-entry.amount} for it."
        correct_charge(command, charged=-entry.amount, left=entry.balance_after, note=note, at=at, by=by)


def part_for(command: Command, *, amount: int) -> Part:
    """An amount as the charge of a Command. A bundle that turned out to be another campaign's is left out."""
    is_own = command.bundle is not None and command.bundle.campaign_id == command.campaign_id
    return Part(
        amount=amount,
        owner=Allocation.Owner.CLIENT,
        client=command.client,
        campaign=command.campaign,
        bundle=command.bundle if is_own else None,
        command=command,
    )


def _allocate(
    entry: CreditEntry, parts: list[Part], *, rule: str, at: datetime, confidence: int = 100
) -> bool:
    try:
        allocate(entry, parts, rule=rule, confidence=confidence, now=at)
    except WrongAllocation as error:  # a person was quicker
        logger.info("%s was not matched: %s", entry, error)
        return False
    return True
