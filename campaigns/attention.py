"""What needs a person, and why now: read across the rooms, worded for the page, sorted by urgency."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum
from django.urls import reverse

from agency.models import Connection
from campaigns.ledger import reports as ledger
from campaigns.models import Bundle, Command, SavedAccount, Video
from campaigns.states import REVIEW_HOURS
from clients.models import Client

SOON = timedelta(hours=24)  # a deadline within it comes before everything else
STALE_AFTER = timedelta(days=2)
REFUSED_FOR = timedelta(days=7)  # older refusals are history
MOST = 100  # of each sort: nobody reads further, and the page stays small


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of waiting thing: what its pill says, and what its button does."""

    rank: int  # among those without a near deadline, smaller first
    state: str
    tone: str
    action: str
    is_deadline: bool = False  # it closes by itself at `Need.at`; else it waits since then


UNDECIDED = Sort(0, "You decide", "bad", "See evidence")
NO_DOWNLOAD = Sort(1, "Download failed", "bad", "Fix link")
REFUSED = Sort(2, "Refused", "bad", "See why")
ACCOUNT_IN_REVIEW = Sort(3, "Finalises itself", "wait", "Review", is_deadline=True)
VIDEOS_IN_REVIEW = Sort(4, "Finalises itself", "wait", "Review", is_deadline=True)
VIDEOS_TO_FINALISE = Sort(4, "In review", "wait", "Review")
UNASSIGNED = Sort(5, "Unassigned", "bad", "Assign")
CHARGED_DIFFERENTLY = Sort(5, "Charged differently", "wait", "Compare")
READY = Sort(6, "Set up", "calm", "Publish")
STALE = Sort(7, "Old figures", "wait", "Look")
UNCLAIMED = Sort(7, "Unclaimed", "wait", "Claim")
CHANGE_ASKED = Sort(8, "Change asked", "info", "Look")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person, with the one link that leads to the fix."""

    sort: Sort
    what: str
    about: str
    at: datetime | None  # TokPortal's time
    url: str
    client: Client | None = None  # None = the agency's own
    credits: int | None = None

    def closes_soon(self, now: datetime) -> bool:
        return self.sort.is_deadline and self.at is not None and self.at - now < SOON


def needs(
    clients: Mapping[int, Client], *, connection: Connection | None, now: datetime, for_owner: bool
) -> list[Need]:
    """Everything of these clients that waits, most urgent first. `now` is TokPortal's time.

    Owners are also told what belongs to nobody. At most six queries, and at most MOST rows of each.
    """
    found = [*_bundles(clients), *_videos(clients), *_commands(clients, now, for_owner=for_owner)]
    if connection:
        found += _stale_figures(clients, now - timedelta(seconds=connection.clock_skew_seconds))
        if for_owner:
            found += _ownerless(connection)

    def urgency(need: Need) -> tuple[int, float]:
        return (-1 if need.closes_soon(now) else need.sort.rank, need.at.timestamp() if need.at else 0.0)

    return sorted(found, key=urgency)


def _bundles(clients: Mapping[int, Client]) -> Iterator[Need]:
    """Accounts in review or under correction, and bundles that could be published at once."""
    slots = Video.objects.filter(bundle=OuterRef("pk"))
    in_review = Q(status__in=Bundle.HANDED_OVER, account_status__in=("in_review", "pending_corrections"))
    has_account = Q(account_status="configured") | Q(bundle_type=Bundle.Type.VIDEOS_ONLY)
    has_videos = Q(bundle_type=Bundle.Type.ACCOUNT_ONLY) | (
        Exists(slots.filter(status="configured")) & ~Exists(slots.filter(status="pending"))
    )
    is_ready = Q(status="pending_setup") & has_account & has_videos
    rows = (
        Bundle.objects.filter(in_review | is_ready, campaign__client__in=clients, campaign__archived_at=None)
        .select_related("campaign", "saved_account")
        .defer("raw", "account_listing", "saved_account__raw")
        .order_by("account_status_since", "pk")[:MOST]
    )
    for bundle in rows:
        assert bundle.campaign is not None  # by the filter
        client, since = clients[bundle.campaign.client_id], bundle.account_status_since
        about = _about(bundle, bundle.campaign.name)
        if bundle.status == "pending_setup":
            yield Need(
                READY, "Ready to publish", about, bundle.status_since, bundle.get_absolute_url(), client
            )
            continue
        if bundle.saved_account:
            about = f"@{bundle.saved_account.username} · {bundle.campaign}"
        page = reverse("bundle_account", args=[bundle.pk])
        if bundle.account_status == "in_review":
            until = since + timedelta(hours=REVIEW_HOURS) if since else None
            yield Need(ACCOUNT_IN_REVIEW, "Account in review", about, until, page, client)
        else:
            yield Need(CHANGE_ASKED, "Account change asked", about, since, page, client)


def _videos(clients: Mapping[int, Client]) -> Iterator[Need]:
    """Videos in review, under correction or without a working link, counted by bundle."""
    waiting = Q(status__in=("in_review", "pending_corrections")) | Q(has_download_issue=True)
    groups = (
        Video.objects.filter(
            waiting, bundle__campaign__client__in=clients, bundle__campaign__archived_at=None
        )
        .values(
            "bundle_id",
            "status",
            "has_download_issue",
            client_id=F("bundle__campaign__client_id"),
            campaign=F("bundle__campaign__name"),
            title=F("bundle__title"),
            country=F("bundle__country"),
            platform=F("bundle__platform"),
            finalises_itself=F("bundle__auto_finalize_videos"),
        )
        .annotate(n=Count("pk"), since=Min("status_since"))
        .order_by("since")[:MOST]
    )
    for group in groups:
        bundle = Bundle(title=group["title"], country=group["country"], platform=group["platform"])
        about, client = _about(bundle, group["campaign"]), clients[group["client_id"]]
        count = "Video" if group["n"] == 1 else f"{group['n']} videos"
        page, since = reverse("bundle_videos", args=[group["bundle_id"]]), group["since"]
        if group["has_download_issue"]:
            yield Need(NO_DOWNLOAD, f"{count} without a working link", about, since, page, client)
        elif group["status"] == "pending_corrections":
            yield Need(CHANGE_ASKED, f"{count}: change asked", about, since, page, client)
        elif group["finalises_itself"]:
            until = since + timedelta(hours=REVIEW_HOURS)
            yield Need(VIDEOS_IN_REVIEW, f"{count} in review", about, until, page, client)
        else:
            yield Need(VIDEOS_TO_FINALISE, f"{count} in review", about, since, page, client)


def _commands(clients: Mapping[int, Client], now: datetime, *, for_owner: bool) -> Iterator[Need]:
    """Outcomes that a person must decide, and refusals that nobody has tried again."""
    later = Command.objects.filter(kind=OuterRef("kind"), pk__gt=OuterRef("pk")).exclude(
        state=Command.State.VOID
    )
    # Three questions, each with its own index, rather than one with three ors.
    tried_again = (
        Exists(later.filter(bundle=OuterRef("bundle"), target=OuterRef("target")))
        | Exists(later.filter(kind=Command.Kind.CREATE_BUNDLE, campaign=OuterRef("campaign")))
        | Exists(later.filter(bundle=None, client=None))
    )
    recent = Q(state_since__gte=now - REFUSED_FOR)
    wanted = Q(state=Command.State.UNKNOWN, needs_person=True)
    wanted |= recent & Q(~tried_again, state=Command.State.REFUSED)
    whose = Q(client__in=clients)
    if for_owner:
        wanted |= recent & Q(state=Command.State.SUCCEEDED, is_charged_differently=True)
        whose |= Q(client=None)
    rows = (
        Command.objects.filter(whose, wanted)
        .select_related("campaign", "bundle")
        .defer("answer", "body", "bundle__raw", "bundle__account_listing")
        .order_by("state_since", "pk")[:MOST]
    )
    for command in rows:
        client = clients.get(command.client_id) if command.client_id else None
        about = _about(command.bundle, command.campaign.name if command.campaign else "")
        verb, page, since = command.get_kind_display(), command.get_absolute_url(), command.state_since
        quoted = command.quoted_credits or None
        if command.state == Command.State.UNKNOWN:
            yield Need(UNDECIDED, f"{verb}: outcome unknown", about, since, page, client, quoted)
        elif command.state == Command.State.REFUSED:
            yield Need(REFUSED, f"{verb}: refused", about, since, page, client, quoted)
        else:
            charged = command.credits_charged
            yield Need(CHARGED_DIFFERENTLY, f"{verb}: not as quoted", about, since, page, client, charged)


def _stale_figures(clients: Mapping[int, Client], now: datetime) -> Iterator[Need]:
    """Clients whose accounts nobody has read for two days. `now` is machine time, as is `analytics_at`."""
    until = now - STALE_AFTER
    is_old = Q(analytics_at__lt=until) | Q(analytics_at=None, upstream_created_at__lt=until)
    groups = (
        SavedAccount.objects.filter(is_old, is_banned=False, campaign__client__in=clients)
        .order_by()
        .values(client=F("campaign__client"), slug=F("campaign__client__slug"))
        .annotate(n=Count("pk"), since=Min("analytics_at"))
    )
    for group in groups:
        count = "An account" if group["n"] == 1 else f"{group['n']} accounts"
        page = f"{reverse('account_list')}?client={group['slug']}&sort=age"
        what = f"{count} without figures of the last two days"
        yield Need(STALE, what, "Analytics", group["since"], page, clients[group["client"]])


def _about(bundle: Bundle | None, campaign: str) -> str:
    """The bundle and its campaign, without saying the campaign's name twice."""
    name = str(bundle) if bundle else ""
    return name if campaign in name else " · ".join(part for part in (name, campaign) if part)


def _ownerless(connection: Connection) -> Iterator[Need]:
    """What belongs to no client: charges of the history, and bundles that somebody else ordered."""
    charges = ledger.unassigned_entries(connection).aggregate(
        n=Count("pk"), credits=Sum("amount"), since=Min("created_at")
    )
    if charges["n"]:
        what = (
            "A charge belongs to nobody"
            if charges["n"] == 1
            else f"{charges['n']:,} charges belong to nobody"
        )
        page = reverse("credit_unassigned")
        yield Need(UNASSIGNED, what, "Credit history", charges["since"], page, credits=-charges["credits"])
    unclaimed = Bundle.objects.filter(connection=connection, campaign=None).exclude(status__in=Bundle.ENDED)
    found = unclaimed.aggregate(n=Count("pk"), since=Min("upstream_created_at"))
    if found["n"]:
        what = (
            "A bundle belongs to no campaign"
            if found["n"] == 1
            else f"{found['n']:,} bundles belong to no campaign"
        )
        yield Need(UNCLAIMED, what, "Ordered elsewhere", found["since"], reverse("bundle_unclaimed"))
