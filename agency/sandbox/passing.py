"""What the passing of time brings about, in its order: ends of reviews, managers, Coverage."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from . import assumed, coverage, manager
from .store import Store
from .work import Work

WorkAt = Callable[[datetime, str], Work]


def run_due(store: Store, now: datetime, work_at: WorkAt, *, with_coverage: bool = True) -> int:
    """Do all that fell due up to `now`, each at its own time; returns how much that was.

    Call it inside a transaction. `work_at(time, origin)` makes the context for a piece of work.
    """
    done = 0
    while (step := _next(store, now, with_coverage)) is not None:
        due_at, do, origin, bundle_id = step
        work = work_at(due_at, origin)
        do(work)
        if bundle_id:
            manager.plan_visit(work, bundle_id)
        done += 1
    return done


def is_due(store: Store, now: datetime, *, with_coverage: bool = True) -> bool:
    return _next(store, now, with_coverage) is not None


def _next(
    store: Store, now: datetime, with_coverage: bool
) -> tuple[datetime, Callable[[Work], object], str, str | None] | None:
    """The earliest thing that is due: (time, what to do, who does it, bundle)."""
    before = now - assumed.REVIEW_PERIOD
    found: list[tuple[datetime, Callable[[Work], object], str, str | None]] = []
    row = store.one(
        "SELECT id, in_review_at, bundle_id FROM videos WHERE status = 'in_review' AND in_review_at <= ? "
        "ORDER BY in_review_at LIMIT 1",
        before,
    )
    if row:
        do: Callable[[Work], object] = partial(_video_review_ends, row["id"])
        found.append((row["in_review_at"] + assumed.REVIEW_PERIOD, do, "clock", row["bundle_id"]))
    row = store.one(
        "SELECT id, account_in_review_at FROM bundles "
        "WHERE account_status = 'in_review' AND account_in_review_at <= ? "
        "ORDER BY account_in_review_at LIMIT 1",
        before,
    )
    if row:
        do = partial(_account_review_ends, row["id"])
        found.append((row["account_in_review_at"] + assumed.REVIEW_PERIOD, do, "clock", row["id"]))
    row = store.one(
        "SELECT id, next_visit_at FROM bundles WHERE next_visit_at <= ? ORDER BY next_visit_at LIMIT 1", now
    )
    if row:
        found.append((row["next_visit_at"], partial(_visit, row["id"]), "manager", row["id"]))
    row = store.one(
        "SELECT id, period_end FROM accounts "
        "WHERE coverage_status IN ('included', 'active') AND period_end <= ? ORDER BY period_end LIMIT 1",
        now,
    )
    if row and with_coverage:
        found.append((row["period_end"], partial(_period_ends, row["id"]), "clock", None))
    return min(found, key=lambda step: step[0], default=None)


def _video_review_ends(video_id: str, work: Work) -> None:
    manager.finalize_video_after_review(work, video_id)


def _account_review_ends(bundle_id: str, work: Work) -> None:
    manager.finalize_account_after_review(work, bundle_id)


def _visit(bundle_id: str, work: Work) -> None:
    manager.visit(work, bundle_id)


def _period_ends(account_id: str, work: Work) -> None:
    coverage.renew(work, coverage.find_account(work, account_id))
