"""Today: what needs a person, what the pool holds, how the clients stand."""

from collections import Counter

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from agency.formats import number
from agency.htmx import HtmxRequest
from agency.models import Connection
from campaigns.attention import UNASSIGNED, needs
from campaigns.ledger import reports as ledger
from campaigns.ledger.months import Month
from campaigns.overview import client_figures, going_live, recent_commands
from clients.access import visible_clients

NEEDS_SHOWN = 15
CLIENTS_SHOWN = 10
COMMANDS_SHOWN = 6
DAYS_AHEAD = 3

# From nought to twelve, as a sentence begins with them.
WORDS = (
    _("No"),
    _("One"),
    _("Two"),
    _("Three"),
    _("Four"),
    _("Five"),
    _("Six"),
    _("Seven"),
    _("Eight"),
    _("Nine"),
    _("Ten"),
    _("Eleven"),
    _("Twelve"),
)


@require_safe
def today(request: HtmxRequest) -> HttpResponse:
    now = timezone.now()
    connection = Connection.objects.active()
    upstream_now = connection.upstream_now(now) if connection else now
    clients = {client.pk: client for client in visible_clients(request.user).active().order_by("name", "pk")}
    waiting = needs(clients, connection=connection, now=upstream_now, for_owner=request.user.is_owner)
    by_client = Counter(need.client.pk for need in waiting if need.client)
    shown = sorted(clients.values(), key=lambda client: -by_client[client.pk])[:CLIENTS_SHOWN]
    closing = sum(need.closes_soon(upstream_now) for need in waiting)
    context = {
        "now": now,
        "upstream_now": upstream_now,
        "month": Month.of(upstream_now),
        "connection": connection,
        "pool": ledger.pool(connection) if connection else None,
        "sentence": sentence(len(waiting)),
        "closing": closing_sentence(closing, waiting=len(waiting), clients=len(clients)),
        "needs": waiting[: None if request.GET.get("all") else NEEDS_SHOWN],
        "needs_total": len(waiting),
        "unassigned": next((need for need in waiting if need.sort is UNASSIGNED), None),
        "going_live": going_live(clients, today=upstream_now.date(), days=DAYS_AHEAD),
        "figures": client_figures(shown, connection=connection, now=upstream_now),
        "clients_total": len(clients),
        "commands": recent_commands(request.user)[:COMMANDS_SHOWN],
    }
    return render(request, "agency/today.html", context)


def sentence(waiting: int) -> str:
    """What the page opens with: `Nine things need a person`."""
    if waiting == 0:
        return gettext("Nothing needs a person")
    words = ngettext("%(count)s thing needs a person", "%(count)s things need a person", waiting)
    return words % {"count": spelled(waiting)}


def closing_sentence(closing: int, *, waiting: int, clients: int) -> str:
    """What it goes on with: how many of them close by themselves, or that all is well."""
    if closing:
        words = ngettext(
            "%(count)s of them closes by itself within 24 hours.",
            "%(count)s of them close by themselves within 24 hours.",
            closing,
        )
        return words % {"count": spelled(closing)}
    if waiting:
        return gettext("None of them closes by itself within 24 hours.")
    return gettext("All orders are on their way or done.") if clients else ""


def spelled(count: int) -> str:
    """A count that begins a sentence: `Nine`, `13`, `1,204`."""
    return str(WORDS[count]) if count < len(WORDS) else number(count)
