"""The agency's customers: find, add, change, put away."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.charts import sparkline
from agency.downloads import csv_download
from agency.forms import page_of
from agency.history import history_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tables import sort_of
from campaigns.access import visible_campaigns
from campaigns.analytics.reports import views_gained
from campaigns.attention import needs
from campaigns.ledger.models import ApprovalRule, Budget
from campaigns.ledger.months import Month
from campaigns.ledger.reports import approval_rule, budget_state
from campaigns.overview import VIEWS_DAYS, campaigns_with_figures, client_figures, recent_commands
from clients import actions
from clients.access import editable_client, owned_client, require_owner, visible_client, visible_clients
from clients.forms import ClientForm, ClientSearchForm
from clients.models import Client, Membership
from clients.reports import CLIENT_COLUMNS, CLIENT_SORTS, client_cells, client_rows

NEEDS_SHOWN = 15
CAMPAIGNS_SHOWN = 20
COMMANDS_SHOWN = 8


@require_safe
def client_list(request: HtmxRequest) -> HttpResponseBase:
    search = ClientSearchForm(request.GET)
    sort = sort_of(request, CLIENT_SORTS, usual="name")
    clients = sort.order(client_rows(request.user, **search.filters()))
    if request.GET.get("format") == "csv":
        return csv_download("clients", CLIENT_COLUMNS, client_cells(clients))
    context = {"page": page_of(clients, request), "search": search, "sort": sort}
    return page_or_partial(request, "clients/client_list.html", "client-table", context)


@require_safe
def client_detail(request: HtmxRequest, slug: str) -> HttpResponse:
    client = visible_client(request.user, slug)
    now = timezone.now()
    connection = Connection.objects.active()
    upstream_now = connection.upstream_now(now) if connection else now
    today = upstream_now.date()
    gained = views_gained(client, since=today - timedelta(days=VIEWS_DAYS), today=today)
    campaigns = visible_campaigns(request.user).filter(client=client, archived_at=None)
    waiting = needs({client.pk: client}, connection=connection, now=upstream_now, for_owner=False)
    context = {
        "client": client,
        "now": now,
        "upstream_now": upstream_now,
        "month": Month.of(upstream_now),
        "connection": connection,
        "needs": waiting[:NEEDS_SHOWN],
        "needs_total": len(waiting),
        "spark": sparkline(gained),
        "figures": client_figures([client], connection=connection, now=upstream_now)[0],
        "campaigns": campaigns_with_figures(campaigns, connection=connection).order_by("-starts_on", "name")[
            :CAMPAIGNS_SHOWN
        ],
        "commands": recent_commands(request.user, client=client)[:COMMANDS_SHOWN],
        "staff": [row.user for row in client.memberships.select_related("user").order_by("user__username")],
        "events": history_of(client, [Client, Membership, Budget, ApprovalRule], narrower="campaign_id"),
    }
    return render(request, "clients/client_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def client_new(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    form = ClientForm(request.POST or None, by=request.user)
    if form.is_valid():
        cleaned = form.cleaned_data
        client = actions.add_client(fields=form.columns, budget=cleaned["budget"], staff=cleaned["staff"])
        actions.set_approval_rule(client=client, credits=cleaned["approval_limit"])
        messages.success(request, _("%(client)s is added. Its campaigns come next.") % {"client": client})
        return redirect(client)
    return _form_page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
def client_edit(request: HtmxRequest, slug: str) -> HttpResponse:
    client = editable_client(request.user, slug)
    if client.is_archived:
        raise PermissionDenied(_("This client is archived: restore it before you change anything."))
    budget = budget_state(Connection.objects.active(), client)
    form = ClientForm(
        request.POST or None,
        by=request.user,
        frozen=str(actions.SLUG_IS_FROZEN) if actions.slug_is_used(client) else "",
        instance=visible_client(request.user, slug),  # a copy: the form writes into it before it is valid
        initial={
            "budget": budget.limit,
            "approval_limit": approval_rule(client=client),
            "staff": [row.user_id for row in client.memberships.all()],
        },
    )
    if form.is_valid():
        try:
            _save(client, form, request)
        except actions.CannotSave as refusal:
            form.add_error("slug", str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("client_detail", form.cleaned_data["slug"])
    return _form_page(request, form, client=client, budget=budget)


def _save(client: Client, form: ClientForm, request: HtmxRequest) -> None:
    actions.edit_client(client=client, fields=form.columns, by=request.user)
    if request.user.is_owner:
        actions.set_budget(client=client, credits=form.cleaned_data["budget"])
        actions.set_approval_rule(client=client, credits=form.cleaned_data["approval_limit"])
        actions.give_staff(client=client, staff=form.cleaned_data["staff"])


def _form_page(request: HtmxRequest, form: ClientForm, **context: object) -> HttpResponse:
    context |= {"form": form}
    return render(request, "clients/client_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def client_archive(request: HtmxRequest, slug: str) -> HttpResponse:
    client = owned_client(request.user, slug)
    actions.archive_client(client=client, now=timezone.now())
    messages.success(
        request, _("%(client)s is archived. Nothing more can be ordered for it.") % {"client": client}
    )
    return redirect(client)


@require_POST
def client_restore(request: HtmxRequest, slug: str) -> HttpResponse:
    client = owned_client(request.user, slug)
    actions.restore_client(client=client)
    messages.success(request, _("%(client)s is back.") % {"client": client})
    return redirect(client)


@require_safe
def client_colours(request: HtmxRequest) -> HttpResponse:
    """A class `client-<id>` for each visible client, because the strict CSP allows no inline style."""
    colours = visible_clients(request.user).order_by("pk").values_list("pk", "colour")
    rules = "".join(f".client-{pk}{{--client:{colour}}}" for pk, colour in colours)
    response = HttpResponse(rules, content_type="text/css; charset=utf-8")
    patch_cache_control(response, private=True, max_age=60)
    return response
