"""The frame's own pages and fragments: the client switcher, the meter's figures, the bell, the help."""

from urllib.parse import urlsplit

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import ResolverMatch
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agency.htmx import HtmxRequest
from agency.models import Connection
from agency.notices import notices
from agency.scope import all_clients_page, match_of, same_page
from campaigns.ledger import reports as ledger
from clients import actions
from clients.access import visible_client
from clients.switcher import MOST, switcher_clients

NEEDS_SHOWN = 6
RECENT_COOKIE = "recent_clients"  # primary keys, written by static/js/shell.js


@require_safe
def client_switch(request: HtmxRequest) -> HttpResponse:
    """A few clients to change to: pinned ones and those used lately, or what `?q=` finds."""
    return _switcher(request, q=request.GET.get("q", "").replace("\0", "").strip()[:80])


@require_POST
def client_pin(request: HtmxRequest, slug: str) -> HttpResponse:
    """Put a client on top of one's own switcher, or let it go: `pinned` = 1 or 0."""
    client = visible_client(request.user, slug)
    change = actions.pin_client if request.POST.get("pinned") == "1" else actions.unpin_client
    change(client=client, user=request.user)
    if request.htmx:
        return _switcher(request, q=request.POST.get("q", "").replace("\0", "").strip()[:80])
    return redirect(client)


def _switcher(request: HtmxRequest, *, q: str) -> HttpResponse:
    here = _page_behind(request)
    clients = list(switcher_clients(request.user, q=q, recent=_recent(request)))
    context = {
        "q": q,
        "rows": [(client, same_page(here, client), _group(client, q)) for client in clients],
        "all_url": all_clients_page(here),
        "is_cut": len(clients) == MOST,
    }
    return render(request, "shell/switcher_rows.html", context)


def _page_behind(request: HtmxRequest) -> ResolverMatch | None:
    """The page that the fragment was asked from."""
    path = request.htmx.current_url_abs_path
    return match_of(urlsplit(path).path) if path else None


def _recent(request: HtmxRequest) -> list[int]:
    words = request.COOKIES.get(RECENT_COOKIE, "").split(".")
    return [int(word) for word in words[:MOST] if word.isdecimal() and len(word) < 10]


def _group(client: object, q: str) -> str:
    """Under which heading a row stands; a search has none."""
    if q:
        return ""
    if getattr(client, "is_pinned", False):
        return "pinned"
    return "recent" if getattr(client, "is_recent", False) else "other"


@require_safe
def meter(request: HtmxRequest) -> HttpResponse:
    """The four figures of the pool, each with the way to the rows behind it."""
    connection = Connection.objects.active()
    unassigned = None
    if connection and request.user.is_owner:
        unassigned = -(ledger.unassigned_entries(connection).aggregate(n=Sum("amount"))["n"] or 0)
    context = {
        "connection": connection,
        "pool": ledger.pool(connection) if connection else None,
        "unassigned": unassigned,
        "upstream_now": connection.upstream_now(timezone.now()) if connection else None,
    }
    return render(request, "shell/meter_panel.html", context)


@require_safe
def bell(request: HtmxRequest) -> HttpResponse:
    """The most urgent needs, long work under way, and the count that every page shows."""
    found = notices(request.user, now=timezone.now())
    context = {
        "needs": found.needs[:NEEDS_SHOWN],
        "needs_total": len(found.needs),
        "jobs": found.jobs,
        "upstream_now": found.upstream_now,
    }
    return render(request, "shell/bell_panel.html", context)


@require_safe
def help_page(request: HtmxRequest) -> HttpResponse:
    """How the dashboard works, in plain words."""
    return render(request, "agency/help.html")
