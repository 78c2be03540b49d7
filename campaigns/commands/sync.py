"""The conversation about Commands: send, settle, and find out what became of one that got no answer.

`now` is machine time. No transaction is open while TokPortal is asked.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from agency.tokportal import (
    Answer,
    BatchOutcome,
    BundleState,
    CoolingDown,
    CreditCosts,
    DryRunIgnored,
    DuplicateBundle,
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
    WebhookEndpoint,
)
from campaigns.commands import refusals
from campaigns.commands.estimates import estimate
from campaigns.commands.kinds import KINDS, Evidence
from campaigns.commands.quotes import Quote, digest_of
from campaigns.ledger import actions as ledger
from campaigns.models import Bundle, Campaign, Command
from campaigns.sync import mirror_bundle, refresh_bundle

logger = logging.getLogger(__name__)
S = Command.State

RELATED = ("connection", "client", "campaign", "bundle")
LEASE = timedelta(seconds=90)  # longer than any call takes; afterwards nobody is waiting for the answer
QUOTE_IS_FRESH = timedelta(seconds=60)
REPLAY_WINDOW = timedelta(hours=1)  # TokPortal keeps keys for about a day; we replay well inside that
MOST_ATTEMPTS = 6  # of a Command whose outcome stays unknown; then a person decides
LONGEST_PAUSE = timedelta(minutes=15)
LOOK_AGAIN = timedelta(minutes=2)  # between two looks for an effect that cannot be told yet


class PriceCheckWasCharged(Exception):
    """TokPortal ignored the dry-run header and carried a price check out. It is recorded as this Command."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            "TokPortal carried the price check out as a real order. It is recorded with its charge;"
            " prices are estimates until an owner has looked into it."
        )
        self.command = command


def quote(
    connection: Connection,
    *,
    kind: str,
    body: dict[str, Any],
    now: datetime,
    by: User,
    campaign: Campaign | None = None,
    bundle: Bundle | None = None,
) -> Quote:
    """Ask TokPortal what a request costs: a dry run, or an estimate from the price list where dry runs are off.

    The one call that a page waits for. Raises what `agency.tokportal` raises (a refusal is the answer that the
    real call would get) and PriceCheckWasCharged.
    """
    target = {"bundle_id": bundle.upstream_id} if bundle else {}
    digest = digest_of(kind, target, body)
    asked_at = connection.upstream_now(now)
    if not (connection.may_dry_run and KINDS[kind].can_dry_run):
        return estimate(
            CreditCosts.from_json(connection.prices or {}), kind=kind, body=body, digest=digest, at=asked_at
        )
    asked = Command(
        connection=connection,
        client=campaign.client if campaign else None,
        campaign=campaign,
        bundle=bundle,
        kind=kind,
        target=target,
        body=body,
        body_digest=digest,
        asked_by=by,
        asked_at=asked_at,
        next_try_at=now,
    )
    try:
        answer = KINDS[kind].call(tokportal(connection, Lane.PERSON), asked, dry_run=True)
    except DryRunIgnored as ignored:
        raise PriceCheckWasCharged(keep_ignored_dry_run(asked, ignored.answer, now=now)) from ignored
    at = answer.server_time or asked_at
    if answer.credits_remaining is not None:
        note_balance(connection, answer.credits_remaining, at=at)
    return Quote(
        credits=answer.credits_would_charge or 0,
        digest=digest,
        at=at,
        breakdown=dict(answer.cost_breakdown),
        balance=answer.credits_remaining,
    )


def keep_ignored_dry_run(asked: Command, answer: Answer[Any], *, now: datetime) -> Command:
    """A price check that was carried out is a real, charged operation: record it and offer no more of them."""
    Connection.objects.filter(pk=asked.connection_id).update(may_dry_run=False)
    asked.state, asked.state_since, asked.lease_until = S.SENDING, asked.asked_at, now + LEASE
    asked.evidence = "This was a price check. TokPortal ignored the dry-run header and carried it out."
    asked.save()
    settle(asked, answer, at=answer.server_time or asked.asked_at)
    asked.refresh_from_db()
    return asked


def send_command(command_id: int, *, now: datetime) -> None:
    """Send a Command if it is its turn; returns at once when it is not, or has its answer already."""
    command = Command.objects.due(now).filter(pk=command_id).select_related(*RELATED).first()
    if command is None or command.connection.key_refused_at:
        return
    left_at = command.connection.upstream_now(now)
    if _is_key_old(command, left_at):
        # It waited for longer than its key is sure to be known: look once more, and then ask a person.
        if _move(command, (S.QUEUED,), {"state": S.UNKNOWN, "state_since": left_at, "next_try_at": now}):
            resolve_command(command.pk, now=now)
        return
    # The row itself is checked again here: two workers cannot both claim it.
    claim = {
        "state": S.SENDING,
        "state_since": left_at,
        "lease_until": now + LEASE,
        "attempts": command.attempts + 1,
    }
    if not _move(command, (S.QUEUED,), claim):
        return
    api = tokportal(command.connection, Lane.PERSON)
    with pghistory.context(user=command.asked_by_id, command=command.pk):
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
            refuse(command, refusals.price_moved(command, price), at=left_at)
            send_next(command.pk, now=now)
            return
        try:
            answer = call(api, command)
        except TokPortalError as error:
            fail(command, error, left_at=left_at, now=now)
            return
        finish(api, command, answer, left_at=left_at)


def finish(api: TokPortal, command: Command, answer: Answer[Any], *, left_at: datetime) -> None:
    """Settle what was answered, read again what it changed, and let the next one go."""
    settle(command, answer, at=answered_at(answer, left_at))
    follow_up(api, command)
    send_next(command.pk, now=timezone.now())


def call(api: TokPortal, command: Command) -> Answer[Any]:
    kind = KINDS[command.kind]
    return kind.call(api, command, key=command.key) if kind.takes_key else kind.call(api, command)


def note_before(api: TokPortal, command: Command) -> None:
    """Keep what the effect will be told from, as it is just before the Command leaves for the first time.

    While it waited, what it waited behind may have changed it.
    """
    look = KINDS[command.kind].before
    if look and not command.first_sent_at:
        _move(command, (S.SENDING,), {"before": look(api, command)})


def price_moved(api: TokPortal, command: Command, *, now: datetime) -> int | None:
    """Today's price when it differs from the quoted one, else None (M3). `now` is TokPortal's time."""
    kind = KINDS[command.kind]
    is_delivered = command.bundle is not None and command.bundle.saved_account_id is not None
    is_old = command.quoted_at is None or now - command.quoted_at > QUOTE_IS_FRESH
    may_cost = (kind.buys or (kind.is_gated and is_delivered)) and (is_old or not command.quoted_credits)
    if not may_cost or command.is_estimate or not command.connection.may_dry_run or command.first_sent_at:
        return None
    price = kind.call(api, command, dry_run=True).credits_would_charge or 0
    return price if price != command.quoted_credits else None


def answered_at(answer: Answer[Any], left_at: datetime) -> datetime:
    """TokPortal's time of an answer. Its header has whole seconds: an answer never came before its question."""
    at = answer.server_time or left_at
    return max(at, left_at) if abs(at - left_at) < timedelta(seconds=2) else at


def settle(command: Command, answer: Answer[Any], *, at: datetime) -> None:
    """The Command succeeded. `at` is TokPortal's time of the answer."""
    charged = answer.credits_charged or 0
    with transaction.atomic():
        values = {
            "state": S.SUCCEEDED,
            "state_since": at,
            "answered_at": at,
            "lease_until": None,
            "needs_person": False,
            "answer": dict(answer.raw),
            "request_id": answer.request_id,
            "credits_charged": charged,
            "credits_remaining": answer.credits_remaining,
            "is_charged_differently": charged != command.quoted_credits,
            "error_code": "",
            "error_message": "",
            "error_details": {},
        } | _partial_failure(answer)
        if not _move(command, (S.SENDING,), values):
            return  # the sweep took the lease away; the look for the effect will find it
        ledger.settle(command, charged=charged, now=at)
        if answer.credits_remaining is not None:
            note_balance(command.connection, answer.credits_remaining, at=at)
        if isinstance(answer.result, BundleState) and command.kind == Command.Kind.CREATE_BUNDLE:
            link_bundle(
                command,
                mirror_bundle(command.connection, answer.result, read_at=at, campaign=command.campaign),
            )
        if isinstance(answer.result, WebhookEndpoint):
            keep_endpoint(command.connection, answer.result)


def link_bundle(command: Command, bundle: Bundle) -> None:
    Command.objects.filter(pk=command.pk).update(bundle=bundle)
    command.bundle = bundle


def keep_endpoint(connection: Connection, endpoint: WebhookEndpoint) -> None:
    """The signing secret is told once: it goes into the database in the transaction that settles the Command."""
    if endpoint.signing_secret is None:
        return
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    row.webhook_previous_secret = row.webhook_secret
    row.webhook_secret = endpoint.signing_secret.reveal()
    row.webhook_endpoint_id = endpoint.id
    row.save(update_fields=["webhook_secret", "webhook_previous_secret", "webhook_endpoint_id"])


def _partial_failure(answer: Answer[Any]) -> dict[str, Any]:
    """A batch keeps its good rows: what it refused is told per position."""
    if not isinstance(answer.result, BatchOutcome) or not answer.result.errors:
        return {}
    positions = {str(error.position): error.message or error.code for error in answer.result.errors}
    return {
        "error_code": "PARTLY_REFUSED",
        "error_message": f"{len(positions)} of the slots were refused: "
        + " ".join(f"Slot {position}: {message}" for position, message in positions.items()),
        "error_details": {"positions": positions},
    }


def follow_up(api: TokPortal, command: Command) -> None:
    """Read again what the Command changed, so that pages show TokPortal's state and not our wish."""
    if command.bundle is None:
        return
    try:
        refresh_bundle(api, command.connection, command.bundle.upstream_id, now=timezone.now())
    except TokPortalError as error:  # the sweep reads it within ten minutes
        logger.warning("%s was done but could not be read again: %s", command, error)


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
    elif isinstance(error, Refused | NotAllowed):
        refuse(command, refusals.from_error(command, error), at=left_at)
        send_next(command.pk, now=now)
    else:
        mark_unknown(command, error, left_at=left_at, now=now)


def postpone(command: Command, error: TokPortalError, *, left_at: datetime, now: datetime) -> None:
    """Certainly nothing happened: the same key is tried again later."""
    pause = min(timedelta(seconds=2 ** min(command.attempts, 10)), LONGEST_PAUSE)
    if isinstance(error, RateLimited | CoolingDown):
        pause = max(timedelta(seconds=error.retry_after), timedelta(seconds=1))
    if isinstance(error, KeyInProgress):
        pause = timedelta(seconds=5)
    _move(
        command,
        (S.SENDING,),
        {
            "state": S.QUEUED,
            "state_since": left_at,
            "lease_until": None,
            "next_try_at": now + pause,
            **refusals.waiting(error, pause),
        },
        lease_until=command.lease_until,
    )


def mark_unknown(command: Command, error: TokPortalError, *, left_at: datetime, now: datetime) -> None:
    """It may or may not have happened. The credits stay reserved until that is known."""
    _move(
        command,
        (S.SENDING,),
        {
            "state": S.UNKNOWN,
            "state_since": left_at,
            "first_sent_at": command.first_sent_at or left_at,
            "lease_until": None,
            "next_try_at": now,
            "request_id": error.request_id,
            "error_code": error.code or type(error).__name__.upper(),
            "error_message": "No answer came, so it is not known whether it happened.",
        },
        lease_until=command.lease_until,
    )
    resolve_command(command.pk, now=now)


def refuse(command: Command, refusal: dict[str, Any], *, at: datetime) -> None:
    """A final no: nothing happened, nothing is charged."""
    with transaction.atomic():
        values = {"state": S.REFUSED, "state_since": at, "answered_at": at, "lease_until": None, **refusal}
        if _move(command, (S.SENDING, S.UNKNOWN), values):
            ledger.void(command, now=at)


def resolve_command(command_id: int, *, now: datetime) -> None:
    """Find out what became of an unknown Command (M2): look for the effect, else replay the same key, else ask."""
    claimed = Command.objects.filter(pk=command_id, state=S.UNKNOWN, next_try_at__lte=now)
    if not claimed.update(next_try_at=now + LEASE):  # one look at a time
        return
    command = _read(command_id)
    try:
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
        evidence.happened is False and not _is_key_old(command, at) and command.attempts < MOST_ATTEMPTS
    )
    if evidence.happened:
        settle_found(command, evidence, at=at, now=now)
    elif may_replay:
        replay = {
            "state": S.QUEUED,
            "state_since": at,
            "needs_person": False,
            "next_try_at": now,
            "evidence": f"{evidence.text} So it was sent again with the same key.",
        }
        if _move(command, (S.UNKNOWN,), replay):
            send_command(command.pk, now=now)
    else:
        Command.objects.filter(pk=command.pk, state=S.UNKNOWN).update(
            needs_person=True, evidence=evidence.text, next_try_at=now + LOOK_AGAIN
        )


def settle_found(command: Command, evidence: Evidence, *, at: datetime, now: datetime) -> None:
    """The effect is there. What it cost is what was quoted, until the credit history says otherwise."""
    with transaction.atomic():
        values = {
            "state": S.SUCCEEDED,
            "state_since": at,
            "answered_at": at,
            "lease_until": None,
            "needs_person": False,
            "evidence": evidence.text,
            "credits_charged": command.quoted_credits,
            "error_code": "",
            "error_message": "",
        }
        if not _move(command, (S.UNKNOWN,), values):
            return
        ledger.settle(command, charged=command.quoted_credits, now=at)
        if evidence.bundle is not None:
            bundle = mirror_bundle(command.connection, evidence.bundle, read_at=at, campaign=command.campaign)
            link_bundle(command, bundle)
    follow_up(tokportal(command.connection, Lane.PERSON), command)
    send_next(command.pk, now=now)


def send_next(command_id: int, *, now: datetime) -> None:
    """Send what waited behind a Command of the same bundle."""
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


def note_balance(connection: Connection, balance: int, *, at: datetime) -> None:
    """Keep what TokPortal says is left in the pool; an older answer never overwrites a newer one."""
    Connection.objects.filter(pk=connection.pk).exclude(balance_at__gt=at).update(
        balance=balance, balance_at=at
    )


def _is_key_old(command: Command, at: datetime) -> bool:
    """Whether TokPortal may have forgotten the key. `at` is TokPortal's time."""
    return command.first_sent_at is not None and at - command.first_sent_at >= REPLAY_WINDOW


def _read(command_id: int) -> Command:
    return Command.objects.select_related(*RELATED).get(pk=command_id)


def _move(command: Command, states: tuple[str, ...], values: dict[str, Any], **still: Any) -> bool:
    """One guarded UPDATE: only from one of `states`, so that two workers cannot both win.

    `still`: what else the row must say. A `lease_until` tells whether it is still the same attempt.
    """
    moved = Command.objects.filter(pk=command.pk, state__in=states, **still).update(**values)
    if moved:
        for name, value in values.items():
            setattr(command, name, value)
    return bool(moved)
