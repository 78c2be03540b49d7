"""What was asked of TokPortal, and what became of it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agency.formats import number
from campaigns.commands.refusals import said
from campaigns.events.timeline.moment import MOST, ORDERS, Moment
from campaigns.models import Bundle, Command, CommandMove

S = Command.State
AT_ONCE = timedelta(minutes=1)  # an answer that comes later makes the sending worth a line


def ordered(bundle: Bundle) -> list[Moment]:
    """Asked, approved, sent, answered, refused, lost, found. Two queries; three where an answer was lost."""
    commands = list(
        bundle.commands.select_related("asked_by").defer("body", "answer", "before").order_by("-pk")[:MOST]
    )
    moved = CommandMove.objects.filter(command__in=commands, by__isnull=False)
    moved = moved.exclude(before="").exclude(before=F("after"))  # a corrected charge decides nothing
    decisions = {move.command_id: move for move in moved.select_related("by").order_by("pk")}
    found = [moment for command in commands for moment in _of_command(command, decisions.get(command.pk))]
    troubled = {command.pk: command for command in commands if command.attempts > 1 or command.evidence}
    return [*found, *_lost(troubled)] if troubled else found


def _of_command(command: Command, decision: CommandMove | None) -> Iterator[Moment]:
    """`decision`: the last move that a person made."""
    what, url = {"what": command.get_kind_display()}, command.get_absolute_url()
    who = command.asked_by.name if command.asked_by else _("the system")
    quoted = command.quoted_credits
    asked, price = _("%(what)s: asked") % what, _quoted(quoted) if quoted else ""
    yield Moment(command.asked_at, ORDERS, asked, actor=who, credits=quoted or None, price=price, url=url)
    decider = decision.by.name if decision and decision.by else ""
    if decision and decision.before == S.AWAITING and decision.after == S.QUEUED:
        yield Moment(decision.at, ORDERS, _("%(what)s: approved") % what, actor=decider, url=url)
    ended_by = decider if decision and decision.after == command.state else ""
    sent_at, answered_at = command.first_sent_at, command.answered_at
    if sent_at and (answered_at is None or answered_at - sent_at > AT_ONCE):
        yield Moment(sent_at, ORDERS, _("%(what)s: sent") % what, url=url)
    if command.state == S.SUCCEEDED and command.error_code:
        title, detail, tone = _("%(what)s: done in part."), said(command), "wait"
    elif command.state == S.SUCCEEDED:
        tone = "wait" if command.is_charged_differently else "good"
        title, detail = _("%(what)s: done"), command.evidence
    elif command.state == S.REFUSED:
        title, detail, tone = _("%(what)s: refused."), said(command), "bad"
    elif command.state == S.UNKNOWN:
        title, detail, tone = _("%(what)s: no answer yet."), command.evidence, "wait"
    elif command.state == S.VOID:
        title, detail, tone = _("%(what)s: withdrawn."), command.evidence, ""
    else:
        return
    yield Moment(
        answered_at or command.state_since,
        ORDERS,
        title % what,
        detail,
        actor="TokPortal" if answered_at else ended_by,
        credits=command.credits_charged or None,
        price=_charged(command),
        url=url,
        tone=tone,
        upstream=command.request_id,
    )


def _lost(commands: Mapping[int, Command]) -> Iterator[Moment]:
    """When an answer was lost, and when the same order was sent again: the audit trail knows."""
    rows = (
        Command.pgh_event_model.objects.filter(pgh_obj_id__in=commands, pgh_label="update")  # type: ignore[attr-defined]
        .filter(Q(state=S.UNKNOWN) | Q(state=S.SENDING, attempts__gt=1))
        .order_by("pgh_obj_id", "state_since", "pgh_id")
        .distinct("pgh_obj_id", "state_since")
        .values_list("pgh_obj_id", "state", "state_since")
    )
    for pk, state, since in rows:
        command = commands[pk]
        what, url = {"what": command.get_kind_display()}, command.get_absolute_url()
        if state == S.SENDING:
            yield Moment(since, ORDERS, _("%(what)s: sent again with the same key") % what, url=url)
        elif command.state != S.UNKNOWN or since != command.state_since:
            yield Moment(since, ORDERS, _("%(what)s: the answer was lost") % what, url=url, tone="wait")


def _quoted(credits: int) -> str:
    words = ngettext("%(credits)s credit quoted", "%(credits)s credits quoted", credits)
    return words % {"credits": number(credits)}


def _charged(command: Command) -> str:
    charged = command.credits_charged or 0
    figures = {"charged": number(charged), "quoted": number(command.quoted_credits)}
    if command.is_charged_differently:
        words = ngettext(
            "%(charged)s credit charged, not %(quoted)s as quoted",
            "%(charged)s credits charged, not %(quoted)s as quoted",
            charged,
        )
        return words % figures
    words = ngettext("%(charged)s credit charged", "%(charged)s credits charged", charged)
    return words % figures if charged else ""
