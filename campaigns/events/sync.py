"""Events in: stored once, then answered by reading again what they point at. `now` is machine time."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from agency import drift
from agency.connections import tokportal
from agency.models import Connection
from agency.tokportal import (
    Lane,
    NotAllowed,
    Oddity,
    RateLimited,
    ReceivedEvent,
    Sort,
    TokPortalError,
    example_of,
)
from campaigns.events.handlers import HANDLERS, IGNORED, KNOWN_KINDS, named, read_bundle
from campaigns.events.models import WebhookEvent

__all__ = ["HANDLERS", "IGNORED", "KNOWN_KINDS", "handle_event", "handle_waiting", "store_event"]

logger = logging.getLogger(__name__)
S = WebhookEvent.State
UNHANDLED = (S.WAITING, S.FAILED)

LEASE = timedelta(seconds=60)  # longer than the calls of one event take
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 24  # with these pauses most of a day; the nightly sweep has read everything by then
AT_ONCE = 200  # events that one round takes up


def store_event(
    connection: Connection, received: ReceivedEvent, *, now: datetime
) -> tuple[WebhookEvent, bool]:
    """Keep an event once by its id, whole. Its genuineness was checked before. True when it is new."""
    event, is_new = WebhookEvent.objects.get_or_create(
        connection=connection,
        upstream_id=received.id[:128],
        defaults={
            "kind": received.type[:80],
            "body": dict(received.body),
            "upstream_created_at": received.created_at,
            "received_at": now,
            "next_try_at": now,
        },
    )
    if is_new and event.kind not in KNOWN_KINDS:
        drift.note(
            connection.pk, Oddity(Sort.EVENT, "webhook", event.kind, example_of(dict(received.body))), now=now
        )
    return event, is_new


def handle_event(event_id: int, *, now: datetime) -> None:
    """Read again what an event points at; returns at once when that is done, or another worker is at it.

    One reading answers every event about the same bundle that came before it.
    """
    claimed = WebhookEvent.objects.filter(pk=event_id, state__in=UNHANDLED, next_try_at__lte=now)
    if not claimed.update(next_try_at=now + LEASE, attempts=F("attempts") + 1):
        return
    event = WebhookEvent.objects.select_related("connection").get(pk=event_id)
    handler = HANDLERS.get(event.kind)
    if handler is None:
        _settle([event.pk], S.DONE if event.kind in IGNORED else S.IGNORED, now=now)
        return
    answered = [event.pk, *(_claim_siblings(event, now=now) if handler is read_bundle else ())]
    api = tokportal(event.connection, Lane.BACKGROUND)
    try:
        remark = handler(api, event, now)
    except NotAllowed as error:
        if error.is_key_problem:
            _put_off(answered, event, error, now=now)
        else:
            remark = gettext_noop("TokPortal says that it belongs to another workspace.")
            _settle(answered, S.DONE, now=now, remark=remark)
    except TokPortalError as error:
        _put_off(answered, event, error, now=now)
    else:
        _settle(answered, S.DONE, now=now, remark=remark)


def handle_waiting(*, now: datetime) -> None:
    """Ring again for events whose bell was lost or whose next try has come, oldest first."""
    due = WebhookEvent.objects.filter(state__in=UNHANDLED, next_try_at__lte=now).order_by("pk")
    for event_id in due.values_list("pk", flat=True)[:AT_ONCE]:
        handle_event(event_id, now=now)


def _claim_siblings(event: WebhookEvent, *, now: datetime) -> list[int]:
    bundle_id = named(event, "bundle_id")
    if not bundle_id:
        return []
    kinds = [kind for kind, handler in HANDLERS.items() if handler is read_bundle]
    siblings = (
        WebhookEvent.objects.select_for_update(skip_locked=True)
        .filter(connection=event.connection, state__in=UNHANDLED, next_try_at__lte=now, kind__in=kinds)
        .filter(body__data__bundle_id=bundle_id)
        # Events about an account that is not the current one need a reading of their own.
        .exclude(kind__startswith="account.")
    )
    with transaction.atomic():
        found = list(siblings.values_list("pk", flat=True))
        WebhookEvent.objects.filter(pk__in=found).update(next_try_at=now + LEASE, attempts=F("attempts") + 1)
    return found


def _settle(event_ids: Iterable[int], state: str, *, now: datetime, remark: str = "") -> None:
    WebhookEvent.objects.filter(pk__in=event_ids, state__in=UNHANDLED).update(
        state=state, handled_at=now, next_try_at=None, trouble=remark
    )


def _put_off(event_ids: Iterable[int], event: WebhookEvent, error: TokPortalError, *, now: datetime) -> None:
    """Try again later; after the last try it waits for a person to replay it."""
    logger.warning("%s was not handled: %s", event, error)
    events = WebhookEvent.objects.filter(pk__in=event_ids, state__in=UNHANDLED)
    if isinstance(error, RateLimited):  # no try: a long sweep would use them all up
        pause = max(timedelta(seconds=error.retry_after), timedelta(seconds=1))
        attempts = Greatest(F("attempts") - 1, 0)  # 0: somebody has asked for it again meanwhile
        events.update(state=S.WAITING, next_try_at=now + pause, attempts=attempts, trouble=str(error)[:300])
        return
    pause = min(timedelta(seconds=2 ** min(event.attempts, 12)), LONGEST_PAUSE)
    next_try_at = now + pause if event.attempts < MOST_ATTEMPTS else None
    events.update(state=S.FAILED, next_try_at=next_try_at, trouble=str(error)[:300])
