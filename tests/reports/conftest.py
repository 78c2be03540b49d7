"""A client's history around November 2026."""

from datetime import UTC, datetime

import pytest

from agency.models import Connection
from campaigns.analytics.models import VideoSnapshot
from campaigns.ledger import actions
from campaigns.models import Campaign, Command, Video
from tests.factories import make_bundle, make_campaign, make_client, make_command, make_video, the_connection
from tests.ledger.books import give, make_entry


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def snapshot(video: Video, when: datetime, **figures: int | None) -> VideoSnapshot:
    return VideoSnapshot.objects.create(video=video, day=when.date(), scraped_at=when, **figures)


def live_video(campaign: Campaign, posted_at: datetime, **fields: object) -> Video:
    bundle = make_bundle(campaign, upstream_created_at=posted_at, external_ref=f"ref-{posted_at:%m%d%H}")
    row = {"name": "A clip", "status": "finalized", "platform_url": "https://www.tiktok.com/@acme/video/1"}
    return make_video(bundle, 1, posted_at=posted_at, **{**row, **fields})


@pytest.fixture
def books(campaign: Campaign) -> Connection:
    """October: 52 charged. November: an order of 38, a charge by hand of 25, 5 given back. December: 10."""
    connection = the_connection()
    give(make_entry(5000, created_at=at(10, 1), type="credit"), owner="pool")
    october = make_bundle(campaign, upstream_created_at=at(10, 5), external_ref="acme-october")
    give(make_entry(-52, created_at=at(10, 5)), campaign, bundle=october)
    november = make_bundle(campaign, videos=3, upstream_created_at=at(11, 3), external_ref="acme-november")
    command = make_command(campaign, bundle=november, state=Command.State.SUCCEEDED, credits_charged=38)
    actions.settle(command, charged=38, now=at(11, 3))
    give(make_entry(-38, created_at=at(11, 3)), campaign, bundle=november, command=command)
    give(make_entry(-25, created_at=at(11, 30, 23), description="=Coverage renewal"), campaign)
    give(make_entry(5, created_at=at(11, 12), description="Refund"), campaign)
    give(make_entry(-10, created_at=at(12, 1, 0)), campaign)
    give(make_entry(-99, created_at=at(11, 5)), make_campaign(make_client("lumen")))
    make_entry(-7, created_at=at(11, 6))
    actions.set_budget(client=campaign.client, campaign=None, credits=200)
    return connection
