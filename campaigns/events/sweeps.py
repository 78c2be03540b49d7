"""Sweeps: what no event told us. The state converges within one sweep, even if every webhook is lost (U3).

A sweep reads the lists (a hundred rows a call), writes down what has to be read one by one, and works that
list off in slices, so that other background work gets its turn. `now` is machine time.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils.translation import gettext_noop

from agency.connections import tokportal
from agency.locks import only_one
from agency.models import Connection
from agency.tokportal import (
    BundleState,
    Lane,
    NotAllowed,
    NotFound,
    RateLimited,
    Refused,
    SavedAccountState,
    TokPortal,
    TokPortalError,
)
from campaigns.events.models import Sweep
from campaigns.models import Bundle, SavedAccount
from campaigns.sync import mirror_account, mirror_videos, refresh_bundle

logger = logging.getLogger(__name__)

SLICE_SECONDS = 5.0  # as long as a webhook may have to wait for it
SAVE_EVERY = 10  # items of the work list
MOST_SLOT_LISTS = 600  # that one sweep polls: half of what the rate limit allows in ten minutes
KEEP_SWEEPS = timedelta(days=7)

# The work list: what to read, and the bundle's upstream id.
BUNDLE, SLOTS = "bundle", "slots"

# With the manager and not final: such a slot can get a live link or a download problem, which has no event.
MOVING_SLOTS = ("published", "accepted", "in_review", "pending_corrections")


def sweep(connection: Connection, kind: str, *, now: datetime) -> float | None:
    """Do a slice of the sweep under way, or begin one. Returns the seconds until it is worth going on.

    None = there is nothing left to do, or another worker is at it.
    """
    with only_one(f"sweep:{connection.pk}:{kind}") as is_ours:
        if not is_ours:
            return None
        under_way = _under_way(connection, kind, now=now)
        try:
            return _slice(under_way, now=now)
        except RateLimited as limit:
            _note(under_way, gettext_noop("Waiting for the rate limit."))
            return max(limit.retry_after, 1.0)
        except TokPortalError as error:  # the schedule tries again
            _note(under_way, str(error))
            return None


def _under_way(connection: Connection, kind: str, *, now: datetime) -> Sweep:
    found = Sweep.objects.filter(connection=connection, kind=kind, finished_at=None).first()
    if found is None:
        Sweep.objects.filter(connection=connection, finished_at__lt=now - KEEP_SWEEPS).delete()
        found = Sweep.objects.create(connection=connection, kind=kind, started_at=now)
    return found


def _slice(sweep: Sweep, *, now: datetime) -> float | None:
    """Raises what `agency.tokportal` raises when TokPortal as a whole cannot be asked."""
    until = time.monotonic() + SLICE_SECONDS
    api = tokportal(sweep.connection, Lane.BACKGROUND)
    if sweep.listed_at is None:
        _list(sweep, api, now=now)
    while sweep.remaining:
        batch, left = sweep.remaining[:SAVE_EVERY], sweep.remaining[SAVE_EVERY:]
        for done, (what, upstream_id) in enumerate(batch):
            try:
                _read(api, sweep.connection, what, upstream_id, now=now)
            except TokPortalError as error:
                if not _is_about_one(error):
                    sweep.remaining = batch[done:] + left
                    sweep.save(update_fields=["remaining", "failed"])
                    raise
                sweep.failed += 1
                logger.warning("The sweep could not read %s %s: %s", what, upstream_id, error)
        sweep.remaining = left
        sweep.trouble = ""
        sweep.save(update_fields=["remaining", "failed", "trouble"])
        if left and time.monotonic() > until:
            return 0.0
    sweep.finished_at = now
    sweep.save(update_fields=["finished_at"])
    return None


def _list(sweep: Sweep, api: TokPortal, *, now: datetime) -> None:
    """Read the lists, and write down what has to be read one by one."""
    connection = sweep.connection
    read_at = connection.upstream_now(now)
    known = _known_bundles(connection)
    to_read: list[str] = []
    discovered = 0
    for state in api.list_bundles():
        row = known.get(state.id)
        discovered += row is None
        if row is None or differs(state, row) or (sweep.kind == Sweep.Kind.EVERYTHING and not row.is_ended):
            to_read.append(state.id)
    _mirror_accounts(connection, api.list_accounts(), read_at=read_at)
    work = [[BUNDLE, upstream_id] for upstream_id in dict.fromkeys(to_read)]
    work += [[SLOTS, upstream_id] for upstream_id in _with_moving_slots(connection, but=set(to_read))]
    sweep.remaining, sweep.total, sweep.listed_at = work, len(work), now
    sweep.discovered, sweep.trouble = discovered, ""
    sweep.save()


def _known_bundles(connection: Connection) -> dict[str, Bundle]:
    rows = connection.bundles.select_related("saved_account").annotate(slots=Count("videos"))
    wanted = rows.only(
        "connection_id",
        "upstream_id",
        "bundle_type",
        "status",
        "account_status",
        "videos_quantity",
        "edits_quantity",
        "external_ref",
        "title",
        "upstream_changed_at",
        "account_listing",
        "raw",
        "saved_account",
        "saved_account__upstream_id",
    )
    return {bundle.upstream_id: bundle for bundle in wanted.iterator(chunk_size=1000)}


def differs(state: BundleState, row: Bundle) -> bool:
    """Whether a bundle in the list says something that its row does not, or the row is only half read."""
    if state.updated_at and state.updated_at != row.upstream_changed_at:
        return True
    told = {
        "status": state.status,
        "account_status": state.account_status,
        "videos_quantity": state.videos_quantity,
        "edits_quantity": state.edits_quantity,
        "external_ref": state.external_ref,
        "title": state.title,
    }
    if any(value is not None and value != getattr(row, name) for name, value in told.items()):
        return True
    current = row.saved_account.upstream_id if row.saved_account else None
    if state.saved_account_id and state.saved_account_id != current:
        return True
    configured = state.raw.get("videos_configured_count")
    if configured is not None and configured != row.raw.get("videos_configured_count", configured):
        return True
    is_half_read = row.has_account_step and not row.account_listing
    return is_half_read or getattr(row, "slots", row.videos_quantity) < row.videos_quantity


def _with_moving_slots(connection: Connection, *, but: set[str]) -> Iterator[str]:
    """Bundles whose slots move without a word in the list, those read longest ago first."""
    moving = (
        connection.bundles.filter(status__in=Bundle.HANDED_OVER, videos__status__in=MOVING_SLOTS)
        .annotate(slots_read_at=Min("videos__read_at"))
        .order_by("slots_read_at")
        .values_list("upstream_id", flat=True)
    )
    return (upstream_id for upstream_id in moving[:MOST_SLOT_LISTS] if upstream_id not in but)


def _mirror_accounts(
    connection: Connection, states: Iterator[SavedAccountState], *, read_at: datetime
) -> None:
    """The list says all that there is about an account: nothing has to be read one by one."""
    known = {
        account.upstream_id: account
        for account in SavedAccount.objects.filter(connection=connection).only(
            "upstream_id", "upstream_changed_at", "is_banned", "username"
        )
    }
    for state in states:
        row = known.get(state.id)
        is_same = (
            row is not None
            and state.updated_at is not None
            and state.updated_at == row.upstream_changed_at
            and bool(state.banned) == row.is_banned
        )
        if not is_same:
            mirror_account(connection, state, read_at=read_at)


def _read(api: TokPortal, connection: Connection, what: str, upstream_id: str, *, now: datetime) -> None:
    if what == BUNDLE:
        refresh_bundle(api, connection, upstream_id, now=now)
        return
    bundle = connection.bundles.filter(upstream_id=upstream_id).first()
    if bundle:
        mirror_videos(bundle, api.list_videos(upstream_id), read_at=connection.upstream_now(now))


def _is_about_one(error: TokPortalError) -> bool:
    """Whether only this bundle cannot be read; otherwise nothing else can be either."""
    if isinstance(error, NotAllowed):
        return not error.is_key_problem
    return isinstance(error, NotFound | Refused)


def _note(sweep: Sweep, trouble: str) -> None:
    Sweep.objects.filter(pk=sweep.pk).update(trouble=trouble[:300])
