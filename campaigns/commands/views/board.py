"""Bundles by the stage of their life: of one campaign, or of all that a person sees, under the list's filters."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tables import Tab
from campaigns.access import visible_bundles, visible_campaign
from campaigns.commands.reports.board import board
from campaigns.commands.reports.lists import BoardFilterForm, BundleSearchForm
from campaigns.models import Campaign
from campaigns.models.mirror import BundleQuerySet


@require_safe
def bundle_board(request: HtmxRequest) -> HttpResponse:
    filters = BoardFilterForm(request.GET, user=request.user)
    return _page(request, filters, filters.narrow(visible_bundles(request.user)))


@require_safe
def campaign_board(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = visible_campaign(request.user, campaign_id)
    filters = BundleSearchForm(request.GET)
    bundles = visible_bundles(request.user).filter(campaign=campaign)
    return _page(request, filters, filters.narrow(bundles), campaign)


def _page(
    request: HtmxRequest, filters: BundleSearchForm, bundles: BundleQuerySet, campaign: Campaign | None = None
) -> HttpResponse:
    connection = Connection.objects.active()
    now = timezone.now()
    lanes = board(bundles, may_edit=request.user.may_edit)
    context: dict[str, Any] = {
        "campaign": campaign,
        "connection": connection,
        "filters": filters,
        "is_narrowed": bool(filters.filters()),
        "lanes": [(lane, list_url(request, campaign, state=lane.stage.code)) for lane in lanes],
        "total": sum(lane.bundles for lane in lanes),
        "list_url": list_url(request, campaign),
        "ways": ways(request, campaign, is_board=True),
        "upstream_now": connection.upstream_now(now) if connection else now,
    }
    return page_or_partial(request, "commands/bundle_board.html", "bundle-board", context)


def list_url(request: HtmxRequest, campaign: Campaign | None = None, **also: str) -> str:
    """The list with the filters of the board."""
    query = request.GET.copy()
    for name in ("page", "sort", "state"):
        query.pop(name, None)
    if campaign:
        query["campaign"] = str(campaign.pk)
    query.update(also)
    return f"{reverse('bundle_list')}?{query.urlencode()}".removesuffix("?")


def ways(request: HtmxRequest, campaign: Campaign | None = None, *, is_board: bool) -> list[Tab]:
    """The two ways to look at the same bundles. The filters go along."""
    query = request.GET.copy()
    for name in ("page", "sort", "state"):
        query.pop(name, None)
    place = reverse("campaign_board", args=[campaign.pk]) if campaign else reverse("bundle_board")
    return [
        Tab(_("List"), list_url(request, campaign), is_current=not is_board),
        Tab(_("Board"), f"{place}?{query.urlencode()}".removesuffix("?"), is_current=is_board),
    ]
