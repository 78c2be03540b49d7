"""What became of a Command, written down: succeeded, refused, or waiting for its next try."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Replace, Trim
from django.utils import timezone

from agency.models import Connection, User
from agency.tokportal import (
    Answer,
    BatchOutcome,
    BundleState,
    CoolingDown,
    KeyInProgress,
    RateLimited,
    TokPortal,
    TokPortalError,
    WebhookEndpoint,
)
from campaigns.commands import refusals
from campaigns.commands.moves import move
from campaigns.ledger import actions as ledger
from campaigns.models import Bundle, Command, CommandMove
from campaigns.sync import mirror_bundle, refresh_bundle

logger = logging.getLogger(__name__)
S = Command.State

QUOTE_STANDS = "The quoted price stands until the credit history tells what it cost."
LONGEST_PAUSE = timedelta(minutes=1)  # in a longer outage all calls pause (agency.connections)


def answered_at(answer: Answer[Any], left_at: datetime) -> datetime:
    """TokPortal's time of an answer. Its header has whole seconds: an answer never came before its question."""
    at = answer.server_time or left_at
    return max(at, left_at) if abs(at - left_at) < timedelta(seconds=2) else at


def settle(
    command: Command,
    answer: Answer[Any],
    *,
    charged: int,
    left: int | None,
    at: datetime,
    evidence: str = "",
) -> None:
    """The Command succeeded, cost `charged` and left so much in the pool. `at` is TokPortal's time of the answer."""
    with transaction.atomic():
        values = {
            "state": S.SUCCEEDED,
            "state_since": at,
            "answered_at": at,
            "lease_until": None,
            "needs_person": False,
            "evidence": evidence or command.evidence,
            "answer": dict(answer.raw),
            "request_id": answer.request_id,
            "credits_charged": charged,
            "credits_remaining": left,
            "is_charged_differently": charged != command.quoted_credits,
            "error_code": "",
            "error_message": "",
            "error_details": {},
        } | _partial_failure(answer)
        if not move(command, (S.SENDING,), values):
            return  # the sweep took the lease away; the look for the effect will find it
        ledger.settle(command, charged=charged, now=at)
        if answer.credits_remaining is not None:
            command.connection.note_balance(answer.credits_remaining, at=at)
        if isinstance(answer.result, BundleState) and command.kind == Command.Kind.CREATE_BUNDLE:
            link_bundle(
                command,
                mirror_bundle(command.connection, answer.result, read_at=at, campaign=command.campaign),
            )
        if isinstance(answer.result, WebhookEndpoint):
            keep_endpoint(command.connection, answer.result)


def correct_charge(
    command: Command, *, charged: int, left: int | None, note: str, at: datetime, by: User | None = None
) -> bool:
    """The credit history shows what a Command cost that was settled at its quote because no answer told.

    Whether it was corrected: never a charge that TokPortal or a person has told.
    """
    with transaction.atomic():
        corrected = (
            Command.objects.with_assumed_charge()
            .filter(pk=command.pk)
            .update(
                credits_charged=charged,
                credits_remaining=left,
                is_charged_differently=charged != command.quoted_credits,
                evidence=Trim(Replace("evidence", Value(QUOTE_STANDS))),
            )
        )
        if corrected:
            CommandMove.objects.create(
                command=command, before=S.SUCCEEDED, after=S.SUCCEEDED, at=at, by=by, note=note
            )
            ledger.correct(command, charged=charged)
    return bool(corrected)


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
    return refusals.partly_refused(
        {str(error.position): error.message or error.code for error in answer.result.errors}
    )


def follow_up(api: TokPortal, command: Command) -> None:
    """Read again what the Command changed, so that pages show TokPortal's state and not our wish."""
    if command.bundle is None:
        return
    try:
        refresh_bundle(api, command.connection, command.bundle.upstream_id, now=timezone.now())
    except TokPortalError as error:  # the sweep reads it within ten minutes
        logger.warning("%s was done but could not be read again: %s", command, error)


def postpone(command: Command, error: TokPortalError, *, left_at: datetime, now: datetime) -> None:
    """Certainly nothing happened: the same key is tried again later."""
    pause = min(timedelta(seconds=2 ** min(command.attempts, 10)), LONGEST_PAUSE)
    if isinstance(error, RateLimited | CoolingDown):
        pause = max(timedelta(seconds=error.retry_after), timedelta(seconds=1))
    if isinstance(error, KeyInProgress):
        pause = timedelta(seconds=5)
    if isinstance(error, CoolingDown):
        command.connection.note_cooling(until=now + pause)
    move(
        command,
        (S.SENDING,),
        {
            "state": S.QUEUED,
            "state_since": left_at,
            "lease_until": None,
            "next_try_at": now + pause,
            **refusals.waiting(error),
        },
        lease_until=command.lease_until,
    )


def refuse(command: Command, refusal: dict[str, Any], *, at: datetime) -> None:
    """A final no: nothing happened, nothing is charged."""
    with transaction.atomic():
        values = {"state": S.REFUSED, "state_since": at, "answered_at": at, "lease_until": None, **refusal}
        if move(command, (S.SENDING, S.UNKNOWN), values):
            ledger.void(command, now=at)
