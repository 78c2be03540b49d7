"""Where one can go and what one can do, as the search offers it: pages, and actions that lead to their form."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agency.models import User
from agency.search import Hit, Rank, Text
from agency.templatetags.shell import NAVIGATION
from campaigns.ledger.months import Month
from clients.access import visible_clients

ANYBODY, EDITORS, OWNERS = "anybody", "editors", "owners"

# What stands in the navigation is offered as well. Label, URL name, part of the page, for whom.
PAGES = (
    (_("Preferences"), "preferences", "", ANYBODY),
    (_("Change your password"), "password", "", ANYBODY),
    (_("Help"), "help", "", ANYBODY),
    (_("Charges that belong to nobody"), "credit_unassigned", "", OWNERS),
    (_("Bundles that belong to no campaign"), "bundle_unclaimed", "", OWNERS),
)
ACTIONS = (
    (_("New client"), "client_new", "", OWNERS),
    (_("New person"), "person_new", "", OWNERS),
    (_("Import credit history now"), "credit_list", "", OWNERS),
    (_("Read everything from TokPortal"), "operations", "", OWNERS),
    (_("Change the API key"), "settings", "#connection-form", OWNERS),
    (_("Set up webhooks"), "settings", "#webhooks", OWNERS),
    (_("Read figures now"), "account_list", "", EDITORS),
    (_("Sign out"), "sign-out", "", ANYBODY),
)
NEW_CAMPAIGN = _("New campaign for %(client)s")
ORDER = _("Order a bundle in %(campaign)s")
REPORT = _("Report of %(client)s for this month")


@dataclass(frozen=True, slots=True)
class Destination:
    label: str
    url: str
    detail: str = ""
    client_id: int | None = None
    is_action: bool = False


def fixed(user: User) -> Iterator[Destination]:
    """Pages and actions that are about nobody in particular."""
    for _heading, label, _icon, name, for_owners in NAVIGATION:
        if user.is_owner or not for_owners:
            yield Destination(str(label), reverse(name))
    for table, is_action in ((PAGES, False), (ACTIONS, True)):
        for label, name, part, whom in table:
            if whom == ANYBODY or user.is_owner or (whom == EDITORS and user.may_edit):
                yield Destination(str(label), f"{reverse(name)}{part}", is_action=is_action)


def about_clients(user: User, now: datetime) -> Iterator[Destination]:
    """What can be done for each client and campaign that `user` sees. One query."""
    month = Month.of(now)
    clients = visible_clients(user).active().order_by("name", "pk", "-campaigns__starts_on")
    columns = ("pk", "name", "slug", "campaigns__pk", "campaigns__name", "campaigns__archived_at")
    last = None
    for pk, name, slug, campaign_id, campaign, archived_at in clients.values_list(*columns):
        if pk != last:
            if user.may_edit:
                yield _about(NEW_CAMPAIGN, {"client": name}, "campaign_new", [slug], pk)
            yield _about(REPORT, {"client": name}, "client_report", [slug, str(month)], pk)
            last = pk
        if user.may_edit and campaign_id and not archived_at:
            yield _about(ORDER, {"campaign": campaign}, "bundle_order", [campaign_id], pk, detail=name)


def _about(
    sentence: Promise, names: dict[str, str], page: str, args: list[Any], client_id: int, detail: str = ""
) -> Destination:
    return Destination(str(sentence) % names, reverse(page, args=args), detail, client_id, is_action=True)


def find_destinations(user: User, text: Text, now: datetime, *, limit: int) -> list[Hit]:
    """Each word that was typed begins a word of the label; those that begin with the whole text come first.

    Clients are asked for only where the text speaks of something that can be done for them.
    """
    everything = list(fixed(user))
    if _speaks_of_clients(text):
        everything += about_clients(user, now)
    hits = [
        Hit(one.label, one.url, one.detail, client_id=one.client_id, rank=rank)
        for one in everything
        if (rank := _rank(f"{one.label} {one.detail}", text)) is not None
    ]
    return sorted(hits, key=lambda hit: hit.rank)[:limit]


def _speaks_of_clients(text: Text) -> bool:
    sentences = (re.sub(r"%\(\w+\)s", "", str(sentence)) for sentence in (NEW_CAMPAIGN, ORDER, REPORT))
    known = {word for sentence in sentences for word in _words(sentence)}
    return any(word.startswith(typed) for typed in _words(text.typed) if len(typed) > 1 for word in known)


def _rank(label: str, text: Text) -> Rank | None:
    if label.casefold().startswith(text.typed.casefold()):
        return Rank.BEGINS
    words = _words(label)
    fits = all(any(word.startswith(typed) for word in words) for typed in _words(text.typed))
    return Rank.HOLDS if fits and _words(text.typed) else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def first_steps(user: User) -> list[Hit]:
    """Where nothing is typed and nothing was opened yet: what one can do, then the pages."""
    steps = sorted(fixed(user), key=lambda one: not one.is_action)
    return [Hit(one.label, one.url, one.detail) for one in steps if one.url != reverse("sign-out")]
