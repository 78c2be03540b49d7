"""Whether everything runs, and buttons to make it run now. For owners."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agency import operations as reading
from agency import traffic
from agency.bell import ring
from agency.dead_letters import dead_letters
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from campaigns.credits import progress
from campaigns.credits.tasks import import_history
from campaigns.events import actions
from campaigns.events.models import Sweep
from campaigns.events.tasks import refresh_reference
from campaigns.models import Stop
from clients.access import require_owner

SWEEPS = {"changes": Sweep.Kind.LISTS, "everything": Sweep.Kind.EVERYTHING}


@require_safe
def operations(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    now = timezone.now()
    connection = Connection.objects.active()
    lights = reading.lights(connection, now=now)
    context: dict[str, object] = {
        "lights": lights,
        "sentence": reading.sentence(lights),
        "connection": connection,
        "now": now,
        "stops": Stop.objects.standing().select_related("client", "campaign", "stopped_by").order_by("pk"),
    }
    if connection:
        last_hour, each = traffic.traffic(connection, now=now)
        context |= {
            "commands": reading.command_counts(connection),
            "dead_letters": dead_letters(connection, now=now),
            "last_hour": last_hour,
            "operations": each,
            "upstream_now": connection.upstream_now(now),
            "sweeps": reading.sweeps(connection),
            "history": progress.of(connection, now=now),
        }
    return page_or_partial(request, "agency/operations.html", "operations", context)


@require_POST
def operations_start(request: HtmxRequest, what: str) -> HttpResponse:
    """Start what the clock would start: `changes`, `everything`, `history` or `reference`."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is None:
        raise Http404("TokPortal is not connected.")
    if what in SWEEPS:
        actions.sweep_now(connection=connection, kind=SWEEPS[what], now=timezone.now())
        messages.success(request, _("The sweep is under way. Its progress is below."))
    elif what == "history":
        ring(import_history)
        messages.success(request, _("The credit history is being imported."))
    elif what == "reference":
        ring(refresh_reference, is_forced=True)
        messages.success(request, _("Prices, countries and the balance are being read."))
    else:
        raise Http404("There is nothing of this name to start.")
    return redirect("operations")
