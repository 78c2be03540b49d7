"""What people ask for about events, the webhook endpoint and sweeps. `now` is machine time."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from agency.bell import ring
from agency.models import Connection, User
from agency.tokportal import ReceivedEvent
from campaigns.commands import actions as commands
from campaigns.events import tasks
from campaigns.events.endpoint import note_test, webhook_url
from campaigns.events.handlers import KNOWN_KINDS
from campaigns.events.models import Sweep, WebhookEvent
from campaigns.events.sync import store_event
from campaigns.models import Command


def receive(*, connection: Connection, received: ReceivedEvent, now: datetime) -> WebhookEvent:
    """Keep a genuine event once, and have it handled."""
    with transaction.atomic():
        event, is_new = store_event(connection, received, now=now)
        Connection.objects.filter(pk=connection.pk).update(webhook_last_at=now)
        if is_new:
            ring(tasks.handle_event, event_id=event.pk)
    return event


def replay(*, event: WebhookEvent, now: datetime) -> None:
    """Handle an event again from its stored body."""
    with transaction.atomic():
        WebhookEvent.objects.filter(pk=event.pk).update(
            state=WebhookEvent.State.WAITING, next_try_at=now, attempts=0, handled_at=None, trouble=""
        )
        ring(tasks.handle_event, event_id=event.pk)


def set_up_webhook(
    *, connection: Connection, by: User | None, key: UUID, offered: Iterable[str], now: datetime
) -> Command:
    """Have TokPortal send us every event that it offers and we know: another one would be refused.

    The endpoint before stays valid until TokPortal no longer lists it. `offered` is `endpoint.offered_kinds`.
    """
    events = sorted(KNOWN_KINDS & set(offered))
    return commands.create_webhook(
        connection=connection, by=by, key=key, url=webhook_url(connection), events=events, now=now
    )


def remove_webhook(*, connection: Connection) -> None:
    """Forget the secret, so that nothing is accepted any more, and have the endpoint deleted."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.webhook_endpoint_id = row.webhook_secret = row.webhook_previous_secret = ""
        row.webhook_last_at = None
        row.save(
            update_fields=[
                "webhook_endpoint_id",
                "webhook_secret",
                "webhook_previous_secret",
                "webhook_last_at",
            ]
        )
        ring(tasks.check_endpoint, connection_id=connection.pk)


def test_webhook(*, connection: Connection, now: datetime) -> None:
    """Have TokPortal send a signed test event. What came of it stands on the Endpoint seconds later."""
    with transaction.atomic():
        note_test(connection, now=now)
        ring(tasks.test_endpoint, connection_id=connection.pk)


def sweep_now(*, connection: Connection, kind: str, now: datetime) -> None:
    """Start a sweep, or go on with the one that is under way."""
    with transaction.atomic():
        Sweep.objects.get_or_create(
            connection=connection, kind=kind, finished_at=None, defaults={"started_at": now}
        )
        ring(tasks.sweep_lists if kind == Sweep.Kind.LISTS else tasks.sweep_everything)
