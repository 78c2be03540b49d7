"""A big agency straight into the tables: `python -m tests.bench.seed S1|S2|S2d|S3`. For measuring only.

Clients × videos, spread over 90 days, ten videos to a bundle, 20 snapshots to a video, and for each bundle the
four Commands that made it, its charge in the credit history and whose it was. What there are hundreds of
thousands of is made by PostgreSQL itself.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import django

if __name__ == "__main__":
    django.setup()

from django.db import connection as database
from django.db import models
from django.db.backends.utils import CursorWrapper
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

SIZES = {"S1": (10, 200), "S2": (100, 200), "S2d": (10, 2000), "S3": (100, 2000)}  # clients, videos of each
DAYS, SLOTS, SNAPSHOTS, PRICE = 90, 10, 20, 52
STATUSES = ("accepted", "accepted", "completed", "pending_setup", "published", "completed")
KINDS = ("create_bundle", "configure_account", "configure_videos", "publish_bundle")
WORDS = (  # of captions
    "autumn", "morning", "routine", "unboxing", "recipe", "behind", "scenes", "favourite", "before", "after",
    "giveaway", "tutorial", "challenge", "review", "secret", "market", "summer", "winter", "coffee", "studio",
    "journey", "friends", "weekend", "garden", "running", "colour", "vintage", "travel", "festival", "playlist",
)  # fmt: skip


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
    _analyze()


def _bundles(
    connection: Connection, campaigns: list[Campaign], each: int, *, manager: User, now: datetime
) -> None:
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
    with _in_bulk():
        _videos()
        _analyze()
        _contents(campaigns)
        _commands(manager)
        _analyze()
        _money(connection, now=now)
        _snapshots(now)


@contextmanager
def _in_bulk() -> Iterator[None]:
    """Row by row, triggers, foreign keys and search indexes take most of the time: they are made up for at once."""
    with database.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%USING gin%'")
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(
            "INSERT INTO ledger_unassignedentry (entry_id) SELECT id FROM ledger_creditentry AS entry "
            "WHERE NOT EXISTS (SELECT FROM ledger_allocation AS made WHERE made.entry_id = entry.id)"
        )
        _analyze()
        cursor.execute(
            "UPDATE campaigns_bundle AS bundle SET videos_live = "
            "(SELECT count(*) FROM campaigns_video WHERE bundle_id = bundle.id AND platform_url <> '')"
        )
        for model in (Post, Command, Reservation):
            _audit(model, cursor)
        cursor.execute(
            "UPDATE campaigns_savedaccount AS account SET views = told.views FROM analytics_accountsnapshot AS told "
            "WHERE told.account_id = account.id "
            "AND told.day = (SELECT max(day) FROM analytics_accountsnapshot WHERE account_id = account.id)"
        )


def _audit(model: type[models.Model], cursor: CursorWrapper) -> None:
    """The audit trail's line of the beginning of each row: all of them were made without triggers."""
    event = model.pgh_event_model
    columns = [field.column for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    names = ", ".join(columns)
    cursor.execute(
        f"INSERT INTO {event._meta.db_table} (pgh_created_at, pgh_label, pgh_obj_id, {names}) "
        f"SELECT now(), 'insert', id, {names} FROM {model._meta.db_table}"
    )


def _words(number: str) -> str:
    """SQL for three words of a caption."""
    words = f"(ARRAY[{', '.join(repr(word) for word in WORDS)}])"
    places = (f"mod({number}, {len(WORDS)})", f"mod({number} / 7, {len(WORDS)})", f"mod({number} * 11, 30)")
    return " || ' ' || ".join(f"{words}[1 + {place}]" for place in places)


def _insert(model: type[models.Model], source: str, **columns: str) -> None:
    """INSERT … SELECT. `columns`: SQL over `source`; every other column gets its field's default."""
    names, values, defaults = [], [], []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        names.append(field.column)
        values.append(columns.pop(field.column, "%s"))
        if values[-1] == "%s":
            default = field.pre_save(model(), add=True)  # the time, where a field is filled with it
            defaults.append(field.get_db_prep_save(default, database))
    assert not columns, f"no such columns: {', '.join(columns)}"
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(names)})"
    with database.cursor() as cursor:
        cursor.execute(f"{into} SELECT {', '.join(values)} FROM {source}", defaults)


def _analyze() -> None:
    """Without it PostgreSQL joins new tables as if they were tiny."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def _videos() -> None:
    _insert(
        Video,
        f"campaigns_bundle AS bundle, generate_series(1, {SLOTS}) AS n",
        bundle_id="bundle.id",
        position="n",
        upstream_id=f"'vid-' || (bundle.id * {SLOTS} + n)",
        status="CASE WHEN n < 8 THEN 'finalized' ELSE 'configured' END",
        status_since="bundle.status_since",
        video_type="'video'",
        description=f"'Clip ' || n || ' of ' || bundle.title || ': ' || {_words('bundle.id * 7 + n')} || ' #launch'",
        external_ref="bundle.external_ref || '-' || n",
        publish_date="(bundle.status_since + n * interval '1 day')::date",
        platform_url="CASE WHEN n < 8 THEN 'https://video.example.com/' || bundle.id || '/' || n ELSE '' END",
        posted_at="CASE WHEN n < 8 THEN bundle.status_since + n * interval '1 day' END",
        read_at="bundle.read_at",
    )


def _contents(campaigns: list[Campaign]) -> None:
    _insert(
        Post,
        "campaigns_video AS video JOIN campaigns_bundle AS bundle ON bundle.id = video.bundle_id",
        campaign_id="bundle.campaign_id",
        video_id="video.id",
        external_ref="video.external_ref",
        caption="video.description",
        media="""'["https://cdn.example.com/clip.mp4"]'""",
        publish_date="video.publish_date",
        ai_content_disclaimer="false",
    )
    Post.objects.bulk_create(
        Post(campaign=campaign, external_ref=f"waiting-{campaign.pk}-{n}", caption="Not in a slot yet")
        for campaign in campaigns
        for n in range(5)
    )


def _commands(manager: User) -> None:
    kinds = ", ".join(
        f"({order}, '{kind}', '{digest_of(kind, {}, {})}', {PRICE if kind == 'create_bundle' else 0})"
        for order, kind in enumerate(KINDS)
    )
    _insert(
        Command,
        f"campaigns_bundle AS bundle JOIN campaigns_campaign AS campaign ON campaign.id = bundle.campaign_id, "
        f"(VALUES {kinds}) AS kind (place, word, digest, credits) ORDER BY bundle.id, kind.place",
        key="gen_random_uuid()",
        connection_id="bundle.connection_id",
        client_id="campaign.client_id",
        campaign_id="campaign.id",
        bundle_id="bundle.id",
        kind="kind.word",
        body_digest="kind.digest",
        external_ref="CASE WHEN kind.place = 0 THEN bundle.external_ref ELSE '' END",
        quoted_credits="kind.credits",
        credits_charged="kind.credits",
        asked_by_id=str(manager.pk),
        asked_at="bundle.status_since",
        answered_at="bundle.status_since",
        state="'succeeded'",
        state_since="bundle.status_since",
        next_try_at="bundle.status_since",
    )


def _money(connection: Connection, *, now: datetime) -> None:
    moment = f"'{now.isoformat()}'::timestamptz"
    orders = Command.objects.filter(kind="create_bundle")
    start = 100_000 + PRICE * orders.count()
    order = (
        "(SELECT *, row_number() OVER (ORDER BY id) AS number FROM campaigns_command "
        "WHERE kind = 'create_bundle') AS ordered"
    )
    _insert(
        Reservation,
        order,
        command_id="ordered.id",
        connection_id="ordered.connection_id",
        client_id="ordered.client_id",
        campaign_id="ordered.campaign_id",
        state="'settled'",
        credits=str(PRICE),
        created_at="ordered.asked_at",
        settled_at="ordered.asked_at",
    )
    _insert(
        CreditEntry,
        f"{order} ORDER BY ordered.number",
        connection_id=str(connection.pk),
        upstream_id="'txn-' || ordered.number",
        type="'debit'",
        amount=str(-PRICE),
        description="'Bundle created: 1 TikTok account, 10 videos'",
        balance_after=f"{start} - {PRICE} * ordered.number",
        created_at="ordered.asked_at",
        imported_at=moment,
    )
    _insert(
        Allocation,
        f"{order} JOIN ledger_creditentry AS entry ON entry.upstream_id = 'txn-' || ordered.number "
        "WHERE mod(ordered.number, 8) <> 0",  # the others belong to nobody yet: a full page at either size
        entry_id="entry.id",
        owner="'client'",
        client_id="ordered.client_id",
        campaign_id="ordered.campaign_id",
        bundle_id="ordered.bundle_id",
        command_id="ordered.id",
        amount=str(-PRICE),
        rule="'command-exact'",
        made_at=moment,
    )


def _snapshots(now: datetime) -> None:
    """`SNAPSHOTS` days of growing figures for each posted video and each account."""
    days = f"generate_series(0, {SNAPSHOTS - 1}) AS age"
    posted = f"campaigns_video, {days} WHERE posted_at IS NOT NULL"
    _figures(VideoSnapshot, "video_id", posted, daily="97 * (mod(id, 50) + 1)", now=now)
    _figures(AccountSnapshot, "account_id", f"campaigns_savedaccount, {days}", daily="997", now=now)


def _figures(model: type[models.Model], owner: str, source: str, *, daily: str, now: datetime) -> None:
    views = f"({daily} * ({SNAPSHOTS} - age))"
    moment = f"'{now.isoformat()}'::timestamptz"
    columns = {
        owner: "id",
        "day": f"({moment} AT TIME ZONE 'UTC')::date - age",
        "scraped_at": moment,
        "views": views,
        "likes": f"{views} / 14",
        "comments": f"{views} / 200",
        "shares": f"{views} / 90",
    }
    _insert(model, source, **columns)


if __name__ == "__main__":
    seed(sys.argv[1])
