"""A client's month: work, results and credits, as one value that page, CSV and command all draw.

`Statement` holds what a client may see. What is the agency's alone is in `AgencyPart` and nowhere else (T2).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from agency.models import Connection
from campaigns.credits import checks
from campaigns.ledger.models import Allocation, Budget, Reservation
from campaigns.ledger.months import Month, agency_zone
from campaigns.ledger.reports import booked_allocations, unbooked_reservations
from campaigns.models import Bundle, Video
from campaigns.models.mirror import platform_name
from campaigns.reports.results import NO_DATA, Figure, Figures, engagement, figures_of, sum_of
from campaigns.states import bundle_pill
from clients.models import Client


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """Credits of one entry, or of a part of one. Positive = charged, negative = given back."""

    day: date
    what: str
    campaign: str
    bundle_ref: str
    credits: int


@dataclass(frozen=True, slots=True)
class BundleLine:
    """A bundle that was ordered in the month, or had a video go live in it."""

    ordered_on: date | None
    name: str
    campaign: str
    bundle_ref: str
    country: str
    platform: str
    status: str  # in our words
    videos: int
    live: int  # at the month's end
    bundle_id: int


@dataclass(frozen=True)
class VideoLine:
    """A video that was live at the month's end."""

    posted_on: date
    is_new: bool  # went live in the month
    name: str
    campaign: str
    bundle_ref: str
    country: str
    platform: str
    url: str
    figures: Figures

    @cached_property
    def engagement(self) -> Figure:
        return engagement(self.figures)


@dataclass(frozen=True)  # no slots: its sums are kept once they are made
class Statement:
    """Days are the agency's. Credits whole; None = not known."""

    client_name: str
    client_slug: str
    month: Month
    opening: int  # net charges of all earlier months
    not_booked: int  # charged in the month by orders that the history does not show yet; in no other figure
    budget: int | None  # for all time; None = no limit
    charges: tuple[ChargeLine, ...]
    bundles: tuple[BundleLine, ...]
    videos: tuple[VideoLine, ...]

    @cached_property
    def charged(self) -> int:
        return sum(line.credits for line in self.charges)

    @cached_property
    def closing(self) -> int:
        return self.opening + self.charged

    @cached_property
    def budget_left(self) -> int | None:
        return None if self.budget is None else self.budget - self.closing

    @cached_property
    def went_live(self) -> int:
        return sum(line.is_new for line in self.videos)

    @cached_property
    def views_gained(self) -> int | None:
        return sum_of(line.figures["views"].gained for line in self.videos)

    @cached_property
    def engagement_gained(self) -> int | None:
        return sum_of(line.engagement.gained for line in self.videos)

    @cached_property
    def without_data(self) -> int:
        """Live videos that no figure of the month is known of."""
        return sum(line.figures["views"].gained is None for line in self.videos)


@dataclass(frozen=True, slots=True)
class AgencyPart:
    """What of the pool stands beside a client's month, for owners alone."""

    unassigned_entries: int  # of the month, belonging to nobody yet
    unassigned_credits: int  # signed like entries
    is_reconciled: bool


def build_statement(client: Client, month: Month, connection: Connection) -> Statement:
    """Seven queries, whatever the size of the month."""
    theirs = booked_allocations(connection).filter(client=client)
    earlier = theirs.filter(entry__created_at__lt=month.begins_at).aggregate(n=Sum("amount"))["n"] or 0
    budget = Budget.objects.filter(client=client, campaign=None).first()
    posted = _posted_videos(client, month, connection)
    return Statement(
        client_name=client.name,
        client_slug=client.slug,
        month=month,
        opening=-earlier,
        not_booked=_not_booked(client, month, connection),
        budget=budget.credits if budget else None,
        charges=_charges(client, month, connection),
        bundles=_bundles(client, month, connection, Counter(video.bundle_id for video in posted)),
        videos=_videos(posted, month),
    )


def _not_booked(client: Client, month: Month, connection: Connection) -> int:
    charged = unbooked_reservations(connection).filter(
        client=client,
        state=Reservation.State.SETTLED,
        settled_at__gte=month.begins_at,
        settled_at__lt=month.ends_at,
    )
    return charged.aggregate(n=Sum("credits"))["n"] or 0


def _charges(client: Client, month: Month, connection: Connection) -> tuple[ChargeLine, ...]:
    zone = agency_zone()
    made = (
        Allocation.objects.standing()
        .filter(
            client=client,
            entry__connection=connection,
            entry__created_at__gte=month.begins_at,
            entry__created_at__lt=month.ends_at,
        )
        .select_related("entry", "campaign", "bundle", "command")
        .only(
            "amount",
            "entry__created_at",
            "entry__description",
            "entry__type",
            "campaign__name",
            "bundle__title",
            "bundle__country",
            "bundle__platform",
            "bundle__external_ref",
            "command__kind",
        )
        .order_by("entry__created_at", "pk")
    )
    return tuple(
        ChargeLine(
            day=allocation.entry.created_at.astimezone(zone).date(),
            what=_what(allocation),
            campaign=allocation.campaign.name if allocation.campaign else "",
            bundle_ref=allocation.bundle.external_ref if allocation.bundle else "",
            credits=-allocation.amount,
        )
        for allocation in made
    )


def _what(allocation: Allocation) -> str:
    """What was charged, in our words where we ordered it, else in TokPortal's."""
    if allocation.command is None:
        return allocation.entry.description or allocation.entry.type.capitalize() or _("Charge")
    kind = allocation.command.get_kind_display()
    if allocation.bundle is None:
        return kind
    return _("%(order)s: %(bundle)s") % {"order": kind, "bundle": allocation.bundle}


def _bundles(
    client: Client, month: Month, connection: Connection, live: Mapping[int, int]
) -> tuple[BundleLine, ...]:
    zone = agency_zone()
    inside = (month.begins_at, month.ends_at)
    with_new_videos = Video.objects.filter(
        posted_at__gte=inside[0], posted_at__lt=inside[1], bundle__campaign__client=client
    ).values("bundle")
    ordered = Q(upstream_created_at__gte=inside[0], upstream_created_at__lt=inside[1])
    bundles = (
        Bundle.objects.filter(ordered | Q(pk__in=with_new_videos))
        .filter(connection=connection, campaign__client=client)
        .select_related("campaign")
        .defer("raw", "account_listing")
        .order_by("upstream_created_at", "pk")
    )
    return tuple(
        BundleLine(
            ordered_on=bundle.upstream_created_at.astimezone(zone).date()
            if bundle.upstream_created_at
            else None,
            name=str(bundle),
            campaign=bundle.campaign.name if bundle.campaign else "",
            bundle_ref=bundle.external_ref,
            country=bundle.country,
            platform=bundle.get_platform_name(),
            status=bundle_pill(bundle).word,
            videos=bundle.videos_quantity,
            live=live.get(bundle.pk, 0),
            bundle_id=bundle.pk,
        )
        for bundle in bundles
    )


class _Posted(NamedTuple):
    """One live video, and of its bundle and campaign what its line says: thousands are made for one page."""

    pk: int
    bundle_id: int
    posted_at: datetime  # by the filter
    position: int
    name: str
    description: str
    external_ref: str
    url: str
    bundle_ref: str
    country: str
    platform: str
    campaign: str


def _posted_videos(client: Client, month: Month, connection: Connection) -> list[_Posted]:
    rows = (
        Video.objects.filter(
            bundle__connection=connection, bundle__campaign__client=client, posted_at__lt=month.ends_at
        )
        .exclude(platform_url="")
        .order_by("posted_at", "pk")
        .values_list(
            "pk",
            "bundle_id",
            "posted_at",
            "position",
            "name",
            "description",
            "external_ref",
            "platform_url",
            "bundle__external_ref",
            "bundle__country",
            "bundle__platform",
            "bundle__campaign__name",
        )
    )
    return [_Posted(*row) for row in rows]  # type: ignore[arg-type]  # none without `posted_at`


def _videos(posted: list[_Posted], month: Month) -> tuple[VideoLine, ...]:
    """The most seen of the month first; without data last."""
    zone = agency_zone()
    figures = figures_of({video.pk: video.posted_at for video in posted}, month)
    lines = [
        VideoLine(
            posted_on=video.posted_at.astimezone(zone).date(),
            is_new=video.posted_at >= month.begins_at,
            name=video.name
            or video.description
            or video.external_ref
            or _("Video %(position)d") % {"position": video.position},
            campaign=video.campaign,
            bundle_ref=video.bundle_ref,
            country=video.country,
            platform=platform_name(video.platform),
            url=video.url,
            figures=figures.get(video.pk, NO_DATA),
        )
        for video in posted
    ]
    lines.sort(key=lambda line: -1 if (seen := line.figures["views"].gained) is None else seen, reverse=True)
    return tuple(lines)


def build_agency_part(client: Client, month: Month, connection: Connection) -> AgencyPart:
    unassigned = connection.credit_entries.unassigned().filter(
        created_at__gte=month.begins_at, created_at__lt=month.ends_at
    )
    sums = unassigned.aggregate(entries=Count("pk"), credits=Sum("amount"))
    return AgencyPart(
        unassigned_entries=sums["entries"],
        unassigned_credits=sums["credits"] or 0,
        is_reconciled=checks.proof(connection).is_reconciled,
    )
