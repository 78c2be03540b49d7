"""Our endpoint at TokPortal: set up, tested, replaced, removed, and what it could not deliver."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from agency.models import Connection, User
from agency.tokportal import TokPortal
from campaigns.events import actions, endpoint, reports
from campaigns.events.handlers import KNOWN_KINDS
from campaigns.events.models import Endpoint, WebhookEvent
from campaigns.models import Bundle, Command
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def set_up(connection: Connection, by: User) -> Connection:
    offered = endpoint.offered_kinds(connection)
    actions.set_up_webhook(connection=connection, by=by, key=uuid4(), offered=offered, now=timezone.now())
    connection.refresh_from_db()
    return connection


def state(connection: Connection) -> str:
    return reports.webhook_state(connection, now=timezone.now()).word


def test_the_endpoint_takes_every_event_that_is_offered_and_known(
    connection: Connection, owner: User, api: TokPortal
) -> None:
    assert state(connection) == "Not set up"
    set_up(connection, owner)
    [ours] = api.list_webhooks()
    assert set(ours.events) == KNOWN_KINDS
    assert ours.url == endpoint.webhook_url(connection)
    assert ours.id == connection.webhook_endpoint_id
    assert state(connection) == "Never heard"
    assert connection.webhook_secret not in str(Command.objects.get().answer)


def test_the_endpoint_follows_when_the_public_address_changes(
    webhooks: Connection, api: TokPortal, settings: Settings
) -> None:
    secret = webhooks.webhook_secret
    settings.PUBLIC_URL = "http://127.0.0.1:9999"
    endpoint.check_endpoint(webhooks, now=timezone.now())
    [ours] = api.list_webhooks()
    assert ours.url == endpoint.webhook_url(webhooks)
    webhooks.refresh_from_db()
    assert (ours.id, secret) == (webhooks.webhook_endpoint_id, webhooks.webhook_secret)


def test_a_test_comes_back_within_seconds(webhooks: Connection) -> None:
    actions.test_webhook(connection=webhooks, now=timezone.now())
    result = reports.test_state(webhooks, now=timezone.now())
    assert result is not None
    assert result.word == "Arrived"
    webhooks.refresh_from_db()
    assert state(webhooks) == "Live"


def test_a_test_that_cannot_arrive_says_why(connection: Connection, owner: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    set_up(connection, owner)
    actions.test_webhook(connection=connection, now=timezone.now())
    result = reports.test_state(connection, now=timezone.now())
    assert result is not None
    assert (result.word, "PUBLIC_URL" in result.sentence) == ("Failed", True)
    assert Endpoint.objects.get().test_trouble == "unreachable"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("", ""),
        ("answered 503", "TokPortal reached our address, which answered 503 instead of 204."),
        ("TokPortal did not answer.", "TokPortal did not answer."),  # as an earlier version wrote it
    ],
)
def test_what_came_of_a_test_is_stored_as_a_code_and_read_in_words(stored: str, said: str) -> None:
    assert endpoint.trouble_in_words(stored) == said


def test_a_test_with_the_wrong_secret_says_so(webhooks: Connection) -> None:
    Connection.objects.update(webhook_secret="whsec_other")
    actions.test_webhook(connection=webhooks, now=timezone.now())
    result = reports.test_state(webhooks, now=timezone.now())
    assert result is not None
    assert "401" in result.sentence
    assert not WebhookEvent.objects.exists()


def test_replacing_keeps_the_old_secret_until_tokportal_has_switched(
    webhooks: Connection, owner: User, api: TokPortal
) -> None:
    old_secret, old_id = webhooks.webhook_secret, webhooks.webhook_endpoint_id
    set_up(webhooks, owner)
    assert webhooks.webhook_secrets == [webhooks.webhook_secret, old_secret]
    assert api.test_webhook(old_id).result.success
    endpoint.check_endpoint(webhooks, now=timezone.now())
    webhooks.refresh_from_db()
    assert [row.id for row in api.list_webhooks()] == [webhooks.webhook_endpoint_id]
    assert webhooks.webhook_secrets == [webhooks.webhook_secret]


def test_a_removed_endpoint_is_deleted_and_opens_nothing(webhooks: Connection, api: TokPortal) -> None:
    actions.remove_webhook(connection=webhooks)
    webhooks.refresh_from_db()
    assert webhooks.webhook_secrets == []
    assert list(api.list_webhooks()) == []
    assert state(webhooks) == "Not set up"


def test_endpoints_of_other_programs_are_left_alone(webhooks: Connection, api: TokPortal) -> None:
    body = {"url": "https://make.example.com/hook", "events": ["bundle.created"]}
    foreign = api.create_webhook(body=body).result.id
    actions.remove_webhook(connection=webhooks)
    assert [row.id for row in api.list_webhooks()] == [foreign]


def test_an_endpoint_that_tokportal_lost_or_switched_off_is_noticed(
    webhooks: Connection, api: TokPortal
) -> None:
    api.update_webhook(webhooks.webhook_endpoint_id, body={"enabled": False}, key=uuid4())
    endpoint.check_endpoint(webhooks, now=timezone.now())
    assert state(webhooks) == "Switched off"
    api.delete_webhook(webhooks.webhook_endpoint_id, key=uuid4())
    endpoint.check_endpoint(webhooks, now=timezone.now())
    assert state(webhooks) == "Gone"


def test_a_lost_answer_leaves_no_stray_endpoint(
    connection: Connection, owner: User, api: TokPortal, sandbox: Sandbox
) -> None:
    sandbox.fault("drop_after", match={"operation": "createWebhookEndpoint"})
    set_up(connection, owner)
    assert [row.id for row in api.list_webhooks()] == [connection.webhook_endpoint_id]
    assert actions.test_webhook(connection=connection, now=timezone.now()) is None


def test_a_changed_public_url_is_noticed(webhooks: Connection, settings: Settings) -> None:
    endpoint.check_endpoint(webhooks, now=timezone.now())
    settings.PUBLIC_URL = "https://new.example.com"
    assert state(webhooks) == "Old address"


def test_what_could_not_be_delivered_is_taken_from_the_log(
    webhooks: Connection, ordered: Callable[..., str], sandbox: Sandbox, api: TokPortal
) -> None:
    secret = webhooks.webhook_secret
    Connection.objects.update(webhook_secret="whsec_wrong")
    ordered(videos=1)
    sandbox.wait_until(
        lambda: (
            len(list(api.list_deliveries(webhooks.webhook_endpoint_id, success=False))) >= 3
            and all(row.response_status == 401 for row in api.list_deliveries(webhooks.webhook_endpoint_id))
        )
    )
    assert not WebhookEvent.objects.exists()
    Connection.objects.update(webhook_secret=secret)
    assert endpoint.recover_deliveries(webhooks, now=timezone.now()) == 3
    assert Bundle.objects.get().videos.get().status == "configured"
    assert endpoint.recover_deliveries(webhooks, now=timezone.now()) == 0


def test_the_endpoint_row_says_what_it_is_subscribed_to(webhooks: Connection, api: TokPortal) -> None:
    kept = sorted(KNOWN_KINDS - {"credits.restored"})
    api.update_webhook(webhooks.webhook_endpoint_id, body={"events": kept}, key=uuid4())
    endpoint.check_endpoint(webhooks, now=timezone.now())
    assert Endpoint.objects.get().kinds == kept
    assert reports.missing_kinds(webhooks) == ["credits.restored"]
