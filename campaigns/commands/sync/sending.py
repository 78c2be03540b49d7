"""Sending a Command, and finding out what became of one that got no answer (M2)."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone

from agency.bell import ring_by_name
from agency.calls import calls_of
from agency.connections import tokportal
from agency.models import Connection
from agency.tokportal import (
    Answer,
    CoolingDown,
    DryRunIgnored,
    DuplicateBundle,
    KeyConflict,
    KeyInProgress,
    Lane,
    NotAllowed,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    TokPortal,
    TokPortalError,
    Unreachable,
)
from campaigns.commands import refusals
from campaigns.commands.kinds import KINDS, Evidence
from campaigns.commands.moves import move
from campaigns.commands.sync.charges import Cost, cost_in_history
from campaigns.commands.sync.settling import (
    QUOTE_STANDS,
    answered_at,
    follow_up,
    link_bundle,
    postpone,
    refuse,
    settle,
)
from campaigns.ledger import actions as ledger
from campaigns.models import Bundle, Command
from campaigns.sync import mirror_bundle

S = Command.State

RELATED = ("connection", "client", "campaign", "bundle")
QUOTE_IS_FRESH = timedelta(seconds=60)
REPLAY_WINDOW = timedelta(hours=1)  # TokPortal keeps keys for about a day; we replay well inside that
MOST_ATTEMPTS = 8  # of a Command whose outcome stays unknown, over four minutes; then a person decides
SENT_AGAIN = " So it was sent again with the same key."
PRICE_MOVED = "PRICE_MOVED"
ADVANCE = "campaigns.launches.tasks.advance_after"  # that room lies above this one
LOOK_AGAIN = timedelta(minutes=2)  # between two looks for an effect that cannot be told yet


def send_command(command_id: int, *, now: datetime, has_looked: bool = False) -> None:
    """Send a Command if it is its turn; returns at once when it is not, or has its answer already.

    `has_looked`: for the effect of an earlier attempt, just now.
    """
    command = Command.objects.due(now).filter(pk=command_id).select_related(*RELATED).first()
    if command is None:
        return
    left_at = command.connection.upstream_now(now)
    if command.first_sent_at and not has_looked:
        # While it waited, an earlier attempt may have happened after all, and its key may have been forgotten.
        if move(command, (S.QUEUED,), {"state": S.UNKNOWN, "state_since": left_at, "next_try_at": now}):
            resolve_command(command.pk, now=now)
        return
    if not claim(command, left_at=left_at, now=now):
        return
    api = tokportal(command.connection, Lane.PERSON)
    attempt = calls_of(command.pk, attempt=command.attempts)
    with pghistory.context(user=command.asked_by_id, command=command.pk), attempt:
        try:
            note_before(api, command)
            price = price_moved(api, command, now=left_at)
        except DryRunIgnored as ignored:  # the price check was carried out: that was the order
            Connection.objects.filter(pk=command.connection_id).update(may_dry_run=False)
            finish(api, command, ignored.answer, left_at=left_at)
            return
        except Unreachable as error:  # a question that got no answer has done nothing
            postpone(command, error, left_at=left_at, now=now)
            return
        except TokPortalError as error:
            fail(command, error, left_at=left_at, now=now)
            return
        if price is not None:
            stop_at_price(command, price, left_at=left_at, now=now)
            return
        try:
            answer = call(api, command)
        except TokPortalError as error:
            fail(command, error, left_at=left_at, now=now)
            return
        finish(api, command, answer, left_at=left_at)


def claim(command: Command, *, left_at: datetime, now: datetime) -> bool:
    """Take it for this worker, if it is still due: another one, or a person's stop, may have come first."""
    claimed = {
        "state": S.SENDING,
        "state_since": left_at,
        "lease_until": now + Command.LEASE,
        "attempts": command.attempts + 1,
    }
    with transaction.atomic():
        if command.bundle_id:  # two of one bundle do not leave at the same moment
            Bundle.objects.select_for_update(of=("self",)).only("pk").get(pk=command.bundle_id)
        return move(command, (S.QUEUED,), claimed, among=Command.objects.due(now))


def note_before(api: TokPortal, command: Command) -> None:
    """Keep what the effect will be told from, as it is just before the Command leaves for the first time.

    While it waited, what it waited behind may have changed it.
    """
    look = KINDS[command.kind].before
    if look and not command.first_sent_at:
        command.before = look(api, command)
        Command.objects.filter(pk=command.pk, state=S.SENDING).update(before=command.before)


def price_moved(api: TokPortal, command: Command, *, now: datetime) -> int | None:
    """Today's price when it differs from the quoted one, else None (M3). `now` is TokPortal's time.

    A repeat is asked about as well: TokPortal may never have seen its key, or have forgotten it.
    """
    kind = KINDS[command.kind]
    is_delivered = command.bundle is not None and command.bundle.saved_account_id is not None
    is_old = command.quoted_at is None or now - command.quoted_at > QUOTE_IS_FRESH
    may_cost = (kind.buys or (kind.is_gated and is_delivered)) and (is_old or not command.quoted_credits)
    if not may_cost or command.is_estimate or not command.connection.may_dry_run:
        return None
    try:
        price = kind.call(api, command, dry_run=True).credits_would_charge or 0
    except Refused:
        if command.first_sent_at:
            return None  # its own effect may be in the way: the call with its key knows
        raise
    return price if price != command.quoted_credits else None


def stop_at_price(command: Command, price: int, *, left_at: datetime, now: datetime) -> None:
    """Not sent at a price that nobody has seen. A person decides about one whose first attempt may yet happen."""
    if not command.first_sent_at:
        refuse(command, refusals.price_moved(command, price), at=left_at)
        send_next(command.pk, now=now)
        return
    found = command.evidence.removesuffix(SENT_AGAIN)
    values = {
        "state": S.UNKNOWN,
        "state_since": left_at,
        "lease_until": None,
        "next_try_at": now + LOOK_AGAIN,
        "needs_person": True,
        "evidence": f"{found} It was quoted at {command.quoted_credits} credits and costs {price} now,"
        " so it was not sent again.",
        "error_code": PRICE_MOVED,
    }
    move(command, (S.SENDING,), values, lease_until=command.lease_until)


def call(api: TokPortal, command: Command) -> Answer[Any]:
    kind = KINDS[command.kind]
    return kind.call(api, command, key=command.key) if kind.takes_key else kind.call(api, command)


def finish(api: TokPortal, command: Command, answer: Answer[Any], *, left_at: datetime) -> None:
    """Settle what was answered, read again what it changed, and let the next one go."""
    at = answered_at(answer, left_at)
    charged, left, evidence = answer.credits_charged, answer.credits_remaining, ""
    if charged is None:  # a call that settles a Coverage period may not say what that costs
        cost = cost_in_history(api, command, effect_at=None, at=at)
        evidence = "" if cost else QUOTE_STANDS
        cost = cost or Cost(command.quoted_credits)
        charged, left = cost.credits, cost.left
    settle(command, answer, charged=charged, left=left, at=at, evidence=evidence)
    follow_up(api, command)
    send_next(command.pk, now=timezone.now())


def fail(command: Command, error: TokPortalError, *, left_at: datetime, now: datetime) -> None:
    """Sort a call that brought no success: try later, refused, or unknown."""
    if isinstance(error, NotSent | RateLimited | CoolingDown | KeyInProgress):
        postpone(command, error, left_at=left_at, now=now)
    elif isinstance(error, Unreachable):
        mark_unknown(command, error, left_at=left_at, now=now)
    elif isinstance(error, NotAllowed) and error.is_key_problem:
        postpone(command, error, left_at=left_at, now=now)
    elif isinstance(error, DuplicateBundle):  # our references are unique: what carries it is this very order
        mark_unknown(command, error, left_at=left_at, now=now)
    elif isinstance(error, KeyConflict):  # only a fault of ours brings it, and no replay can cure it
        command.attempts = MOST_ATTEMPTS
        Command.objects.filter(pk=command.pk).update(attempts=MOST_ATTEMPTS)
        mark_unknown(command, error, left_at=left_at, now=now)
    elif isinstance(error, Refused | NotAllowed) and command.first_sent_at:
        # What an earlier attempt has done may be what is in the way now.
        mark_unknown(command, error, left_at=left_at, now=now, refusal=refusals.from_error(command, error))
    elif isinstance(error, Refused | NotAllowed):
        refuse(command, refusals.from_error(command, error), at=left_at)
        send_next(command.pk, now=now)
    else:
        mark_unknown(command, error, left_at=left_at, now=now)


def mark_unknown(
    command: Command,
    error: TokPortalError,
    *,
    left_at: datetime,
    now: datetime,
    refusal: dict[str, Any] | None = None,
) -> None:
    """It may or may not have happened. The credits stay reserved until that is known.

    `refusal`: what it ends as when its effect is not there.
    """
    move(
        command,
        (S.SENDING,),
        {
            "state": S.UNKNOWN,
            "state_since": left_at,
            "first_sent_at": command.first_sent_at or left_at,
            "lease_until": None,
            "next_try_at": now,
            **refusals.unknown(error),
        },
        lease_until=command.lease_until,
    )
    resolve_command(command.pk, now=now, refusal=refusal, pause=_pause_after(command.attempts))


def _pause_after(attempts: int) -> timedelta:
    """Before a repeat: none the first time, then longer and longer, so that a bad minute uses up no order."""
    return timedelta() if attempts <= 1 else timedelta(seconds=2**attempts)


def resolve_command(
    command_id: int,
    *,
    now: datetime,
    refusal: dict[str, Any] | None = None,
    pause: timedelta = timedelta(),
) -> None:
    """Find out what became of an unknown Command (M2): look for the effect, else replay the same key, else ask.

    `refusal`: the answer to a replay, which stands unless the effect is found. `pause`: before the next replay.
    """
    claimed = Command.objects.filter(pk=command_id, state=S.UNKNOWN, next_try_at__lte=now)
    if not claimed.update(next_try_at=now + Command.LEASE):  # one look at a time
        return
    command = _read(command_id)
    try:
        if command.connection.is_paused:
            raise NotSent("Calls are paused")
        with calls_of(command.pk, attempt=command.attempts):
            evidence = KINDS[command.kind].find(tokportal(command.connection, Lane.PERSON), command)
    except NotFound:
        evidence = Evidence(None, "TokPortal does not know the bundle any more.")
    except TokPortalError as error:
        said = f"TokPortal could not be asked yet ({type(error).__name__})."
        values = {"evidence": said, "next_try_at": now + LOOK_AGAIN / 4}
        if _is_key_old(command, command.connection.upstream_now(now)):
            values["needs_person"] = True  # it may never answer: the credits must not be held for ever
        Command.objects.filter(pk=command.pk, state=S.UNKNOWN).update(**values)
        return
    command.connection.refresh_from_db()
    at = command.connection.upstream_now(now)
    may_replay = (
        evidence.happened is False
        and not _is_key_old(command, at)
        and command.attempts < MOST_ATTEMPTS
        and command.error_code != PRICE_MOVED
    )
    if evidence.happened:
        settle_found(command, evidence, at=at, now=now)
    elif refusal and evidence.happened is False:
        refuse(command, refusal, at=at)
        send_next(command.pk, now=now)
    elif may_replay:
        replay = {
            "state": S.QUEUED,
            "state_since": at,
            "needs_person": False,
            "next_try_at": now + pause,
            "evidence": evidence.text if pause else f"{evidence.text}{SENT_AGAIN}",
        }
        if move(command, (S.UNKNOWN,), replay, note=evidence.text) and not pause:
            send_command(command.pk, now=now, has_looked=True)
    else:
        Command.objects.filter(pk=command.pk, state=S.UNKNOWN).update(
            needs_person=True, evidence=evidence.text, next_try_at=now + LOOK_AGAIN
        )


def settle_found(command: Command, evidence: Evidence, *, at: datetime, now: datetime) -> None:
    """The effect is there, and the credit history says what it cost.

    Where that leaves a doubt, a purchase is settled as it was quoted until an import tells more. A state may have
    been there before, so it proves no charge: that is looked for again, and put before a person.
    """
    api = tokportal(command.connection, Lane.PERSON)
    effect_at = evidence.bundle.created_at if evidence.bundle else None
    cost = cost_in_history(api, command, effect_at=effect_at, at=at)
    if cost is None and not KINDS[command.kind].buys:
        wait_for_charge(command, evidence, at=at, now=now)
        return
    found = evidence.text if cost else f"{evidence.text} {QUOTE_STANDS}"
    cost = cost or Cost(command.quoted_credits)
    with transaction.atomic():
        values = {
            "state": S.SUCCEEDED,
            "state_since": at,
            "answered_at": at,
            "lease_until": None,
            "needs_person": False,
            "evidence": found,
            "credits_charged": cost.credits,
            "credits_remaining": cost.left,
            "is_charged_differently": cost.credits != command.quoted_credits,
            "error_code": "",
            "error_message": "",
            "error_details": {},
        }
        if not move(command, (S.UNKNOWN,), values, note=evidence.text):
            return
        ledger.settle(command, charged=cost.credits, now=at)
        if evidence.bundle is not None:
            bundle = mirror_bundle(command.connection, evidence.bundle, read_at=at, campaign=command.campaign)
            link_bundle(command, bundle)
    with suppress(TokPortalError):  # no answer told what is left in the pool; the next import does
        if (balance := api.get_balance().total) is not None:
            command.connection.note_balance(balance, at=command.connection.upstream_now(timezone.now()))
    follow_up(api, command)
    send_next(command.pk, now=now)


def wait_for_charge(command: Command, evidence: Evidence, *, at: datetime, now: datetime) -> None:
    """It is done, but what it cost cannot be told. Its credits stay held."""
    left = Command.LEASE - (at - command.state_since)  # until no call of it can be under way
    Command.objects.filter(pk=command.pk, state=S.UNKNOWN).update(
        evidence=f"{evidence.text} The credit history does not tell yet what it cost.",
        needs_person=left <= timedelta(),
        next_try_at=now + (left if left > timedelta() else LOOK_AGAIN),
    )


def send_next(command_id: int, *, now: datetime) -> None:
    """Send what waited behind a Command of the same bundle, and tell the room that chains Commands."""
    ring_by_name(ADVANCE, command_id=command_id)
    bundle_id = Command.objects.filter(pk=command_id).values_list("bundle_id", flat=True).first()
    if bundle_id is None:
        return
    following = Command.objects.filter(bundle_id=bundle_id, state=S.QUEUED).order_by("pk").first()
    if following is not None:
        send_command(following.pk, now=now)


def sweep_commands(*, now: datetime) -> None:
    """Ring again for what waits, and take up what was being sent when its worker died."""
    began = timezone.now()

    def at() -> datetime:  # each takes a while, and a lease begins when its Command leaves
        return now + (timezone.now() - began)

    for command in Command.objects.filter(state=S.SENDING, lease_until__lte=now).select_related("connection"):
        lost = TokPortalError("The worker stopped before the answer came.", code="LEASE_EXPIRED")
        mark_unknown(command, lost, left_at=command.state_since, now=at())
    for pk in Command.objects.filter(state=S.UNKNOWN, next_try_at__lte=now).values_list("pk", flat=True):
        resolve_command(pk, now=at())
    for pk in Command.objects.due(now).order_by("pk").values_list("pk", flat=True):
        send_command(pk, now=at())


def _is_key_old(command: Command, at: datetime) -> bool:
    """Whether TokPortal may have forgotten the key. `at` is TokPortal's time."""
    return command.first_sent_at is not None and at - command.first_sent_at >= REPLAY_WINDOW


def _read(command_id: int) -> Command:
    return Command.objects.select_related(*RELATED).get(pk=command_id)
