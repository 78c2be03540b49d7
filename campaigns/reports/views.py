"""A client's month on the page and as a file, and the list of all clients' months."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agency.charts import BarChart, bar_chart, largest
from agency.connections import NotConnected
from agency.downloads import csv_download
from agency.formats import month_short
from agency.forms import ROWS_PER_PAGE, page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from campaigns.ledger.months import Month, NotAMonth
from campaigns.reports.csv import statement_csv
from campaigns.reports.forms import ReportSearchForm
from campaigns.reports.statement import build_agency_part, build_statement
from campaigns.reports.totals import Row, totals
from clients.access import visible_client, visible_clients
from clients.models import ClientQuerySet

MONTHS_SHOWN = 6
COLUMNS = ("client", "name", "month", "credits_charged", "videos_went_live")


@require_safe
def report_list(request: HtmxRequest) -> HttpResponseBase:
    """Clients by months: each cell opens that client's report."""
    connection = Connection.objects.active()
    this_month = _this_month(connection)
    form = ReportSearchForm({"until": str(this_month), **request.GET.dict()})
    wanted = form.filters()
    last = min(wanted.get("until") or this_month, this_month)
    months = [last.plus(-back) for back in range(MONTHS_SHOWN)]
    clients = visible_clients(request.user).order_by("name", "pk")
    if words := wanted.get("q"):
        clients = clients.filter(Q(name__icontains=words) | Q(slug__icontains=words))
    if request.GET.get("format") == "csv":
        return csv_download("reports", COLUMNS, _cells(clients, months, connection))
    page = page_of(clients, request)
    rows = totals(list(page), months, connection) if connection else []
    context = {
        "form": form,
        "chart": _chart(rows, months),
        "months": months,
        "this_month": this_month,
        "page": page,
        "rows": rows,
        "connection": connection,
        "earlier": last.plus(-MONTHS_SHOWN),
        "later": min(last.plus(MONTHS_SHOWN), this_month) if last < this_month else None,
    }
    return page_or_partial(request, "reports/report_list.html", "report-table", context)


def _chart(rows: list[Row], months: list[Month]) -> BarChart | None:
    """Credits by month of the clients that are shown, the oldest month first."""
    namesakes = Counter(row.client.name for row in rows)
    credits, tones = {}, {}
    for row in rows:
        name = row.client.name
        if namesakes[name] > 1:
            name = f"{name} ({row.client.slug})"
        credits[name] = [cell.charged for cell in reversed(row.cells)]
        tones[name] = f"client-{row.client.pk}"
    labels = [month_short(month.first_day) for month in reversed(months)]
    return bar_chart(labels, largest(credits, _("Others")), tones)


def _cells(
    clients: ClientQuerySet, months: list[Month], connection: Connection | None
) -> Iterator[tuple[object, ...]]:
    """Rows under COLUMNS: one for each client and month, the newest month first."""
    if connection is None:
        return
    for row in totals(list(clients), months, connection):
        for cell in row.cells:
            yield row.client.slug, row.client.name, str(cell.month), cell.charged, cell.went_live


@require_safe
def client_report(request: HtmxRequest, slug: str, month: str) -> HttpResponse:
    """One client's month, as paper. What of the pool is unassigned is shown to owners alone."""
    client = visible_client(request.user, slug)
    connection = _connection()
    wanted, this_month = _month(month), _this_month(connection)
    if wanted > this_month:
        raise Http404("That month has not begun.")
    statement = build_statement(client, wanted, connection)
    context = {
        "client": client,
        "statement": statement,
        "month": wanted,
        "previous": wanted.previous,
        "next": wanted.next if wanted < this_month else None,
        "is_running": wanted == this_month,
        "charges": _part(statement.charges, request, "charges"),
        "videos": _part(statement.videos, request, "videos"),
        "agency": build_agency_part(client, wanted, connection) if request.user.is_owner else None,
        "now": timezone.now(),
    }
    return page_or_partial(request, "reports/client_report.html", "report", context)


@require_safe
def client_report_csv(request: HtmxRequest, slug: str, month: str) -> HttpResponseBase:
    """The same figures as CSV; `campaigns/reports/csv.py` explains the columns."""
    client = visible_client(request.user, slug)
    # A spreadsheet that is fed with the file must not depend on who fetched it.
    with translation.override(settings.LANGUAGE_CODE):
        statement = build_statement(client, _month(month), _connection())
    return statement_csv(statement)


def _part(lines: tuple[object, ...], request: HtmxRequest, name: str) -> Page:
    """The part of a long table that `?charges=2` or `?videos=2` names."""
    return Paginator(lines, ROWS_PER_PAGE).get_page(request.GET.get(name))


def _month(written: str) -> Month:
    try:
        return Month.read(written)
    except NotAMonth as error:
        raise Http404(str(error)) from None


def _connection() -> Connection:
    connection = Connection.objects.active()
    if connection is None:
        raise Http404(str(NotConnected()))
    return connection


def _this_month(connection: Connection | None) -> Month:
    """Of TokPortal's clock, as all dates that people see."""
    now: datetime = timezone.now()
    return Month.of(connection.upstream_now(now) if connection else now)
