"""The search over everything, as a page of its own and as the palette that Ctrl-K opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from agency.destinations import find_destinations, first_steps
from agency.htmx import HtmxRequest
from agency.models import User
from agency.recent import recent_pages
from agency.scope import match_of
from agency.search import Found, Hit, Rank, Source, Text, find
from campaigns import search as campaigns
from campaigns.commands import search as commands
from campaigns.credits import search as credits
from clients import search as clients

SOURCES: tuple[Source, ...] = (
    *clients.SOURCES,
    *campaigns.SOURCES,
    *commands.SOURCES,
    *credits.SOURCES,
)
# Group → its heading, and the list that shows all of it: URL name and what its filters must say beside the text.
GROUPS: Mapping[str, tuple[Promise, str, Mapping[str, str]]] = {
    "clients": (_("Clients"), "client_list", {"show": "all"}),
    "campaigns": (_("Campaigns"), "campaign_list", {"state": "all"}),
    "bundles": (_("Bundles"), "bundle_list", {}),
    "accounts": (_("Accounts"), "account_list", {}),
    "videos": (_("Videos and posts"), "search", {"in": "videos"}),
    "orders": (_("Orders"), "command_list", {}),
    "credits": (_("Credit history"), "credit_list", {}),
    "destinations": (_("Go to or do"), "search", {"in": "destinations"}),
}
PER_GROUP, OF_ONE_GROUP = 6, 100
RECENT, FIRST_STEPS = 8, 6
TEMPLATE = "agency/search.html"


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    heading: str | Promise
    hits: Sequence[Hit]
    more_url: str = ""


@require_safe
def search(request: HtmxRequest) -> HttpResponse:
    """`q`: what was typed. `in`: one group alone, with more of it."""
    text = Text.read(request.GET.get("q", ""))
    only = request.GET.get("in", "")
    if only not in GROUPS:
        only = ""
    groups = _groups(request.user, text, only) if text else _before_typing(request.user)
    context = {
        "text": text,
        "groups": groups,
        "total": sum(len(group.hits) for group in groups),
        "only": GROUPS[only][0] if only else "",
    }
    partial = "#palette-results" if request.htmx and request.htmx.target == "palette-results" else ""
    response = render(request, f"{TEMPLATE}{partial}", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _groups(user: User, text: Text, only: str) -> list[Group]:
    """The group with the best hit first; where they are even, in the order of GROUPS."""
    limit = OF_ONE_GROUP if only else PER_GROUP
    sources = [source for source in SOURCES if only in ("", source.group)]
    found = find(sources, user, text, limit=limit)
    if only in ("", "destinations"):
        steps = find_destinations(user, text, timezone.now(), limit=limit + 1)
        if steps:
            found["destinations"] = Found(steps[:limit], has_more=len(steps) > limit)
    groups = [
        Group(
            name,
            heading,
            found[name].hits,
            _more_url(name, text, found[name]) if found[name].has_more else "",
        )
        for name, (heading, _list, _filters) in GROUPS.items()
        if name in found
    ]
    return sorted(groups, key=lambda group: group.hits[0].rank)


def _more_url(name: str, text: Text, found: Found) -> str:
    """The list, or more of the search: lists know nothing of words in another order, nor of what is only similar."""
    _heading, page, filters = GROUPS[name]
    if len(text.words) > 1 or any(hit.rank == Rank.SIMILAR for hit in found.hits):
        page, filters = "search", {"in": name}
    return f"{reverse(page)}?{urlencode({'q': text.typed, **filters})}"


def _before_typing(user: User) -> list[Group]:
    recent = Group("recent", _("Opened lately"), _recent_hits(user))
    steps = Group("destinations", GROUPS["destinations"][0], first_steps(user)[:FIRST_STEPS])
    return [group for group in (recent, steps) if group.hits]


def _recent_hits(user: User) -> list[Hit]:
    """The things behind the pages that were opened last, if they are still to be seen. A query for each sort."""
    wanted: dict[str, Q] = {}
    order = recent_pages(user)
    for path in order:
        match = match_of(path)
        source = next((one for one in SOURCES if match and one.page == match.url_name), None)
        if match and source:
            which = Q(**{field: match.kwargs[name] for name, field in source.found_by.items()})
            wanted[source.page] = wanted.get(source.page, Q()) | which
    hits = [
        source.hit(row)
        for source in SOURCES
        if source.page in wanted
        for row in source.visible(user).filter(wanted[source.page])
    ]
    places = {path: place for place, path in enumerate(order)}
    return sorted((hit for hit in hits if hit.url in places), key=lambda hit: places[hit.url])[:RECENT]
