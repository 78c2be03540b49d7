"""Figures for pages: what was read, how old it is, and what is still being read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db import connection as database
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery

from agency.models import Connection, User
from campaigns import access
from campaigns.analytics.models import AccountPull, AccountSnapshot, VideoSnapshot
from campaigns.models import Bundle, SavedAccount, Video
from clients.models import Client

STILL_OF_INTEREST = timedelta(minutes=30)  # how long a finished or stuck request for figures is shown


@dataclass(frozen=True, slots=True)
class Progress:
    """One request for figures: how many accounts were read, of how many."""

    asked_at: datetime
    total: int
    done: int

    @property
    def is_running(self) -> bool:
        return self.done < self.total


@dataclass(frozen=True, slots=True)
class Change:
    """A figure now and a week before; None = not known."""

    now: int | None
    before: int | None

    @property
    def gained(self) -> int | None:
        return None if self.now is None or self.before is None else self.now - self.before


def visible_accounts(user: User) -> QuerySet[SavedAccount]:
    """As `access.visible_accounts`, with when each is read next."""
    return access.visible_accounts(user).select_related("pull").defer("raw")


def videos_of(bundles: QuerySet[Bundle]) -> QuerySet[Video]:
    """The posted videos of these bundles with their latest figures, most views first."""
    latest = VideoSnapshot.objects.filter(video=OuterRef("pk")).order_by("-day")
    return (
        Video.objects.filter(bundle__in=bundles)
        .exclude(platform_url="")
        .select_related("bundle")
        .annotate(
            **{
                name: _last_told(latest, name)
                for name in ("views", "likes", "comments", "shares", "bookmarks")
            },
            figures_at=Subquery(latest.values("scraped_at")[:1]),
        )
        .order_by(F("views").desc(nulls_last=True), "-posted_at", "pk")
    )


ACCOUNT_COLUMNS = (
    "username",
    "platform",
    "country",
    "client",
    "campaign",
    "banned",
    "followers",
    "views",
    "figures_at",
    "profile_url",
    "account_id",
)


def account_rows(accounts: QuerySet[SavedAccount]) -> Iterator[tuple[object, ...]]:
    """The list as rows under ACCOUNT_COLUMNS. Takes what `visible_accounts` returns."""
    for account in accounts.iterator(chunk_size=500):
        campaign = account.campaign
        yield (
            account.username,
            account.platform,
            account.country,
            campaign.client.name if campaign else "",
            campaign.name if campaign else "",
            "yes" if account.is_banned else "no",
            account.followers,
            account.views,
            account.analytics_at,
            account.profile_url,
            account.upstream_id,
        )


def _last_told(snapshots: QuerySet, name: str) -> Subquery:
    """A day that does not tell a figure does not hide the day before."""
    return Subquery(snapshots.exclude(**{name: None}).values(name)[:1])


def series(account: SavedAccount, metric: str, *, since: date | None) -> dict[date, int | None]:
    """One figure a day, oldest first. `metric` is a column of AccountSnapshot."""
    rows = AccountSnapshot.objects.filter(account=account).order_by("day")
    if since:
        rows = rows.filter(day__gte=since)
    return dict(rows.values_list("day", metric))


GAINED_KEPT_SECONDS = 600  # TokPortal looks at an account once a day or less
# Django cannot sum over a window.
VIEWS_GAINED = """
    SELECT day, sum(gain) FROM (
        SELECT snapshot.day, snapshot.views - lag(snapshot.views) OVER (
            PARTITION BY snapshot.account_id ORDER BY snapshot.day
        ) AS gain
        FROM analytics_accountsnapshot snapshot
        JOIN campaigns_savedaccount account ON account.id = snapshot.account_id
        JOIN campaigns_campaign campaign ON campaign.id = account.campaign_id
        WHERE campaign.client_id = %(client)s AND snapshot.day >= %(since)s AND snapshot.views IS NOT NULL
    ) gains WHERE gain IS NOT NULL GROUP BY day
"""


def views_gained(client: Client, *, since: date, today: date) -> dict[date, int | None]:
    """Views that the client's accounts gained from one reading to the next, by the day of the later one.

    Every day of the range: None = no account was read. Kept for ten minutes.
    """
    key = f"views-gained:{client.pk}:{since}:{today}"
    found: dict[date, int] | None = cache.get(key)
    if found is None:
        with database.cursor() as cursor:
            cursor.execute(VIEWS_GAINED, {"client": client.pk, "since": since})
            found = {day: int(gain) for day, gain in cursor.fetchall()}
        cache.set(key, found, GAINED_KEPT_SECONDS)
    days = (since + timedelta(days=n) for n in range((today - since).days + 1))
    return {day: found.get(day) for day in days}


def changes(account: SavedAccount, metrics: Iterable[str]) -> dict[str, Change]:
    """Each figure as it was last told, and as it stood a week before that; from the last sixty days told."""
    names = list(metrics)
    rows = list(AccountSnapshot.objects.filter(account=account).order_by("-day").values("day", *names)[:60])
    return {
        name: _change([(row["day"], row[name]) for row in rows if row[name] is not None]) for name in names
    }


def _change(told: list[tuple[date, int]]) -> Change:
    """`told`: day and figure, newest first."""
    if not told:
        return Change(None, None)
    day, figure = told[0]
    before = next((earlier for at, earlier in told if at <= day - timedelta(days=7)), None)
    return Change(figure, before)


def progress(accounts: QuerySet[SavedAccount], *, now: datetime) -> Progress | None:
    """How far the latest request for figures of these accounts is; None where there was none lately."""
    pulls = AccountPull.objects.filter(
        account__in=accounts.values("pk"), asked_at__gt=now - STILL_OF_INTEREST
    )
    asked_at = pulls.aggregate(latest=Max("asked_at"))["latest"]
    if asked_at is None:
        return None
    counted = pulls.filter(asked_at=asked_at).aggregate(
        total=Count("pk"), done=Count("pk", filter=Q(pulled_at__gte=F("asked_at")))
    )
    return Progress(asked_at=asked_at, **counted)


def last_pull_at(connection: Connection) -> datetime | None:
    """Machine time of the last answer about figures."""
    pulls = AccountPull.objects.filter(account__connection=connection)
    return pulls.aggregate(latest=Max("pulled_at"))["latest"]
