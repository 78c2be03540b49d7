"""What must never be false about the imported history: the chain of balances and the balance itself (M5)."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.core.cache import cache
from django.db import connection as database
from django.db.models import Count, Max, Min, Sum

from agency.models import Connection
from campaigns.credits.chain import Break, Link, breaks_in
from campaigns.ledger.models import CreditDrift

PROOF_SECONDS = 24 * 3600
BREAKS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Chain:
    """The imported history as one sum. Whole credits; None = there is no entry yet."""

    entries: int
    opening: int | None  # the balance before the oldest entry
    total: int  # of all amounts
    closing: int | None  # the newest entry's balance
    oldest_at: datetime | None
    newest_at: datetime | None
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        return not self.breaks


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether every credit is accounted for. `at` is machine time of the import that it stands on."""

    chain: Chain
    balance: int | None  # TokPortal's, if it is of the same moment as the history
    drifts: int  # entries that came back with other content
    at: datetime | None

    @property
    def is_balanced(self) -> bool:
        return self.balance is None or self.chain.closing in (None, self.balance)

    @property
    def is_reconciled(self) -> bool:
        return self.at is not None and self.chain.holds and self.is_balanced and not self.drifts

    @property
    def difference(self) -> int:
        """TokPortal's balance less ours."""
        return (self.balance or 0) - (self.chain.closing or 0) if not self.is_balanced else 0


# Entries whose predecessor does not lead to them, and those whose place among others of the same moment our
# ids cannot tell: the rest of the chain holds as it lies.
_DOUBTFUL = """
    WITH told AS (
        SELECT id, created_at, amount, balance_after,
               count(*) OVER (PARTITION BY created_at) AS peers,
               lag(balance_after) OVER in_order AS balance_before
        FROM ledger_creditentry WHERE connection_id = %s
        WINDOW in_order AS (ORDER BY created_at, id)
    ), placed AS (
        SELECT *, lag(peers) OVER in_order AS peers_before, lag(created_at) OVER in_order AS at_before
        FROM told WINDOW in_order AS (ORDER BY created_at, id)
    )
    SELECT id, created_at, amount, balance_after, balance_before, peers_before
    FROM placed
    WHERE peers > 1 OR peers_before > 1 OR balance_before <> balance_after - amount
    ORDER BY created_at, id
"""


def chain(connection: Connection) -> Chain:
    """Follow the balances from the oldest entry to the newest: one pass in the database, ties here."""
    with database.cursor() as cursor:
        cursor.execute(_DOUBTFUL, [connection.pk])
        doubtful = cursor.fetchall()
    breaks: list[Break] = []
    last_of_group: tuple[datetime, int | None] | None = None
    ends: int | None = None
    for at, group in groupby(doubtful, key=lambda row: row[1]):
        rows = list(group)
        *_, balance_before, peers_before = rows[0]
        # The entry before is alone in its moment, or it is the group that was settled just now.
        opening = last_of_group[1] if last_of_group and (peers_before or 0) > 1 else balance_before
        links = [Link(id, at, amount, balance_after) for id, at, amount, balance_after, *_ in rows]
        found, ends = breaks_in(links, opening=opening)
        breaks += found
        last_of_group = (at, ends)
    return _summed_up(connection, breaks, last_of_group)


def _summed_up(
    connection: Connection, breaks: list[Break], settled: tuple[datetime, int | None] | None
) -> Chain:
    entries = connection.credit_entries
    sums = entries.aggregate(
        entries=Count("pk"), total=Sum("amount"), oldest=Min("created_at"), newest=Max("created_at")
    )
    if not sums["entries"]:
        return Chain(0, None, 0, None, None, None, ())
    total = sums["total"]
    if settled and settled[0] == sums["newest"]:
        closing = settled[1]
    else:
        closing = entries.filter(created_at=sums["newest"]).values_list("balance_after", flat=True).get()
    missing = sum(found.missing for found in breaks)
    return Chain(
        entries=sums["entries"],
        opening=closing - total - missing if closing is not None else None,
        total=total,
        closing=closing,
        oldest_at=sums["oldest"],
        newest_at=sums["newest"],
        breaks=tuple(breaks),
    )


def proof(connection: Connection) -> Proof:
    """The state of the books. The chain is kept until the next entry: entries only ever come in."""
    newest = connection.credit_entries.aggregate(n=Max("pk"))["n"]
    imported = connection.history_at.timestamp() if connection.history_at else 0
    key = f"credits:chain:{connection.pk}:{newest}:{imported}"
    found: Chain | None = cache.get(key)
    if found is None:
        found = chain(connection)
        cache.set(key, found, PROOF_SECONDS)
    return proof_of(connection, found)


def proof_of(connection: Connection, found: Chain) -> Proof:
    """What a chain proves, beside TokPortal's balance and drifts."""
    imported_at = connection.upstream_now(connection.history_at) if connection.history_at else None
    is_of_then = imported_at and connection.balance_at and connection.balance_at <= imported_at
    return Proof(
        chain=found,
        balance=connection.balance if is_of_then else None,
        drifts=CreditDrift.objects.filter(entry__connection=connection).values("entry").distinct().count(),
        at=connection.history_at,
    )
