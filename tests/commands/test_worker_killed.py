"""A worker killed with -9 between "sent" and "answered", then started again: one effect, one charge."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from agency.celery import app
from agency.models import Connection, User
from campaigns.commands import actions, sync, tasks
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from tests.factories import make_post
from tests.sandbox_process import Sandbox
from tests.worker_process import kill, worker

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State
BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 1,
    "auto_finalize_videos": True,
}


@pytest.fixture
def _the_queue_is_real() -> Iterator[None]:
    app.conf.update(task_always_eager=False)
    yield
    app.conf.update(task_always_eager=True)


def wait_for(is_true: Callable[[], Any], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def state_of(command: Command) -> str:
    return Command.objects.values_list("state", flat=True).get(pk=command.pk)


def the_lease_runs_out(command: Command) -> None:
    Command.objects.filter(pk=command.pk, state=S.SENDING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def order(connection: Connection, campaign: Campaign, by: User) -> Command:
    now = timezone.now()
    quote = sync.quote(connection, kind=K.CREATE_BUNDLE, body=dict(BODY), now=now, by=by, campaign=campaign)
    return actions.order_bundle(
        campaign=campaign, connection=connection, by=by, key=uuid4(), body=BODY, quote=quote, now=now
    )


def ready_bundle(connection: Connection, campaign: Campaign, by: User, sandbox: Sandbox) -> Bundle:
    """Ordered and filled, with the queue out of the way."""
    app.conf.update(task_always_eager=True)
    command = order(connection, campaign, by)
    command.refresh_from_db()
    assert command.bundle
    profile = AccountProfile.objects.create(
        bundle=command.bundle,
        username="acme_us",
        visible_name="Acme",
        biography="New launches weekly.",
        profile_picture_url="https://cdn.example.com/acme.jpg",
    )
    actions.configure_account(profile=profile, by=by, key=uuid4(), now=timezone.now())
    posts = {1: make_post(campaign, publish_date=sandbox.now().date() + timedelta(days=4))}
    actions.configure_videos(bundle=command.bundle, posts=posts, by=by, key=uuid4(), now=timezone.now())
    app.conf.update(task_always_eager=False)
    command.bundle.refresh_from_db()
    return command.bundle


@pytest.mark.usefixtures("_the_queue_is_real")
@pytest.mark.parametrize("what", ["createBundle", "publishBundle"])
def test_a_worker_killed_while_it_waits_for_the_answer_leaves_one_effect_and_one_charge(
    connection: Connection,
    campaign: Campaign,
    manager: User,
    sandbox: Sandbox,
    signed_in: Callable[[User], Browser],
    tmp_path: Path,
    what: str,
) -> None:
    bundle = ready_bundle(connection, campaign, manager, sandbox) if what == "publishBundle" else None
    charged_before = [entry["amount"] for entry in sandbox.books() if entry["amount"] < 0]
    with worker(log=tmp_path / "worker.log") as first:
        if bundle:
            sandbox.fault("slow", match={"operation": what}, seconds=2)
            command = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
        else:
            now = timezone.now()
            quote = sync.quote(
                connection, kind=K.CREATE_BUNDLE, body=dict(BODY), now=now, by=manager, campaign=campaign
            )
            sandbox.fault("slow", match={"operation": what}, seconds=2)
            command = actions.order_bundle(
                campaign=campaign,
                connection=connection,
                by=manager,
                key=uuid4(),
                body=BODY,
                quote=quote,
                now=now,
            )
        wait_for(lambda: state_of(command) == S.SENDING)
        time.sleep(0.3)  # the request is on its way
        kill(first)
    assert state_of(command) == S.SENDING
    time.sleep(2.2)  # TokPortal carries it out all the same
    the_lease_runs_out(command)
    with worker(log=tmp_path / "worker.log"):
        tasks.sweep_commands.apply_async(queue="person")
        wait_for(lambda: state_of(command) == S.SUCCEEDED)
        wait_for(lambda: Bundle.objects.get().status == ("published" if bundle else "pending_setup"))
    charged = [entry["amount"] for entry in sandbox.books() if entry["amount"] < 0]
    assert charged == (charged_before if bundle else [-34])
    assert Bundle.objects.count() == 1
    page = signed_in(manager).get(reverse("command_detail", args=[command.pk]))
    assert b"Done" in page.content
