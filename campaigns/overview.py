"""How clients stand, in figures: read across the rooms for Today and the clients' and campaigns' pages."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from agency.models import Connection, User
from campaigns.access import visible_commands
from campaigns.analytics.models import VideoSnapshot
from campaigns.ledger.models import Budget, Commitment
from campaigns.ledger.months import Month
from campaigns.ledger.reports import BudgetState
from campaigns.models import Bundle, Campaign, Command, SavedAccount, Video
from campaigns.states import bundles_pill
from clients.models import Client

VIEWS_DAYS = 30
VIEWS_KEPT_SECONDS = 600  # TokPortal looks at a post once a day or less
BUDGETS_KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Bundles of one owner that are in the same human state."""

    word: str
    tone: str
    bundles: int


@dataclass(frozen=True, slots=True)
class ClientFigures:
    client: Client
    pipeline: list[Standing]
    videos_live: int
    views: int | None  # in the last 30 days; None = no figure yet
    credits_this_month: int  # charged to the client by the credit history; the agency's month
    budget: BudgetState
    data_at: datetime | None  # machine time of the last analytics pull


def client_figures(
    clients: Iterable[Client], *, connection: Connection | None, now: datetime
) -> list[ClientFigures]:
    """In the order of `clients`. Four queries, whatever their number. `now` is TokPortal's time.

    Credits are those of the workspace `connection`.
    """
    shown = list(clients)
    pks = [client.pk for client in shown]
    rows = {row["pk"]: row for row in _figures(pks)}
    credits = _credits(pks, connection, Month.of(now))
    pipelines = pipelines_by(Bundle.objects.filter(campaign__client__in=pks), "campaign__client")
    views = views_by_client(now.date())
    return [
        ClientFigures(
            client=client,
            pipeline=pipelines.get(client.pk, []),
            videos_live=row["live"],
            views=views.get(client.pk),
            credits_this_month=credits[client.pk].month,
            budget=BudgetState(row["limit"], credits[client.pk].used),
            data_at=row["data_at"],
        )
        for client in shown
        if (row := rows.get(client.pk))
    ]


@dataclass(frozen=True, slots=True)
class _Credits:
    used: int = 0
    month: int = 0


def _credits(pks: list[int], connection: Connection | None, month: Month) -> defaultdict[int, _Credits]:
    """Client → what is spoken for, and what of it was booked this month. Of all at once: one pass over the books."""
    booked = Q(booked_at__gte=month.begins_at)
    sums = (
        Commitment.objects.filter(connection=connection, client__in=pks)
        .values("client")
        .annotate(used=Sum("credits"), month=Sum("credits", filter=booked))
    )
    found = {row["client"]: _Credits(row["used"], row["month"] or 0) for row in sums}
    return defaultdict(_Credits, found)


def _figures(pks: list[int]) -> QuerySet[Any, Any]:
    """Each figure is a subquery of its own, so that sums do not multiply each other."""
    bundles = Bundle.objects.filter(campaign__client=OuterRef("pk"))
    budget = Budget.objects.filter(client=OuterRef("pk"), campaign=None)
    accounts = SavedAccount.objects.filter(campaign__client=OuterRef("pk")).order_by()
    return Client.objects.filter(pk__in=pks).values(
        "pk",
        live=total_of(bundles, "campaign__client", Sum("videos_live")),
        limit=Subquery(budget.values("credits")[:1]),
        data_at=Subquery(accounts.values("campaign__client").annotate(at=Max("analytics_at")).values("at")),
    )


def total_of(rows: QuerySet, group: str, total: Count | Sum) -> Coalesce:
    """Over the `rows` of the outer row; 0 where there are none. A subquery, so that totals do not multiply."""
    summed = rows.order_by().values(group).annotate(total=total).values("total")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


def pipelines_by(bundles: QuerySet[Bundle], owner: str) -> dict[int, list[Standing]]:
    """For each owner (`campaign` or `campaign__client`) its bundles by human state, most first. One query."""
    groups = bundles.order_by().values(owner, "status", "account_status").annotate(n=Count("pk"))
    counts: dict[int, Counter[tuple[str, str]]] = {}
    for group in groups:
        pill = bundles_pill(group["status"], group["account_status"])
        counts.setdefault(group[owner], Counter())[pill.word, pill.tone] += group["n"]
    return {
        pk: [Standing(word, tone, n) for (word, tone), n in found.most_common()]
        for pk, found in counts.items()
    }


def views_by_client(today: date) -> dict[int, int]:
    """Views that each client's videos gained in the last 30 days. One query, kept for ten minutes.

    A client without a figure is missing: no data is no zero.
    """
    key = f"views-by-client:{today}"
    found: dict[int, int] | None = cache.get(key)
    if found is None:
        found = _read_views_by_client(today - timedelta(days=VIEWS_DAYS))
        cache.set(key, found, VIEWS_KEPT_SECONDS)
    return found


def _read_views_by_client(before: date) -> dict[int, int]:
    snapshots = VideoSnapshot.objects.filter(video=OuterRef("pk"), views__isnull=False)
    # Not `posted_at__date`: that is a day of the zone in which the person reads, and this is kept for everybody.
    after = datetime.combine(before + timedelta(days=1), time.min, UTC)
    # What an older video had before: its last figure of that time, else the first one that we have at all.
    at_start = Coalesce(
        Subquery(snapshots.filter(day__lte=before).order_by("-day").values("views")[:1]),
        Case(
            When(posted_at__lt=after, then=Subquery(snapshots.order_by("day").values("views")[:1])),
            default=0,
        ),
    )
    gains = (
        Video.objects.filter(posted_at__isnull=False, bundle__campaign__isnull=False)
        .annotate(now=Subquery(snapshots.order_by("-day").values("views")[:1]), start=at_start)
        .filter(now__isnull=False)
        .values(client=F("bundle__campaign__client"))
        .annotate(gain=Sum(F("now") - F("start")))
    )
    return {row["client"]: row["gain"] for row in gains}


@dataclass(frozen=True, slots=True)
class DayOfClient:
    """Videos of one client that are planned for one day."""

    day: date
    client: Client
    videos: int
    countries: list[str]


def going_live(clients: Mapping[int, Client], *, today: date, days: int) -> list[DayOfClient]:
    """What is to be posted from `today` on and is not live yet, by day and client. One query."""
    groups = (
        Video.objects.filter(
            bundle__campaign__client__in=clients,
            publish_date__range=(today, today + timedelta(days=days - 1)),
        )
        .exclude(status__in=(*Video.LIVE, "cancelled"))
        .exclude(bundle__status__in=Bundle.ENDED)
        .order_by("publish_date", "bundle__campaign__client__name")
        .values("publish_date", "bundle__campaign__client")
        .annotate(n=Count("pk"), countries=ArrayAgg("bundle__country", distinct=True))
    )
    return [
        DayOfClient(day, clients[row["bundle__campaign__client"]], row["n"], row["countries"])
        for row in groups
        if (day := row["publish_date"])
    ]


def campaigns_with_figures(campaigns: QuerySet[Campaign], *, connection: Connection | None) -> QuerySet[Any]:
    """Adds `bundles_open`, `videos_live`, `budget_credits` and `credits_used` to each campaign.

    Credits are those of the workspace `connection`.
    """
    bundles = Bundle.objects.filter(campaign=OuterRef("pk"))
    spoken_for = Commitment.objects.filter(connection=connection, campaign=OuterRef("pk"))
    return campaigns.annotate(
        bundles_open=total_of(bundles.exclude(status__in=Bundle.ENDED), "campaign", Count("pk")),
        videos_live=total_of(bundles, "campaign", Sum("videos_live")),
        budget_credits=Subquery(Budget.objects.filter(campaign=OuterRef("pk")).values("credits")[:1]),
        credits_used=total_of(spoken_for, "campaign", Sum("credits")),
    )


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget with a limit, and what is spoken for of it. `name`: of the campaign, empty = the client's own."""

    client_id: int
    campaign_id: int | None
    name: str
    starts_on: date | None
    ends_on: date | None
    limit: int
    used: int


def budgets_in_use(connection: Connection) -> list[BudgetUse]:
    """Of everything that is not archived. One query, kept for a minute."""
    key = f"budgets-in-use:{connection.pk}"
    found: list[BudgetUse] | None = cache.get(key)
    if found is None:
        found = _read_budgets_in_use(connection)
        cache.set(key, found, BUDGETS_KEPT_SECONDS)
    return found


def _read_budgets_in_use(connection: Connection) -> list[BudgetUse]:
    spoken_for = Commitment.objects.filter(connection=connection, client=OuterRef("client"))
    of_campaign = spoken_for.filter(campaign=OuterRef("campaign"))
    rows = Budget.objects.filter(
        credits__gt=0, client__archived_at=None, campaign__archived_at=None
    ).values_list(
        "client_id",
        "campaign_id",
        Coalesce("campaign__name", Value("")),
        "campaign__starts_on",
        "campaign__ends_on",
        "credits",
        Case(
            When(campaign=None, then=total_of(spoken_for, "client", Sum("credits"))),
            default=total_of(of_campaign, "campaign", Sum("credits")),
        ),
    )
    return [BudgetUse(*row) for row in rows]


def recent_commands(
    user: User, *, client: Client | None = None, campaign: Campaign | None = None
) -> QuerySet[Command]:
    """What was ordered or changed last, newest first: no more of each than a line of text shows."""
    found = visible_commands(user).select_related(None).select_related("client", "campaign", "asked_by")
    if campaign:
        found = found.filter(campaign=campaign)
    elif client:
        found = found.filter(client=client)
    shown = ("kind", "state", "needs_person", "is_charged_differently", "state_since", "asked_at")
    money = ("credits_charged", "quoted_credits")
    names = ("client__name", "campaign__name")
    person = ("asked_by__username", "asked_by__first_name", "asked_by__last_name")
    return found.only(*shown, *money, *names, *person).order_by("-pk")
