"""How far the import of the credit history is, for the page that shows it.

Kept in the cache, not in the books. It is also the lock that lets only one import run.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.core.cache import cache

from agency.models import Connection

LEASE_SECONDS = 120  # an import that has said nothing for so long has died, and another may start
TAKEN_UP_SECONDS = 60  # a worker that is at work takes an import up sooner
SHOWN_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """One import. `total` None = TokPortal has not told yet. Times are machine time."""

    state: Literal["asked", "running", "done", "failed"]
    at: datetime  # when it was asked for, or began
    done: int = 0  # entries read
    total: int | None = None
    new: int = 0  # entries that were not known before
    trouble: str = ""  # why it stopped, in words for people

    @property
    def is_under_way(self) -> bool:
        return self.state in ("asked", "running")


def of(connection: Connection, *, now: datetime) -> Progress | None:
    """The import that runs, or how the last one ended; None when nothing is known."""
    progress: Progress | None = cache.get(_key(connection))
    if progress is None or not progress.is_under_way or cache.get(_lock(connection)):
        return progress
    if progress.state == "running":
        return replace(
            progress, state="failed", trouble="It ended half-way. The next one goes on where it was."
        )
    if now - progress.at > timedelta(seconds=TAKEN_UP_SECONDS):
        return replace(progress, state="failed", trouble="No worker has taken it up yet. It waits for one.")
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


def end(connection: Connection, *, trouble: str = "") -> None:
    known: Progress | None = cache.get(_key(connection))
    if known is not None:
        state: Literal["failed", "done"] = "failed" if trouble else "done"
        cache.set(_key(connection), replace(known, state=state, trouble=trouble), SHOWN_SECONDS)
    cache.delete(_lock(connection))


def _key(connection: Connection) -> str:
    return f"credits:import:{connection.pk}"


def _lock(connection: Connection) -> str:
    return f"credits:import:{connection.pk}:runs"
