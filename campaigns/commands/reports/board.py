"""Bundles by the stage of their life: for each stage how many, what they cost, how old, and the first of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.lifecycle import STAGES, UNKNOWN, Stage, shows_account, stage_of
from campaigns.models import Bundle, Command, Video
from campaigns.models.mirror import BundleQuerySet
from campaigns.states import REVIEW_HOURS, Pill, bundle_pill

MOST_CARDS = 12  # of a stage: eight full ones and the filters stay below 100 KB
CREDITS_KEPT_SECONDS = 60

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


Words = tuple[str, str]  # TokPortal's, for a bundle and for its account: together they make the stage


@dataclass(frozen=True, slots=True)
class Group:
    """Bundles that are in a stage for the same reason."""

    stage: Stage
    words: Words
    bundles: int
    oldest: datetime | None

    @property
    def since(self) -> str:
        """The column that says since when."""
        return "account_status_since" if shows_account(*self.words) else "status_since"

    def first(self, bundles: BundleQuerySet) -> QuerySet[Any]:
        """Those that wait longest; of what is over the latest."""
        status, account_status = self.words
        order = F(self.since).desc(nulls_last=True) if self.stage.is_end else F(self.since).asc()
        rows = bundles.filter(status=status, account_status=account_status)
        return rows.order_by(order, "-pk").values_list("pk", flat=True)[:MOST_CARDS]


def board(bundles: BundleQuerySet, *, may_edit: bool) -> list[Lane]:
    """A lane for each stage in the order of life; the unknown one only where there is something in it.

    `bundles` are those that the person may see and asked for. Four queries, whatever their number.
    """
    bundles = bundles.order_by()
    groups = _groups(bundles)
    credits = _credits(bundles) if groups else {}
    cards = _cards(bundles, groups, may_edit=may_edit) if groups else {}
    lanes = []
    for stage in STAGES:
        own = [group for group in groups if group.stage is stage]
        if own or stage is not UNKNOWN:
            lane = Lane(
                stage,
                bundles=sum(group.bundles for group in own),
                credits=sum(credits.get(group.words, 0) for group in own),
                oldest=min((group.oldest for group in own if group.oldest), default=None),
                cards=cards.get(stage.code, []),
            )
            lanes.append(lane)
    return lanes


def _groups(bundles: BundleQuerySet) -> list[Group]:
    rows = bundles.values("status", "account_status").annotate(
        n=Count("pk"), since=Min("status_since"), account_since=Min("account_status_since")
    )
    groups = []
    for row in rows:
        words = row["status"], row["account_status"]
        oldest = row["account_since"] if shows_account(*words) else row["since"]
        groups.append(Group(stage_of(*words), words, row["n"], oldest))
    return groups


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


def _credits(bundles: BundleQuerySet) -> dict[Words, int]:
    """What the Commands about these bundles were charged or hold, as the bundles' pages say it too.

    Kept for a minute: it is the one figure of the board that asks every order.
    """
    digest = hashlib.sha256(str(bundles.values("pk").query).encode()).hexdigest()
    key = f"board:credits:{digest}"
    found: dict[Words, int] | None = cache.get(key)
    if found is None:
        rows = _paid_commands().filter(bundle__in=bundles.values("pk")).order_by()
        sums = rows.values_list("bundle__status", "bundle__account_status").annotate(n=Sum(_spent()))
        found = {(status, account_status): credits for status, account_status, credits in sums}
        cache.set(key, found, CREDITS_KEPT_SECONDS)
    return found


def _cards(bundles: BundleQuerySet, groups: Sequence[Group], *, may_edit: bool) -> dict[str, list[Card]]:
    """The first bundles of each stage, by its code. Each group's first are found by an index."""
    first, *others = (group.first(bundles) for group in groups)
    shown = list(first.union(*others, all=True)) if others else list(first)
    spent = _paid_commands().filter(bundle=OuterRef("pk")).order_by().values("bundle")
    videos = Video.objects.filter(bundle=OuterRef("pk")).order_by().values("bundle")
    waiting = videos.filter(Q(status="in_review") | Q(has_download_issue=True))
    in_review = videos.filter(status="in_review").annotate(n=Min("status_since")).values("n")
    rows = (
        Bundle.objects.filter(pk__in=shown)
        .with_progress()
        .annotate(
            credits=Coalesce(Subquery(spent.annotate(n=Sum(_spent())).values("n")), 0),
            videos_waiting=Coalesce(Subquery(waiting.annotate(n=Count("pk")).values("n")), 0),
            in_review_since=Subquery(in_review),
        )
        .select_related("campaign__client")
        .defer("raw", "account_listing")
    )
    place = {pk: number for number, pk in enumerate(shown)}
    cards: dict[str, list[Card]] = {}
    for bundle in sorted(rows, key=lambda bundle: place[bundle.pk]):
        stage = stage_of(bundle.status, bundle.account_status)
        cards.setdefault(stage.code, []).append(_card(bundle, stage, may_edit=may_edit))
    ends = {stage.code for stage in STAGES if stage.is_end}
    for code, found in cards.items():  # several groups make a stage
        found.sort(key=_waits_since, reverse=code in ends)
        del found[MOST_CARDS:]
    return cards


def _waits_since(card: Card) -> float:
    return card.pill.since.timestamp() if card.pill.since else 0.0


def _card(bundle: Any, stage: Stage, *, may_edit: bool) -> Card:
    actors: Mapping[str, str] = {
        "us": _("You") if may_edit else _("The agency"),
        "manager": _("Manager"),
        "tokportal": "TokPortal",
    }
    actor = NEXT_ACTOR.get(stage.code, "")
    if bundle.videos_waiting and not bundle.is_ended:
        actor = "us"
    elif stage.code == "with-manager" and bundle.status != "accepted":
        actor = "tokportal"  # which finds the manager
    return Card(bundle, bundle_pill(bundle), actors.get(actor, ""))
