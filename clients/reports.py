"""Clients with the figures that a list of them shows."""

from collections.abc import Iterator

from django.db.models import Count, OuterRef, Q, QuerySet, Sum

from agency.models import User
from agency.tables import Column
from campaigns.models import Bundle, Campaign
from campaigns.overview import total_of
from clients.access import visible_clients
from clients.models import Client

CLIENT_SORTS = {
    "name": Column(("name",)),
    "reference": Column(("slug",)),
    "campaigns": Column(("campaigns_open",), most_first=True),
    "bundles": Column(("bundles_open",), most_first=True),
    "videos": Column(("videos_live",), most_first=True),
}
CLIENT_COLUMNS = (
    "client",
    "short_name",
    "contact_name",
    "contact_email",
    "archived_at",
    "campaigns_open",
    "bundles_open",
    "videos_live",
)


def client_rows(user: User, *, q: str = "", show: str = "") -> QuerySet[Client]:
    """Visible clients, each with `campaigns_open`, `bundles_open` and `videos_live`.

    `show`: "" = active ones, "archived", or "all".
    """
    clients = visible_clients(user)
    if show != "all":
        clients = clients.filter(archived_at__isnull=show != "archived")
    if q:
        clients = clients.filter(
            Q(name__icontains=q)
            | Q(slug__icontains=q)
            | Q(contact_name__icontains=q)
            | Q(contact_email__icontains=q)
        )
    campaigns = Campaign.objects.filter(client=OuterRef("pk"), archived_at=None)
    bundles = Bundle.objects.filter(campaign__client=OuterRef("pk"))
    return clients.annotate(
        campaigns_open=total_of(campaigns, "client", Count("pk")),
        bundles_open=total_of(bundles.exclude(status__in=Bundle.ENDED), "campaign__client", Count("pk")),
        videos_live=total_of(bundles, "campaign__client", Sum("videos_live")),
    )


def client_cells(clients: QuerySet[Client]) -> Iterator[list[object]]:
    """Rows under CLIENT_COLUMNS for a file. Takes what `client_rows` returns."""
    for client in clients.iterator(chunk_size=500):
        yield [
            client.name,
            client.slug,
            client.contact_name,
            client.contact_email,
            client.archived_at,
            *(getattr(client, name) for name in CLIENT_COLUMNS[-3:]),
        ]
