"""The list of campaigns: what it can be sorted by, and its rows for a CSV file."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from agency.tables import Column

CAMPAIGN_SORTS = {
    "client": Column(("client__name", "-starts_on", "name")),
    "name": Column(("name",)),
    "days": Column(("starts_on", "ends_on"), most_first=True),
    "bundles": Column(("bundles_open",), most_first=True),
    "videos": Column(("videos_live",), most_first=True),
    "credits": Column(("credits_used",), most_first=True),
}
CAMPAIGN_COLUMNS = (
    "client",
    "campaign",
    "short_name",
    "first_day",
    "last_day",
    "goal",
    "archived_at",
    "bundles_open",
    "videos_live",
    "credits_used",
    "budget_credits",
)


def campaign_rows(campaigns: QuerySet[Any]) -> Iterator[list[object]]:
    """Rows under CAMPAIGN_COLUMNS; `campaigns` with figures (campaigns.overview) and their clients."""
    for campaign in campaigns.iterator(chunk_size=500):
        yield [
            campaign.client.name,
            campaign.name,
            campaign.slug,
            campaign.starts_on,
            campaign.ends_on,
            campaign.goal,
            campaign.archived_at or campaign.client.archived_at,
            campaign.bundles_open,
            campaign.videos_live,
            campaign.credits_used,
            campaign.budget_credits,
        ]
