"""How far the import of the credit history is, for the page that shows it.

Kept in the cache, not in the books. It is also the lock that lets only one import run.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.core.cache import cache
from django.utils.translation import gettext, gettext_noop

from agency.models import Connection

LEASE_SECONDS = 120  # an import that has said nothing for so long has died, and another may start
TAKEN_UP_SECONDS = 60  # a worker that is at work takes an import up sooner
SHOWN_SECONDS = 24 * 3600

# Why an import stopped.
ENDED_HALF_WAY = gettext_noop("It ended half-way. The next one goes on where it was.")
NOT_TAKEN_UP = gettext_noop("No worker has taken it up yet. It waits for one.")
ERROR_OF_OURS = gettext_noop("It stopped half-way because of an error of ours; the log has it.")
RATE_LIMITED = gettext_noop("TokPortal's rate limit is used up for the moment. It goes on by itself.")
NOT_GIVEN = gettext_noop(
    "TokPortal did not give the history (%(error)s). What was read is kept, and it is tried again."
)


@dataclass(frozen=True, slots=True)
class Progress:
    """One import. `total` None = TokPortal has not told yet. Times are machine time."""

    state: Literal["asked", "running", "done", "failed"]
    at: datetime  # when it was asked for, or began
    done: int = 0  # entries read
    total: int | None = None
    new: int = 0  # entries that were not known before
    stopped_by: str = ""  # why it stopped, as the catalogues know it: it is read in many languages
    details: str = ""  # what TokPortal said to it

    @property
    def trouble(self) -> str:
        """Why it stopped, in words for the person who asks; '' when it did not."""
        return gettext(self.stopped_by) % {"error": self.details}

    @property
    def is_under_way(self) -> bool:
        return self.state in ("asked", "running")


def of(connection: Connection, *, now: datetime) -> Progress | None:
    """The import that runs, or how the last one ended; None when nothing is known."""
    progress: Progress | None = cache.get(_key(connection))
    if progress is None or not progress.is_under_way or cache.get(_lock(connection)):
        return progress
    if progress.state == "running":
        return replace(progress, state="failed", stopped_by=ENDED_HALF_WAY)
    if now - progress.at > timedelta(seconds=TAKEN_UP_SECONDS):
        return replace(progress, state="failed", stopped_by=NOT_TAKEN_UP)
    return progress


def ask(connection: Connection, *, at: datetime) -> None:
    """Somebody wants an import, and looks at the page meanwhile."""
    if not cache.get(_lock(connection)):
        cache.set(_key(connection), Progress("asked", at), SHOWN_SECONDS)


def begin(connection: Connection, *, at: datetime) -> bool:
    """Whether this import may start: only one runs at a time."""
    if not cache.add(_lock(connection), True, LEASE_SECONDS):
        return False
    cache.set(_key(connection), Progress("running", at), SHOWN_SECONDS)
    return True


def step(connection: Connection, *, read: int, new: int, left: int | None) -> None:
    """A page is stored; `left` entries are still to come, None = TokPortal does not say."""
    known: Progress | None = cache.get(_key(connection))
    if known is None:
        return
    cache.touch(_lock(connection), LEASE_SECONDS)
    done = known.done + read
    total = None if left is None else done + left
    cache.set(_key(connection), replace(known, done=done, new=known.new + new, total=total), SHOWN_SECONDS)


def end(connection: Connection, *, stopped_by: str = "", details: str = "") -> None:
    """The import is over: done, or stopped by one of the reasons above."""
    known: Progress | None = cache.get(_key(connection))
    if known is not None:
        state: Literal["failed", "done"] = "failed" if stopped_by else "done"
        ended = replace(known, state=state, stopped_by=stopped_by, details=details)
        cache.set(_key(connection), ended, SHOWN_SECONDS)
    cache.delete(_lock(connection))


def _key(connection: Connection) -> str:
    return f"credits:import:{connection.pk}:progress"


def _lock(connection: Connection) -> str:
    return f"credits:import:{connection.pk}:runs"
