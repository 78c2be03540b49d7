"""Entries of the credit history, as if they had been imported."""

from datetime import datetime
from itertools import count
from typing import Any

from campaigns.ledger.actions import Part, allocate
from campaigns.ledger.models import Allocation, CreditEntry
from campaigns.models import Campaign
from tests.factories import NOW, the_connection

_number = count(1)


def make_entry(amount: int = -38, *, balance_after: int | None = None, **fields: Any) -> CreditEntry:
    """An unassigned entry; its balance follows from the newest one unless it is given."""
    connection = fields.pop("connection", None) or the_connection()
    newest = connection.credit_entries.order_by("-created_at", "-pk").first()
    balance = (newest.balance_after if newest else 5000) + amount if balance_after is None else balance_after
    row = {"upstream_id": f"txn_{next(_number)}", "created_at": NOW, "imported_at": NOW, "type": "debit"}
    return CreditEntry.objects.create(
        connection=connection, amount=amount, balance_after=balance, **{**row, **fields}
    )


def give(
    entry: CreditEntry,
    campaign: Campaign | None = None,
    *,
    owner: str = "",
    at: datetime = NOW,
    **fields: Any,
) -> Allocation:
    """The whole entry to a campaign's client, or to nobody in particular."""
    if campaign:
        part = Part(entry.amount, Allocation.Owner.CLIENT, campaign.client, campaign, **fields)
    else:
        part = Part(entry.amount, owner or Allocation.Owner.AGENCY)
    return allocate(entry, [part], rule="test", now=at)[0]
