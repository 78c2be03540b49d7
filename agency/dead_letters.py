"""Commands that a person must look at: unknown for good, or longer in a state than that takes. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from agency.models import Connection
from campaigns.commands.refusals import said
from campaigns.models import Command
from campaigns.states import Pill, command_pill

S = Command.State

MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class DeadLetter:
    command: Command
    pill: Pill
    reason: str
    may_try_again: bool  # with the same key, after a look for the effect: nothing is ever done twice


def dead_letters(connection: Connection, *, now: datetime) -> list[DeadLetter]:
    """The oldest ones first. `now` is machine time."""
    before = Command.objects.filter(
        bundle=OuterRef("bundle"), pk__lt=OuterRef("pk"), state__in=(S.QUEUED, S.SENDING, S.UNKNOWN)
    )
    unsettled = Command.objects.unsettled().filter(connection=connection)
    overdue = unsettled.overdue(now, upstream_now=connection.upstream_now(now))
    found = (
        (unsettled.filter(needs_person=True) | overdue)
        .select_related("client", "campaign", "bundle")
        .defer("body", "answer", "bundle__raw", "bundle__account_listing")
        .annotate(is_behind=Exists(before))
        .order_by("asked_at", "pk")
    )
    return [
        DeadLetter(command, command_pill(command), _reason(command), command.state == S.UNKNOWN)
        for command in found[:MOST_SHOWN]
    ]


def _reason(command: Command) -> str:
    if command.needs_person:
        return command.evidence or _("Nothing tells whether it happened. Open it and decide.")
    if command.state == S.AWAITING:
        return _("Nobody has approved it or taken it back.")
    if command.state == S.UNKNOWN:
        return command.evidence or _("TokPortal could not be asked yet whether it happened.")
    if command.state == S.SENDING:
        return _("The worker that sent it is gone, and no other has taken it up yet.")
    if getattr(command, "is_behind", False):
        return _("It waits behind another order of the same bundle.")
    return said(command) or _("No worker has taken it up. It leaves by itself when one runs.")
