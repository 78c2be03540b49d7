"""Hand-offs. Each may run twice or never: the rows say what is done, and the schedule rings again."""

import logging

from celery import shared_task
from django.utils import timezone

from agency.connections import usable_connection
from agency.models import Connection
from agency.tokportal import TokPortalError
from campaigns.commands import reference
from campaigns.events import endpoint, sweeps, sync
from campaigns.events.models import Sweep

logger = logging.getLogger(__name__)


@shared_task
def handle_event(*, event_id: int) -> None:
    sync.handle_event(event_id, now=timezone.now())


@shared_task
def handle_waiting() -> None:
    sync.handle_waiting(now=timezone.now())


@shared_task
def sweep_lists() -> None:
    _sweep(Sweep.Kind.LISTS)


@shared_task
def sweep_everything() -> None:
    _sweep(Sweep.Kind.EVERYTHING)


@shared_task
def check_endpoint(*, connection_id: int) -> None:
    try:
        endpoint.check_endpoint(Connection.objects.get(pk=connection_id), now=timezone.now())
    except TokPortalError as error:  # the schedule tries again
        logger.warning("The webhook endpoint could not be checked: %s", error)


@shared_task
def test_endpoint(*, connection_id: int) -> None:
    endpoint.test_endpoint(Connection.objects.get(pk=connection_id), now=timezone.now())


@shared_task
def recover_deliveries() -> None:
    connection = usable_connection()
    if connection is None:
        return
    try:
        endpoint.check_endpoint(connection, now=timezone.now())
        endpoint.recover_deliveries(connection, now=timezone.now())
    except TokPortalError as error:  # the schedule tries again
        logger.warning("The delivery log could not be read: %s", error)


@shared_task
def refresh_reference(*, is_forced: bool = False) -> None:
    connection = usable_connection()
    now = timezone.now()
    if connection is None or not (is_forced or reference.is_stale(connection, now=now)):
        return
    try:
        reference.refresh_reference(connection, now=now)
    except TokPortalError as error:
        logger.warning("Prices and countries could not be read: %s", error)


def _sweep(kind: str) -> None:
    connection = usable_connection()
    if connection is None:
        return
    pause = sweeps.sweep(connection, kind, now=timezone.now())
    if pause is not None:
        task = sweep_lists if kind == Sweep.Kind.LISTS else sweep_everything
        task.apply_async(countdown=pause)
