"""Operations: a light for every part, in words, and buttons that start what the clock would start."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from redis.exceptions import ConnectionError as RedisIsAway

from agency import heartbeats, operations
from agency.celery import app
from agency.models import Connection, User
from agency.operations import Light
from campaigns.events.models import Sweep, WebhookEvent
from campaigns.models import Campaign, Command
from tests.factories import make_command, make_connection

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]


@pytest.fixture
def browser(owner: User, signed_in: SignIn) -> Browser:
    return signed_in(owner)


def light(name: str, connection: Connection | None = None) -> Light:
    found = operations.lights(connection or Connection.objects.active(), now=timezone.now())
    return next(light for light in found if light.name == name)


def test_operations_are_for_owners(manager: User, signed_in: SignIn) -> None:
    assert signed_in(manager).get(reverse("operations")).status_code == 404
    assert signed_in(manager).post(reverse("operations_start", args=["changes"])).status_code == 404


def test_it_is_shown_before_anything_is_connected(browser: Browser) -> None:
    page = browser.get(reverse("operations")).content.decode()
    assert "Not connected" in page
    assert "No sign" in page


def test_workers_are_at_work_or_not(db: None) -> None:
    heartbeats.record("person")
    assert light("Worker for people").tone == "good"
    assert light("Worker for the background").tone == "bad"
    assert "python -m agency.run background" in light("Worker for the background").sentence


def test_a_redis_that_is_down_is_one_red_light(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> list[str]:
        raise RedisIsAway

    monkeypatch.setattr(heartbeats, "missing", away)
    assert light("Queue").tone == "bad"


@pytest.mark.parametrize(
    ("fields", "word", "tone"),
    [
        ({}, "Never asked", "wait"),
        ({"last_answer_at": timezone.now()}, "Answers", "good"),
        ({"last_answer_at": timezone.now() - timedelta(hours=2)}, "Answers", "wait"),
        ({"trouble": "TokPortal does not answer.", "trouble_at": timezone.now()}, "No answer", "bad"),
        ({"key_refused_at": timezone.now()}, "Key refused", "bad"),
    ],
)
def test_the_way_to_tokportal(fields: dict[str, object], word: str, tone: str) -> None:
    found = light("TokPortal", make_connection(**fields))
    assert (found.word, found.tone) == (word, tone)


def test_an_order_that_somebody_must_decide_is_red(campaign: Campaign) -> None:
    connection = make_connection()
    assert light("Orders", connection).word == "None waiting"
    make_command(campaign, asked_at=timezone.now())
    assert light("Orders", connection).tone == "good"
    make_command(campaign, asked_at=timezone.now() - timedelta(hours=1))
    assert light("Orders", connection).tone == "wait"
    make_command(campaign, state=Command.State.UNKNOWN, needs_person=True)
    assert light("Orders", connection).word == "1 to decide"
    counts = {row.state: row.count for row in operations.command_counts(connection)}
    assert counts == {"queued": 2, "sending": 0, "unknown": 1}


def test_events_and_sweeps_say_how_they_are() -> None:
    connection = make_connection()
    now = timezone.now()
    assert light("Sweep", connection).word == "None yet"
    sweep = Sweep.objects.create(
        connection=connection,
        kind="lists",
        started_at=now,
        listed_at=now,
        total=4,
        remaining=[["bundle", "b"]],
    )
    assert light("Sweep", connection).word == "3 of 4 read"
    Sweep.objects.filter(pk=sweep.pk).update(finished_at=now - timedelta(hours=1))
    assert light("Sweep", connection).word == "Late"
    WebhookEvent.objects.create(
        connection=connection,
        upstream_id="e",
        kind="bundle.created",
        body={},
        received_at=now,
        state="failed",
    )
    assert light("Events", connection).word == "1 failed"


def test_the_page_answers_while_tokportal_does_not(
    browser: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_connection(trouble="TokPortal does not answer.", trouble_at=timezone.now())
    browser.get(reverse("operations"))
    with django_assert_max_num_queries(15):
        page = browser.get(reverse("operations")).content.decode()
    assert "need someone: tokportal" in page


@pytest.mark.django_db(transaction=True)
def test_a_sweep_can_be_started(browser: Browser, connection: Connection) -> None:
    browser.post(reverse("operations_start", args=["changes"]))
    browser.post(reverse("operations_start", args=["everything"]))
    assert set(Sweep.objects.values_list("kind", flat=True)) == {"lists", "everything"}
    assert not Sweep.objects.filter(finished_at=None).exists()
    page = browser.get(reverse("operations")).content.decode()
    assert "nothing to read again" in page


@pytest.mark.django_db(transaction=True)
def test_history_and_prices_can_be_read_now(browser: Browser, connection: Connection) -> None:
    for what in ("history", "reference"):
        assert browser.post(reverse("operations_start", args=[what])).status_code == 302
    connection.refresh_from_db()
    assert connection.reference_at
    assert connection.history_at
    assert browser.post(reverse("operations_start", args=["world-peace"])).status_code == 404


def test_everything_in_the_schedule_and_the_routes_is_a_task() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()} | set(app.conf.task_routes)
    assert named <= set(app.tasks)
