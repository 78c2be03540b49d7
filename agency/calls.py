"""The log of calls to TokPortal: a row each, written beside the work and never in its way.

A row must outlive the work that it belongs to, and must not slow or break it. So it is written at once, without
waiting for the disk; what cannot be written now (a transaction is open that may roll back, PostgreSQL is away) is
held in memory and written with the next call.
"""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction

from agency.models import ApiCall
from agency.tokportal import CallRecord

logger = logging.getLogger(__name__)

KEPT = timedelta(days=90)
ROWS_AT_ONCE = 5000  # that one statement of the pruning deletes
MOST_ROWS_A_TIME = 2_000_000  # of one pruning: more than ten days' calls at TokPortal's limit
MOST_HELD = 1000  # rows that wait for a database; the oldest go first

_held: deque[ApiCall] = deque(maxlen=MOST_HELD)


@dataclass(frozen=True, slots=True)
class Purpose:
    """The Command that calls are made for, and which attempt at it this is."""

    command_id: int
    attempt: int


_purpose: ContextVar[Purpose | None] = ContextVar("purpose", default=None)


@contextmanager
def calls_of(command_id: int, *, attempt: int) -> Iterator[None]:
    """Calls in this block are made for a Command: the log says so."""
    token = _purpose.set(Purpose(command_id, attempt))
    try:
        yield
    finally:
        _purpose.reset(token)


def keep(connection_id: int, key_hash: str, call: CallRecord) -> None:
    """Write one call down, with those that still wait to be."""
    _held.append(_row(connection_id, key_hash, call))
    write_held()


def write_held() -> None:
    """Write what waits; it waits on where that is not possible now."""
    rows = [_held.popleft() for _ in range(len(_held))]
    if not rows:
        return
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                # A crash of the machine may cost the last rows; waiting for the disk would cost every call.
                cursor.execute("SET LOCAL synchronous_commit = off")
            ApiCall.objects.bulk_create(rows)
    except RuntimeError:  # a transaction is open: its end writes them, the next call where it rolled back
        _held.extendleft(reversed(rows))
        transaction.on_commit(write_held, robust=True)
    except IntegrityError:
        logger.exception("%d calls could not be logged", len(rows))
    except (DatabaseError, InterfaceError) as error:
        _held.extendleft(reversed(rows))
        logger.warning("%d calls wait to be logged: %s", len(rows), type(error).__name__)


def prune(*, now: datetime) -> int:
    """Forget what is older than 90 days, some rows at a time. Returns how many."""
    old = ApiCall.objects.filter(at__lt=now - KEPT)
    gone = 0
    while gone < MOST_ROWS_A_TIME:
        chunk = list(old.order_by("at").values_list("pk", flat=True)[:ROWS_AT_ONCE])
        if not chunk:
            break
        ApiCall.objects.filter(pk__in=chunk).delete()
        gone += len(chunk)
    return gone


def _row(connection_id: int, key_hash: str, call: CallRecord) -> ApiCall:
    purpose = _purpose.get()
    is_the_change = call.method != "GET" and not call.is_dry_run and call.with_key
    return ApiCall(
        connection_id=connection_id,
        at=call.at,
        method=call.method,
        operation=call.operation[:80],
        path=call.path_template[:160],
        ids=dict(call.ids),
        lane=call.lane.value,
        command_id=purpose.command_id if purpose else None,
        attempt=purpose.attempt if purpose and is_the_change else call.attempt,
        is_dry_run=call.is_dry_run,
        is_replay=call.is_replay,
        status=call.status,
        failure=call.failure[:40],
        error_code=(call.error_code or "")[:80],
        milliseconds=call.milliseconds,
        request_id=call.request_id[:128],
        credits_charged=call.credits_charged,
        key_hash=key_hash[:8] if call.with_key else "",
    )
