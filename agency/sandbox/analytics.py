"""Analytics of delivered accounts and their posts, as they stood at the last scrape."""

from dataclasses import dataclass
from datetime import datetime

from . import assumed, growth
from .call import Call
from .clock import iso_millis
from .coverage import find_account
from .errors import ApiError, invalid
from .growth import Metrics
from .paging import pagination, read_page
from .store import Row
from .work import Json, Work

SORTABLE = ("views", "likes", "comments", "shares", "bookmarks", "engagement_rate", "posted_at")


@dataclass(frozen=True)
class Post:
    """One posted video with what was counted when its account was last scraped."""

    video: Row
    account: Row
    metrics: Metrics
    scraped_at: datetime

    def as_json(self) -> Json:
        return {
            "video_id": self.video["id"],
            "account_id": self.account["id"],
            "bundle_id": self.video["bundle_id"],
            "position": self.video["position"],
            "external_ref": self.video["external_ref"],
            "platform_url": self.video["platform_url"],
            "description": self.video["content"].get("description"),
            "posted_at": iso_millis(self.video["posted_at"]),
            "views": self.metrics.views,
            "likes": self.metrics.likes,
            "comments": self.metrics.comments,
            "shares": self.metrics.shares,
            "bookmarks": self.metrics.bookmarks,
            "engagement_rate": self.metrics.engagement_rate,
            "scraped_at": iso_millis(self.scraped_at),
        }


def last_scrape(account: Row, now: datetime) -> datetime | None:
    """Accounts are scraped once a day, counted from their delivery, and on request."""
    days = (now - account["created_at"]) // assumed.SCRAPE_PERIOD
    daily = account["created_at"] + days * assumed.SCRAPE_PERIOD if days > 0 else None
    asked = account["refreshed_at"] if account["refreshed_at"] and account["refreshed_at"] <= now else None
    return max((moment for moment in (daily, asked) if moment), default=None)


def posted_videos(work: Work, account_id: str, until: datetime) -> list[Row]:
    return work.store.all(
        "SELECT videos.* FROM videos JOIN bundles ON bundles.id = videos.bundle_id "
        "WHERE bundles.saved_account_id = ? AND videos.posted_at IS NOT NULL AND videos.posted_at <= ? "
        "ORDER BY videos.posted_at DESC, videos.seq DESC",
        account_id,
        until,
    )


def posts_of(work: Work, account: Row) -> list[Post]:
    """The account's posts as of its last scrape, newest first."""
    scraped_at = last_scrape(account, work.now)
    if scraped_at is None:
        return []
    return [
        Post(video, account, growth.post_metrics(video["id"], video["posted_at"], scraped_at), scraped_at)
        for video in posted_videos(work, account["id"], scraped_at)
    ]


def scraped(work: Work, account_id: str) -> tuple[Row, datetime]:
    """An account and its last scrape. Raises ANALYTICS_NOT_FOUND before the first one."""
    account = find_account(work, account_id)
    scraped_at = last_scrape(account, work.now)
    if scraped_at is None:
        raise ApiError(
            assumed.ANALYTICS_NOT_FOUND_STATUS,
            "ANALYTICS_NOT_FOUND",
            "This account has not been scraped yet",
            account_id=account_id,
        )
    return account, scraped_at


def summary(work: Work, account: Row, scraped_at: datetime) -> Json:
    """`data` of GET /accounts/{id}/analytics."""
    posts = posts_of(work, account)
    total = sum((post.metrics for post in posts), Metrics())
    weeks = max(1.0, (scraped_at - account["created_at"]).days / 7)
    return {
        "account_id": account["id"],
        "followers_count": growth.followers(account["id"], account["created_at"], scraped_at, total.views),
        "following_count": growth.following(account["id"]),
        "total_videos_tracked": len(posts),
        "total_views": total.views,
        "total_likes": total.likes,
        "total_comments": total.comments,
        "total_shares": total.shares,
        "total_bookmarks": total.bookmarks,
        "average_engagement_rate": total.engagement_rate,
        "average_video_views": round(total.views / len(posts), 1) if posts else 0.0,
        "weekly_post_average": round(len(posts) / weeks, 2),
        "scraped_at": iso_millis(scraped_at),
    }


def get_account_analytics(call: Call, account_id: str) -> Json:
    return {"data": summary(call, *scraped(call, account_id))}


def list_video_analytics(call: Call, account_id: str) -> Json:
    """GET /accounts/{id}/analytics/videos: one row per post, newest first unless sorted."""
    account, _ = scraped(call, account_id)
    rows = [post.as_json() for post in posts_of(call, account)]
    if sort_by := call.args.get("sort_by"):
        if sort_by not in SORTABLE:
            raise invalid(sort_by=f"must be one of {', '.join(SORTABLE)}")
        rows.sort(key=lambda row: row[sort_by], reverse=call.args.get("sort_order", "desc") != "asc")
    page, per_page = read_page(call.args)
    start = (page - 1) * per_page
    return {"data": rows[start : start + per_page], "pagination": pagination(page, per_page, len(rows))}


def get_video_analytics(call: Call, video_id: str) -> Json:
    row = call.store.one(
        "SELECT saved_account_id FROM videos JOIN bundles ON bundles.id = bundle_id WHERE videos.id = ?",
        video_id,
    )
    if row is None:
        raise ApiError(404, "VIDEO_NOT_FOUND", "No video with this id", video_id=video_id)
    posts = posts_of(call, find_account(call, row["saved_account_id"])) if row["saved_account_id"] else []
    found = next((post for post in posts if post.video["id"] == video_id), None)
    if found is None:
        raise ApiError(
            assumed.ANALYTICS_NOT_FOUND_STATUS, "ANALYTICS_NOT_FOUND", "This video has not been scraped yet"
        )
    return {"data": found.as_json()}


def _next_refresh_at(account: Row) -> datetime | None:
    return account["refreshed_at"] + assumed.REFRESH_AGAIN_AFTER if account["refreshed_at"] else None


def can_refresh(call: Call, account_id: str) -> Json:
    account = find_account(call, account_id)
    next_at = _next_refresh_at(account)
    is_free = next_at is None or next_at <= call.now
    return {"data": {"can_refresh": is_free, "next_refresh_at": None if is_free else iso_millis(next_at)}}


def refresh(call: Call, account_id: str) -> Json:
    """POST …/refresh: the figures move a moment later; too early is refused with the wait."""
    account = find_account(call, account_id)
    if call.body is not None and not isinstance(call.body, dict):
        raise invalid(body="must be a JSON object")
    next_at = _next_refresh_at(account)
    if next_at is not None and next_at > call.now and not (call.body or {}).get("force"):
        wait = int((next_at - call.now).total_seconds()) + 1
        refusal = ApiError(
            assumed.REFRESH_TOO_EARLY_STATUS,
            assumed.REFRESH_TOO_EARLY,
            "This account was refreshed a short time ago",
            retry_after_seconds=wait,
            next_refresh_at=iso_millis(next_at),
        )
        refusal.headers["Retry-After"] = str(wait)
        raise refusal
    refreshed_at = call.now + assumed.REFRESH_TAKES
    call.store.update("accounts", account_id, refreshed_at=refreshed_at)
    return {"data": {"account_id": account_id, "status": "queued", "ready_at": iso_millis(refreshed_at)}}
