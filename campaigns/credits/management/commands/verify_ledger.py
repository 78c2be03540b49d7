"""Prove the books, or say where they break."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet

from agency.models import Connection
from campaigns.credits import checks
from campaigns.ledger import checks as ledger

SHOWN = 20  # of each kind of fault


class Command(BaseCommand):
    help = (
        "Check every credit of every workspace: the chain of balances, TokPortal's balance, allocations"
        " against entries, reservations against orders. Ends with 1 when anything does not hold."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        faults = sum(self._verify(connection) for connection in Connection.objects.order_by("pk"))
        if faults:
            raise CommandError(f"The books do not hold: {faults:,} fault{'s' if faults > 1 else ''}.")
        self.stdout.write(self.style.SUCCESS("The books hold."))

    def _verify(self, connection: Connection) -> int:
        """Print the figures of one workspace; how many faults it has."""
        chain, owned = checks.chain(connection), ledger.owned(connection)
        proof = checks.proof_of(connection, chain)
        say = self.stdout.write
        say(f"{connection.name} ({connection.base_url})")
        say(f"  entries      {chain.entries:>12,}")
        say(f"  opening      {chain.opening or 0:>12,}")
        say(f"  moved        {chain.total:>12,}")
        say(f"  closing      {chain.closing or 0:>12,}")
        say(f"  TokPortal    {proof.balance if proof.balance is not None else 'newer than the history':>12}")
        for owner, credits in owned.by_owner.items():
            say(f"  {owner:<12} {credits:>12,}")
        say(f"  unassigned   {owned.unassigned:>12,}  in {owned.unassigned_entries:,} entries")
        faults = [
            *(
                f"{b.missing:+,} credits missing before entry {b.entry_id} of {b.at:%Y-%m-%d %H:%M:%S}"
                for b in chain.breaks
            ),
            *(
                []
                if proof.is_balanced
                else [f"TokPortal's balance is {proof.difference:+,} off the history's end"]
            ),
            *([f"{proof.drifts:,} entries came back with other content"] if proof.drifts else []),
            *([] if owned.adds_up else ["allocated and unassigned are not the whole"]),
            *self._rows("entry with part of an owner", ledger.half_owned(connection)),
            *self._rows("entry on the wrong list", ledger.misfiled(connection)),
            *self._rows(
                "reservation that disagrees with its order", ledger.disagreeing_reservations(connection)
            ),
            *self._rows(
                "order charged without a reservation", ledger.charged_without_reservation(connection)
            ),
        ]
        for fault in faults[: 3 * SHOWN]:
            self.stderr.write(f"  {fault}")
        return len(faults)

    def _rows(self, what: str, rows: QuerySet[Model]) -> list[str]:
        return [f"{what}: {row.pk} ({row})" for row in rows[:SHOWN]]
