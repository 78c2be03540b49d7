"""Orders and bundles as far as a test needs them, made through the real actions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.commands import actions, sync
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from campaigns.sync import refresh_bundle
from tests.factories import make_post
from tests.sandbox_process import Sandbox

CREATE = {"operation": "createBundle"}
BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 3,
    "auto_finalize_videos": False,
}


def order(
    connection: Connection,
    campaign: Campaign,
    by: User,
    *,
    before: Callable[[], Any] = lambda: None,
    **changes: Any,
) -> Command:
    """Quote and order, as the page does; answers with the Command as the database has it afterwards.

    `before`: called between the two.
    """
    body, now = {**BODY, **changes}, timezone.now()
    connection.refresh_from_db()
    quote = sync.quote(
        connection, kind=Command.Kind.CREATE_BUNDLE, body=body, now=now, by=by, campaign=campaign
    )
    before()
    command = actions.order_bundle(
        campaign=campaign, connection=connection, by=by, key=uuid4(), body=body, quote=quote, now=now
    )
    command.refresh_from_db()
    return command


def ready(bundle: Bundle | None, campaign: Campaign, by: User, sandbox: Sandbox) -> Bundle:
    """Account and slots set up."""
    assert bundle
    profile = AccountProfile.objects.create(
        bundle=bundle,
        username="acme_us",
        visible_name="Acme",
        biography="New launches weekly.",
        profile_picture_url="https://cdn.example.com/acme.jpg",
    )
    now, day = timezone.now(), sandbox.now().date() + timedelta(days=4)
    actions.configure_account(profile=profile, by=by, key=uuid4(), now=now)
    posts = {position: make_post(campaign, publish_date=day) for position in (1, 2, 3)}
    actions.configure_videos(bundle=bundle, posts=posts, by=by, key=uuid4(), now=now)
    bundle.refresh_from_db()
    return bundle


def deliver(bundle: Bundle | None, campaign: Campaign, by: User, sandbox: Sandbox) -> Bundle:
    """Published and accepted, its account handed in and in review."""
    bundle = ready(bundle, campaign, by, sandbox)
    actions.publish_bundle(bundle=bundle, by=by, key=uuid4(), now=timezone.now())
    sandbox.manager("accept", bundle_id=bundle.upstream_id)
    sandbox.manager("submit_account", bundle_id=bundle.upstream_id)
    api = tokportal(bundle.connection)
    return refresh_bundle(api, bundle.connection, bundle.upstream_id, now=timezone.now())


def later(command: Command, **time_passed: float) -> Command:
    """Let the sweep run as if that much machine time had gone by."""
    sync.sweep_commands(now=timezone.now() + timedelta(**(time_passed or {"minutes": 5})))
    command.refresh_from_db()
    return command


def spent(sandbox: Sandbox) -> list[int]:
    return [entry["amount"] for entry in sandbox.books() if entry["amount"] < 0]
