"""What a second person says to an order that costs more than one person may spend. `now` is machine time."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agency.bell import ring
from agency.models import User
from campaigns.commands import tasks
from campaigns.commands.actions import CannotSend, WrongMove
from campaigns.commands.moves import move
from campaigns.commands.quotes import Quote
from campaigns.ledger import actions as ledger
from campaigns.models import Command

S = Command.State


class OwnOrder(CannotSend):
    def __init__(self) -> None:
        super().__init__(_("Somebody else must decide about what you have asked for yourself."))


def may_decide(user: User, command: Command) -> bool:
    """Anybody who may order for the client, but never the one who asked."""
    return command.state == S.AWAITING and user.may_edit and user.pk != command.asked_by_id


def approve(*, command: Command, by: User, now: datetime, quote: Quote | None = None) -> None:
    """Let it leave. `quote`: today's price, which `by` has seen, where the one that was asked for is old.

    Raises CannotSend, ledger.CannotReserve.
    """
    if by.pk == command.asked_by_id:
        raise OwnOrder
    at = command.connection.upstream_now(now)
    values = {"state": S.QUEUED, "state_since": at, "next_try_at": now}
    with transaction.atomic():
        if quote:
            values |= {
                "quoted_credits": quote.credits,
                "quoted_breakdown": dict(quote.breakdown),
                "quoted_at": quote.at,
                "is_estimate": quote.is_estimate,
            }
            if quote.credits != command.quoted_credits:
                ledger.hold_instead(command, credits=quote.credits)
        if not move(command, (S.AWAITING,), values, by=by):
            raise WrongMove(_("Somebody else has decided meanwhile. Look at its page again."))
        ring(tasks.send_command, command_id=command.pk)


def decline(*, command: Command, by: User, note: str, now: datetime) -> None:
    """It is never sent, and what it held is free again. Raises CannotSend."""
    if by.pk == command.asked_by_id:
        raise OwnOrder
    at = command.connection.upstream_now(now)
    values = {"state": S.VOID, "state_since": at, "evidence": f"{by.name}: {note}"}
    with transaction.atomic():
        if not move(command, (S.AWAITING,), values, by=by, note=note):
            raise WrongMove(_("Somebody else has decided meanwhile. Look at its page again."))
        ledger.void(command, now=at)
        ring(tasks.send_next, command_id=command.pk)
