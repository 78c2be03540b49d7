"""Today: what needs a person, what the pool holds, how the clients stand."""

from collections import Counter

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agency.htmx import HtmxRequest
from agency.models import Connection
from campaigns.access import visible_commands
from campaigns.attention import UNASSIGNED, needs
from campaigns.ledger import reports as ledger
from campaigns.ledger.months import Month
from campaigns.overview import client_figures, going_live
from clients.access import visible_clients

NEEDS_SHOWN = 15
CLIENTS_SHOWN = 12
COMMANDS_SHOWN = 6
DAYS_AHEAD = 3

WORDS = (
    "No",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
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
    context = {
        "now": now,
        "upstream_now": upstream_now,
        "month": Month.of(upstream_now),
        "connection": connection,
        "pool": ledger.pool(connection) if connection else None,
        "sentence": sentence(len(waiting)),
        "closing": sum(need.closes_soon(upstream_now) for need in waiting),
        "needs": waiting[: None if request.GET.get("all") else NEEDS_SHOWN],
        "needs_total": len(waiting),
        "unassigned": next((need for need in waiting if need.sort is UNASSIGNED), None),
        "going_live": going_live(clients, today=upstream_now.date(), days=DAYS_AHEAD),
        "figures": client_figures(shown, connection=connection, now=upstream_now),
        "clients_total": len(clients),
        "commands": visible_commands(request.user).order_by("-pk")[:COMMANDS_SHOWN],
    }
    return render(request, "agency/today.html", context)


def sentence(waiting: int) -> str:
    """What the page opens with: `Nine things need a person`."""
    if waiting == 0:
        return "Nothing needs a person"
    count = WORDS[waiting] if waiting < len(WORDS) else f"{waiting:,}"
    return f"{count} thing needs a person" if waiting == 1 else f"{count} things need a person"
