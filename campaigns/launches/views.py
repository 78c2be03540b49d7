"""Launching in several countries: the prices first, then one confirmation; and the page that follows it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.connections import NotConnected, active_connection
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tokportal import Refused, TokPortalError
from campaigns.access import editable_campaign
from campaigns.commands import refusals, stops, sync
from campaigns.commands.actions import CannotSend
from campaigns.commands.offers import Offer, Remainder, offer, remainders, why_no_price
from campaigns.commands.quotes import QuoteExpired, digest_of, read_token
from campaigns.launches import actions
from campaigns.launches.access import editable_line, visible_launch
from campaigns.launches.actions import Country
from campaigns.launches.forms import LaunchForm, MarketForm, market_forms, refuse_shared_posts
from campaigns.launches.models import Launch, Step
from campaigns.launches.reports import lines_of
from campaigns.models import Campaign, Command

K = Command.Kind


@dataclass(frozen=True, slots=True)
class Priced:
    """One market with its price, or why there is none."""

    form: MarketForm
    offer: Offer

    @property
    def refusals(self) -> list[str]:
        return [sentence for sentences in self.offer.refused.values() for sentence in sentences]


@dataclass(frozen=True, slots=True)
class Prices:
    """All markets of a launch."""

    rows: list[Priced]
    remainders: tuple[Remainder, ...]
    total: int
    is_stopped: bool

    @property
    def warnings(self) -> list[str]:
        return [left.warning for left in self.remainders if left.is_short]

    @property
    def can_launch(self) -> bool:
        return not self.warnings and all(row.offer.quote for row in self.rows)


@require_http_methods(["GET", "HEAD", "POST"])
def launch_new(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    try:
        connection = active_connection()
    except NotConnected as reason:
        return render(request, "commands/not_connected.html", {"campaign": campaign, "reason": reason})
    if request.method != "POST":
        return _page(request, campaign, LaunchForm(campaign=campaign, connection=connection))
    form = LaunchForm(request.POST, campaign=campaign, connection=connection)
    if not form.is_valid():
        return _page(request, campaign, form, status=422)
    now = timezone.now()
    markets = market_forms(request.POST, form)
    # Else it is the first of two steps, a market was added, or the prices are wanted again.
    is_answer = "again" not in request.POST and all(market.is_bound for market in markets)
    if is_answer:
        refuse_shared_posts([market for market in markets if market.is_valid()])
    is_complete = is_answer and not any(market.errors for market in markets)
    if is_complete:
        try:
            launch = actions.launch(
                campaign=campaign,
                connection=connection,
                by=request.user,
                key=form.cleaned_data["key"],
                countries=[_country(form, market) for market in markets],
                publishes=form.cleaned_data["publishes"],
                now=now,
            )
        except QuoteExpired as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(launch)
    try:
        prices = _prices(request, campaign, connection, form, markets, now)
    except sync.PriceCheckWasCharged as charged:
        messages.warning(request, str(charged))
        return redirect(charged.command)
    return _page(request, campaign, form, prices, status=422 if is_answer else 200)


def _country(form: LaunchForm, market: MarketForm) -> Country:
    """Raises QuoteExpired."""
    body = form.body_for(market.country, market.platform)
    return Country(
        country=market.country,
        platform=market.platform,
        body=body,
        quote=read_token(market.cleaned_data["quote"], digest=digest_of(K.CREATE_BUNDLE, {}, body)),
        profile=market.profile(),
        posts=list(market.cleaned_data.get("posts") or []),
    )


def _prices(
    request: HtmxRequest,
    campaign: Campaign,
    connection: Connection,
    form: LaunchForm,
    markets: list[MarketForm],
    now: datetime,
) -> Prices:
    rows = []
    for market in markets:
        body = form.body_for(market.country, market.platform)
        offered = offer(
            connection, kind=K.CREATE_BUNDLE, body=body, by=request.user, campaign=campaign, now=now
        )
        rows.append(Priced(market, offered))
        if offered.trouble:  # the others would wait for the same
            break
    total = sum(row.offer.quote.credits for row in rows if row.offer.quote)
    left = remainders(connection, campaign, total)
    return Prices(rows, left, total, stops.is_stopped(campaign))


def _page(
    request: HtmxRequest,
    campaign: Campaign,
    form: LaunchForm,
    prices: Prices | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"campaign": campaign, "client": campaign.client, "form": form, "prices": prices}
    return render(request, "launches/launch_new.html", context, status=status)


@require_safe
def launch_detail(request: HtmxRequest, launch_id: int) -> HttpResponse:
    return _launch_page(request, visible_launch(request.user, launch_id))


def _launch_page(
    request: HtmxRequest, launch: Launch, *, new_prices: dict[int, int] | None = None
) -> HttpResponse:
    now = timezone.now()
    lines = lines_of(launch, now=now, new_prices=new_prices)
    context = {
        "launch": launch,
        "campaign": launch.campaign,
        "client": launch.campaign.client,
        "lines": lines,
        "done": sum(line.now is None for line in lines),
        "charged": sum(line.charged for line in lines),
        "is_moving": any(line.is_moving for line in lines),
        "may_edit": request.user.may_edit,
        "upstream_now": launch.connection.upstream_now(now),
    }
    status = 422 if new_prices else 200
    return page_or_partial(request, "launches/launch_detail.html", "launch-lines", context, status=status)


@require_POST
def launch_go_on(request: HtmxRequest, line_id: int) -> HttpResponse:
    """Take the step that had stopped once more. An order is asked for at today's price, and only if it was seen."""
    line = editable_line(request.user, line_id)
    now = timezone.now()
    stopped = actions.where_it_stopped(line, now=now)
    quote = None
    try:
        if stopped and stopped.step == Step.ORDER:
            quote = sync.quote(
                line.launch.connection,
                kind=K.CREATE_BUNDLE,
                body=line.body,
                now=now,
                by=request.user,
                campaign=line.launch.campaign,
            )
            if request.POST.get("credits") != str(quote.credits):
                return _launch_page(request, line.launch, new_prices={line.pk: quote.credits})
        actions.go_on(line=line, now=now, quote=quote)
    except sync.PriceCheckWasCharged as charged:
        messages.warning(request, str(charged))
        return redirect(charged.command)
    except Refused as error:
        messages.error(request, refusals.sentence(error))
    except TokPortalError as error:
        messages.error(request, why_no_price(error))
    except CannotSend as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(market)s goes on.") % {"market": line})
    return redirect(line.launch)
