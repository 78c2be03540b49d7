"""Commands: the list, the page that follows one, and what a person may decide about it."""

import json
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agency.downloads import csv_download
from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection, User
from agency.tables import Sort, sort_of
from campaigns.access import visible_command, visible_commands
from campaigns.commands import actions, approvals, stops
from campaigns.commands.forms.buttons import AcceptForm, DeclineForm, WithdrawForm
from campaigns.commands.quotes import breakdown_lines
from campaigns.commands.reports import requests
from campaigns.commands.reports.lists import COMMAND_COLUMNS, COMMAND_SORTS, CommandFilterForm, command_rows
from campaigns.commands.reports.moves import moves_of
from campaigns.commands.reports.queue import send_queue
from campaigns.models import Command
from campaigns.models.command import CommandQuerySet
from campaigns.states import command_pill
from clients.access import require_editor

S = Command.State
SOON = timedelta(minutes=1)


def _filtered(request: HtmxRequest) -> tuple[CommandFilterForm, CommandQuerySet, Sort]:
    filters = CommandFilterForm(request.GET, user=request.user)
    sort = sort_of(request, COMMAND_SORTS, usual="-asked")
    commands = visible_commands(request.user).defer(
        "body", "answer", "bundle__raw", "bundle__account_listing"
    )
    return filters, sort.order(filters.narrow(commands)), sort


@require_safe
def command_list(request: HtmxRequest) -> HttpResponse:
    """All of them. While some are on their way, their bar asks for itself."""
    connection, now = Connection.objects.active(), timezone.now()
    queue = send_queue(request.user, now=connection.upstream_now(now) if connection else now)
    if request.htmx.target == "send-queue":
        context = {"queue": queue, "is_poll": True, "connection": connection}
        return page_or_partial(request, "commands/command_list.html", "send-queue", context)
    filters, commands, sort = _filtered(request)
    page = page_of(commands, request)
    rows = [(command, command_pill(command)) for command in page]
    context = {
        "filters": filters,
        "sort": sort,
        "page": page,
        "rows": rows,
        "is_narrowed": bool(filters.filters()),
        "connection": connection,
        "queue": queue,
    }
    return page_or_partial(request, "commands/command_list.html", "command-table", context)


@require_safe
def command_list_csv(request: HtmxRequest) -> HttpResponseBase:
    _filters, commands, _sort = _filtered(request)
    return csv_download("orders", COMMAND_COLUMNS, command_rows(commands))


@require_safe
def command_detail(request: HtmxRequest, command_id: int) -> HttpResponse:
    command = visible_command(request.user, command_id)
    return page_or_partial(
        request, "commands/command_detail.html", "command-state", command_context(request, command)
    )


def command_context(
    request: HtmxRequest,
    command: Command,
    withdraw: WithdrawForm | None = None,
    accept: AcceptForm | None = None,
    decline: DeclineForm | None = None,
    new_price: int | None = None,
) -> dict[str, object]:
    """`new_price`: of one that awaits approval, where it is not the quoted one any more."""
    needs_decision = command.state == S.UNKNOWN and command.needs_person
    now = timezone.now()
    kept_by, looked_at = requests.kept_by(command, now)
    next_try_at = max(command.next_try_at, looked_at or now)
    return {
        "command": command,
        "client": command.client,
        "pill": command_pill(command),
        "stop": stops.stop_of(command) if command.state == S.QUEUED else None,
        "asked": requests.asked(command),
        "quoted_lines": breakdown_lines(command.quoted_credits, command.quoted_breakdown),
        "body": json.dumps(command.body, indent=2, ensure_ascii=False, sort_keys=True),
        "refused_slots": sorted(requests.refused_slots(command).items()),
        "next_step": requests.next_step(command, request.user),
        "reservation": getattr(command, "reservation", None),
        "may_edit": _may_decide(request.user, command),
        "can_withdraw": command.state in (S.AWAITING, S.QUEUED) and command.first_sent_at is None,
        "moves": moves_of(command),
        "may_approve": approvals.may_decide(request.user, command),
        "price": command.quoted_credits if new_price is None else new_price,
        "has_new_price": new_price is not None,
        "decline": decline or DeclineForm(),
        "needs_decision": needs_decision,
        "withdraw": withdraw or WithdrawForm(is_decision=needs_decision),
        "accept": accept or AcceptForm(initial={"credits": command.quoted_credits}),
        "upstream_now": command.connection.upstream_now(now),
        "kept_by": kept_by,
        "is_tried_soon": next_try_at <= now + SOON,
        "next_try_at": command.connection.upstream_now(next_try_at),
    }


def _may_decide(user: User, command: Command) -> bool:
    """What belongs to no client is decided by owners."""
    return user.may_edit if command.client_id else user.is_owner


def decidable_command(request: HtmxRequest, command_id: int) -> Command:
    command = visible_command(request.user, command_id)
    require_editor(request.user)  # also where the campaign is archived: what is under way must end
    return command


@require_POST
def command_check(request: HtmxRequest, command_id: int) -> HttpResponse:
    command = decidable_command(request, command_id)
    actions.check_again(command=command, now=timezone.now())
    return redirect(command)


@require_POST
def command_withdraw(request: HtmxRequest, command_id: int) -> HttpResponse:
    command = decidable_command(request, command_id)
    form = WithdrawForm(request.POST, is_decision=command.needs_person)
    if form.is_valid():
        try:
            actions.withdraw(
                command=command, by=request.user, note=form.cleaned_data["note"], now=timezone.now()
            )
        except actions.CannotSend as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Withdrawn. Nothing was charged, and what was held is free again."))
        return redirect(command)
    return refused(request, command_context(request, command, withdraw=form))


@require_POST
def command_accept(request: HtmxRequest, command_id: int) -> HttpResponse:
    command = decidable_command(request, command_id)
    form = AcceptForm(request.POST)
    if form.is_valid():
        try:
            actions.accept_as_done(command=command, by=request.user, now=timezone.now(), **form.cleaned_data)
        except actions.CannotSend as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Recorded as done."))
        return redirect(command)
    return refused(request, command_context(request, command, accept=form))


def refused(request: HtmxRequest, context: dict[str, object]) -> HttpResponse:
    return page_or_partial(request, "commands/command_detail.html", "command-state", context, status=422)
