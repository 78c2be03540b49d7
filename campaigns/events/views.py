"""The webhook's door, and what came through it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tokportal import MalformedDelivery, ReceivedEvent, is_genuine
from campaigns.events import actions, refusals
from campaigns.events.forms import EventSearchForm
from campaigns.events.models import WebhookEvent
from clients.access import require_owner

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
def event_list(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    connection = Connection.objects.active()
    events = WebhookEvent.objects.filter(connection=connection)
    form = EventSearchForm(request.GET)
    context = {
        "form": form,
        "page": page_of(form.narrow(events.order_by("-received_at", "-pk")), request),
        "is_empty": not events.exists(),
        "waiting": events.filter(state=WebhookEvent.State.WAITING).count(),
        "failed": events.filter(state=WebhookEvent.State.FAILED).count(),
        "connection": connection,
        "now": timezone.now(),
    }
    return page_or_partial(request, "events/event_list.html", "event-table", context)


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
