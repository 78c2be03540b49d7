"""Clients, as the search finds them."""

from django.utils.translation import gettext as _

from agency.search import Hit, Matches, Rank, Source, Text
from clients.access import visible_clients
from clients.models import Client


def _matches(text: Text) -> Matches:
    names = [(Rank.BEGINS, text.begins("name", "slug"))]
    if not text.is_short:
        names.append((Rank.HOLDS, text.holds("name", "slug", "contact_name", "contact_email")))
        names.append((Rank.SIMILAR, text.resembles("name")))
    return names


def _hit(client: Client) -> Hit:
    return Hit(
        title=client.name,
        url=client.get_absolute_url(),
        detail=_("Archived") if client.is_archived else client.contact_name,
        ref=client.slug,
        client_id=client.pk,
    )


SOURCES = (
    Source(
        group="clients",
        visible=visible_clients,
        matches=_matches,
        hit=_hit,
        page="client_detail",
        found_by={"slug": "slug"},
    ),
)
