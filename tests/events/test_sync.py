"""Handling events: each is a hint to look, and what TokPortal says then is what counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.models import Connection
from agency.tokportal import ReceivedEvent, TokPortal
from campaigns.events import actions, sync
from campaigns.events.handlers import HANDLERS, IGNORED, KNOWN_KINDS
from campaigns.events.models import WebhookEvent
from campaigns.models import Bundle, Campaign, SavedAccount
from tests.factories import make_connection
from tests.sandbox_process import Sandbox

S = WebhookEvent.State
WHEN = "2026-11-21T09:00:00Z"


def received(kind: str, **data: Any) -> ReceivedEvent:
    body = {"id": f"evt_{uuid4().hex}", "type": kind, "created_at": WHEN, "data": data}
    return ReceivedEvent(id=body["id"], type=kind, created_at=timezone.now(), data=data, body=body)


@pytest.fixture
def happens(connection: Connection) -> Callable[..., WebhookEvent]:
    """An event is stored and handled; answers with its row afterwards."""

    def happen(kind: str, **data: Any) -> WebhookEvent:
        now = timezone.now()
        event, _ = sync.store_event(connection, received(kind, **data), now=now)
        sync.handle_event(event.pk, now=now)
        event.refresh_from_db()
        return event

    return happen


def test_the_whole_catalogue_is_known(connection: Connection, api: TokPortal) -> None:
    assert {kind.type for kind in api.list_webhook_events()} == KNOWN_KINDS
    assert len(KNOWN_KINDS) == 34
    assert not set(HANDLERS) & IGNORED


def test_a_bundle_that_we_do_not_know_goes_to_the_owner_of_its_reference(
    happens: Callable[..., WebhookEvent], ordered: Callable[..., str], campaign: Campaign
) -> None:
    ours, foreign = ordered(), ordered(external_ref="somebody-else-1")
    for bundle_id in (ours, foreign):
        assert happens("bundle.created", bundle_id=bundle_id).state == S.DONE
    assert Bundle.objects.get(upstream_id=ours).campaign == campaign
    assert Bundle.objects.get(upstream_id=foreign).campaign is None


def test_an_event_alone_moves_nothing(
    happens: Callable[..., WebhookEvent], ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    bundle_id = ordered()
    happens("bundle.cancelled", bundle_id=bundle_id, status="cancelled")
    happens("account.finalized", bundle_id=bundle_id, status="finalized")
    bundle = Bundle.objects.get(upstream_id=bundle_id)
    assert (bundle.status, bundle.account_status) == ("pending_setup", "configured")


def test_unknown_kinds_are_kept_and_ignored(happens: Callable[..., WebhookEvent]) -> None:
    event = happens("planet.aligned", planet="Mars")
    assert (event.state, event.body["data"]) == (S.IGNORED, {"planet": "Mars"})


@pytest.mark.parametrize("kind", sorted(IGNORED))
def test_what_changes_nothing_here_is_done_at_once(happens: Callable[..., WebhookEvent], kind: str) -> None:
    assert happens(kind).state == S.DONE


@pytest.mark.parametrize("kind", sorted(HANDLERS))
def test_every_kind_survives_ids_that_nobody_knows(happens: Callable[..., WebhookEvent], kind: str) -> None:
    event = happens(kind, bundle_id="nobody", saved_account_id="nobody")
    assert (event.state, bool(event.trouble)) == (S.DONE, True)
    assert not Bundle.objects.exists()


@pytest.mark.parametrize("data", [{}, {"bundle_id": None}, {"bundle_id": ["odd"]}, {"saved_account_id": 7}])
def test_odd_bodies_end_in_a_remark(happens: Callable[..., WebhookEvent], data: dict[str, Any]) -> None:
    event = happens("video.finalized", **data)
    assert (event.state, bool(event.trouble)) == (S.DONE, True)


def test_a_ban_marks_the_account_that_it_names(
    happens: Callable[..., WebhookEvent], delivered: Callable[..., str], connection: Connection
) -> None:
    bundle_id = delivered()
    happens("account.in_review", bundle_id=bundle_id)
    account = SavedAccount.objects.get()
    assert account.username == "acme_us"
    assert happens("subscription.renewed", saved_account_id=account.upstream_id).state == S.DONE
    connection.refresh_from_db()
    assert connection.balance is not None


def test_events_about_one_bundle_are_answered_by_one_reading(
    connection: Connection, ordered: Callable[..., str]
) -> None:
    bundle_id, now = ordered(), timezone.now()
    events = [
        sync.store_event(connection, received("video.configured", bundle_id=bundle_id), now=now)[0]
        for _ in range(5)
    ]
    other, _ = sync.store_event(connection, received("video.configured", bundle_id="other"), now=now)
    sync.handle_event(events[2].pk, now=now)
    assert set(WebhookEvent.objects.filter(state=S.DONE)) == set(events)
    other.refresh_from_db()
    assert other.state == S.WAITING


def test_an_event_that_could_not_be_handled_is_tried_again(
    happens: Callable[..., WebhookEvent], ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    bundle_id = ordered()
    sandbox.fault("500", times=3, match={"operation": "getBundle"})
    event = happens("bundle.created", bundle_id=bundle_id)
    assert event.state == S.FAILED
    assert event.next_try_at is not None
    sync.handle_waiting(now=timezone.now())
    event.refresh_from_db()
    assert event.state == S.FAILED  # its time has not come
    sync.handle_waiting(now=timezone.now() + timedelta(minutes=1))
    event.refresh_from_db()
    assert (event.state, event.trouble) == (S.DONE, "")
    assert Bundle.objects.filter(upstream_id=bundle_id).exists()


def test_an_event_that_nobody_can_handle_waits_for_a_person(db: None) -> None:
    down = make_connection()  # nothing listens there
    event, _ = sync.store_event(down, received("bundle.created", bundle_id="b"), now=timezone.now())
    WebhookEvent.objects.update(attempts=sync.MOST_ATTEMPTS - 1)
    sync.handle_event(event.pk, now=timezone.now())
    event.refresh_from_db()
    assert (event.state, event.next_try_at) == (S.FAILED, None)


def test_waiting_for_the_rate_limit_is_no_attempt(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.fault("429", retry_after=60, match={"operation": "getBundle"})
    event, _ = sync.store_event(connection, received("bundle.created", bundle_id="b"), now=timezone.now())
    WebhookEvent.objects.update(attempts=sync.MOST_ATTEMPTS - 1)
    now = timezone.now()
    sync.handle_event(event.pk, now=now)
    event.refresh_from_db()
    assert (event.state, event.attempts) == (S.WAITING, sync.MOST_ATTEMPTS - 1)
    assert event.next_try_at is not None
    assert event.next_try_at >= now + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_a_replay_handles_the_stored_event_again(
    happens: Callable[..., WebhookEvent], ordered: Callable[..., str]
) -> None:
    event = happens("bundle.created", bundle_id=ordered())
    Bundle.objects.all().delete()
    actions.replay(event=event, now=timezone.now())
    event.refresh_from_db()
    assert event.state == S.DONE
    assert Bundle.objects.exists()


def test_two_workers_do_not_handle_one_event_twice(connection: Connection) -> None:
    event, _ = sync.store_event(connection, received("bundle.created", bundle_id="b"), now=timezone.now())
    WebhookEvent.objects.update(next_try_at=timezone.now() + sync.LEASE)  # the other one has just claimed it
    sync.handle_event(event.pk, now=timezone.now())
    event.refresh_from_db()
    assert (event.state, event.attempts) == (S.WAITING, 0)
