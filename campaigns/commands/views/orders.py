"""Ordering a bundle, and slots for one: the price first, then the Command.

Without JavaScript the first submit shows the price and the second one orders.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from agency.connections import NotConnected, active_connection
from agency.htmx import HtmxRequest
from agency.models import Connection
from campaigns.access import editable_bundle, editable_campaign, visible_commands
from campaigns.commands import actions, sync
from campaigns.commands.forms.buttons import AddSlotsForm
from campaigns.commands.forms.orders import BundleOrderForm, initial_from
from campaigns.commands.offers import Offer, offer
from campaigns.commands.quotes import QuoteExpired, digest_of, read_token
from campaigns.ledger.actions import CannotReserve
from campaigns.models import Bundle, Campaign, Command, SavedAccount

K = Command.Kind


@require_http_methods(["GET", "HEAD", "POST"])
def bundle_order(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    try:
        connection = active_connection()
    except NotConnected as reason:
        return render(request, "commands/not_connected.html", {"campaign": campaign, "reason": reason})
    if request.method != "POST":
        form = BundleOrderForm(
            campaign=campaign, connection=connection, initial=_wanted(request, campaign, connection)
        )
        return _order_page(request, campaign, form, connection)
    form = BundleOrderForm(request.POST, campaign=campaign, connection=connection)
    if not form.is_valid():
        return _order_page(request, campaign, form, connection, status=422)
    now = timezone.now()
    if not form.cleaned_data["quote"]:  # the first of two steps
        return _priced_order_page(request, campaign, form, connection, now)
    body = form.body()
    try:
        command = actions.order_bundle(
            campaign=campaign,
            connection=connection,
            by=request.user,
            key=form.cleaned_data["key"],
            body=body,
            quote=read_token(form.cleaned_data["quote"], digest=digest_of(K.CREATE_BUNDLE, {}, body)),
            now=now,
        )
    except actions.KeyAlreadyUsed as refusal:
        _give_new_key(form)
        form.add_error(None, str(refusal))
    except (QuoteExpired, CannotReserve, actions.CannotSend) as refusal:
        form.add_error(None, str(refusal))
    else:
        return redirect(command)
    return _priced_order_page(request, campaign, form, connection, now, status=422)


@require_POST
def bundle_quote(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    """The price of the form as it stands, as a fragment."""
    campaign = editable_campaign(request.user, campaign_id)
    try:
        connection = active_connection()
    except NotConnected:  # since the form was drawn: its page says what to do
        return HttpResponseClientRedirect(reverse("bundle_order", args=[campaign.pk]))
    form = BundleOrderForm(request.POST, campaign=campaign, connection=connection)
    offered = None
    if form.is_valid():
        try:
            offered = _offer(request, campaign, form, connection, timezone.now())
        except sync.PriceCheckWasCharged as charged:
            return _charged_all_the_same(request, charged)
    # Always 200: a form that is not complete yet has no price, which is no refusal.
    context = _order_context(campaign, form, offered)
    return render(request, "commands/bundle_order.html#order-offer", context)


def _wanted(request: HtmxRequest, campaign: Campaign, connection: Connection) -> dict[str, Any]:
    """What the address asks for: an earlier order again (`again`), an account's videos, a market."""
    asked = request.GET
    if asked.get("again", "").isdecimal():
        earlier = visible_commands(request.user).filter(campaign=campaign, kind=K.CREATE_BUNDLE)
        if command := earlier.filter(pk=asked["again"]).first():
            account = connection.saved_accounts.filter(upstream_id=command.body.get("account_id", ""))
            return initial_from(command.body) | {"account_id": account.first()}
    initial: dict[str, Any] = {name: asked[name] for name in ("country", "platform") if asked.get(name)}
    if asked.get("account", "").isdecimal():
        initial |= {"bundle_type": Bundle.Type.VIDEOS_ONLY, "account_id": asked["account"]}
    return initial


def _offer(
    request: HtmxRequest, campaign: Campaign, form: BundleOrderForm, connection: Connection, now: datetime
) -> Offer:
    """Price a valid form; what TokPortal refuses of it goes to the form's fields."""
    offered = offer(
        connection, kind=K.CREATE_BUNDLE, body=form.body(), by=request.user, campaign=campaign, now=now
    )
    form.refuse(offered.refused)
    return offered


def _priced_order_page(
    request: HtmxRequest,
    campaign: Campaign,
    form: BundleOrderForm,
    connection: Connection,
    now: datetime,
    *,
    status: int = 200,
) -> HttpResponse:
    try:
        offered = _offer(request, campaign, form, connection, now)
    except sync.PriceCheckWasCharged as charged:
        return _charged_all_the_same(request, charged)
    is_refused = bool(form.errors) or offered.quote is None
    return _order_page(request, campaign, form, connection, offered, status=422 if is_refused else status)


def _order_page(
    request: HtmxRequest,
    campaign: Campaign,
    form: BundleOrderForm,
    connection: Connection,
    offered: Offer | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    today = connection.upstream_now(timezone.now()).date()
    context = _order_context(campaign, form, offered) | {"is_over": campaign.ends_on < today}
    return render(request, "commands/bundle_order.html", context, status=status)


def _order_context(campaign: Campaign, form: BundleOrderForm, offered: Offer | None) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "form": form,
        "offer": offered,
        "active_bundle": _active_bundle(form.account, campaign) if form.account else None,
    }


def _active_bundle(account: SavedAccount, campaign: Campaign) -> Bundle | None:
    """Slots added to a bundle keep its manager, so that is better than a new bundle on the same account."""
    theirs = account.bundles.filter(campaign__client=campaign.client)
    return theirs.exclude(status__in=Bundle.ENDED).order_by("-pk").first()


def _charged_all_the_same(request: HtmxRequest, charged: sync.PriceCheckWasCharged) -> HttpResponse:
    messages.warning(request, str(charged))
    url = charged.command.get_absolute_url()
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _give_new_key(form: BundleOrderForm | AddSlotsForm) -> None:
    form.data = dict(form.data.items()) | {"key": str(uuid4())}


@require_http_methods(["GET", "HEAD", "POST"])
def bundle_add_slots(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    bundle = editable_bundle(request.user, bundle_id)
    form = AddSlotsForm(request.POST or None)
    if not form.is_valid():
        return _slots_page(request, bundle, form, status=422 if form.is_bound else 200)
    now = timezone.now()
    if not form.cleaned_data["quote"]:
        return _priced_slots_page(request, bundle, form, now)
    kind, body = form.kind, form.body()
    try:
        quote = read_token(
            form.cleaned_data["quote"], digest=digest_of(kind, {"bundle_id": bundle.upstream_id}, body)
        )
        command = actions.add_slots(
            bundle=bundle,
            by=request.user,
            key=form.cleaned_data["key"],
            quantity=body["quantity"],
            quote=quote,
            now=now,
            edits=form.is_for_edits,
        )
    except actions.KeyAlreadyUsed as refusal:
        _give_new_key(form)
        form.add_error(None, str(refusal))
    except (QuoteExpired, CannotReserve, actions.CannotSend) as refusal:
        form.add_error(None, str(refusal))
    else:
        return redirect(command)
    return _priced_slots_page(request, bundle, form, now, status=422)


@require_POST
def bundle_add_slots_quote(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    """The price of more slots, as a fragment."""
    bundle = editable_bundle(request.user, bundle_id)
    form = AddSlotsForm(request.POST)
    offered = None
    if form.is_valid():
        try:
            offered = _slots_offer(request, bundle, form, timezone.now())
        except sync.PriceCheckWasCharged as charged:
            return _charged_all_the_same(request, charged)
    context = {"bundle": bundle, "form": form, "offer": offered}
    return render(request, "commands/bundle_add_slots.html#slots-offer", context)


def _slots_offer(request: HtmxRequest, bundle: Bundle, form: AddSlotsForm, now: datetime) -> Offer:
    assert bundle.campaign is not None  # editable_bundle
    offered = offer(
        bundle.connection,
        kind=form.kind,
        body=form.body(),
        by=request.user,
        campaign=bundle.campaign,
        bundle=bundle,
        now=now,
    )
    for sentences in offered.refused.values():
        for sentence in sentences:
            form.add_error(None, sentence)
    return offered


def _priced_slots_page(
    request: HtmxRequest, bundle: Bundle, form: AddSlotsForm, now: datetime, *, status: int = 200
) -> HttpResponse:
    try:
        offered = _slots_offer(request, bundle, form, now)
    except sync.PriceCheckWasCharged as charged:
        return _charged_all_the_same(request, charged)
    is_refused = bool(form.errors) or offered.quote is None
    return _slots_page(request, bundle, form, offered, status=422 if is_refused else status)


def _slots_page(
    request: HtmxRequest,
    bundle: Bundle,
    form: AddSlotsForm,
    offered: Offer | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"bundle": bundle, "campaign": bundle.campaign, "form": form, "offer": offered}
    return render(request, "commands/bundle_add_slots.html", context, status=status)
