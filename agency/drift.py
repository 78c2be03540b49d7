"""What TokPortal says that we do not know: kept once with its first example, counted, shown (U1).

Each process writes a word when it first meets it, and later only the sum of its sightings now and then.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from agency.models import Drift, User
from agency.tokportal import Oddity

WRITTEN_EVERY = timedelta(minutes=5)
MOST_WORDS = 2000  # that a process remembers; an API that makes up words without end must not fill our memory

_lock = threading.Lock()


@dataclass(slots=True)
class _Sightings:
    unwritten: int = 0
    written_at: datetime | None = None


_met: dict[tuple[int, str, str, str], _Sightings] = {}


def note(connection_id: int, oddity: Oddity, *, now: datetime) -> None:
    """Keep a word that we do not know. It is written once what is open has committed; `now` is machine time."""
    name = (connection_id, oddity.sort.value, oddity.place[:120], oddity.word[:120])
    with _lock:
        sightings = _met.get(name)
        if sightings is None:
            if len(_met) >= MOST_WORDS:
                return
            sightings = _met[name] = _Sightings()
        sightings.unwritten += oddity.times
        if sightings.written_at and now - sightings.written_at < WRITTEN_EVERY:
            return
        times, sightings.unwritten, sightings.written_at = sightings.unwritten, 0, now
    transaction.on_commit(partial(_write, name, times, oddity.example, now), robust=True)


def take_note(drift: Drift, *, by: User, now: datetime) -> None:
    """Somebody has seen it: hide it. The first one who did stays named."""
    Drift.objects.filter(pk=drift.pk, seen_at=None).update(seen_at=now, seen_by=by)


def show_again(drift: Drift) -> None:
    Drift.objects.filter(pk=drift.pk).update(seen_at=None, seen_by=None)


def _write(name: tuple[int, str, str, str], times: int, example: object, now: datetime) -> None:
    connection_id, kind, place, word = name
    row = {"connection_id": connection_id, "kind": kind, "place": place, "word": word}
    first = {"count": times, "first_seen_at": now, "last_seen_at": now, "example": example}
    known, is_new = Drift.objects.get_or_create(**row, defaults=first)
    if not is_new:
        Drift.objects.filter(pk=known.pk).update(
            count=F("count") + times, last_seen_at=Greatest("last_seen_at", now)
        )
