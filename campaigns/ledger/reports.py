"""Questions about money that other rooms ask: the pool, what is committed, what is unassigned."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from agency.models import Connection
from campaigns.ledger.models import (
    Allocation,
    AllocationQuerySet,
    ApprovalRule,
    Budget,
    Commitment,
    CreditEntry,
    CreditEntryQuerySet,
    Reservation,
)
from campaigns.models import Campaign
from clients.models import Client


@dataclass(frozen=True, slots=True)
class Pool:
    """The one balance of all clients, in whole credits. None = TokPortal has not told yet."""

    balance: int | None
    held: int
    expiring: int | None  # within 7 days
    at: datetime | None  # TokPortal's time of the balance

    @property
    def available(self) -> int | None:
        return None if self.balance is None else self.balance - self.held


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and what is spoken for of it. `limit` None = no limit."""

    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - self.used

    @property
    def share(self) -> int:
        """Percent used, 0 to 100."""
        return (
            min(100, round(100 * self.used / self.limit))
            if self.limit
            else (100 if self.used and self.limit == 0 else 0)
        )


def pool(connection: Connection) -> Pool:
    held = Reservation.objects.filter(connection=connection, state=Reservation.State.HELD).aggregate(
        n=Sum("credits")
    )["n"]
    return Pool(connection.balance, held or 0, connection.expiring_credits, connection.balance_at)


def unbooked_reservations(connection: Connection | None) -> QuerySet[Reservation]:
    """What Commands hold or were charged and no entry of the workspace's history is allocated to yet."""
    booked = Allocation.objects.standing().filter(command=OuterRef("command"))
    rows = Reservation.objects.filter(~Exists(booked), connection=connection)
    return rows.exclude(state=Reservation.State.VOID)


def booked_allocations(connection: Connection | None) -> AllocationQuerySet:
    """To whom the entries of the workspace's history belong. Their sums are net: reversals are in them."""
    return Allocation.objects.filter(entry__connection=connection)


def committed(connection: Connection | None, client: Client, campaign: Campaign | None = None) -> int:
    """Credits that the history gives to them, plus those of Commands that are not in the history yet.

    Only the books of `connection` count: what a trial workspace cost uses up no budget of the real one.
    """
    found = Commitment.objects.filter(connection=connection, client=client)
    if campaign:
        found = found.filter(campaign=campaign)
    return found.aggregate(n=Sum("credits"))["n"] or 0


def budget_state(
    connection: Connection | None, client: Client, campaign: Campaign | None = None
) -> BudgetState:
    budget = Budget.objects.filter(client=client, campaign=campaign).first()
    return BudgetState(budget.credits if budget else None, committed(connection, client, campaign))


def approval_rule(*, client: Client | None) -> int | None:
    """The limit that was set for a client, or for the agency; None = no rule of its own."""
    rule = ApprovalRule.objects.filter(client=client).first()
    return rule.credits if rule else None


def approval_limit(client: Client) -> int | None:
    """Orders of more credits need a second person: the client's own rule, else the agency's. None = no rule."""
    rules = ApprovalRule.objects.filter(Q(client=client) | Q(client=None)).order_by(
        F("client").asc(nulls_last=True)
    )
    rule = rules.first()
    return rule.credits if rule else None


def allocated(entry: CreditEntry) -> int:
    """Net allocations of an entry: its amount, or 0 when it is unassigned."""
    return entry.allocations.aggregate(n=Sum("amount"))["n"] or 0


def unassigned_entries(connection: Connection) -> CreditEntryQuerySet:
    """Entries that no standing allocation gives to anybody."""
    return connection.credit_entries.unassigned()
