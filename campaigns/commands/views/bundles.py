"""Bundles: the list, the page, and the buttons that hand one over or take it back."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from agency.downloads import csv_download
from agency.forms import CommandForm, page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.tables import Sort, sort_of
from campaigns.access import editable_bundle, visible_bundle, visible_bundles
from campaigns.commands import actions, sync
from campaigns.commands.forms.buttons import PricedForm
from campaigns.commands.offers import Offer, offer
from campaigns.commands.quotes import QuoteExpired, digest_of, read_token
from campaigns.commands.reports.bundles import bundle_page
from campaigns.commands.reports.lists import BUNDLE_COLUMNS, BUNDLE_SORTS, BundleFilterForm, bundle_rows
from campaigns.commands.views.board import ways
from campaigns.ledger.actions import CannotReserve
from campaigns.models import Bundle, Command
from campaigns.models.mirror import BundleQuerySet
from campaigns.states import bundle_pill

K = Command.Kind
SLOT_ROWS = 60  # on a page
GATED = {"publish": K.PUBLISH_BUNDLE, "publish-all": K.PUBLISH_ALL_VIDEOS}


def _filtered(request: HtmxRequest) -> tuple[BundleFilterForm, BundleQuerySet, Sort]:
    filters = BundleFilterForm(request.GET, user=request.user)
    sort = sort_of(request, BUNDLE_SORTS, usual="-ordered")
    bundles = visible_bundles(request.user).select_related("saved_account").with_progress()
    shown = filters.narrow(bundles.defer("raw", "account_listing", "saved_account__raw"))
    return filters, sort.order(shown), sort


@require_safe
def bundle_list(request: HtmxRequest) -> HttpResponse:
    filters, bundles, sort = _filtered(request)
    page = page_of(bundles, request)
    rows = [(bundle, bundle_pill(bundle)) for bundle in page]
    context = {
        "filters": filters,
        "sort": sort,
        "page": page,
        "rows": rows,
        "is_narrowed": bool(filters.filters()),
        "ways": ways(request, is_board=False),
    }
    return page_or_partial(request, "commands/bundle_list.html", "bundle-table", context)


@require_safe
def bundle_list_csv(request: HtmxRequest) -> HttpResponseBase:
    _filters, bundles, _sort = _filtered(request)
    return csv_download("bundles", BUNDLE_COLUMNS, bundle_rows(bundles))


@require_safe
def bundle_detail(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    """A poll carries the fingerprint of what it shows in a header, and gets 204 while that is still true."""
    bundle = visible_bundle(request.user, bundle_id)
    shown = bundle_page(bundle, now=timezone.now())
    if request.htmx and request.headers.get("X-Seen") == shown.fingerprint:
        return HttpResponse(status=204)
    context = {
        "bundle": bundle,
        "shown": shown,
        "page": Paginator(shown.slots, SLOT_ROWS).get_page(request.GET.get("page")),
        "key": CommandForm()["key"].value(),
        **_may(request, bundle),
    }
    response = page_or_partial(request, "commands/bundle_detail.html", "bundle-state", context)
    return trigger_client_event(response, "bundle-changed", after="swap")  # its history follows


def _may(request: HtmxRequest, bundle: Bundle) -> dict[str, bool]:
    """Whether this person sees buttons: what they may not press is not drawn."""
    campaign = bundle.campaign
    is_open = campaign is not None and not campaign.archived_at and not campaign.client.is_archived
    return {"may_edit": request.user.may_edit and is_open}


@require_safe
def bundle_publish_quote(request: HtmxRequest, bundle_id: int, what: str) -> HttpResponse:
    """The button that hands over a bundle whose delivered account may owe a Coverage period, with its price."""
    bundle = editable_bundle(request.user, bundle_id)
    try:
        offered = _gated_offer(request, bundle, GATED[what])
    except sync.PriceCheckWasCharged as charged:
        messages.warning(request, str(charged))
        offered = Offer(trouble=str(charged))
    context = {"bundle": bundle, "what": what, "offer": offered, "key": CommandForm()["key"].value()}
    return render(request, "commands/publish_button.html", context)


def _gated_offer(request: HtmxRequest, bundle: Bundle, kind: str) -> Offer:
    assert bundle.campaign is not None  # editable_bundle
    return offer(
        bundle.connection,
        kind=kind,
        body={},
        by=request.user,
        campaign=bundle.campaign,
        bundle=bundle,
        now=timezone.now(),
    )


@require_POST
def bundle_publish(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    return _hand_over(request, bundle_id, "publish", actions.publish_bundle)


@require_POST
def bundle_publish_all(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    return _hand_over(request, bundle_id, "publish-all", actions.publish_all_videos)


def _hand_over(request: HtmxRequest, bundle_id: int, what: str, verb: Callable[..., Command]) -> HttpResponse:
    bundle = editable_bundle(request.user, bundle_id)
    form = PricedForm(request.POST)
    if not form.is_valid():
        return _incomplete(request, bundle)
    if was_pressed(form, bundle):
        return redirect(bundle)
    quote = None
    if actions.is_gated(GATED[what], bundle):
        try:
            if token := form.cleaned_data["quote"]:
                digest = digest_of(GATED[what], {"bundle_id": bundle.upstream_id}, {})
                quote = read_token(token, digest=digest)
            else:
                offered = _gated_offer(request, bundle, GATED[what])
                if offered.quote is None or offered.quote.credits:  # a price is shown before it is asked for
                    return _price_page(request, bundle, what, offered)
                quote = offered.quote
        except QuoteExpired as refusal:
            messages.error(request, str(refusal))
            return redirect(bundle)
        except sync.PriceCheckWasCharged as charged:
            messages.warning(request, str(charged))
            return redirect(charged.command)
    return pressed(
        request,
        bundle,
        lambda: verb(
            bundle=bundle, by=request.user, key=form.cleaned_data["key"], now=timezone.now(), quote=quote
        ),
    )


def _price_page(request: HtmxRequest, bundle: Bundle, what: str, offered: Offer) -> HttpResponse:
    context = {"bundle": bundle, "what": what, "offer": offered, "key": CommandForm()["key"].value()}
    status = 200 if offered.quote else 422
    return render(request, "commands/publish_price.html", context, status=status)


@require_POST
def bundle_unpublish(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    bundle = editable_bundle(request.user, bundle_id)
    form = CommandForm(request.POST)
    if not form.is_valid():
        return _incomplete(request, bundle)
    if was_pressed(form, bundle):
        return redirect(bundle)
    return pressed(
        request,
        bundle,
        lambda: actions.unpublish_bundle(
            bundle=bundle, by=request.user, key=form.cleaned_data["key"], now=timezone.now()
        ),
    )


def was_pressed(form: CommandForm, bundle: Bundle) -> bool:
    """Whether this very button was pressed before: then its Command stands, and the rules are not asked again."""
    return bundle.commands.filter(key=form.cleaned_data["key"]).exists()


def pressed(request: HtmxRequest, bundle: Bundle, ask: Callable[[], Command]) -> HttpResponse:
    """Ask for a Command and go back to the bundle, which follows it; or say there why not."""
    try:
        ask()
    except (actions.CannotSend, CannotReserve) as refusal:
        messages.error(request, str(refusal))
    return redirect(bundle)


def _incomplete(request: HtmxRequest, bundle: Bundle) -> HttpResponse:
    messages.error(request, _("The form came without its key, so nothing was sent. Press the button again."))
    return redirect(bundle)
