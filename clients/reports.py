"""Clients with the figures that a list of them shows."""

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agency.models import User
from campaigns.models import Bundle, Campaign, Video
from clients.access import visible_clients
from clients.models import Client


def client_rows(user: User, *, q: str = "", show: str = "") -> QuerySet[Client]:
    """Visible clients by name, each with `campaigns_open`, `bundles_open` and `videos_live`.

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
    return clients.annotate(
        campaigns_open=_count(Campaign.objects.filter(client=OuterRef("pk"), archived_at=None), "client"),
        bundles_open=_count(
            Bundle.objects.filter(campaign__client=OuterRef("pk")).exclude(status__in=Bundle.ENDED),
            "campaign__client",
        ),
        videos_live=_count(
            Video.objects.filter(bundle__campaign__client=OuterRef("pk"), status__in=Video.LIVE).exclude(
                platform_url=""
            ),
            "bundle__campaign__client",
        ),
    ).order_by("name", "pk")


def _count(rows: QuerySet, group: str) -> Coalesce:
    """How many of `rows` belong to the outer row. A subquery of its own, so that counts do not multiply."""
    counted = rows.order_by().values(group).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
