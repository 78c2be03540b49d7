"""Clients by months: what each was charged, for the list of reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse

from agency.models import Connection
from campaigns.ledger.models import Allocation
from campaigns.ledger.months import Month, agency_zone
from campaigns.models import Video
from clients.models import Client

WENT_LIVE_KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of one client. `charged` None = nothing was booked."""

    month: Month
    url: str  # of its report
    charged: int | None
    went_live: int


@dataclass(frozen=True, slots=True)
class Row:
    client: Client
    cells: tuple[Cell, ...]

    @property
    def charged(self) -> int:
        return sum(cell.charged or 0 for cell in self.cells)


def totals(clients: Sequence[Client], months: Sequence[Month], connection: Connection) -> list[Row]:
    """A row for each client, with a cell for each of the months (newest first). Two queries."""
    if not months:
        return [Row(client, ()) for client in clients]
    begins, ends, zone = min(months).begins_at, max(months).ends_at, agency_zone()
    charged = (
        Allocation.objects.filter(
            client__in=clients,
            entry__connection=connection,
            entry__created_at__gte=begins,
            entry__created_at__lt=ends,
        )
        .values("client", month=TruncMonth("entry__created_at", tzinfo=zone))
        .annotate(n=Sum("amount"))
        .order_by()
    )
    credits = {(row["client"], Month.of(row["month"])): -row["n"] for row in charged}
    live = _went_live(clients, begins, ends, connection)
    rows = []
    for client in clients:
        # To reverse each cell's address would cost more than all else on the page. Slugs have no capitals.
        address = reverse("client_report", args=[client.slug, "MONTH"])
        cells = (
            Cell(
                month,
                address.replace("MONTH", str(month)),
                credits.get((client.pk, month)),
                live.get((client.pk, month), 0),
            )
            for month in months
        )
        rows.append(Row(client, tuple(cells)))
    return rows


def _went_live(
    clients: Sequence[Client], begins: datetime, ends: datetime, connection: Connection
) -> dict[tuple[int, Month], int]:
    """Client and month → videos that went live. One query over all their videos, kept for a minute."""
    whose = sha256(repr(sorted(client.pk for client in clients)).encode()).hexdigest()
    key = f"went-live:{connection.pk}:{whose}:{begins:%Y%m}:{ends:%Y%m}"
    found: dict[tuple[int, Month], int] | None = cache.get(key)
    if found is None:
        posted = (
            Video.objects.filter(
                bundle__campaign__client__in=clients,
                bundle__connection=connection,
                posted_at__gte=begins,
                posted_at__lt=ends,
            )
            .exclude(platform_url="")
            .values(client=F("bundle__campaign__client"), month=TruncMonth("posted_at", tzinfo=agency_zone()))
            .annotate(n=Count("pk"))
            .order_by()
        )
        found = {(row["client"], Month.of(row["month"])): row["n"] for row in posted}
        cache.set(key, found, WENT_LIVE_KEPT_SECONDS)
    return found
