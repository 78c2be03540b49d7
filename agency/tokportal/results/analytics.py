"""Figures of accounts and posts ("Analytics" v1, "Analytics API – Analytics v2"). Rates are percentages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from ..reading import Json, clean, day, mapping, moment, number, pick, rows, subject, text, whole


@dataclass(frozen=True, slots=True)
class AccountAnalytics:
    """Totals of one delivered account, as of `scraped_at`."""

    account_id: str | None
    followers_count: int | None
    following_count: int | None
    total_videos_tracked: int | None
    total_views: int | None
    total_likes: int | None
    total_comments: int | None
    total_shares: int | None
    total_bookmarks: int | None
    average_engagement_rate: float | None  # percent
    average_video_views: float | None
    weekly_post_average: float | None
    scraped_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            account_id=text(pick(found, "account_id", "saved_account_id", "id")),
            followers_count=whole(pick(found, "followers_count", "followers")),
            following_count=whole(pick(found, "following_count", "following")),
            total_videos_tracked=whole(pick(found, "total_videos_tracked", "tracked_posts")),
            total_views=whole(pick(found, "total_views", "views")),
            total_likes=whole(pick(found, "total_likes", "likes")),
            total_comments=whole(pick(found, "total_comments", "comments")),
            total_shares=whole(pick(found, "total_shares", "shares")),
            total_bookmarks=whole(pick(found, "total_bookmarks", "bookmarks")),
            average_engagement_rate=number(pick(found, "average_engagement_rate", "engagement_rate")),
            average_video_views=number(pick(found, "average_video_views")),
            weekly_post_average=number(pick(found, "weekly_post_average")),
            scraped_at=moment(pick(found, "scraped_at", "updated_at")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class VideoAnalytics:
    """Figures of one live post, as of `scraped_at`."""

    video_id: str | None
    account_id: str | None
    bundle_id: str | None
    position: int | None
    external_ref: str | None
    platform_url: str | None
    posted_at: datetime | None
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    bookmarks: int | None
    engagement_rate: float | None  # percent
    scraped_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            video_id=text(pick(found, "video_id", "id")),
            account_id=text(pick(found, "account_id", "saved_account_id")),
            bundle_id=text(pick(found, "bundle_id")),
            position=whole(pick(found, "position")),
            external_ref=text(pick(found, "external_ref")),
            platform_url=text(pick(found, "platform_url", "post_url", "url")),
            posted_at=moment(pick(found, "posted_at", "published_at")),
            views=whole(pick(found, "views", "view_count", "views_count")),
            likes=whole(pick(found, "likes", "like_count", "likes_count")),
            comments=whole(pick(found, "comments", "comment_count", "comments_count")),
            shares=whole(pick(found, "shares", "share_count", "shares_count")),
            bookmarks=whole(pick(found, "bookmarks", "bookmark_count", "bookmarks_count", "saves")),
            engagement_rate=number(pick(found, "engagement_rate")),
            scraped_at=moment(pick(found, "scraped_at", "updated_at")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class AnalyticsDashboard:
    """Totals over many accounts. What is in it depends on the workspace's plan (`tier`, `access`)."""

    tier: str | None
    access: Json
    totals: Json
    accounts: tuple[Json, ...]
    top_posts: tuple[Json, ...]
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = clean(subject(document))
        return cls(
            tier=text(pick(found, "tier")),
            access=mapping(pick(found, "access")),
            totals=mapping(pick(found, "totals")),
            accounts=tuple(rows(pick(found, "accounts"))),
            top_posts=tuple(rows(pick(found, "top_posts"))),
            raw=found,
        )


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    date: date
    value: float


@dataclass(frozen=True, slots=True)
class AnalyticsSeries:
    """One figure over time, by day or week; points without a day or a value are left out."""

    metric: str | None
    granularity: str | None
    mode: str | None
    points: tuple[SeriesPoint, ...]
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            metric=text(pick(found, "metric")),
            granularity=text(pick(found, "granularity")),
            mode=text(pick(found, "mode")),
            points=tuple(_points(document)),
            raw=clean(found),
        )


def _points(document: object) -> Iterator[SeriesPoint]:
    for row in rows(document, "points", "series"):
        on = day(pick(row, "date", "day", "week", "bucket", "period"))
        value = number(pick(row, "value", "count", "total"))
        if on is not None and value is not None:
            yield SeriesPoint(date=on, value=value)
