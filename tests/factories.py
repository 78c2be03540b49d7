"""The smallest valid rows. Each takes what a test is about and makes up the rest."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from agency.models import Connection, User
from campaigns.commands.quotes import digest_of
from campaigns.models import Bundle, Campaign, Command, Namespace, Post, SavedAccount, Stop, Video
from clients.models import Client, Membership

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_number = count(1)


def make_user(
    username: str = "", *, role: str = User.Role.MANAGER, clients: tuple[Client, ...] = (), **fields: Any
) -> User:
    user = User(username=username or f"user{next(_number)}", role=role, **fields)
    user.set_unusable_password()
    user.save()
    for client in clients:
        Membership.objects.create(user=user, client=client)
    return user


def make_client(slug: str = "", **fields: Any) -> Client:
    slug = slug or f"client-{next(_number)}"
    return Client.objects.create(**{"slug": slug, "name": slug.replace("-", " ").title(), **fields})


def make_campaign(client: Client | None = None, slug: str = "spring", **fields: Any) -> Campaign:
    """With a namespace of its own, as every campaign has."""
    client = client or make_client()
    days = {"starts_on": date(2026, 11, 1), "ends_on": date(2026, 12, 31)}
    campaign = Campaign.objects.create(client=client, slug=slug, **{"name": slug.title(), **days, **fields})
    Namespace.objects.create(campaign=campaign, prefix=f"{client.slug}-{slug}", is_own=True)
    return campaign


def make_connection(**fields: Any) -> Connection:
    return Connection.objects.create(
        **{"base_url": "http://127.0.0.1:9/api/ext", "api_key": "sk_test", **fields}
    )


def the_connection() -> Connection:
    return Connection.objects.active() or make_connection()


def make_account(campaign: Campaign | None = None, **fields: Any) -> SavedAccount:
    row = {
        "connection": the_connection(),
        "upstream_id": f"acc-{next(_number)}",
        "campaign": campaign,
        "read_at": NOW,
    }
    return SavedAccount.objects.create(
        **{**row, "platform": "tiktok", "country": "USA", "username": "brand", **fields}
    )


def make_bundle(campaign: Campaign | None = None, *, videos: int = 0, **fields: Any) -> Bundle:
    """A bundle with `videos` empty slots."""
    row: dict[str, Any] = {
        "connection": the_connection(),
        "upstream_id": f"bnd-{next(_number)}",
        "campaign": campaign,
        "bundle_type": Bundle.Type.ACCOUNT_AND_VIDEOS if videos else Bundle.Type.ACCOUNT_ONLY,
        "platform": "tiktok",
        "country": "USA",
        "status": "pending_setup",
        "account_status": "pending",
        "status_since": NOW,
        "upstream_created_at": NOW,
        "read_at": NOW,
        "videos_quantity": videos,
    }
    bundle = Bundle.objects.create(**{**row, **fields})
    for position in range(1, videos + 1):
        make_video(bundle, position)
    return bundle


def make_video(bundle: Bundle, position: int, **fields: Any) -> Video:
    row = {"status": "pending", "status_since": NOW, "read_at": NOW, "upstream_id": f"vid-{next(_number)}"}
    return Video.objects.create(bundle=bundle, position=position, **{**row, **fields})


def make_post(campaign: Campaign, **fields: Any) -> Post:
    row = {
        "external_ref": f"ref-{next(_number)}",
        "caption": "A caption",
        "media": ["https://cdn.example.com/clip.mp4"],
        "publish_date": date(2026, 12, 1),
        "ai_content_disclaimer": False,
    }
    return Post.objects.create(campaign=campaign, **{**row, **fields})


def make_command(campaign: Campaign | None = None, **fields: Any) -> Command:
    """A queued order. `body`, `kind` and `target` decide its digest."""
    kind = fields.get("kind", Command.Kind.CREATE_BUNDLE)
    target, body = fields.get("target", {}), fields.get("body", {})
    row = {
        "key": uuid4(),
        "connection": the_connection(),
        "client": campaign.client if campaign else None,
        "campaign": campaign,
        "kind": kind,
        "body_digest": digest_of(kind, target, body),
        "asked_at": NOW,
        "state_since": NOW,
        "next_try_at": NOW,
    }
    return Command.objects.create(**{**row, **fields})


def make_stop(client: Client | None = None, campaign: Campaign | None = None, **fields: Any) -> Stop:
    """A stop that stands: of everything, of a client, or of one campaign of it."""
    row: dict[str, Any] = {"reason": "Wait for the lawyers", "stopped_at": NOW}
    if "stopped_by" not in fields:
        row["stopped_by"] = make_user(first_name="Sam")
    return Stop.objects.create(client=client, campaign=campaign, **{**row, **fields})
