"""What the credits pages show: where the pool went, the ledger, and who an entry may belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agency.formats import number
from agency.models import Connection
from campaigns.credits.matching import Charge, is_expiry, is_top_up, nearest
from campaigns.credits.sync import charge_of, row_of, unbooked_commands
from campaigns.ledger.models import Allocation, CreditEntry, CreditEntryQuerySet
from campaigns.models import Bundle, Command
from clients.models import Client

Owner = Allocation.Owner
SUMS_SECONDS = 600
# Which rule gave an entry to its owner, for people.
WHY = {
    "command-exact": gettext_lazy("amount, balance and time fit that order"),
    "command-run": gettext_lazy("together with its neighbours it makes that order's charge"),
    "command-time": gettext_lazy("no other order and no other entry of that moment has this amount"),
    "command-parts": gettext_lazy("no other order and no other entry of that moment is for the same things"),
    "top-up": gettext_lazy("credits were bought"),
}
SAME_DAY = timedelta(days=1)  # how far away an order may be to be worth a look
SAME_MOMENT = timedelta(minutes=10)  # between a charge in the web UI and its bundle


@dataclass(frozen=True, slots=True)
class Share:
    """One piece of the pool's bar. `credits` positive = spent; `start` is where the piece begins."""

    whose: str  # a client's name, or what the catalogues call the others: it is kept for everybody
    credits: int
    start: int
    tone: str  # CSS class of the fill
    client: Client | None = None

    @property
    def label(self) -> str:
        return self.whose if self.client else _(self.whose)


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Where the credits went that were ever bought. Whole credits."""

    bought: int
    left: int
    shares: tuple[Share, ...]

    @property
    def width(self) -> int:
        """Of the bar; an entry given back can make the pieces longer than what was bought."""
        return max(self.bought, sum(share.credits for share in self.shares), 1)


def pool_use(connection: Connection, *, closing: int | None) -> PoolUse:
    """`closing` = the newest entry's balance. Kept until something is added to the books."""
    of_connection = Allocation.objects.filter(entry__connection=connection)
    newest = (
        connection.credit_entries.aggregate(n=Max("pk"))["n"],
        Allocation.objects.aggregate(n=Max("pk"))["n"],
    )
    key = f"credits:use:{connection.pk}:{newest[0]}:{newest[1]}"
    found: PoolUse | None = cache.get(key)
    if found is not None:
        return found
    sums: dict[tuple[str, int | None], int] = {
        (row["owner"], row["client"]): row["credits"]
        for row in of_connection.values("owner", "client").annotate(credits=Sum("amount"))
    }
    clients = Client.objects.in_bulk([client for _owner, client in sums if client])
    pieces: list[tuple[str, int, str, Client | None]] = [
        (clients[client].name, -credits, f"client client-{client}", clients[client])
        for (_owner, client), credits in sorted(sums.items(), key=lambda item: item[1])
        if client
    ]
    unassigned = connection.credit_entries.unassigned().aggregate(n=Sum("amount"))["n"] or 0
    pieces += [
        (gettext_noop("Shared by all clients"), -sums.get((Owner.SHARED, None), 0), "calm", None),
        (gettext_noop("The agency"), -sums.get((Owner.AGENCY, None), 0), "wait", None),
        (gettext_noop("Unassigned"), -unassigned, "bad", None),
    ]
    shares, start = [], 0
    for whose, credits, tone, client in pieces:
        if credits > 0:
            shares.append(Share(whose, credits, start, tone, client))
            start += credits
    found = PoolUse(sums.get((Owner.POOL, None), 0), closing or 0, tuple(shares))
    cache.set(key, found, SUMS_SECONDS)
    return found


def types(connection: Connection) -> list[str]:
    """TokPortal's types of all entries. Kept until entries come in."""
    newest = connection.credit_entries.aggregate(n=Max("pk"))["n"]
    key = f"credits:types:{connection.pk}:{newest}"
    found: list[str] | None = cache.get(key)
    if found is None:
        told = connection.credit_entries.order_by("type").values_list("type", flat=True).distinct()
        found = [type for type in told if type]
        cache.set(key, found, SUMS_SECONDS)
    return found


def ledger(connection: Connection) -> CreditEntryQuerySet:
    """All entries, newest first. Their `allocations.all()` are read with them: the standing ones."""
    standing = (
        Allocation.objects.standing()
        .select_related("client", "campaign", "bundle")
        .only(
            "entry",
            "amount",
            "owner",
            "rule",
            "confidence",
            "command_id",
            "client__name",
            "client__slug",
            "campaign__name",
            "bundle__external_ref",
        )
    )
    return (
        connection.credit_entries.defer("raw", "breakdown")
        .prefetch_related(Prefetch("allocations", queryset=standing))
        .order_by("-created_at", "-pk")
    )


def found_by(entries: CreditEntryQuerySet, words: str) -> CreditEntryQuerySet:
    """Entries whose text, id, amount or bundle's reference contains what was typed."""
    where = Q(description__icontains=words) | Q(upstream_id__icontains=words)
    number = words.replace(",", "").lstrip("+-−")
    if number.isdecimal() and len(number) < 10:
        where |= Q(amount__in=[int(number), -int(number)])
    by_reference = Allocation.objects.filter(bundle__external_ref__icontains=words).values("entry")
    return entries.filter(where | Q(pk__in=by_reference))


def breakdown_lines(entry: CreditEntry) -> list[tuple[str, int]]:
    """What TokPortal says an entry is made of; what it leaves out is a line of its own (M6)."""
    lines = [
        (name.replace("_", " ").capitalize(), credits) for name, credits in entry.breakdown.items() if credits
    ]
    rest = abs(entry.amount) - sum(abs(credits) for _name, credits in lines)
    return [*lines, (_("Unexplained"), rest)] if lines and rest else lines


def bundles_near(entry: CreditEntry) -> QuerySet[Bundle]:
    """Bundles of campaigns that were there when the entry was written, the newest of that time first."""
    return (
        entry.connection.bundles.filter(
            campaign__isnull=False, upstream_created_at__lte=entry.created_at + SAME_MOMENT
        )
        .exclude(external_ref="")
        .select_related("campaign__client")
        .defer("raw", "account_listing")
        .order_by("-upstream_created_at")[:50]
    )


# Who an unassigned entry may belong to

# An event at the moment of an entry, before it, and after it.
ANSWERED = (
    gettext_lazy("answered at the same moment"),
    gettext_lazy("answered %(length)s before it"),
    gettext_lazy("answered %(length)s after it"),
)
CREATED_ELSEWHERE = (
    gettext_lazy("ordered outside this dashboard, created at the same moment"),
    gettext_lazy("ordered outside this dashboard, created %(length)s before it"),
    gettext_lazy("ordered outside this dashboard, created %(length)s after it"),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A guess with its reasons. `choice` is what the button sends; empty = it can only be looked at."""

    choice: str
    label: str
    why: str
    url: str = ""
    client: Client | None = None


def suggestions(connection: Connection, entries: Sequence[CreditEntry]) -> dict[int, list[Suggestion]]:
    """Entry → guesses, the best first. A fixed number of queries for any number of entries."""
    commands = {command.pk: command for command in unbooked_commands(connection, near=_days_around(entries))}
    charges = [charge_of(command) for command in commands.values()]
    bundles = _bundles_around(connection, entries)
    return {
        entry.pk: [
            *_from_commands(entry, charges, commands),
            *_from_bundles(entry, bundles),
            *_from_its_words(entry),
        ]
        for entry in entries
    }


def _days_around(entries: Iterable[CreditEntry]) -> Q:
    """Commands that were settled from a day before the oldest entry to a day after the newest.

    One stretch: few commands have no entry, and a condition for each entry costs more than they do.
    """
    moments = [entry.created_at for entry in entries]
    if not moments:
        return Q(pk__in=[])
    around = (min(moments) - SAME_DAY, max(moments) + SAME_DAY)
    return Q(state=Command.State.SUCCEEDED, state_since__range=around)


def _from_commands(
    entry: CreditEntry, charges: Iterable[Charge], commands: dict[int, Command]
) -> list[Suggestion]:
    if entry.amount >= 0:
        return []
    found = []
    for charge in nearest(charges, row_of(entry), within=SAME_DAY, most=3):
        command = commands[charge.command_id]
        same = (
            _("the same amount")
            if charge.credits == -entry.amount
            else _("but %(credits)s credits") % {"credits": number(charge.credits)}
        )
        answered = _when(ANSWERED, command.answered_at or command.state_since, entry.created_at)
        found.append(
            Suggestion(
                choice=f"command:{command.pk}",
                label=f"{command.get_kind_display()} · {command.campaign or command.client}",
                why=f"{same}, {answered}",
                url=command.get_absolute_url(),
                client=command.client,
            )
        )
    return found


def _bundles_around(connection: Connection, entries: Sequence[CreditEntry]) -> list[Bundle]:
    """Bundles that nobody ordered here, created at the moment of one of the entries."""
    where = Q()
    for entry in entries:
        around = (entry.created_at - SAME_MOMENT, entry.created_at + SAME_MOMENT)
        where |= Q(upstream_created_at__range=around)
    if not where:
        return []
    ordered_here = Command.objects.filter(kind=Command.Kind.CREATE_BUNDLE, bundle=OuterRef("pk"))
    return list(
        connection.bundles.filter(where, ~Exists(ordered_here))
        .select_related("campaign__client")
        .defer("raw", "account_listing")
        .order_by("upstream_created_at")
    )


def _from_bundles(entry: CreditEntry, bundles: Iterable[Bundle]) -> list[Suggestion]:
    found: list[tuple[timedelta, Suggestion]] = []
    for bundle in bundles:
        made = bundle.upstream_created_at
        if entry.amount >= 0 or made is None or abs(made - entry.created_at) > SAME_MOMENT:
            continue
        owner = bundle.campaign
        suggestion = Suggestion(
            choice=f"bundle:{bundle.pk}" if owner else "",
            label=f"{bundle} · {owner or _('belongs to no campaign yet')}",
            why=_when(CREATED_ELSEWHERE, made, entry.created_at),
            url=bundle.get_absolute_url(),
            client=owner.client if owner else None,
        )
        found.append((abs(made - entry.created_at), suggestion))
    found.sort(key=lambda item: item[0])
    return [suggestion for _apart, suggestion in found[:3]]


def _from_its_words(entry: CreditEntry) -> list[Suggestion]:
    if is_top_up(type=entry.type, description=entry.description, amount=entry.amount):
        return [Suggestion("owner:pool", _("The pool itself"), _("credits were bought"))]
    if is_expiry(type=entry.type, description=entry.description, amount=entry.amount):
        return [
            Suggestion("owner:agency", _("The agency's own cost"), _("the credits ran out unused")),
            Suggestion("owner:shared", _("Shared by all clients"), _("the credits ran out unused")),
        ]
    return []


def _when(said: tuple[Promise, Promise, Promise], event: datetime, entry: datetime) -> str:
    """How far an event is from an entry, in words."""
    same, before, after = said
    seconds = round((event - entry).total_seconds())
    if abs(seconds) < 3:
        return str(same)
    return str(after if seconds > 0 else before) % {"length": _length(abs(seconds))}


def _length(seconds: int) -> str:
    if seconds < 60:
        return _("%(count)d s") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d min") % {"count": seconds // 60}
    return _("%(count)d h") % {"count": seconds // 3600}
