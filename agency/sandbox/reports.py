"""Analytics across accounts: dashboard, series, CSV export, web reports. Version 2 has no `data` envelope."""

import csv
import html
import io
import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from . import analytics, assumed, growth
from .analytics import Post
from .call import Call, Text
from .errors import ApiError, invalid
from .fields import Fields
from .growth import Metrics
from .paging import read_date
from .reference import country_code
from .store import Row
from .uploads import save_media
from .work import Json, Work

CSV_COLUMNS = (
    "account_id",
    "username",
    "platform",
    "country",
    "video_id",
    "platform_url",
    "description",
    "posted_at",
    "views",
    "likes",
    "comments",
    "shares",
    "bookmarks",
    "engagement_rate",
)
CONTRACT_HEADERS = {"X-TokPortal-Analytics-Contract": assumed.CONTRACT_VERSION}
SERIES_METRICS = ("views", "likes", "comments", "shares", "followers")
TEMPLATES = ("executive", "agency", "creator", "minimal", "growth", "board")
MAX_DAYS = 366


def chosen_accounts(
    work: Work, account_ids: list[str], platforms: list[str], countries: list[str]
) -> list[Row]:
    """The accounts that all given filters let through; an unknown account id is refused."""
    accounts = work.store.all("SELECT * FROM accounts ORDER BY seq")
    known = {account["id"] for account in accounts}
    for account_id in account_ids:
        if account_id not in known:
            raise ApiError(404, "SAVED_ACCOUNT_NOT_FOUND", "No account with this id", account_id=account_id)
    codes = {country_code(country) for country in countries}
    return [
        account
        for account in accounts
        if (not account_ids or account["id"] in account_ids)
        and (not platforms or account["platform"] in platforms)
        and (not codes or account["country"] in codes)
    ]


def _accounts_of(call: Call) -> list[Row]:
    args = call.args
    return chosen_accounts(call, args.getlist("account"), args.getlist("platform"), args.getlist("country"))


def _days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """`from` and `to`, as days or as times."""
    return (
        read_date("from", first[:10]) if first else None,
        read_date("to", last[:10]) if last else None,
    )


def posts_between(work: Work, accounts: list[Row], first: date | None, last: date | None) -> list[Post]:
    """The posts of the accounts that went live from `first` to `last`, both included."""
    return [
        post
        for account in accounts
        for post in analytics.posts_of(work, account)
        if (first is None or post.video["posted_at"].date() >= first)
        and (last is None or post.video["posted_at"].date() <= last)
    ]


def _account_row(work: Work, account: Row, posts: list[Post]) -> Json:
    total = sum((post.metrics for post in posts if post.account["id"] == account["id"]), Metrics())
    scraped_at = analytics.last_scrape(account, work.now)
    followers = (
        growth.followers(account["id"], account["created_at"], scraped_at, total.views) if scraped_at else 0
    )
    return {
        "account_id": account["id"],
        "username": account["username"],
        "platform": account["platform"],
        "country": account["country"],
        "followers": followers,
        "views": total.views,
        "likes": total.likes,
        "comments": total.comments,
        "shares": total.shares,
    }


def dashboard(call: Call) -> Json:
    """GET /analytics: totals over the chosen accounts; camelCase and snake_case are mixed, as upstream."""
    accounts = _accounts_of(call)
    posts = posts_between(call, accounts, *_days(call.args.get("from"), call.args.get("to")))
    rows = [_account_row(call, account, posts) for account in accounts]
    total = sum((post.metrics for post in posts), Metrics())
    top = sorted(posts, key=lambda post: post.metrics.views, reverse=True)[:10]
    return {
        "tier": "full",
        "access": {"level": "full", "planTier": assumed.PLAN_TIER, "reason": "full_access"},
        "totals": {
            "account_count": len(accounts),
            "views": total.views,
            "impressions": total.views,
            "tracked_posts": len(posts),
            "likes": total.likes,
            "comments": total.comments,
            "shares": total.shares,
            "followers": sum(row["followers"] for row in rows),
        },
        "accounts": rows,
        "topPosts": [post.as_json() for post in top],
        "facets": {
            "platforms": sorted({account["platform"] for account in accounts}),
            "countries": sorted({account["country"] for account in accounts}),
        },
        "contract": {"version": assumed.CONTRACT_VERSION},
    }


def contract(call: Call) -> Json:
    return {
        "version": assumed.CONTRACT_VERSION,
        "access": {"level": "full", "planTier": assumed.PLAN_TIER, "reason": "full_access"},
        "fields": {
            "views": "Times a post was played, cumulative",
            "engagement_rate": "(likes + comments + shares) / views, in per cent",
            "scraped_at": "When the figures were read from the platform",
        },
        "csv_columns": list(CSV_COLUMNS),
    }


def _value_at(work: Work, accounts: list[Row], metric: str, at: datetime) -> int:
    """A metric over accounts as it stood at a time."""
    value = 0
    for account in accounts:
        if account["created_at"] > at:
            continue
        total = sum(
            (
                growth.post_metrics(video["id"], video["posted_at"], at)
                for video in analytics.posted_videos(work, account["id"], at)
            ),
            Metrics(),
        )
        if metric == "followers":
            value += growth.followers(account["id"], account["created_at"], at, total.views)
        else:
            value += getattr(total, metric)
    return value


def series(call: Call) -> Json:
    """GET /analytics/series: one point per day or week, from stored snapshots."""
    args = call.args
    metric, mode = args.get("metric", "views"), args.get("mode", "cumulative")
    granularity = args.get("granularity", "day")
    for name, given, allowed in (
        ("metric", metric, SERIES_METRICS),
        ("mode", mode, ("cumulative", "gained", "snapshot")),
        ("granularity", granularity, ("day", "week")),
    ):
        if given not in allowed:
            raise invalid(**{name: f"must be one of {', '.join(allowed)}"})
    accounts = _accounts_of(call)
    first, last = _days(args.get("from"), args.get("to"))
    last = min(last or call.now.date(), call.now.date())
    first = first or last - timedelta(days=29)
    if not 0 <= (last - first).days <= MAX_DAYS:
        raise invalid(**{"from": f"must lie 0 to {MAX_DAYS} days before `to`"})
    step = timedelta(days=7 if granularity == "week" else 1)

    def value_at_end_of(day: date) -> int:
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
        return _value_at(call, accounts, metric, min(end, call.now))

    points: list[Json] = []
    before = value_at_end_of(first - step) if mode == "gained" else 0
    day = first
    while day <= last:
        value = value_at_end_of(day)
        points.append({"date": day.isoformat(), "value": value - before if mode == "gained" else value})
        before, day = value, day + step
    return {"metric": metric, "granularity": granularity, "mode": mode, "points": points}


def account_drill_down(call: Call, account_id: str) -> Json:
    account, scraped_at = analytics.scraped(call, account_id)
    posts = analytics.posts_of(call, account)
    return {
        "account": _account_row(call, account, posts),
        "summary": analytics.summary(call, account, scraped_at),
        "posts": [post.as_json() for post in posts],
        "contract": {"version": assumed.CONTRACT_VERSION},
    }


def export_videos(call: Call) -> Text:
    """GET /analytics/export/videos: one line per post under a header row."""
    posts = posts_between(call, _accounts_of(call), *_days(call.args.get("from"), call.args.get("to")))
    wanted = call.args.get("q", "").casefold()
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, CSV_COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for post in posts:
        row = post.as_json()
        if wanted in (row["description"] or "").casefold():
            writer.writerow(row | {name: post.account[name] for name in ("username", "platform", "country")})
    return Text(sheet.getvalue(), "text/csv", CONTRACT_HEADERS)


def _read_report(call: Call) -> tuple[str, list[Post]]:
    """The title and the posts of a report body."""
    fields = Fields(call.body if call.body is not None else {})
    title = fields.text("title") or "Performance report"
    fields.choice("template", TEMPLATES)
    lists: dict[str, list[str]] = {
        name: fields.texts(name) or [] for name in ("accountIds", "platforms", "countries")
    }
    first, last = fields.text("from"), fields.text("to")
    fields.check()
    accounts = chosen_accounts(call, lists["accountIds"], lists["platforms"], lists["countries"])
    return title, posts_between(call, accounts, *_days(first, last))


def _report_page(title: str, posts: list[Post]) -> str:
    def cells(values: list[Any], tag: str) -> str:
        return "".join(f"<{tag}>{html.escape(str(value))}</{tag}>" for value in values)

    head = cells(["Account", "Post", "Views"], "th")
    rows = "".join(
        f"<tr>{cells([post.account['username'], post.video['platform_url'], post.metrics.views], 'td')}</tr>"
        for post in posts
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title></head><body><h1>{html.escape(title)}</h1>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></body></html>"
    )


def create_report(call: Call) -> Json:
    """POST /analytics/export/reports: a public page, and a token that is shown once."""
    title, posts = _read_report(call)
    report_id = call.new_id()
    url = f"{call.settings.media_url}/reports/{report_id}.html"
    if not call.dry_run:
        page = _report_page(title, posts).encode()
        save_media(call, f"reports/{report_id}.html", page, "text/html; charset=utf-8")
    return {"id": report_id, "url": url, "token": secrets.token_urlsafe(24), "title": title}


def report_html(call: Call) -> Text:
    return Text(_report_page(*_read_report(call)), "text/html", CONTRACT_HEADERS)
