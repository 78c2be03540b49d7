"""The webhook's door: genuine deliveries are stored once, everything else leaves nothing behind."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from agency.models import Connection
from campaigns.events import refusals
from campaigns.events.models import WebhookEvent
from campaigns.models import Bundle
from tests.factories import make_connection
from tests.sandbox_process import Sandbox

SECRET = "whsec_" + "a" * 64
BODY = {"id": "evt_1", "type": "webhook.test", "created_at": "2026-11-21T09:00:00.000Z", "data": {}}


@pytest.fixture
def heard(db: None) -> Connection:
    return make_connection(webhook_secret=SECRET)


def deliver(
    connection: Connection,
    body: dict[str, Any] | bytes = BODY,
    *,
    secret: str = SECRET,
    age: timedelta = timedelta(),
    **changes: Any,
) -> int:
    """Send a delivery as TokPortal does; returns the status."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed_at = str(int((timezone.now() - age).timestamp()))
    digest = hmac.new(secret.encode(), signed_at.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {"TokPortal-Signature": f"t={signed_at},v1={digest}", **changes.pop("headers", {})}
    path_key = changes.pop("path_key", connection.webhook_path_key)
    return (
        Browser(headers=headers)
        .post(reverse("webhook", args=[path_key]), data=raw, content_type="application/json")
        .status_code
    )


def test_a_genuine_delivery_is_stored_and_noticed(heard: Connection) -> None:
    assert deliver(heard) == 204
    event = WebhookEvent.objects.get()
    assert (event.upstream_id, event.kind, event.body["id"]) == ("evt_1", "webhook.test", "evt_1")
    heard.refresh_from_db()
    assert heard.webhook_last_at


def test_a_doubled_delivery_is_one_event(heard: Connection) -> None:
    assert [deliver(heard), deliver(heard)] == [204, 204]
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "whsec_" + "b" * 64},
        {"secret": ""},
        {"age": timedelta(seconds=301)},
        {"age": timedelta(seconds=-400)},
        {"headers": {"TokPortal-Signature": "nonsense"}},
        {"headers": {"TokPortal-Signature": ""}},
    ],
    ids=["wrong secret", "no secret", "stale", "from the future", "nonsense", "unsigned"],
)
def test_what_is_not_genuine_is_turned_away_and_only_counted(
    heard: Connection, forged: dict[str, Any]
) -> None:
    assert deliver(heard, **forged) == 401
    assert not WebhookEvent.objects.exists()
    heard.refresh_from_db()
    assert heard.webhook_last_at is None
    assert refusals.today(heard, now=timezone.now()) == 1


def test_a_connection_without_a_secret_takes_nothing(db: None) -> None:
    assert deliver(make_connection(), secret="") == 401


def test_both_secrets_are_good_while_an_endpoint_is_replaced(heard: Connection) -> None:
    heard.webhook_previous_secret, heard.webhook_secret = SECRET, "whsec_new"
    heard.save()
    assert deliver(heard) == 204
    assert deliver(heard, BODY | {"id": "evt_2"}, secret="whsec_new") == 204


def test_another_addresses_deliveries_find_nothing(heard: Connection) -> None:
    assert deliver(heard, path_key="guessed") == 404


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"id": "evt_1"}', b'{"type": "webhook.test"}'])
def test_a_signed_body_that_is_no_event_is_malformed(heard: Connection, body: bytes) -> None:
    assert deliver(heard, body) == 400
    assert not WebhookEvent.objects.exists()


def test_a_body_of_ten_megabytes_is_refused(heard: Connection) -> None:
    assert deliver(heard, b"x" * 10 * 1024 * 1024) == 413


def test_only_posts_are_taken(heard: Connection, client: Browser) -> None:
    assert client.get(reverse("webhook", args=[heard.webhook_path_key])).status_code == 404


def test_secrets_are_dropped_from_what_is_stored_and_never_logged(
    heard: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        deliver(heard, BODY | {"data": {"signing_secret": "whsec_leak", "bundle_id": "b"}})
        deliver(heard, secret="whsec_other")
    assert "signing_secret" not in WebhookEvent.objects.get().body["data"]
    assert SECRET not in caplog.text
    assert "whsec_leak" not in caplog.text


def handled() -> list[str]:
    """The kinds of the events that are done, in the order in which they came."""
    done = WebhookEvent.objects.filter(state=WebhookEvent.State.DONE).order_by("pk")
    return list(done.values_list("kind", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_page_follows_what_the_sandbox_sends(
    webhooks: Connection, ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    bundle_id = ordered(videos=1)
    sandbox.wait_until(lambda: len(handled()) == 3)
    assert sorted(handled()) == ["account.configured", "bundle.created", "video.configured"]
    bundle = Bundle.objects.get(upstream_id=bundle_id)
    assert bundle.campaign is not None
    assert bundle.account_listing["username"] == "acme_us"
    assert bundle.videos.get().status == "configured"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["webhook_double", "webhook_reorder"])
def test_doubled_and_reordered_webhooks_end_in_the_same_state(
    webhooks: Connection, ordered: Callable[..., str], sandbox: Sandbox, fault: str
) -> None:
    sandbox.fault(fault, times=-1, seconds=0.3, match={"event": "account.configured"})
    bundle_id = ordered(videos=1)
    sandbox.wait_until(lambda: len(handled()) == 3)
    bundle = Bundle.objects.get(upstream_id=bundle_id)
    assert (bundle.status, bundle.account_status) == ("pending_setup", "configured")
    assert WebhookEvent.objects.count() == 3
    assert handled()[-1] == ("account.configured" if fault == "webhook_reorder" else "video.configured")
