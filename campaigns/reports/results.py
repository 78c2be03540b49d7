"""What videos gained in a month, from the snapshots that we keep.

Gained = the last figure told in the month, less the last one told before it. A video that was posted in the
month started at nothing; for an older one without an earlier figure nobody knows, and then we say so: None is
"no data", never 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database

from campaigns.ledger.months import Month

METRICS = ("views", "likes", "comments", "shares", "bookmarks")
ENGAGEMENT = ("likes", "comments", "shares", "bookmarks")


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one video at a month's end. None = not told."""

    total: int | None = None
    gained: int | None = None


Figures = Mapping[str, Figure]  # metric → figure
NO_DATA: Figures = dict.fromkeys(METRICS, Figure())


def _last_told(metric: str, when: str) -> str:
    """The last told figure of a group of snapshots; a day that does not tell it does not hide the day before."""
    return f"(array_agg({metric} ORDER BY day DESC) FILTER (WHERE {metric} IS NOT NULL AND scraped_at {when}))[1]"


_COLUMNS = ", ".join(
    f"{_last_told(metric, '< %(begins)s')}, {_last_told(metric, '>= %(begins)s')}" for metric in METRICS
)
_FIGURES = f"""
    SELECT video_id, {_COLUMNS}
    FROM analytics_videosnapshot
    WHERE video_id = ANY(%(videos)s) AND scraped_at < %(ends)s
    GROUP BY video_id
"""  # noqa: S608 (nothing in it comes from outside)


def figures_of(posted: Mapping[int, datetime], month: Month) -> dict[int, Figures]:
    """Video id → its figures at the end of the month. `posted`: video id → when it went live. One query."""
    with database.cursor() as cursor:
        cursor.execute(_FIGURES, {"videos": list(posted), "begins": month.begins_at, "ends": month.ends_at})
        rows = cursor.fetchall()
    return {
        video: {
            metric: _figure(before, within, is_new=posted[video] >= month.begins_at)
            for metric, before, within in zip(METRICS, told[::2], told[1::2], strict=True)
        }
        for video, *told in rows
    }


def _figure(before: int | None, within: int | None, *, is_new: bool) -> Figure:
    if within is None:
        return Figure(total=before)
    if before is not None:
        return Figure(within, within - before)
    return Figure(within, within if is_new else None)


def engagement(figures: Figures) -> Figure:
    """Likes, comments, shares and bookmarks as far as they are told."""
    return Figure(
        total=sum_of(figures[name].total for name in ENGAGEMENT),
        gained=sum_of(figures[name].gained for name in ENGAGEMENT),
    )


def sum_of(values: Iterable[int | None]) -> int | None:
    """None when nothing is told."""
    told = [value for value in values if value is not None]
    return sum(told) if told else None
