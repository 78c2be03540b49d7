"""Operations: a light for every part, in words, and buttons that start what the clock would start."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as RedisIsAway

from agency import heartbeats, operations, traffic
from agency.celery import app
from agency.connections import key_hash, tokportal
from agency.dead_letters import dead_letters
from agency.models import ApiCall, Connection, Drift, User
from agency.operations import Light
from agency.tokportal import Lane, Pace
from campaigns.events.models import Sweep, WebhookEvent
from campaigns.models import Campaign, Command
from tests.factories import make_bundle, make_command, make_connection
from tests.worker_process import kill, worker

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
    counts = {row.state: row.count for row in operations.command_counts(connection) if row.count}
    assert counts == {"queued": 2, "unknown": 1}


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


def log(connection: Connection, operation: str, minutes_ago: float, **fields: object) -> ApiCall:
    row = {"method": "GET", "path": "/x", "lane": "background", "status": 200, "milliseconds": 50}
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return ApiCall.objects.create(connection=connection, operation=operation, at=at, **{**row, **fields})


def test_the_last_hour_and_the_last_success_of_each_operation(connection: Connection) -> None:
    tokportal(connection).get_balance()
    log(connection, "listBundles", 5, milliseconds=10)
    log(connection, "listBundles", 6, milliseconds=30)
    log(connection, "listBundles", 7, milliseconds=500, failure="Unreachable", status=None)
    log(connection, "publishBundle", 3, failure="Refused", status=409)
    log(connection, "publishBundle", 300)
    now = timezone.now()
    ApiCall.objects.filter(operation="getCreditBalance").update(milliseconds=20)
    last_hour, (balance, bundles, publication) = traffic.traffic(connection, now=now)
    assert last_hour == traffic.Traffic(5, 2, 30)
    assert [row.name for row in (balance, bundles, publication)] == [
        "getCreditBalance",
        "listBundles",
        "publishBundle",
    ]
    assert (balance.failed_last, bundles.failed_last, publication.failed_last) == (False, False, True)
    assert bundles.traffic == traffic.Traffic(3, 1, 30)
    assert publication.worked_at
    assert now - publication.worked_at >= timedelta(minutes=300)
    elsewhere = make_connection(is_active=False)
    assert traffic.traffic(elsewhere, now=now) == (traffic.Traffic(0, 0, None), [])


def test_what_outstays_its_state_is_put_before_a_person(campaign: Campaign) -> None:
    connection, now = make_connection(), timezone.now()
    minutes = timedelta(minutes=1)
    make_command(campaign, next_try_at=now, asked_at=now)
    make_command(campaign, state="sending", lease_until=now + minutes, next_try_at=now, asked_at=now)
    make_command(campaign, state="unknown", state_since=now, next_try_at=now, asked_at=now)
    assert dead_letters(connection, now=now) == []
    bundle = make_bundle(campaign)
    fields = {"bundle": bundle, "kind": "publish_bundle", "next_try_at": now - 9 * minutes}
    late = make_command(campaign, **fields, asked_at=now - 9 * minutes)
    behind = make_command(campaign, **fields, asked_at=now - 8 * minutes)
    lost = make_command(campaign, state="sending", lease_until=now - 5 * minutes, asked_at=now - 7 * minutes)
    unclear = make_command(
        campaign,
        state="unknown",
        state_since=now - 20 * minutes,
        evidence="None seen.",
        asked_at=now - 6 * minutes,
    )
    for_a_person = make_command(campaign, state="unknown", state_since=now, needs_person=True, asked_at=now)
    found = dead_letters(connection, now=now)
    assert [letter.command for letter in found] == [late, behind, lost, unclear, for_a_person]
    assert [letter.may_try_again for letter in found] == [False, False, False, True, True]
    assert "No worker" in found[0].reason
    assert "behind another order" in found[1].reason
    assert "worker that sent it is gone" in found[2].reason
    assert found[3].reason == "None seen."


def test_a_dead_letter_can_be_tried_again_with_the_same_key(
    browser: Browser, connection: Connection, campaign: Campaign
) -> None:
    now = timezone.now()
    command = make_command(
        campaign,
        connection=connection,
        state="unknown",
        state_since=now,
        needs_person=True,
        external_ref="acme-spring-2026-usa-zzz999",
        next_try_at=now + timedelta(hours=1),
        asked_at=now,
    )
    page = browser.get(reverse("operations")).content.decode()
    assert "Try again with the same key" in page
    action = reverse("command_check", args=[command.pk])
    assert action in page
    assert browser.post(action).status_code == 302
    command.refresh_from_db()
    assert command.next_try_at <= timezone.now() + Command.LEASE + timedelta(minutes=2)
    assert Command.objects.count() == 1


def test_the_rate_limit_in_use_is_shown_for_each_lane(
    settings: Settings,
) -> None:
    connection = make_connection()
    settings.TOKPORTAL_PACED = True
    bucket = Pace.at(settings.REDIS_URL, key_hash=key_hash(connection.api_key))
    bucket.learn(120)
    for _ in range(30):
        bucket.take(Lane.PERSON)
    assert light("Rate limit, for people", connection).word in ("80 left", "81 left")
    assert light("Rate limit, in the background", connection).word in ("70 left", "71 left")
    bucket.block(20)
    assert light("Rate limit", connection).word == "Paused"


def test_new_words_ask_to_be_looked_at() -> None:
    connection, now = make_connection(), timezone.now()
    assert light("New words", connection).tone == "good"
    Drift.objects.create(
        connection=connection,
        kind="field",
        place="getBundle",
        word="aura",
        first_seen_at=now,
        last_seen_at=now,
    )
    assert (light("New words", connection).word, light("New words", connection).tone) == (
        "1 to look at",
        "wait",
    )


def test_a_busy_page_takes_few_queries_and_links_to_what_it_counts(
    browser: Browser,
    campaign: Campaign,
    settings: Settings,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.TOKPORTAL_PACED = True
    connection, now = make_connection(last_answer_at=timezone.now()), timezone.now()

    def more(count: int) -> None:
        for number in range(count):
            log(connection, f"operation{number}", number)
            make_command(campaign, state="unknown", needs_person=True, state_since=now, asked_at=now)
            Sweep.objects.create(connection=connection, kind="lists", started_at=now, finished_at=now)

    more(2)
    browser.get(reverse("operations"))
    with django_assert_max_num_queries(15) as few:
        browser.get(reverse("operations"))
    more(20)
    with django_assert_max_num_queries(len(few)):
        page = browser.get(reverse("operations")).content.decode()
    assert f"{reverse('command_list')}?state=unknown" in page
    assert f"{reverse('command_list')}?state=person" in page
    assert f"{reverse('call_list')}?operation=operation19" in page
    assert len(page) < 100_000


@pytest.mark.django_db(transaction=True)
def test_a_banner_says_within_a_minute_that_no_worker_is_alive(browser: Browser) -> None:
    with worker("person") as process:
        for lane in ("background", "beat"):
            heartbeats.record(lane)
        assert "No worker is at work." not in browser.get(reverse("today")).content.decode()
        kill(process)
        died, banner = time.monotonic(), ""
        while "No worker is at work." not in banner:
            assert time.monotonic() - died < 60, "nobody was told"
            time.sleep(0.5)
            banner = browser.get(reverse("today")).content.decode()


def test_everything_in_the_schedule_and_the_routes_is_a_task() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()} | set(app.conf.task_routes)
    assert named <= set(app.tasks)
