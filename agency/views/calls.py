"""The log of calls to TokPortal, and the words that it was the first to use. For owners."""

import json
from collections.abc import Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agency import drift, traffic
from agency.downloads import csv_download
from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import ApiCall, Connection, Drift
from agency.operations_forms import CallFilterForm, DriftFilterForm
from agency.tables import Column, sort_of
from clients.access import require_owner

CALL_COLUMNS = (
    "at",
    "method",
    "operation",
    "path",
    "ids",
    "lane",
    "status",
    "failure",
    "error_code",
    "milliseconds",
    "attempt",
    "is_dry_run",
    "is_replay",
    "credits_charged",
    "command_id",
    "request_id",
    "key_hash",
)
MOST_CALLS_IN_A_FILE = 200_000
DRIFT_SORTS = {
    "word": Column(("word",)),
    "kind": Column(("kind", "place", "word")),
    "count": Column(("count",), most_first=True),
    "first": Column(("first_seen_at",), most_first=True),
    "last": Column(("last_seen_at",), most_first=True),
}
DRIFT_COLUMNS = ("kind", "place", "word", "count", "first_seen_at", "last_seen_at", "seen_at", "example")


@require_safe
def call_list(request: HtmxRequest) -> HttpResponseBase:
    require_owner(request.user)
    connection, now = Connection.objects.active(), timezone.now()
    form = CallFilterForm(request.GET, operations=traffic.operation_names(connection) if connection else [])
    calls = form.narrow(ApiCall.objects.filter(connection=connection), now=now).order_by("-at", "-pk")
    if request.GET.get("format") == "csv":
        return csv_download("calls", CALL_COLUMNS, _call_cells(calls[:MOST_CALLS_IN_A_FILE]))
    context = {
        "connection": connection,
        "form": form,
        "page": page_of(calls, request, size=50),
        "now": now,
        "is_narrowed": bool(form.filters()),
    }
    return page_or_partial(request, "agency/call_list.html", "call-table", context)


def _call_cells(calls: QuerySet[ApiCall]) -> Iterator[list[object]]:
    """Rows under CALL_COLUMNS."""
    for call in calls.iterator(chunk_size=2000):
        row = {**{name: getattr(call, name) for name in CALL_COLUMNS}, "ids": json.dumps(call.ids)}
        yield [row[name] for name in CALL_COLUMNS]


@require_safe
def drift_list(request: HtmxRequest) -> HttpResponseBase:
    require_owner(request.user)
    connection = Connection.objects.active()
    form, sort = DriftFilterForm(request.GET), sort_of(request, DRIFT_SORTS, usual="-first")
    drifts = Drift.objects.filter(connection=connection).select_related("seen_by")
    found = sort.order(form.narrow(drifts))
    if request.GET.get("format") == "csv":
        return csv_download("drift", DRIFT_COLUMNS, _drift_cells(found))
    context = {
        "connection": connection,
        "form": form,
        "sort": sort,
        "page": page_of(found, request),
        "now": timezone.now(),
        "is_narrowed": bool(form.filters()),
    }
    return page_or_partial(request, "agency/drift_list.html", "drift-table", context)


def _drift_cells(drifts: QuerySet[Drift]) -> Iterator[list[object]]:
    """Rows under DRIFT_COLUMNS."""
    for row in drifts.iterator(chunk_size=500):
        *told, _example = DRIFT_COLUMNS
        yield [*(getattr(row, name) for name in told), json.dumps(row.example, ensure_ascii=False)]


@require_POST
def drift_seen(request: HtmxRequest, drift_id: int) -> HttpResponse:
    """Hide a word that somebody took note of, or show it again."""
    require_owner(request.user)
    found = get_object_or_404(Drift, pk=drift_id, connection=Connection.objects.active())
    if request.POST.get("again"):
        drift.show_again(found)
        messages.success(request, _("%(word)s is on the list again.") % {"word": found.word})
    else:
        drift.take_note(found, by=request.user, now=timezone.now())
        messages.success(request, _("%(word)s is noted and hidden.") % {"word": found.word})
    following = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following if is_ours else "drift_list")
