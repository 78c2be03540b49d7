"""A big agency straight into the tables: `python -m tests.bench.seed S1|S2`. For measuring only.

Clients × videos, spread over 90 days, ten videos to a bundle, 20 snapshots to a video, and for each bundle the
four Commands that made it, its charge in the credit history and whose it was.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.db import connection as database
from django.db import models
from django.utils import timezone

from agency.models import Connection, User
from campaigns.analytics.models import AccountSnapshot, VideoSnapshot
from campaigns.commands.quotes import digest_of
from campaigns.events.models import WebhookEvent
from campaigns.ledger.models import Allocation, Budget, CreditEntry, Reservation
from campaigns.models import (
    AccountProfile,
    Bundle,
    Campaign,
    Command,
    Market,
    Namespace,
    Post,
    SavedAccount,
    Video,
)
from clients.models import Client, Membership

SIZES = {"S1": (10, 200), "S2": (100, 200)}  # clients, videos of each
DAYS, SLOTS, SNAPSHOTS, PRICE = 90, 10, 20, 52
STATUSES = ("accepted", "accepted", "completed", "pending_setup", "published", "completed")
KINDS = ("create_bundle", "configure_account", "configure_videos", "publish_bundle")


def seed(size: str) -> None:
    """Fill an empty, migrated database."""
    clients, videos = SIZES[size]
    owner = User.objects.create_user("owner", password="bench-only", role=User.Role.OWNER)
    manager = User.objects.create_user("manager", password="bench-only", role=User.Role.MANAGER)
    now = timezone.now().replace(microsecond=0)
    connection = Connection.objects.create(
        base_url="http://127.0.0.1:9/api/ext",
        api_key="sk_bench",
        balance=100_000,
        balance_at=now,
        expiring_credits=0,
        countries=[{"code": code, "name": code, "videos_only": False} for code in ("USA", "UK", "FR", "DE")],
        platforms=[{"value": "tiktok", "name": "TikTok", "enabled": True}],
        prices={"costs": {"account_creation": {"tiktok": 32}, "video_upload": 2, "video_edit": 3}},
        last_answer_at=now,
        history_at=now,
    )
    rows = Client.objects.bulk_create(
        Client(name=f"Client {n:03}", slug=f"client-{n:03}") for n in range(clients)
    )
    Membership.objects.bulk_create(Membership(client=client, user=manager) for client in rows)
    campaigns = Campaign.objects.bulk_create(
        Campaign(
            client=client,
            name=f"Wave {n}",
            slug=f"wave-{n}",
            starts_on=now.date() - timedelta(days=DAYS),
            ends_on=now.date() + timedelta(days=30),
        )
        for client in rows
        for n in (1, 2)
    )
    Namespace.objects.bulk_create(
        Namespace(campaign=row, prefix=f"{row.client.slug}-{row.slug}", is_own=True) for row in campaigns
    )
    Market.objects.bulk_create(
        Market(campaign=row, country=country, platform="tiktok")
        for row in campaigns
        for country in ("USA", "FR")
    )
    Budget.objects.bulk_create(Budget(client=client, credits=5000) for client in rows)
    _bundles(connection, campaigns, videos // SLOTS // 2, manager=manager, now=now)
    WebhookEvent.objects.bulk_create(
        WebhookEvent(
            connection=connection,
            upstream_id=f"evt_{n}",
            kind="bundle.published",
            body={},
            received_at=now,
            state="done",
        )
        for n in range(clients * 20)
    )
    assert owner.is_owner
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def _bundles(
    connection: Connection, campaigns: list[Campaign], each: int, *, manager: User, now: datetime
) -> None:
    number = count(1)
    places = [(campaign, n) for campaign in campaigns for n in range(each)]
    total = len(places)
    moments = [now - timedelta(days=DAYS) * (total - index) / total for index in range(total)]
    accounts = SavedAccount.objects.bulk_create(
        [
            SavedAccount(
                connection=connection,
                upstream_id=f"acc-{index}",
                campaign=campaign,
                platform="tiktok",
                country="USA" if n % 2 else "FR",
                username=f"brand_{index}",
                visible_name=campaign.client.name,
                read_at=now,
                analytics_at=now,
            )
            for index, (campaign, n) in enumerate(places)
        ],
        batch_size=2000,
    )
    bundles = Bundle.objects.bulk_create(
        [
            Bundle(
                connection=connection,
                upstream_id=f"bnd-{index}",
                campaign=campaign,
                external_ref=f"{campaign.client.slug}-{campaign.slug}-usa-{index:06}",
                title=f"{campaign.name} {n}",
                bundle_type=Bundle.Type.ACCOUNT_AND_VIDEOS,
                platform="tiktok",
                country="USA" if n % 2 else "FR",
                status=STATUSES[n % len(STATUSES)],
                account_status="in_review" if n % 9 == 8 else "finalized",
                account_status_since=now,
                saved_account=accounts[index],
                videos_quantity=SLOTS,
                status_since=moments[index],
                upstream_created_at=moments[index],
                read_at=now,
            )
            for index, (campaign, n) in enumerate(places)
        ],
        batch_size=2000,
    )
    AccountProfile.objects.bulk_create(
        [AccountProfile(bundle=bundle, username="brand", visible_name="Brand") for bundle in bundles],
        batch_size=2000,
    )
    videos = Video.objects.bulk_create(
        [
            Video(
                bundle=bundle,
                position=position,
                upstream_id=f"vid-{next(number)}",
                status="finalized" if position < 8 else "configured",
                status_since=bundle.status_since,
                video_type="video",
                description=f"Clip {position} of {bundle.title} #launch",
                external_ref=f"{bundle.external_ref}-{position}",
                publish_date=(bundle.status_since + timedelta(days=position)).date(),
                platform_url=f"https://video.example.com/{bundle.pk}/{position}" if position < 8 else "",
                posted_at=bundle.status_since + timedelta(days=position) if position < 8 else None,
                read_at=now,
            )
            for bundle in bundles
            for position in range(1, SLOTS + 1)
        ],
        batch_size=2000,
    )
    _contents(bundles, videos)
    _money(connection, bundles, manager=manager, now=now)
    _snapshots(accounts, videos, now=now)


def _contents(bundles: list[Bundle], videos: list[Video]) -> None:
    campaign_of = {bundle.pk: bundle.campaign_id for bundle in bundles}
    Post.objects.bulk_create(
        [
            Post(
                campaign_id=campaign_of[video.bundle_id],
                video=video,
                external_ref=video.external_ref,
                caption=video.description,
                media=["https://cdn.example.com/clip.mp4"],
                publish_date=video.publish_date,
                ai_content_disclaimer=False,
            )
            for video in videos
        ],
        batch_size=2000,
    )
    Post.objects.bulk_create(
        Post(campaign_id=pk, external_ref=f"waiting-{pk}-{n}", caption="Not in a slot yet")
        for pk in sorted(set(filter(None, campaign_of.values())))
        for n in range(5)
    )


def _money(connection: Connection, bundles: list[Bundle], *, manager: User, now: datetime) -> None:
    commands = Command.objects.bulk_create(
        [
            Command(
                connection=connection,
                client_id=bundle.campaign.client_id if bundle.campaign else None,
                campaign_id=bundle.campaign_id,
                bundle=bundle,
                kind=kind,
                body_digest=digest_of(kind, {}, {}),
                quoted_credits=PRICE if kind == "create_bundle" else 0,
                credits_charged=PRICE if kind == "create_bundle" else 0,
                asked_by=manager,
                asked_at=bundle.status_since,
                answered_at=bundle.status_since,
                state="succeeded",
                state_since=bundle.status_since,
                next_try_at=bundle.status_since,
            )
            for bundle in bundles
            for kind in KINDS
        ],
        batch_size=2000,
    )
    orders = [command for command in commands if command.kind == "create_bundle"]
    Reservation.objects.bulk_create(
        [
            Reservation(
                command=order,
                connection=connection,
                client_id=order.client_id,
                campaign_id=order.campaign_id,
                state="settled",
                credits=PRICE,
                created_at=order.asked_at,
                settled_at=order.asked_at,
            )
            for order in orders
        ],
        batch_size=2000,
    )
    start = 100_000 + PRICE * len(orders)
    entries = CreditEntry.objects.bulk_create(
        [
            CreditEntry(
                connection=connection,
                upstream_id=f"txn-{index}",
                type="debit",
                amount=-PRICE,
                description="Bundle created: 1 TikTok account, 10 videos",
                balance_after=start - PRICE * (index + 1),
                created_at=order.asked_at,
                imported_at=now,
            )
            for index, order in enumerate(orders)
        ],
        batch_size=2000,
    )
    Allocation.objects.bulk_create(
        [
            Allocation(
                entry=entry,
                owner="client",
                client_id=order.client_id,
                campaign_id=order.campaign_id,
                bundle_id=order.bundle_id,
                command=order,
                amount=-PRICE,
                rule="command-exact",
                made_at=now,
            )
            for index, (entry, order) in enumerate(zip(entries, orders, strict=True))
            if index % 8  # the others belong to nobody yet: a full page of them at either size
        ],
        batch_size=2000,
    )


def _snapshots(accounts: list[SavedAccount], videos: list[Video], *, now: datetime) -> None:
    live = [video for video in videos if video.posted_at]
    _copy(VideoSnapshot, "video_id", ((video.pk, 97 * (video.pk % 50 + 1)) for video in live), now=now)
    _copy(AccountSnapshot, "account_id", ((account.pk, 997) for account in accounts), now=now)


def _copy(model: type[models.Model], owner: str, rows: Iterable[tuple[int, int]], *, now: datetime) -> None:
    """COPY `SNAPSHOTS` days of growing figures for each (id, daily views)."""
    columns = f"{owner}, day, scraped_at, views, likes, comments, shares, raw"
    today = now.astimezone(UTC).date()
    with (
        database.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy,
    ):
        for row in _days(rows, today, now):
            copy.write_row(row)


def _days(rows: Iterable[tuple[int, int]], today: date, now: datetime) -> Iterator[tuple[Any, ...]]:
    for pk, daily in rows:
        for age in range(SNAPSHOTS):
            views = daily * (SNAPSHOTS - age)
            yield pk, today - timedelta(days=age), now, views, views // 14, views // 200, views // 90, "{}"


if __name__ == "__main__":
    seed(sys.argv[1])
