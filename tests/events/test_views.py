"""The event list, for owners: search, filters, bodies and replay."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agency.models import User
from campaigns.events.models import WebhookEvent
from tests.factories import make_connection, the_connection

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]


@pytest.fixture
def browser(owner: User, signed_in: SignIn) -> Browser:
    return signed_in(owner)


def make_event(upstream_id: str, kind: str = "bundle.created", **fields: Any) -> WebhookEvent:
    row = {"connection": the_connection(), "received_at": timezone.now(), "state": "done", "body": {}}
    return WebhookEvent.objects.create(upstream_id=upstream_id, kind=kind, **{**row, **fields})


def found(browser: Browser, **query: str) -> set[str]:
    return {event.upstream_id for event in browser.get(reverse("event_list"), query).context["page"]}


def test_events_are_for_owners(manager: User, signed_in: SignIn) -> None:
    event = make_event("e1")
    browser = signed_in(manager)
    assert browser.get(reverse("event_list")).status_code == 404
    assert browser.post(reverse("event_replay", args=[event.pk])).status_code == 404


def test_events_are_found_by_kind_id_state_and_what_is_in_their_body(browser: Browser) -> None:
    make_event("e1", body={"data": {"external_ref": "acme-spring-1"}})
    make_event("e2", kind="account.banned", state="failed")
    assert found(browser) == {"e1", "e2"}
    assert found(browser, q="acme-spring") == {"e1"}
    assert found(browser, q="banned") == {"e2"}
    assert found(browser, q="e1") == {"e1"}
    assert found(browser, about="account") == {"e2"}
    assert found(browser, state="failed") == {"e2"}
    assert found(browser, q="nobody") == set()
    assert found(browser, state="rubbish") == {"e1", "e2"}


def test_another_workspaces_events_are_not_shown(browser: Browser) -> None:
    the_connection()
    make_event("e1", connection=make_connection(is_active=False))
    assert found(browser) == set()


def test_a_body_is_shown_as_text(browser: Browser) -> None:
    make_event("e1", body={"data": {"username": "<script>alert(1)</script>"}})
    page = browser.get(reverse("event_list")).content.decode()
    assert "&lt;script&gt;alert(1)" in page


def test_a_failure_says_why_and_what_comes(browser: Browser) -> None:
    make_event("e1", state="failed", trouble="HTTP 500", attempts=24)
    page = browser.get(reverse("event_list")).content.decode()
    assert "HTTP 500" in page
    assert "given up after 24 tries" in page


def test_a_replay_comes_back_to_where_it_was_asked(browser: Browser) -> None:
    event = make_event("e1", kind="webhook.test", state="failed")
    answer = browser.post(reverse("event_replay", args=[event.pk]), {"next": "/events/?state=failed"})
    assert answer["Location"] == "/events/?state=failed"
    event.refresh_from_db()
    assert event.state == "waiting"
    answer = browser.post(reverse("event_replay", args=[event.pk]), {"next": "https://evil.example.com"})
    assert answer["Location"] == reverse("event_list")
    assert browser.post(reverse("event_replay", args=[0])).status_code == 404


def test_more_events_need_no_more_queries(
    browser: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        make_event(f"e{number}")
    browser.get(reverse("event_list"))
    with django_assert_max_num_queries(15):
        assert len(browser.get(reverse("event_list")).content) < 100_000
