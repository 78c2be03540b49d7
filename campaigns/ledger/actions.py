"""The verbs of money: reserve, settle, void, set a budget, allocate an entry.

`reserve`, `settle` and `void` belong into the transaction that moves the Command.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agency.formats import number
from agency.models import Connection, User
from campaigns.ledger import reports
from campaigns.ledger.models import Allocation, ApprovalRule, Budget, CreditEntry, Reservation
from campaigns.models import Bundle, Campaign, Command
from clients.models import Client


class CannotReserve(Exception):
    """Why nothing was reserved, in words for the person who asked."""


class PoolTooLow(CannotReserve):
    pass


class OverBudget(CannotReserve):
    pass


class WrongAllocation(Exception):
    """The parts do not add up, or the entry has an owner already; in words for the person who asked."""


def reserve(command: Command, *, credits: int, now: datetime) -> Reservation:
    """Hold `credits` for a Command. `now` is TokPortal's time.

    Locks in one order: Connection, client's budget, campaign's budget. Raises PoolTooLow, OverBudget.
    """
    assert command.client is not None, "what costs credits has an owner"
    assert command.campaign is not None, "what costs credits has an owner"
    connection = _require_room(command, credits=credits)
    return Reservation.objects.create(
        command=command,
        connection=connection,
        client=command.client,
        campaign=command.campaign,
        credits=credits,
        created_at=now,
    )


def hold_instead(command: Command, *, credits: int) -> None:
    """Hold another amount for a Command that has not left. Raises PoolTooLow, OverBudget."""
    held = Reservation.objects.filter(command=command, state=Reservation.State.HELD)
    with transaction.atomic():
        held.update(credits=0)  # its own credits are room for it
        _require_room(command, credits=credits)
        held.update(credits=credits)


def _require_room(command: Command, *, credits: int) -> Connection:
    """The pool and the budgets, locked, have `credits` left to give."""
    connection = Connection.objects.select_for_update().get(pk=command.connection_id)
    pool = reports.pool(connection)
    if pool.available is not None and credits > pool.available:
        sentence = (
            _(
                "This costs %(credits)s credits and the pool has %(left)s left to give (%(held)s are held by"
                " orders under way). Nothing was charged. Top the pool up at TokPortal, or order less."
            )
            if pool.held
            else _(
                "This costs %(credits)s credits and the pool has %(left)s left to give."
                " Nothing was charged. Top the pool up at TokPortal, or order less."
            )
        )
        raise PoolTooLow(
            sentence % {"credits": number(credits), "left": number(pool.available), "held": number(pool.held)}
        )
    assert command.client is not None, "what costs credits has an owner"
    owners = [(command.client, None), (command.client, command.campaign)]
    for client, campaign in owners:
        budget = Budget.objects.select_for_update().filter(client=client, campaign=campaign).first()
        if budget is None:
            continue
        left = budget.credits - reports.committed(connection, client, campaign)
        if credits > left:
            raise OverBudget(
                _(
                    "This costs %(credits)s credits and %(owner)s has %(left)s left of its budget of"
                    " %(budget)s. Nothing was charged. Raise the budget, or order less."
                )
                % {
                    "credits": number(credits),
                    "owner": campaign or client,
                    "left": number(max(left, 0)),
                    "budget": number(budget.credits),
                }
            )
    return connection


def settle(command: Command, *, charged: int, now: datetime) -> None:
    """The Command was carried out and cost `charged` credits, whatever had been held for it."""
    moved = Reservation.objects.filter(command=command, state=Reservation.State.HELD).update(
        state=Reservation.State.SETTLED, credits=charged, settled_at=now
    )
    if (
        not moved and charged and command.client and command.campaign
    ):  # free when asked for, charged all the same
        Reservation.objects.create(
            command=command,
            connection_id=command.connection_id,
            client=command.client,
            campaign=command.campaign,
            credits=charged,
            state=Reservation.State.SETTLED,
            created_at=now,
            settled_at=now,
        )


def correct(command: Command, *, charged: int) -> None:
    """It was settled at its quote, and the credit history shows that it cost something else."""
    Reservation.objects.filter(command=command, state=Reservation.State.SETTLED).update(credits=charged)


def void(command: Command, *, now: datetime) -> None:
    """The Command was refused or withdrawn: what was held is free again."""
    Reservation.objects.filter(command=command, state=Reservation.State.HELD).update(
        state=Reservation.State.VOID, settled_at=now
    )


def set_budget(*, client: Client, campaign: Campaign | None, credits: int | None) -> None:
    """Set or (with None) lift the budget of a client or of one campaign of it."""
    if credits is None:
        Budget.objects.filter(client=client, campaign=campaign).delete()
    else:
        Budget.objects.update_or_create(client=client, campaign=campaign, defaults={"credits": credits})


def set_approval_rule(*, client: Client | None, credits: int | None) -> None:
    """Orders of more than `credits` need a second person: of a client, or of all. None lifts the rule."""
    if credits is None:
        ApprovalRule.objects.filter(client=client).delete()
    else:
        ApprovalRule.objects.update_or_create(client=client, defaults={"credits": credits})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an entry and whose it is. `amount` is signed like the entry."""

    amount: int
    owner: str
    client: Client | None = None
    campaign: Campaign | None = None
    bundle: Bundle | None = None
    command: Command | None = None


def allocate(
    entry: CreditEntry,
    parts: list[Part],
    *,
    rule: str,
    now: datetime,
    by: User | None = None,
    confidence: int = 100,
    reason: str = "",
) -> list[Allocation]:
    """Say whose an entry was. The parts must add up to it. Raises WrongAllocation."""
    _check_parts(entry, parts)
    with transaction.atomic():
        CreditEntry.objects.select_for_update().get(pk=entry.pk)
        if reports.allocated(entry):
            raise WrongAllocation(_("This entry has an owner already. Reverse that first."))
        return Allocation.objects.bulk_create(
            Allocation(
                entry=entry,
                amount=part.amount,
                owner=part.owner,
                client=part.client,
                campaign=part.campaign,
                bundle=part.bundle,
                command=part.command,
                rule=rule,
                confidence=confidence,
                reason=reason,
                made_by=by,
                made_at=now,
            )
            for part in parts
        )


def _check_parts(entry: CreditEntry, parts: list[Part]) -> None:
    """What the database cannot say about parts, or would say in words that no person understands."""
    if not parts or sum(part.amount for part in parts) != entry.amount:
        sentence = _("The parts must add up to %(credits)s credits.")
        raise WrongAllocation(sentence % {"credits": f"{entry.amount:+,}"})
    if any(part.amount * entry.amount <= 0 for part in parts):
        raise WrongAllocation(_("Each part must be more than nothing, and signed like the whole."))
    for part in parts:
        if (part.owner == Allocation.Owner.CLIENT) != (part.client is not None):
            raise WrongAllocation(_("A part belongs either to a client, or to nobody's work in particular."))
        if part.campaign and part.campaign.client_id != (part.client and part.client.pk):
            sentence = (
                _("%(campaign)s is not a campaign of %(client)s.")
                if part.client
                else _("%(campaign)s belongs to a client, and this part to none.")
            )
            raise WrongAllocation(sentence % {"campaign": part.campaign, "client": part.client})
        if part.bundle and part.bundle.campaign_id != (part.campaign and part.campaign.pk):
            sentence = (
                _("That bundle does not belong to %(campaign)s.")
                if part.campaign
                else _("That bundle does not belong to the client as a whole.")
            )
            raise WrongAllocation(sentence % {"campaign": part.campaign})


def reverse_allocations(entry: CreditEntry, *, by: User, reason: str, now: datetime) -> list[Allocation]:
    """Take an entry back from its owners, with a reason; it is unassigned afterwards. Raises WrongAllocation."""
    if not reason.strip():
        raise WrongAllocation(_("Say why the entry is taken back: the reason stays in the books."))
    with transaction.atomic():
        CreditEntry.objects.select_for_update().get(pk=entry.pk)
        standing = list(
            entry.allocations.standing().select_related("client", "campaign", "bundle", "command")
        )
        if not standing:
            raise WrongAllocation(_("This entry belongs to nobody, so there is nothing to take back."))
        return Allocation.objects.bulk_create(
            Allocation(
                entry=entry,
                amount=-old.amount,
                owner=old.owner,
                client=old.client,
                campaign=old.campaign,
                bundle=old.bundle,
                command=old.command,
                rule="person",
                reason=reason,
                reverses=old,
                made_by=by,
                made_at=now,
            )
            for old in standing
        )
