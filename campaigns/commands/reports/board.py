"""Bundles by the stage of their life: for each stage how many, what they cost, how old, and the first of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from campaigns.lifecycle import STAGES, UNKNOWN, Stage, since_of_row, stage_of_row
from campaigns.models import Bundle, Command, Video
from campaigns.models.mirror import BundleQuerySet
from campaigns.states import REVIEW_HOURS, Pill, bundle_pill

MOST_CARDS = 12  # of a stage: eight full ones and the filters stay below 100 KB

# Who moves a bundle on from a stage; "us" is the agency, and nobody moves what is over or not understood.
NEXT_ACTOR = {
    "to-set-up": "us",
    "with-manager": "manager",
    "in-review": "us",
    "change-asked": "manager",
    "live": "tokportal",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One bundle on the board."""

    bundle: Any  # a Bundle with what `_cards` adds to it
    pill: Pill
    actor: str

    @property
    def to_review(self) -> int:
        """Videos that wait for the agency: in review, or without a link that works."""
        return int(self.bundle.videos_waiting)

    @property
    def ends_at(self) -> datetime | None:
        """When a review ends by itself, the account's or the first video's; TokPortal's time."""
        if self.pill.until or not self.bundle.auto_finalize_videos or not self.bundle.in_review_since:
            return self.pill.until
        since: datetime = self.bundle.in_review_since
        return since + timedelta(hours=REVIEW_HOURS)


@dataclass(frozen=True, slots=True)
class Lane:
    """A column of the board. `credits` and `oldest` are those of all its bundles, also of those not shown."""

    stage: Stage
    bundles: int = 0
    credits: int = 0
    oldest: datetime | None = None  # TokPortal's time
    cards: list[Card] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.bundles - len(self.cards)


def board(bundles: BundleQuerySet, *, may_edit: bool) -> list[Lane]:
    """A lane for each stage in the order of life; the unknown one only where there is something in it.

    `bundles` are those that the person may see and asked for. Three queries, whatever their number.
    """
    bundles = bundles.order_by()
    staged = bundles.annotate(stage=stage_of_row(), since=since_of_row())
    counts = {
        row["stage"]: row for row in staged.values("stage").annotate(n=Count("pk"), oldest=Min("since"))
    }
    credits = _credits_by_stage(bundles)
    cards: dict[str, list[Card]] = {}
    for bundle in _shown(staged):
        cards.setdefault(bundle.stage, []).append(_card(bundle, may_edit=may_edit))
    return [
        Lane(
            stage,
            counts[stage.code]["n"],
            credits.get(stage.code, 0),
            counts[stage.code]["oldest"],
            cards.get(stage.code, []),
        )
        if stage.code in counts
        else Lane(stage)
        for stage in STAGES
        if stage.code in counts or stage is not UNKNOWN
    ]


def _spent() -> Case:
    """What a Command counts: the charge where it is known, else the price that is held for it."""
    return Case(
        When(state=Command.State.SUCCEEDED, then=Coalesce("credits_charged", "quoted_credits")),
        default=F("quoted_credits"),
    )


def _paid_commands() -> QuerySet[Command]:
    """Charged or held. What TokPortal charges unasked, such as Coverage, is in the books and not in here."""
    nothing = (Command.State.REFUSED, Command.State.VOID)
    return Command.objects.filter(Q(quoted_credits__gt=0) | Q(credits_charged__gt=0)).exclude(
        state__in=nothing
    )


def _credits_by_stage(bundles: BundleQuerySet) -> dict[str, int]:
    """Credits that the Commands about these bundles were charged or hold, as the bundles' pages say it too."""
    spent = _paid_commands().filter(bundle=OuterRef("pk")).order_by().values("bundle")
    rows = (
        bundles.annotate(stage=stage_of_row(), credits=Subquery(spent.annotate(n=Sum(_spent())).values("n")))
        .values("stage")
        .annotate(n=Coalesce(Sum("credits"), 0))
    )
    return {row["stage"]: row["n"] for row in rows}


def _shown(staged: QuerySet[Any]) -> QuerySet[Any]:
    """The first bundles of each stage: those that wait longest; of what is over the latest."""
    ended = [stage.code for stage in STAGES if stage.is_end]
    order = [
        Case(When(stage__in=ended, then=None), default=F("since")).asc(),
        F("since").desc(),
        F("pk").desc(),
    ]
    place = Window(RowNumber(), partition_by=F("stage"), order_by=order)
    first = staged.annotate(place=place).filter(place__lte=MOST_CARDS)
    spent = _paid_commands().filter(bundle=OuterRef("pk")).order_by().values("bundle")
    videos = Video.objects.filter(bundle=OuterRef("pk")).order_by().values("bundle")
    waiting = videos.filter(Q(status="in_review") | Q(has_download_issue=True))
    return (
        Bundle.objects.filter(pk__in=first.values("pk"))
        .with_progress()
        .annotate(
            stage=stage_of_row(),
            since=since_of_row(),
            credits=Coalesce(Subquery(spent.annotate(n=Sum(_spent())).values("n")), 0),
            videos_waiting=Coalesce(Subquery(waiting.annotate(n=Count("pk")).values("n")), 0),
            in_review_since=Subquery(
                videos.filter(status="in_review").annotate(n=Min("status_since")).values("n")
            ),
        )
        .select_related("campaign__client")
        .defer("raw", "account_listing")
        .order_by(*order)
    )


def _card(bundle: Any, *, may_edit: bool) -> Card:
    actors: Mapping[str, str] = {
        "us": _("You") if may_edit else _("The agency"),
        "manager": _("Manager"),
        "tokportal": "TokPortal",
    }
    actor = NEXT_ACTOR.get(bundle.stage, "")
    if bundle.videos_waiting and not bundle.is_ended:
        actor = "us"
    elif bundle.stage == "with-manager" and bundle.status != "accepted":
        actor = "tokportal"  # which finds the manager
    return Card(bundle, bundle_pill(bundle), actors.get(actor, ""))
