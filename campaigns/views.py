"""Campaigns: find, add, change, put away; whose a reference is."""

from datetime import date

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.downloads import csv_download
from agency.forms import page_of
from agency.history import history_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tables import sort_of
from campaigns import actions, namespaces
from campaigns.access import (
    editable_campaign,
    visible_bundles,
    visible_campaign,
    visible_campaigns,
)
from campaigns.forms import CampaignForm, CampaignSearchForm, ClaimForm, NamespaceForm
from campaigns.launches.reports import latest_launches
from campaigns.ledger.models import Budget
from campaigns.ledger.reports import BudgetState, budget_state
from campaigns.lists import CAMPAIGN_COLUMNS, CAMPAIGN_SORTS, campaign_rows
from campaigns.models import Bundle, Campaign, Market, Namespace
from campaigns.models.campaign import CampaignQuerySet
from campaigns.overview import campaigns_with_figures, pipelines_by, recent_commands
from clients.access import editable_client, require_editor, require_owner, visible_clients
from clients.models import Client

BUNDLES_SHOWN = 10
COMMANDS_SHOWN = 8
LAUNCHES_SHOWN = 5


@require_safe
def campaign_list(request: HtmxRequest) -> HttpResponseBase:
    search = CampaignSearchForm(request.GET, clients=visible_clients(request.user).order_by("name"))
    connection = Connection.objects.active()
    today = _today(connection)
    found = search_campaigns(visible_campaigns(request.user), **search.filters(), today=today)
    sort = sort_of(request, CAMPAIGN_SORTS, usual="client")
    campaigns = sort.order(campaigns_with_figures(found, connection=connection))
    if request.GET.get("format") == "csv":
        return csv_download("campaigns", CAMPAIGN_COLUMNS, campaign_rows(campaigns))
    context = {"page": page_of(campaigns, request), "search": search, "sort": sort, "today": today}
    return page_or_partial(request, "campaigns/campaign_list.html", "campaign-table", context)


def search_campaigns(
    campaigns: CampaignQuerySet, *, today: date, q: str = "", state: str = "", client: Client | None = None
) -> CampaignQuerySet:
    if q:
        campaigns = campaigns.filter(
            Q(name__icontains=q)
            | Q(client__name__icontains=q)
            | Q(namespaces__prefix__icontains=q)
            | Q(goal__icontains=q)
        ).distinct()
    if client:
        campaigns = campaigns.filter(client=client)
    if state == "all":
        return campaigns
    is_archived = Q(archived_at__isnull=False) | Q(client__archived_at__isnull=False)
    if state == "archived":
        return campaigns.filter(is_archived)
    days = {
        "": Q(ends_on__gte=today),
        "running": Q(starts_on__lte=today, ends_on__gte=today),
        "planned": Q(starts_on__gt=today),
        "over": Q(ends_on__lt=today),
    }[state]
    return campaigns.filter(~is_archived, days)


@require_safe
def campaign_detail(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = visible_campaign(request.user, campaign_id)
    return render(request, "campaigns/campaign_detail.html", _detail(request, campaign, NamespaceForm()))


@require_POST
def namespace_adopt(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    form = NamespaceForm(request.POST)
    if form.is_valid():
        prefix = form.cleaned_data["namespace"]
        try:
            claimed = actions.adopt_namespace(campaign=campaign, prefix=prefix, by=request.user)
        except actions.CannotSave as refusal:
            form.add_error("namespace", str(refusal))
        else:
            said = _("References that begin with %(prefix)s are this campaign's from now on.")
            if claimed:
                said = ngettext(
                    "References that begin with %(prefix)s are this campaign's from now on."
                    " %(count)d bundle without an owner is claimed.",
                    "References that begin with %(prefix)s are this campaign's from now on."
                    " %(count)d bundles without an owner are claimed.",
                    claimed,
                )
            messages.success(request, said % {"prefix": prefix, "count": claimed})
            return redirect(campaign)
    context = _detail(request, campaign, form)
    return render(request, "campaigns/campaign_detail.html", context, status=422)


@require_POST
def namespace_release(request: HtmxRequest, campaign_id: int, namespace_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    namespace = get_object_or_404(campaign.namespaces, pk=namespace_id)
    try:
        actions.release_namespace(namespace=namespace)
    except actions.CannotSave as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("%(prefix)s is released. Another campaign may adopt it.")
        messages.success(request, said % {"prefix": namespace.prefix})
    return redirect(campaign)


def _detail(request: HtmxRequest, campaign: Campaign, form: NamespaceForm) -> dict[str, object]:
    connection = Connection.objects.active()
    now = timezone.now()
    bundles = Bundle.objects.filter(campaign=campaign)
    figures = campaigns_with_figures(Campaign.objects.filter(pk=campaign.pk), connection=connection).get()
    pipeline = pipelines_by(bundles, "campaign").get(campaign.pk, [])
    posts = campaign.posts.aggregate(total=Count("pk"), waiting=Count("pk", filter=Q(video=None)))
    return {
        "campaign": campaign,
        "client": campaign.client,
        "connection": connection,
        "now": now,
        "upstream_now": connection.upstream_now(now) if connection else now,
        "today": _today(connection),
        "markets": campaign.markets.order_by("country", "platform"),
        "budget": BudgetState(figures.budget_credits, figures.credits_used),
        "pipeline": pipeline,
        "bundles": bundles.with_progress()
        .select_related("saved_account")
        .defer("raw", "account_listing", "saved_account__raw")
        .order_by("-upstream_created_at", "-pk")[:BUNDLES_SHOWN],
        "bundles_total": sum(standing.bundles for standing in pipeline),
        "posts": posts,
        "videos_live": figures.videos_live,
        "commands": recent_commands(request.user, campaign=campaign)[:COMMANDS_SHOWN],
        "launches": latest_launches(campaign)[:LAUNCHES_SHOWN],
        "namespaces": campaign.namespaces.order_by("-is_own", "prefix"),
        "namespace_form": form,
        "events": history_of(campaign, [Campaign, Market, Namespace, Budget]),
        "is_open": not campaign.archived_at and not campaign.client.is_archived,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_new(request: HtmxRequest, slug: str) -> HttpResponse:
    client = editable_client(request.user, slug)
    connection = Connection.objects.active()
    today = _today(connection)
    form = CampaignForm(
        request.POST or None, client=client, connection=connection, initial={"starts_on": today}
    )
    if form.is_valid():
        try:
            campaign = actions.add_campaign(client=client, fields=form.campaign_fields, by=request.user)
        except actions.CannotSave as refusal:
            form.add_error("slug", str(refusal))
        else:
            said = _("%(campaign)s is added. Order its first bundle when you like.")
            messages.success(request, said % {"campaign": campaign})
            return redirect(campaign)
    return _form_page(request, form, client=client)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    columns = ("name", "slug", "starts_on", "ends_on", "goal")
    connection = Connection.objects.active()
    limit = budget_state(connection, campaign.client, campaign).limit
    form = CampaignForm(
        request.POST or None,
        client=campaign.client,
        connection=connection,
        campaign=campaign,
        frozen=str(actions.SLUG_IS_FROZEN) if namespaces.is_used(campaign) else "",
        initial={"budget": limit} | {name: getattr(campaign, name) for name in columns},
    )
    if form.is_valid():
        try:
            actions.edit_campaign(campaign=campaign, fields=form.campaign_fields, by=request.user)
        except actions.CannotSave as refusal:
            form.add_error("slug", str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect(campaign)
    return _form_page(request, form, client=campaign.client, campaign=campaign)


def _form_page(request: HtmxRequest, form: CampaignForm, **context: object) -> HttpResponse:
    context |= {"form": form}
    return render(request, "campaigns/campaign_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def campaign_archive(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    actions.archive_campaign(campaign=campaign, now=timezone.now())
    said = _("%(campaign)s is archived. Nothing more can be ordered in it.")
    messages.success(request, said % {"campaign": campaign})
    return redirect(campaign)


@require_POST
def campaign_restore(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = visible_campaign(request.user, campaign_id)
    require_editor(request.user)
    actions.restore_campaign(campaign=campaign)
    messages.success(request, _("%(campaign)s is back.") % {"campaign": campaign})
    return redirect(campaign)


@require_http_methods(["GET", "HEAD", "POST"])
def bundle_unclaimed(request: HtmxRequest) -> HttpResponse:
    """Bundles that somebody ordered outside the dashboard, and that no prefix gives to a campaign."""
    require_owner(request.user)
    unclaimed = visible_bundles(request.user).filter(campaign=None).defer("raw", "account_listing")
    open_campaigns = visible_campaigns(request.user).filter(archived_at=None, client__archived_at=None)
    form = ClaimForm(request.POST or None, campaigns=open_campaigns, bundles=unclaimed)
    if form.is_valid():
        campaign = form.cleaned_data["campaign"]
        claimed = actions.claim_bundles(bundles=form.cleaned_data["bundles"], campaign=campaign)
        said = ngettext(
            "One bundle belongs to %(campaign)s of %(client)s now.",
            "%(count)d bundles belong to %(campaign)s of %(client)s now.",
            claimed,
        )
        named = {"count": claimed, "campaign": campaign, "client": campaign.client}
        messages.success(request, said % named)
        return redirect("bundle_unclaimed")
    context = {"page": page_of(unclaimed.order_by("-upstream_created_at", "-pk"), request), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "campaigns/bundle_unclaimed.html", context, status=status)


def _today(connection: Connection | None) -> date:
    """TokPortal's day, UTC."""
    now = timezone.now()
    return (connection.upstream_now(now) if connection else now).date()
