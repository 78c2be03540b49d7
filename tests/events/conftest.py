"""A bundle that lives at the sandbox, and a dashboard that the sandbox can send webhooks to."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from agency.connections import tokportal
from agency.models import Connection, User
from agency.tokportal import TokPortal
from campaigns.events import actions, endpoint
from campaigns.models import Campaign
from tests.sandbox_process import Sandbox

PROFILE = {
    "username": "acme_us",
    "visible_name": "Acme",
    "biography": "New launches weekly.",
    "profile_picture_url": "https://cdn.example.com/acme.jpg",
}


@pytest.fixture
def api(connection: Connection) -> TokPortal:
    return tokportal(connection)


@pytest.fixture
def ordered(api: TokPortal, sandbox: Sandbox, campaign: Campaign) -> Callable[..., str]:
    """Order a bundle elsewhere than here, ready to publish; returns its id. Three credits of six for slots."""

    def order(external_ref: str = "acme-spring-2026-usa-abc234", videos: int = 2) -> str:
        body = {
            "bundle_type": "account_and_videos",
            "platform": "tiktok",
            "country": "USA",
            "videos_quantity": videos,
            "auto_finalize_videos": False,
            "external_ref": external_ref,
        }
        bundle_id = api.create_bundle(body=body, key=uuid4()).result.id
        api.configure_account(bundle_id, body=PROFILE, key=uuid4())
        day = sandbox.now().date().toordinal() + 4
        for position in range(1, videos + 1):
            slot = {
                "video_type": "video",
                "description": f"Clip {position}",
                "video_url": f"https://cdn.example.com/{position}.mp4",
                "target_publish_date": type(sandbox.now().date()).fromordinal(day).isoformat(),
            }
            api.configure_video(bundle_id, position, body=slot, key=uuid4())
        return bundle_id

    return order


@pytest.fixture
def delivered(ordered: Callable[..., str], api: TokPortal, sandbox: Sandbox) -> Callable[..., str]:
    """A bundle whose account is delivered and final, and whose videos are posted."""

    def deliver(**what: object) -> str:
        bundle_id = ordered(**what)
        api.publish_bundle(bundle_id, key=uuid4())
        sandbox.manager("accept", bundle_id=bundle_id)
        sandbox.manager("submit_account", bundle_id=bundle_id)
        api.finalize_account(bundle_id, key=uuid4())
        sandbox.advance(days=5)
        sandbox.manager("post_due_videos", bundle_id=bundle_id)
        return bundle_id

    return deliver


@pytest.fixture
def webhooks(
    connection: Connection, owner: User, live_server: LiveServer, settings: Settings
) -> Iterator[Connection]:
    """The Connection with an endpoint that reaches this very test process."""
    settings.PUBLIC_URL = live_server.url
    actions.set_up_webhook(
        connection=connection,
        by=owner,
        key=uuid4(),
        offered=endpoint.offered_kinds(connection),
        now=timezone.now(),
    )
    connection.refresh_from_db()
    assert connection.webhook_secret
    return connection
