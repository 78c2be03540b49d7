"""The webhook's door, what came through it, and the history of a bundle that it is a part of."""

import json
from collections import Counter
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from agency.downloads import csv_download
from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tables import Column, Tab, sort_of
from agency.tokportal import MalformedDelivery, ReceivedEvent, is_genuine
from campaigns.access import visible_bundle
from campaigns.events import actions, refusals
from campaigns.events.forms import EventSearchForm
from campaigns.events.models import WebhookEvent
from campaigns.events.timeline import KINDS, timeline
from clients.access import require_owner

SORTS = {
    "received": Column(("received_at",), most_first=True),
    "kind": Column(("kind", "-received_at")),
    "state": Column(("state", "-received_at")),
}
COLUMNS = ("event_id", "kind", "received_at", "state", "handled_at", "attempts", "trouble", "body")
LATEST_MOMENTS, MOMENTS_ON_PAGE = 12, 50
LONGEST_BODY = 1024 * 1024  # bytes; an event is a few hundred


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest, path_key: str) -> HttpResponse:
    """One delivery: verify, store once, say so. 204 genuine, 401 not, 400 genuine but no event, 413 too long.

    Nothing unverified reaches the database, and nothing is handled before the answer ("Webhooks").
    """
    if int(request.headers.get("Content-Length") or 0) > LONGEST_BODY:
        return HttpResponse(status=413)
    connection = get_object_or_404(Connection, webhook_path_key=path_key)
    now = timezone.now()  # machine time: the signature's clock
    signature = request.headers.get("TokPortal-Signature")
    if not is_genuine(request.body, signature, connection.webhook_secrets, now):
        refusals.count(connection, now=now)
        return HttpResponse(status=401)
    try:
        received = ReceivedEvent.from_json(request.body)
    except MalformedDelivery:
        return HttpResponse(status=400)
    actions.receive(connection=connection, received=received, now=now)
    return HttpResponse(status=204)


@require_safe
def event_list(request: HtmxRequest) -> HttpResponseBase:
    require_owner(request.user)
    connection = Connection.objects.active()
    events = WebhookEvent.objects.filter(connection=connection)
    form = EventSearchForm(request.GET)
    sort = sort_of(request, SORTS, usual="-received")
    found = sort.order(form.narrow(events))
    if request.GET.get("format") == "csv":
        return csv_download("events", COLUMNS, _cells(found))
    context = {
        "form": form,
        "sort": sort,
        "page": page_of(found, request),
        "is_empty": not events.exists(),
        "waiting": events.filter(state=WebhookEvent.State.WAITING).count(),
        "failed": events.filter(state=WebhookEvent.State.FAILED).count(),
        "connection": connection,
        "now": timezone.now(),
    }
    return page_or_partial(request, "events/event_list.html", "event-table", context)


def _cells(events: QuerySet[WebhookEvent]) -> Iterator[list[object]]:
    """Rows under COLUMNS; the body is JSON."""
    for event in events.iterator(chunk_size=500):
        yield [
            event.upstream_id,
            event.kind,
            event.received_at,
            event.state,
            event.handled_at,
            event.attempts,
            event.trouble,
            json.dumps(event.body, ensure_ascii=False),
        ]


@require_safe
def bundle_timeline(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    """The whole history of a bundle, or the one kind of moments that `?kind=` names."""
    bundle = visible_bundle(request.user, bundle_id)
    moments = timeline(bundle, viewer=request.user)
    counts = Counter(moment.kind for moment in moments)
    chosen = request.GET.get("kind", "")
    chosen = chosen if chosen in counts else ""
    tabs = [Tab(_("Everything"), "?", len(moments), is_current=not chosen)]
    tabs += [
        Tab(_(label), f"?kind={kind}", counts[kind], is_current=kind == chosen)
        for kind, label in KINDS.items()
        if kind in counts
    ]
    shown = [moment for moment in moments if chosen in ("", moment.kind)]
    context = {
        "bundle": bundle,
        "connection": bundle.connection,
        "tabs": tabs,
        "page": Paginator(shown, MOMENTS_ON_PAGE).get_page(request.GET.get("page")),
    }
    return page_or_partial(request, "events/bundle_timeline.html", "timeline", context)


@require_safe
def bundle_timeline_latest(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    """What the bundle's page shows of its history, which it asks for after it is drawn."""
    bundle = visible_bundle(request.user, bundle_id)
    if not request.htmx:
        return redirect("bundle_timeline", bundle.pk)
    moments = timeline(bundle, viewer=request.user)
    context = {"bundle": bundle, "moments": moments[:LATEST_MOMENTS], "total": len(moments)}
    return render(request, "events/timeline_latest.html", context)


@require_POST
def event_replay(request: HtmxRequest, event_id: int) -> HttpResponse:
    require_owner(request.user)
    event = WebhookEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise Http404("No such event.")
    actions.replay(event=event, now=timezone.now())
    messages.success(request, _("%(kind)s is being handled again.") % {"kind": event.kind})
    following = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following if is_ours else "event_list")
