"""What must never be false about allocations and reservations (M3, M5), for the verify command.

Constraints refuse most of it; this proves that they did.
"""

from dataclasses import dataclass

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from agency.models import Connection
from campaigns.ledger.models import Allocation, CreditEntry, Reservation
from campaigns.models import Command

State = Command.State


@dataclass(frozen=True, slots=True)
class Owned:
    """Where the sum of all entries went. Whole credits, signed like entries."""

    total: int
    by_owner: dict[str, int]  # client, shared, agency, pool
    unassigned: int
    unassigned_entries: int

    @property
    def adds_up(self) -> bool:
        return sum(self.by_owner.values()) + self.unassigned == self.total


def owned(connection: Connection) -> Owned:
    entries = connection.credit_entries
    sums = Allocation.objects.filter(entry__connection=connection).values("owner").annotate(n=Sum("amount"))
    left = entries.unassigned().aggregate(entries=Count("pk"), credits=Sum("amount"))
    return Owned(
        total=entries.aggregate(n=Sum("amount"))["n"] or 0,
        by_owner=dict(sums.order_by("owner").values_list("owner", "n")),
        unassigned=left["credits"] or 0,
        unassigned_entries=left["entries"],
    )


def half_owned(connection: Connection) -> QuerySet[CreditEntry]:
    """Entries whose allocations are neither their amount nor zero, in `allocated`."""
    net = Allocation.objects.filter(entry=OuterRef("pk")).order_by().values("entry").annotate(n=Sum("amount"))
    allocated = Coalesce(Subquery(net.values("n"), output_field=IntegerField()), 0)
    return connection.credit_entries.annotate(allocated=allocated).exclude(
        Q(allocated=0) | Q(allocated=F("amount"))
    )


def misfiled(connection: Connection) -> QuerySet[CreditEntry]:
    """Entries that wait for an owner though they have one, or have none and do not wait."""
    standing = Allocation.objects.standing().filter(entry=OuterRef("pk"))
    entries = connection.credit_entries.annotate(is_owned=Exists(standing))
    return entries.filter(
        Q(is_owned=True, waiting__isnull=False) | Q(is_owned=False, waiting=None) & ~Q(amount=0)
    )


def disagreeing_reservations(connection: Connection) -> QuerySet[Reservation]:
    """Reservations that are not where their Command is: held while it runs, settled at what it cost, or void."""
    expected = Case(
        When(command__state=State.SUCCEEDED, then=Value(Reservation.State.SETTLED)),
        When(command__state__in=(State.REFUSED, State.VOID), then=Value(Reservation.State.VOID)),
        default=Value(Reservation.State.HELD),
    )
    settled = Q(state=Reservation.State.SETTLED)
    return Reservation.objects.filter(connection=connection).filter(
        ~Q(state=expected) | settled & ~Q(credits=Coalesce(F("command__credits_charged"), 0))
    )


def charged_without_reservation(connection: Connection) -> QuerySet[Command]:
    """Commands that cost something for a client, and that no budget knows of."""
    return Command.objects.filter(
        connection=connection,
        client__isnull=False,
        state=State.SUCCEEDED,
        credits_charged__gt=0,
        reservation=None,
    )
