"""From a Connection row to a TokPortal that can be called, and what each answer teaches about it."""

import hashlib
import os
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from types import MappingProxyType

from django.conf import settings
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agency import calls, drift
from agency.models import Connection
from agency.tokportal import CallRecord, Lane, Pace, PaceState, TokPortal

_lock = threading.Lock()
_opened: dict[tuple[int, int, str, str, Lane], TokPortal] = {}

# An outage: so many calls in a row that failed, none of them longer ago than this.
FAILURES_BEFORE_PAUSE = 5
FAILURES_WITHIN = timedelta(minutes=1)
PROBE_EVERY = timedelta(seconds=10)
PROBE_KEY_EVERY = timedelta(minutes=1)  # a refused key seldom comes back, but it may

SKEW_NOISE = 2  # seconds: the Date header has whole seconds, and an answer takes a moment


# What a Connection says that calls go through.
RUNNING: Mapping[str, object] = MappingProxyType(
    {"failures": 0, "failed_at": None, "paused_at": None, "next_probe_at": None, "key_refused_at": None}
)


class NotConnected(Exception):
    """There is no active Connection with a key yet; in words for the person who asked."""

    def __init__(self) -> None:
        super().__init__(
            _("TokPortal is not connected yet. An owner can enter the API key on the settings page.")
        )


def active_connection() -> Connection:
    """The one workspace that we work through. Raises NotConnected."""
    connection = Connection.objects.active()
    if connection is None or not connection.api_key:
        raise NotConnected
    return connection


def usable_connection() -> Connection | None:
    """The active one, for the clock's work; None without a key, and while calls pause."""
    connection = Connection.objects.active()
    is_usable = connection is not None and connection.api_key and not connection.is_paused
    return connection if is_usable else None


def tokportal(connection: Connection, lane: Lane = Lane.BACKGROUND) -> TokPortal:
    """The TokPortal of this process for a connection and lane. Its HTTP connections are kept for the next call."""
    # The process id keeps a forked worker from using its parent's sockets.
    name = (os.getpid(), connection.pk, connection.base_url, connection.api_key, lane)
    with _lock:
        if name not in _opened:
            _opened[name] = TokPortal(
                base_url=connection.base_url,
                api_key=connection.api_key,
                pace=_pace(connection.api_key) if settings.TOKPORTAL_PACED else None,
                lane=lane,
                timeout_seconds=settings.TOKPORTAL_TIMEOUT_SECONDS,
                on_answer=partial(heed, connection.pk, key_hash(connection.api_key)),
            )
        return _opened[name]


def claim_probe(connection: Connection, *, now: datetime) -> bool:
    """Whether this process is the one to find out if TokPortal answers again; the next may a while later."""
    every = PROBE_KEY_EVERY if connection.key_refused_at else PROBE_EVERY
    is_due = Q(next_probe_at=None) | Q(next_probe_at__lte=now)
    paused = Connection.objects.exclude(paused_at=None, key_refused_at=None)
    return bool(paused.filter(is_due, pk=connection.pk).update(next_probe_at=now + every))


def close_all() -> None:
    """Close the HTTP connections that this process has kept."""
    with _lock:
        for opened in _opened.values():
            opened.close()
        _opened.clear()


def key_hash(api_key: str) -> str:
    """A name for a key that does not tell the key."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def _pace(api_key: str) -> Pace:
    """The bucket that all processes share for a key."""
    return Pace.at(settings.REDIS_URL, key_hash=key_hash(api_key))


def pace_state(connection: Connection) -> PaceState:
    """What the key's bucket holds now. Raises redis.RedisError."""
    return _pace_to_look_at(settings.REDIS_URL, key_hash(connection.api_key)).look()


def heed(connection_id: int, hash_of_key: str, call: CallRecord) -> None:
    """What becomes of each call: a line in the log, words that are new to us, and what it says of the way."""
    calls.keep(connection_id, hash_of_key, call)
    for oddity in call.oddities:
        drift.note(connection_id, oddity, now=call.at)
    if call.with_key:
        learn_from(connection_id, call)


def learn_from(connection_id: int, call: CallRecord) -> None:
    """Keep what an answer says about the way to TokPortal: its clock, whether the key works, whether it answers."""
    now = timezone.now()
    rows = Connection.objects.filter(pk=connection_id)
    known = rows.only(
        "clock_skew_seconds", "last_answer_at", "trouble", "failures", "paused_at", "key_refused_at"
    ).get()
    learned: dict[str, object] = {}
    if call.server_time:
        skew = round((call.server_time - now).total_seconds())
        if abs(skew - known.clock_skew_seconds) > SKEW_NOISE:
            learned["clock_skew_seconds"] = 0 if abs(skew) <= SKEW_NOISE else skew
    trouble = trouble_of(call)
    if trouble != known.trouble:
        learned |= {"trouble": trouble, "trouble_at": now if trouble else None}
    if not trouble:
        if known.is_paused or known.failures:
            learned |= RUNNING
        if known.last_answer_at is None or now - known.last_answer_at > timedelta(seconds=5):
            learned["last_answer_at"] = now
    if learned:
        rows.update(**learned)
    if call.status == 401:
        rows.filter(key_refused_at=None).update(key_refused_at=now, next_probe_at=now + PROBE_KEY_EVERY)
    elif trouble:
        in_a_row = Case(When(failed_at__gt=now - FAILURES_WITHIN, then=F("failures") + 1), default=1)
        rows.update(failures=in_a_row, failed_at=now)
        too_many = rows.filter(failures__gte=FAILURES_BEFORE_PAUSE, paused_at=None)
        too_many.update(paused_at=now, next_probe_at=now + PROBE_EVERY)


def trouble_of(call: CallRecord) -> str:
    """What is wrong between TokPortal and us, in words for people; empty = nothing.

    It is stored in English and translated where it is shown.
    """
    if call.status == 401:
        return gettext_noop("TokPortal refuses the API key.")
    if call.status is None or call.status >= 500:
        return gettext_noop("TokPortal does not answer.")
    return ""


@lru_cache(maxsize=4)
def _pace_to_look_at(redis_url: str, hash_of_key: str) -> Pace:
    return Pace.at(redis_url, key_hash=hash_of_key)
