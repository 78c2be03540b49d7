"""What people decide about the books: whose an entry is, or that it was not. `now` is machine time."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agency.bell import ring
from agency.models import Connection, User
from campaigns.credits import progress, tasks
from campaigns.credits.sync import correct_from, part_for
from campaigns.ledger import actions as ledger
from campaigns.ledger.actions import Part, WrongAllocation
from campaigns.ledger.models import Allocation, CreditEntry
from campaigns.models import Campaign, Command
from clients.models import Client


def assign(
    *, entry: CreditEntry, parts: list[Part], by: User, now: datetime, reason: str = ""
) -> list[Allocation]:
    """A person says whose an entry is. Raises WrongAllocation where the parts are not the whole."""
    at = entry.connection.upstream_now(now)
    return ledger.allocate(entry, parts, rule="person", by=by, reason=reason, now=at)


def assign_all(
    *,
    entries: Iterable[CreditEntry],
    owner: str,
    client: Client | None,
    campaign: Campaign | None,
    by: User,
    now: datetime,
) -> None:
    """A person says whose several entries are, each as a whole. Raises WrongAllocation, and then none is."""
    with transaction.atomic():
        for entry in sorted(entries, key=lambda entry: entry.pk):  # locks in one order
            assign(entry=entry, parts=[Part(entry.amount, owner, client, campaign)], by=by, now=now)


def assign_to_command(*, entry: CreditEntry, command: Command, by: User, now: datetime) -> list[Allocation]:
    """A person says which of our orders an entry was charged for. Raises WrongAllocation.

    What the Command says it cost stays as TokPortal answered: a difference is shown, not corrected. Where no
    answer told, it says what the entry says.
    """
    if command.connection_id != entry.connection_id or command.client is None:
        raise WrongAllocation(_("That order belongs to another workspace, or to no client."))
    with transaction.atomic():
        Command.objects.select_for_update(of=("self",)).get(pk=command.pk)
        if Allocation.objects.standing().filter(command=command).exclude(entry=entry).exists():
            raise WrongAllocation(_("That order has its entry already. Take that one back first."))
        made = assign(entry=entry, parts=[part_for(command, amount=entry.amount)], by=by, now=now)
        correct_from(entry, command, at=entry.connection.upstream_now(now), by=by)
        return made


def take_back(*, entry: CreditEntry, by: User, reason: str, now: datetime) -> None:
    """A person says that an entry was not theirs. It stays readable, and is unassigned again."""
    at = entry.connection.upstream_now(now)
    ledger.reverse_allocations(entry, by=by, reason=reason, now=at)


def request_import(*, connection: Connection, full: bool, now: datetime) -> None:
    """Read the credit history now: the last days, or all of it."""
    with transaction.atomic():
        progress.ask(connection, at=now)
        ring(tasks.import_history, full=full)
