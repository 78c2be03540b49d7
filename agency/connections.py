"""From a Connection row to a TokPortal that can be called, and what each answer teaches about it."""

import hashlib
import os
import threading
from datetime import timedelta
from functools import lru_cache, partial

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agency import calls, drift
from agency.models import Connection
from agency.tokportal import CallRecord, Lane, Pace, PaceState, TokPortal

_lock = threading.Lock()
_opened: dict[tuple[int, int, str, str, Lane], TokPortal] = {}

SKEW_NOISE = 2  # seconds: the Date header has whole seconds, and an answer takes a moment


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
    """The active one, for the clock's work; None where only an owner can help: no key, or a refused one."""
    connection = Connection.objects.active()
    is_usable = connection is not None and connection.api_key and not connection.key_refused_at
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
    known = Connection.objects.only("clock_skew_seconds", "last_answer_at", "trouble", "trouble_at").get(
        pk=connection_id
    )
    learned: dict[str, object] = {}
    if call.server_time:
        skew = round((call.server_time - now).total_seconds())
        if abs(skew - known.clock_skew_seconds) > SKEW_NOISE:
            learned["clock_skew_seconds"] = 0 if abs(skew) <= SKEW_NOISE else skew
    trouble = trouble_of(call)
    if trouble != known.trouble:
        learned |= {"trouble": trouble, "trouble_at": now if trouble else None}
        learned["key_refused_at"] = now if call.status == 401 else None
    if not trouble and (known.last_answer_at is None or now - known.last_answer_at > timedelta(seconds=5)):
        learned["last_answer_at"] = now
    if learned:
        Connection.objects.filter(pk=connection_id).update(**learned)


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
