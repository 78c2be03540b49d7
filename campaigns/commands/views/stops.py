"""Stopping what would leave for TokPortal, and letting it go on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.htmx import HtmxRequest
from agency.models import Connection
from campaigns.access import liftable_stop, may_lift, visible_campaign, visible_stop
from campaigns.commands import stops
from campaigns.commands.forms.buttons import StopForm
from campaigns.models import Campaign
from campaigns.states import command_pill
from clients.access import editable_client, require_editor, require_owner
from clients.models import Client

SHOWN = 25


@require_http_methods(["GET", "HEAD", "POST"])
def stop_everything(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    return _stop(request, client=None, campaign=None)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_client(request: HtmxRequest, slug: str) -> HttpResponse:
    return _stop(request, client=editable_client(request.user, slug), campaign=None)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_campaign(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    """Also of an archived one: what was asked before may still be waiting."""
    campaign = visible_campaign(request.user, campaign_id)
    require_editor(request.user)
    return _stop(request, client=campaign.client, campaign=campaign)


def _stop(request: HtmxRequest, *, client: Client | None, campaign: Campaign | None) -> HttpResponse:
    form = StopForm(request.POST or None)
    if form.is_valid():
        stop = stops.stop_sending(
            client=client,
            campaign=campaign,
            by=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        messages.warning(request, _("Sending is stopped. Below is what had left before, and what waits."))
        return redirect(stop)
    context = {
        "form": form,
        "client": client,
        "campaign": campaign,
        "scope": campaign or client,
        "held": stops.would_hold(client=client, campaign=campaign),
    }
    return render(request, "commands/stop_form.html", context, status=422 if form.is_bound else 200)


@require_safe
def stop_detail(request: HtmxRequest, stop_id: int) -> HttpResponse:
    stop = visible_stop(request.user, stop_id)
    now = timezone.now()
    connection = Connection.objects.active()
    # Everybody may know of a stop of everything; not what others ordered.
    waiting = stops.waiting_for(stop, viewer=request.user)
    left = stops.had_left(stop, viewer=request.user)
    context = {
        "stop": stop,
        "client": stop.client,
        "campaign": stop.campaign,
        "connection": connection,
        "now": now,
        "upstream_now": connection.upstream_now(now) if connection else now,
        "may_lift": stop.lifted_at is None and may_lift(request.user, stop),
        "left": [(command, command_pill(command)) for command in left],
        "waiting": [] if stop.lifted_at else list(waiting[:SHOWN]),
        "waiting_total": 0 if stop.lifted_at else waiting.count(),
    }
    return render(request, "commands/stop_detail.html", context)


@require_POST
def stop_lift(request: HtmxRequest, stop_id: int) -> HttpResponse:
    stop = liftable_stop(request.user, stop_id)
    stops.lift_stop(stop=stop, by=request.user, now=timezone.now())
    messages.success(request, _("Sending goes on. What waited leaves now."))
    return redirect(stop)
