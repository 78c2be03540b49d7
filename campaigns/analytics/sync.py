"""Figures in: what TokPortal counted becomes our snapshots, one a day. `now` is machine time."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from agency.connections import tokportal
from agency.locks import only_one
from agency.models import Connection
from agency.tokportal import (
    AccountAnalytics,
    Lane,
    NotAllowed,
    NotFound,
    RateLimited,
    Refused,
    TokPortal,
    TokPortalError,
    VideoAnalytics,
)
from campaigns.analytics.models import AccountPull, AccountSnapshot, VideoSnapshot
from campaigns.models import SavedAccount, Video
from campaigns.sync import refresh_account

logger = logging.getLogger(__name__)
S = AccountPull.State

SLICE_SECONDS = 5.0  # as long as a webhook may have to wait for it
AT_ONCE = 200  # accounts that one slice takes up, whatever the clock says
NOT_IN_PLAN_PAUSE = timedelta(days=1)
TROUBLE_PAUSE = timedelta(minutes=30)
LOOK_AGAIN = timedelta(minutes=2)  # a fresh look at the platform that we asked for is asynchronous
ACCOUNT_FIGURES = ("followers", "views", "likes", "comments", "shares", "bookmarks", "videos_tracked")
VIDEO_FIGURES = ("views", "likes", "comments", "shares", "bookmarks")


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one row as TokPortal told them; None = not told."""

    scraped_at: datetime
    figures: dict[str, int | None]
    raw: dict[str, Any]

    @property
    def day(self) -> date:
        return self.scraped_at.date()


def pull_due(connection: Connection, *, now: datetime) -> float | None:
    """Pull a slice of what is due: what a person asked for first, then what was read longest ago.

    Returns the seconds until it is worth going on; None = nothing is due, or another worker is at it.
    """
    until = time.monotonic() + SLICE_SECONDS
    with only_one(f"analytics:{connection.pk}") as is_ours:
        if not is_ours:
            return None
        for account in due_accounts(connection, now=now).select_related("connection", "pull")[:AT_ONCE]:
            try:
                pull_account(account, now=now)
            except RateLimited as limit:
                return max(limit.retry_after, 1.0)
            except TokPortalError as error:  # TokPortal as a whole: the schedule tries again
                logger.warning("Figures could not be read: %s", error)
                return None
            if time.monotonic() > until:
                return 0.0
        return 0.0 if due_accounts(connection, now=now).exists() else None


def due_accounts(connection: Connection, *, now: datetime) -> QuerySet[SavedAccount]:
    """Delivered accounts whose figures are to be read; a banned one has none any more."""
    return (
        SavedAccount.objects.filter(connection=connection, is_banned=False)
        .filter(Q(pull=None) | Q(pull__next_try_at__lte=now))
        .order_by(F("pull__asked_at").desc(nulls_last=True), F("analytics_at").asc(nulls_first=True), "pk")
    )


def pull_account(account: SavedAccount, *, now: datetime) -> AccountPull:
    """Read an account's figures and those of its posts (two calls or more), and note how it went.

    Raises RateLimited and what means that TokPortal as a whole cannot be asked; nothing is noted then.
    """
    api = tokportal(account.connection, Lane.BACKGROUND)
    pull, _ = AccountPull.objects.get_or_create(account=account, defaults={"next_try_at": now})
    is_asked = pull.is_waited_for
    fresh_comes = is_asked and _ask_for_fresh_figures(api, account)
    noted: dict[str, Any] = {"pulled_at": now, "trouble": "", "unmatched": 0}
    try:
        if is_asked:
            refresh_account(api, account.connection, account.upstream_id, now=now)
        figures = api.get_account_analytics(account.upstream_id)
        posts = list(api.list_account_video_analytics(account.upstream_id))
    except NotFound:
        noted |= {"state": S.NO_DATA, "next_try_at": now + (LOOK_AGAIN if fresh_comes else AccountPull.EVERY)}
    except NotAllowed as error:
        if error.is_key_problem:
            raise
        _note_not_in_plan(account, error, now=now)
        pull.refresh_from_db()
        return pull
    except Refused as error:
        noted |= {"state": S.FAILED, "trouble": str(error)[:300], "next_try_at": now + TROUBLE_PAUSE}
    else:
        read_at = account.connection.upstream_now(now)
        noted["unmatched"] = store(account, figures, posts, read_at=read_at)
        noted |= {"state": S.DONE, "next_try_at": now + (LOOK_AGAIN if fresh_comes else AccountPull.EVERY)}
        SavedAccount.objects.filter(pk=account.pk).update(analytics_at=now)
    AccountPull.objects.filter(pk=pull.pk).update(**noted)
    pull.refresh_from_db()
    return pull


def _ask_for_fresh_figures(api: TokPortal, account: SavedAccount) -> bool:
    """A person waits: have TokPortal look at the platform now. That it is too early is no trouble."""
    try:
        api.refresh_analytics(account.upstream_id)
    except RateLimited as error:
        if error.local:
            raise
    except (Refused, NotAllowed):
        pass
    else:
        return True
    return False


def _note_not_in_plan(account: SavedAccount, error: NotAllowed, *, now: datetime) -> None:
    """The plan is the workspace's: nobody is asked about any of its accounts for a day."""
    is_about_one = "OWNED" in error.code  # another workspace's account
    noted = {
        "state": S.FAILED if is_about_one else S.NOT_IN_PLAN,
        "pulled_at": now,
        "next_try_at": now + NOT_IN_PLAN_PAUSE,
        "trouble": str(error)[:300],
    }
    pulls = AccountPull.objects.filter(account__connection=account.connection)
    if is_about_one:
        pulls.filter(account=account).update(**noted)
        return
    missing = SavedAccount.objects.filter(connection=account.connection, pull=None, is_banned=False)
    AccountPull.objects.bulk_create(
        [AccountPull(account=other, next_try_at=now) for other in missing], ignore_conflicts=True
    )
    pulls.update(**noted)


def store(
    account: SavedAccount, figures: AccountAnalytics, posts: Iterable[VideoAnalytics], *, read_at: datetime
) -> int:
    """Keep the day's figures; returns how many posts belong to no slot that we know.

    `read_at` is TokPortal's time, and stands in where an answer does not say when it looked.
    """
    reading = Reading(
        scraped_at=figures.scraped_at or read_at,
        figures={
            "followers": figures.followers_count,
            "views": figures.total_views,
            "likes": figures.total_likes,
            "comments": figures.total_comments,
            "shares": figures.total_shares,
            "bookmarks": figures.total_bookmarks,
            "videos_tracked": figures.total_videos_tracked,
        },
        raw=dict(figures.raw),
    )
    by_video, unmatched = _match(account, posts, read_at=read_at)
    with transaction.atomic():
        SavedAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
        _store_account(account, reading)
        _store_videos(by_video)
    return unmatched


def _store_account(account: SavedAccount, reading: Reading) -> None:
    row = AccountSnapshot.objects.filter(account=account, day=reading.day).first()
    row = row or AccountSnapshot(account=account, day=reading.day, scraped_at=reading.scraped_at)
    merge(row, reading, ACCOUNT_FIGURES)
    row.save()


def _store_videos(by_video: dict[int, Reading]) -> None:
    days = {reading.day for reading in by_video.values()}
    known = {
        (row.video_id, row.day): row
        for row in VideoSnapshot.objects.filter(video_id__in=by_video, day__in=days)
    }
    rows = []
    for video_id, reading in by_video.items():
        row = known.get((video_id, reading.day)) or VideoSnapshot(
            video_id=video_id, day=reading.day, scraped_at=reading.scraped_at
        )
        merge(row, reading, VIDEO_FIGURES)
        rows.append(row)
    VideoSnapshot.objects.bulk_create(
        [row for row in rows if row.pk is None],
        update_conflicts=True,
        unique_fields=["video", "day"],
        update_fields=["scraped_at", "raw", *VIDEO_FIGURES],
        batch_size=500,
    )
    VideoSnapshot.objects.bulk_update(
        [row for row in rows if row.pk is not None], ["scraped_at", "raw", *VIDEO_FIGURES], batch_size=500
    )


def merge(row: AccountSnapshot | VideoSnapshot, reading: Reading, names: tuple[str, ...]) -> None:
    """Take over a reading: newer wins, and what it does not tell never overwrites a figure."""
    is_newer = reading.scraped_at >= row.scraped_at
    for name in names:
        value = reading.figures[name]
        if value is not None and (is_newer or getattr(row, name) is None):
            setattr(row, name, value)
    if is_newer:
        row.scraped_at, row.raw = reading.scraped_at, reading.raw


def _match(
    account: SavedAccount, posts: Iterable[VideoAnalytics], *, read_at: datetime
) -> tuple[dict[int, Reading], int]:
    """Video row → its reading: by TokPortal's video id, else by bundle and position."""
    told = list(posts)
    videos = Video.objects.filter(bundle__connection=account.connection).only("upstream_id", "position")
    ids = [post.video_id for post in told if post.video_id]
    by_id = {video.upstream_id: video.pk for video in videos.filter(upstream_id__in=ids)}
    slots = {
        (video.bundle.upstream_id, video.position): video.pk
        for video in videos.filter(
            bundle__upstream_id__in={post.bundle_id for post in told if post.bundle_id}
        )
        .select_related("bundle")
        .only("position", "bundle__upstream_id")
    }
    readings: dict[int, Reading] = {}
    unmatched = 0
    for post in told:
        video_id = by_id.get(post.video_id or "") or slots.get((post.bundle_id or "", post.position or 0))
        if video_id is None:
            unmatched += 1
            continue
        figures = {name: getattr(post, name) for name in VIDEO_FIGURES}
        readings[video_id] = Reading(post.scraped_at or read_at, figures, dict(post.raw))
    return readings, unmatched
