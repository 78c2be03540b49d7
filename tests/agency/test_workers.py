"""Celery as it is meant to be used: what is lost costs a minute, what has begun ends, a fork shares nothing."""

import os
import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from agency import operations, run
from agency.celery import app
from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.analytics.tasks import pull_due
from campaigns.commands import actions, sync
from campaigns.events.tasks import handle_event, sweep_everything, sweep_lists
from campaigns.models import Campaign, Command
from tests.factories import make_connection
from tests.sandbox_process import Sandbox
from tests.worker_process import worker

K, S = Command.Kind, Command.State
LANES = {"person", "background"}


@pytest.fixture
def _the_queue_is_real() -> Iterator[None]:
    app.conf.update(task_always_eager=False)
    yield
    app.conf.update(task_always_eager=True)


def test_a_task_is_acknowledged_when_it_is_done_and_a_worker_takes_one_at_a_time() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_a_task_ends_before_its_message_is_handed_out_again() -> None:
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert app.conf.task_time_limit < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


@pytest.mark.parametrize("lane", sorted(LANES))
def test_each_lane_has_a_worker_of_its_own_that_takes_nothing_else(lane: str) -> None:
    line = run.command_line(lane)
    assert line[line.index("--queues") + 1] == lane


def test_every_task_runs_in_a_lane_that_has_a_worker() -> None:
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if name.startswith(("campaigns.", "agency."))]
    assert ours
    for name in ours:
        assert app.amqp.router.route({}, name)["queue"].name in LANES


@pytest.mark.usefixtures("_the_queue_is_real", "db")
def test_a_webhook_keeps_no_person_waiting_and_goes_before_the_next_slice_of_long_work() -> None:
    for task in (sweep_lists, sweep_everything, pull_due):
        task.delay()
    handle_event.delay(event_id=1)
    shown = {light.name: light.word for light in operations.lights(None, now=timezone.now())}
    assert shown["Waiting in the background"] == "4 tasks"
    with app.connection_for_read() as broker:
        with broker.SimpleQueue(app.amqp.queues["person"]) as people, pytest.raises(people.Empty):
            people.get(block=False)
        with broker.SimpleQueue(app.amqp.queues["background"]) as background:
            assert background.get(timeout=5).headers["task"] == handle_event.name


def test_what_the_clock_or_a_route_names_exists() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()} | set(app.conf.task_routes)
    assert named <= set(app.tasks)


def test_bells_of_the_clock_expire_before_the_next_one() -> None:
    for name, entry in app.conf.beat_schedule.items():
        if isinstance(entry["schedule"], int):
            assert entry["options"]["expires"] < entry["schedule"], name


def test_what_waits_is_rung_again_within_a_minute() -> None:
    """So that flushing Redis costs no more than that."""
    every = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert every["campaigns.commands.tasks.sweep_commands"] <= 60
    assert every["campaigns.launches.tasks.sweep_launches"] <= 60
    assert every["campaigns.events.tasks.handle_waiting"] <= 60


def test_a_forked_worker_has_http_connections_of_its_own(db: None) -> None:
    connection = make_connection()
    ours = id(tokportal(connection))
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(id(tokportal(connection))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 40)) != ours
    os.close(reader)
    os.close(writer)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_the_queue_is_real")
def test_a_worker_that_is_told_to_stop_ends_what_it_has_begun(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    body = {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "USA",
        "videos_quantity": 1,
        "auto_finalize_videos": True,
    }
    now = timezone.now()
    quote = sync.quote(
        connection, kind=K.CREATE_BUNDLE, body=dict(body), now=now, by=manager, campaign=campaign
    )
    with worker("person") as process:
        sandbox.fault("slow", seconds=3, match={"operation": "createBundle"})
        command = actions.order_bundle(
            campaign=campaign, connection=connection, by=manager, key=uuid4(), body=body, quote=quote, now=now
        )
        sandbox.wait_until(lambda: Command.objects.filter(pk=command.pk, state=S.SENDING).exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.SUCCEEDED, 1)
