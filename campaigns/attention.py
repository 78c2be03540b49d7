"""What needs a person, and why now: worded for the page, sorted by urgency."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agency.models import Connection
from campaigns.models import Bundle, Command
from campaigns.overview import BudgetUse, budgets_in_use
from campaigns.states import REVIEW_HOURS
from campaigns.waiting import Since, Waiting, waiting_rows
from clients.models import Client

S = Command.State

SOON = timedelta(hours=24)  # a deadline within it comes before everything else
STALE_AFTER = timedelta(days=2)
REFUSED_FOR = timedelta(days=7)  # older refusals are history
WITH_MANAGER_FOR = timedelta(days=7)  # TokPortal's managers usually move within days
LATE_AFTER = timedelta(days=3)  # TokPortal posts within two days from the planned one
# A budget is worth a look from half of it on: when it runs this far ahead of its days, or is nearly used up.
PACE_FROM, PACE_AHEAD, NEARLY_USED = 0.5, 0.2, 0.9


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of waiting thing: what its pill says, and what its button does."""

    rank: int  # among those without a near deadline, smaller first
    state: Promise
    tone: str
    action: Promise
    is_deadline: bool = False  # it closes by itself at `Need.at`; else it waits since then


_FINALISES, _REVIEW, _LOOK = (
    gettext_lazy("Finalises itself"),
    gettext_lazy("Review"),
    gettext_lazy("Look"),
)
SORTS = {
    "undecided": Sort(0, gettext_lazy("You decide"), "bad", gettext_lazy("See evidence")),
    "overdue": Sort(1, gettext_lazy("Overdue"), "bad", _LOOK),
    "no_download": Sort(1, gettext_lazy("Download failed"), "bad", gettext_lazy("Fix link")),
    "refused": Sort(2, gettext_lazy("Refused"), "bad", gettext_lazy("See why")),
    "launch_stopped": Sort(2, gettext_lazy("Stopped"), "bad", gettext_lazy("See why")),
    "to_approve": Sort(2, gettext_lazy("To approve"), "wait", gettext_lazy("Decide")),
    "account_in_review": Sort(3, _FINALISES, "wait", _REVIEW, is_deadline=True),
    "videos_in_review": Sort(4, _FINALISES, "wait", _REVIEW, is_deadline=True),
    "videos_to_finalise": Sort(4, gettext_lazy("In review"), "wait", _REVIEW),
    "unassigned": Sort(5, gettext_lazy("Unassigned"), "bad", gettext_lazy("Assign")),
    "charged_differently": Sort(5, gettext_lazy("Charged differently"), "wait", gettext_lazy("Compare")),
    "expiring": Sort(5, gettext_lazy("Expiring"), "wait", _LOOK),
    "overspent": Sort(5, gettext_lazy("Over budget"), "bad", _LOOK),
    "pace": Sort(6, gettext_lazy("Budget pace"), "wait", _LOOK),
    "ready": Sort(6, gettext_lazy("Set up"), "calm", gettext_lazy("Publish")),
    "late": Sort(6, gettext_lazy("Late"), "wait", _LOOK),
    "stuck": Sort(6, gettext_lazy("No progress"), "wait", _LOOK),
    "stale": Sort(7, gettext_lazy("Old figures"), "wait", _LOOK),
    "unclaimed": Sort(7, gettext_lazy("Unclaimed"), "wait", gettext_lazy("Claim")),
    "account_change": Sort(8, gettext_lazy("Change asked"), "info", _LOOK),
    "videos_change": Sort(8, gettext_lazy("Change asked"), "info", _LOOK),
}
UNASSIGNED = SORTS["unassigned"]


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

    Owners are also told what belongs to nobody. At most three queries, and at most 100 rows of each sort.
    """
    skew = timedelta(seconds=connection.clock_skew_seconds if connection else 0)
    since = Since(
        refused=now - REFUSED_FOR,
        with_manager=now - WITH_MANAGER_FOR,
        due=(now - LATE_AFTER).date(),
        read=now - skew - STALE_AFTER,
        now=now - skew,
        queued=now - skew - Command.EXPECTED[S.QUEUED],
        sending=now - skew - Command.EXPECTED[S.SENDING],
        unknown=now - Command.EXPECTED[S.UNKNOWN],
    )
    rows = waiting_rows(
        clients, connection_id=connection.pk if connection else None, since=since, for_owner=for_owner
    )
    found = [_need(row, clients.get(row.client_id) if row.client_id else None, skew) for row in rows]
    if connection:
        found += _budgets(clients, connection, now)
        if for_owner and connection.expiring_credits:
            found.append(_expiring(connection.expiring_credits))

    def urgency(need: Need) -> tuple[int, float]:
        return (-1 if need.closes_soon(now) else need.sort.rank, need.at.timestamp() if need.at else 0.0)

    return sorted(found, key=urgency)


def _need(row: Waiting, client: Client | None, skew: timedelta) -> Need:
    """`skew`: how far TokPortal's clock is ahead of ours, by which figures are dated."""
    sort = SORTS[row.sort]
    at = row.since
    if at and sort.is_deadline:
        at += timedelta(hours=REVIEW_HOURS)
    elif at and row.sort == "stale":
        at += skew
    what, about = _what(row), _about(row)
    return Need(sort, what, about, at, _page(row), client, row.credits)


def _what(row: Waiting) -> str:
    n = {"n": row.n}
    match row.sort:
        case "account_in_review":
            return _("Account in review")
        case "account_change":
            return _("Account change asked")
        case "ready":
            return _("Ready to publish")
        case "stuck":
            return _("With the manager for a week")
        case "no_download":
            return ngettext("Video without a working link", "%(n)d videos without a working link", row.n) % n
        case "videos_change":
            return ngettext("Video: change asked", "%(n)d videos: change asked", row.n) % n
        case "videos_in_review" | "videos_to_finalise":
            return ngettext("Video in review", "%(n)d videos in review", row.n) % n
        case "late":
            return ngettext("Video not live in time", "%(n)d videos not live in time", row.n) % n
        case "undecided":
            return _("%(order)s: outcome unknown") % {"order": Command.Kind(row.kind).label}
        case "overdue":
            return _("%(order)s: longer under way than usual") % {"order": Command.Kind(row.kind).label}
        case "to_approve":
            return _("%(order)s: needs a second person") % {"order": Command.Kind(row.kind).label}
        case "launch_stopped":
            stopped = ngettext("A country of a launch stopped", "%(n)d countries of a launch stopped", row.n)
            return stopped % n
        case "refused":
            return _("%(order)s: refused") % {"order": Command.Kind(row.kind).label}
        case "charged_differently":
            return _("%(order)s: not as quoted") % {"order": Command.Kind(row.kind).label}
        case "stale":
            return (
                ngettext(
                    "An account without figures of the last two days",
                    "%(n)d accounts without figures of the last two days",
                    row.n,
                )
                % n
            )
        case "unassigned":
            return ngettext("A charge belongs to nobody", "%(n)d charges belong to nobody", row.n) % n
        case "unclaimed":
            return (
                ngettext("A bundle belongs to no campaign", "%(n)d bundles belong to no campaign", row.n) % n
            )
    raise ValueError(f"No words for what waits as {row.sort!r}.")


def _about(row: Waiting) -> str:
    """The bundle and its campaign, without saying the campaign's name twice."""
    match row.sort:
        case "stale":
            return _("Analytics")
        case "unassigned":
            return _("Credit history")
        case "unclaimed":
            return _("Ordered elsewhere")
    if row.username:
        return f"@{row.username} · {row.campaign}"
    name = str(Bundle(title=row.title, country=row.country, platform=row.platform)) if row.bundle_id else ""
    return name if row.campaign in name else " · ".join(part for part in (name, row.campaign) if part)


def _page(row: Waiting) -> str:
    """Where the fix is."""
    match row.sort:
        case "stale":
            return f"{reverse('account_list')}?client={row.slug}&sort=age"
        case "unassigned":
            return reverse("credit_unassigned")
        case "unclaimed":
            return reverse("bundle_unclaimed")
        case "account_in_review" | "account_change":
            return reverse("bundle_account", args=[row.bundle_id])
        case "ready" | "stuck":
            return reverse("bundle_detail", args=[row.bundle_id])
    if row.launch_id:
        return reverse("launch_detail", args=[row.launch_id])
    if row.command_id:
        return reverse("command_detail", args=[row.command_id])
    return reverse("bundle_videos", args=[row.bundle_id])


def _budgets(clients: Mapping[int, Client], connection: Connection, now: datetime) -> Iterator[Need]:
    """Budgets that are overdrawn, nearly gone, or used up much faster than their campaign's days."""
    for budget in budgets_in_use(connection):
        client = clients.get(budget.client_id)
        if client is None or budget.used < budget.limit * PACE_FROM:
            continue
        page = (
            reverse("campaign_detail", args=[budget.campaign_id])
            if budget.campaign_id
            else client.get_absolute_url()
        )
        about = budget.name or _("The client's budget")
        percent = round(100 * budget.used / budget.limit)
        if budget.used > budget.limit:
            over = budget.used - budget.limit
            what = ngettext("%(n)d credit over budget", "%(n)d credits over budget", over) % {"n": over}
            yield Need(SORTS["overspent"], what, about, None, page, client)
            continue
        gone = _time_gone(budget, now.date())
        if gone is not None and gone < 1 and budget.used / budget.limit - gone > PACE_AHEAD:
            what = _("%(used)d%% of the budget used, %(gone)d%% of the days gone") % {
                "used": percent,
                "gone": round(100 * gone),
            }
            yield Need(SORTS["pace"], what, about, None, page, client)
        elif budget.used >= budget.limit * NEARLY_USED and gone != 1:
            what = _("%(used)d%% of the budget used") % {"used": percent}
            yield Need(SORTS["pace"], what, about, None, page, client)


def _time_gone(budget: BudgetUse, today: date) -> float | None:
    """The share of a campaign's days that is over, 0 to 1. None for a client's budget, which has no days."""
    if budget.starts_on is None or budget.ends_on is None:
        return None
    days = (budget.ends_on - budget.starts_on).days + 1
    return min(1.0, max(0.0, ((today - budget.starts_on).days + 1) / days))


def _expiring(credits: int) -> Need:
    what = ngettext("%(n)d credit expires within 7 days", "%(n)d credits expire within 7 days", credits)
    return Need(
        SORTS["expiring"], what % {"n": credits}, _("The pool"), None, reverse("credit_list"), credits=credits
    )
