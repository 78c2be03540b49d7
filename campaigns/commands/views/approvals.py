"""A second person approves or declines an order, at the price of today."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agency.htmx import HtmxRequest
from agency.models import User
from agency.tokportal import Refused, TokPortalError
from campaigns.access import require_open
from campaigns.commands import actions, approvals, refusals, sync
from campaigns.commands.forms.buttons import ApproveForm, DeclineForm
from campaigns.commands.offers import why_no_price
from campaigns.commands.quotes import Quote
from campaigns.commands.sync.sending import QUOTE_IS_FRESH
from campaigns.commands.views.commands import command_context, decidable_command, refused
from campaigns.ledger.actions import CannotReserve
from campaigns.models import Command


@require_POST
def command_approve(request: HtmxRequest, command_id: int) -> HttpResponse:
    """Sends it, if its price is still the one on the button; else the page asks again with the new one."""
    command = decidable_command(request, command_id)
    if command.campaign:
        require_open(command.campaign)
    form = ApproveForm(request.POST)
    if not form.is_valid() or command.state != Command.State.AWAITING:
        return redirect(command)
    now = timezone.now()
    try:
        quote = _todays_price(command, by=request.user, now=now)
        price = quote.credits if quote else command.quoted_credits
        if price != form.cleaned_data["credits"]:
            return refused(request, command_context(request, command, new_price=price))
        approvals.approve(command=command, by=request.user, quote=quote, now=now)
    except sync.PriceCheckWasCharged as charged:
        note = _("A price check carried it out: %(order)s.") % {"order": charged.command}
        actions.withdraw(command=command, by=request.user, note=note, now=now)
        messages.warning(request, str(charged))
        return redirect(charged.command)
    except Refused as error:
        messages.error(request, refusals.sentence(error))
    except TokPortalError as error:
        messages.error(request, why_no_price(error))
    except (actions.CannotSend, CannotReserve) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Approved. It is being sent."))
    return redirect(command)


def _todays_price(command: Command, *, by: User, now: datetime) -> Quote | None:
    """None where the price that was asked for is young enough to send by."""
    asked_at = command.quoted_at
    if asked_at and command.connection.upstream_now(now) - asked_at <= QUOTE_IS_FRESH:
        return None
    return sync.quote_again(command, by=by, now=now)


@require_POST
def command_decline(request: HtmxRequest, command_id: int) -> HttpResponse:
    command = decidable_command(request, command_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return refused(request, command_context(request, command, decline=form))
    try:
        approvals.decline(command=command, by=request.user, now=timezone.now(), **form.cleaned_data)
    except actions.CannotSend as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Declined. Nothing was charged, and what was held is free again."))
    return redirect(command)
