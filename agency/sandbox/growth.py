"""How posts and accounts grow: curves that follow from their ids alone, the same in every run. Pure."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime


def share(seed: str, what: str) -> float:
    """A number from 0 to 1 that is always the same for a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed} {what}".encode()).digest()[:8]) / 2**64


def between(seed: str, what: str, low: float, high: float) -> float:
    return low + share(seed, what) * (high - low)


@dataclass(frozen=True)
class Metrics:
    """Cumulative counts; none of them ever falls."""

    views: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0
    bookmarks: int = 0

    def __add__(self, other: "Metrics") -> "Metrics":
        return Metrics(
            self.views + other.views,
            self.likes + other.likes,
            self.comments + other.comments,
            self.shares + other.shares,
            self.bookmarks + other.bookmarks,
        )

    @property
    def engagement_rate(self) -> float:
        """Per cent of the views that left a like, comment or share."""
        engaged = self.likes + self.comments + self.shares
        return round(100 * engaged / self.views, 2) if self.views else 0.0


def post_metrics(video_id: str, posted_at: datetime, at: datetime) -> Metrics:
    """A post's counts at a time: a quick rise in the first days, then a long tail."""
    hours = (at - posted_at).total_seconds() / 3600
    if hours <= 0:
        return Metrics()
    peak = math.exp(between(video_id, "peak", math.log(300), math.log(40_000)))
    rise = between(video_id, "rise", 20, 90)
    views = int(peak * (1 - math.exp(-hours / rise)) + peak * 0.002 * hours / 24)
    return Metrics(
        views=views,
        likes=int(views * between(video_id, "likes", 0.03, 0.11)),
        comments=int(views * between(video_id, "comments", 0.001, 0.008)),
        shares=int(views * between(video_id, "shares", 0.002, 0.018)),
        bookmarks=int(views * between(video_id, "bookmarks", 0.002, 0.012)),
    )


def followers(account_id: str, created_at: datetime, at: datetime, views: int) -> int:
    days = max(0.0, (at - created_at).total_seconds() / 86400)
    own = between(account_id, "start", 2, 30) + days * between(account_id, "daily", 0.2, 4)
    return int(own + views * between(account_id, "follow", 0.002, 0.02))


def following(account_id: str) -> int:
    return int(between(account_id, "following", 10, 90))
