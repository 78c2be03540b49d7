"""A worker killed with -9 between "sent" and "answered", then started again: one effect, one charge."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from agency.celery import app
from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.commands import actions, sync, tasks
from campaigns.commands.kinds import KINDS
from campaigns.models import AccountProfile, Bundle, Campaign, Command, Post
from campaigns.references import bundle_ref
from campaigns.sync import refresh_bundle
from tests.commands.orders import BODY
from tests.factories import make_post
from tests.sandbox_process import Sandbox
from tests.worker_process import kill, worker

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State
PROFILE = {
    "username": "acme_us",
    "visible_name": "Acme",
    "biography": "New launches weekly.",
    "profile_picture_url": "https://cdn.example.com/acme.jpg",
}
HOOK = "http://127.0.0.1:9/webhooks/tokportal/x"
OPERATIONS = {
    K.CREATE_BUNDLE: "createBundle",
    K.ADD_VIDEO_SLOTS: "addVideoSlots",
    K.ADD_EDIT_SLOTS: "addEditSlots",
    K.CONFIGURE_ACCOUNT: "configureBundleAccount",
    K.CORRECT_ACCOUNT: "requestBundleAccountCorrections",
    K.FINALIZE_ACCOUNT: "finalizeBundleAccount",
    K.CONFIGURE_VIDEOS: "batchConfigureBundleVideos",
    K.PUBLISH_BUNDLE: "publishBundle",
    K.UNPUBLISH_BUNDLE: "unpublishBundle",
    K.PUBLISH_ALL_VIDEOS: "publishAllBundleVideos",
    K.FINALIZE_VIDEO: "finalizeBundleVideo",
    K.CORRECT_VIDEO: "requestBundleVideoCorrections",
    K.FIX_DOWNLOAD: "fixBundleVideoDownload",
    K.CREATE_WEBHOOK: "createWebhookEndpoint",
}


@pytest.fixture
def _the_queue_is_real() -> Iterator[None]:
    app.conf.update(task_always_eager=False)
    yield
    app.conf.update(task_always_eager=True)


def wait_for(is_true: Callable[[], Any], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


class Agency:
    """A bundle for each kind, as far as TokPortal must have it; they share no queue."""

    def __init__(self, connection: Connection, campaign: Campaign, by: User, sandbox: Sandbox) -> None:
        self.connection, self.campaign, self.by, self.sandbox = connection, campaign, by, sandbox
        self.api = tokportal(connection)
        self.day = sandbox.now().date() + timedelta(days=4)

    def post(self, position: int) -> Post:
        return make_post(self.campaign, publish_date=self.day + timedelta(days=position))

    def bundle(self, *steps: str) -> Bundle:
        """Ordered by somebody else, as far as it matters here; each step is the API's or the manager's."""
        ref = bundle_ref("acme-spring-2026", "USA")
        made = self.api.create_bundle(body={**BODY, "external_ref": ref}).result
        videos = [{"position": number, **self.post(number).body()} for number in (1, 2)]
        calls: dict[str, Callable[[], object]] = {
            "account": lambda: self.api.configure_account(made.id, body=PROFILE),
            "videos": lambda: self.api.batch_configure_videos(made.id, body={"videos": videos}),
            "third": lambda: self.api.batch_configure_videos(
                made.id, body={"videos": [{"position": 3, **self.post(3).body()}]}
            ),
            "publish": lambda: self.api.publish_bundle(made.id),
            "post_video": partial(self.sandbox.manager, "post_video", bundle_id=made.id, position=1),
            "flag_download": partial(self.sandbox.manager, "flag_download", bundle_id=made.id, position=2),
        }
        for step in steps:
            calls.get(step, partial(self.sandbox.manager, step, bundle_id=made.id))()
        return refresh_bundle(self.api, self.connection, made.id, now=timezone.now())

    def prepared(self) -> dict[str, Callable[..., Command]]:
        """Kind → the verb that asks for it, with everything but key, person and time."""
        setup = ("account", "videos")
        given = (*setup, "publish", "accept", "submit_account")
        posted = (*given, "post_video")
        filled, fresh = self.bundle(*setup), self.bundle()
        profile = AccountProfile.objects.create(bundle=fresh, **PROFILE)
        word = {"comment": "Please", "fields": {"username": "acme"}}
        return {
            K.CREATE_BUNDLE: partial(
                actions.order_bundle,
                campaign=self.campaign,
                connection=self.connection,
                body=BODY,
                quote=self.quote(K.CREATE_BUNDLE, BODY),
            ),
            K.ADD_VIDEO_SLOTS: self.slots(K.ADD_VIDEO_SLOTS, self.bundle()),
            K.ADD_EDIT_SLOTS: self.slots(K.ADD_EDIT_SLOTS, self.bundle()),
            K.CONFIGURE_ACCOUNT: partial(actions.configure_account, profile=profile),
            K.CORRECT_ACCOUNT: partial(actions.correct_account, bundle=self.bundle(*given), **word),
            K.FINALIZE_ACCOUNT: partial(actions.finalize_account, bundle=self.bundle(*given)),
            K.CONFIGURE_VIDEOS: partial(
                actions.configure_videos, bundle=self.bundle(), posts={1: self.post(1), 2: self.post(2)}
            ),
            K.PUBLISH_BUNDLE: partial(actions.publish_bundle, bundle=filled),
            K.UNPUBLISH_BUNDLE: partial(actions.unpublish_bundle, bundle=self.bundle(*setup, "publish")),
            K.PUBLISH_ALL_VIDEOS: partial(
                actions.publish_all_videos, bundle=self.bundle(*setup, "publish", "third")
            ),
            K.FINALIZE_VIDEO: partial(
                actions.finalize_video, video=self.bundle(*posted).videos.get(position=1)
            ),
            K.CORRECT_VIDEO: partial(
                actions.correct_video, video=self.bundle(*posted).videos.get(position=1), comment="Please"
            ),
            K.FIX_DOWNLOAD: partial(
                actions.fix_download,
                video=self.bundle(*setup, "publish", "flag_download").videos.get(position=2),
                media=["https://cdn.example.com/again.mp4"],
            ),
            K.CREATE_WEBHOOK: partial(
                actions.create_webhook, connection=self.connection, url=HOOK, events=["bundle.published"]
            ),
        }

    def slots(self, kind: str, bundle: Bundle) -> Callable[..., Command]:
        quote = self.quote(kind, {"quantity": 2}, bundle)
        edits = kind == K.ADD_EDIT_SLOTS
        return partial(actions.add_slots, bundle=bundle, quantity=2, quote=quote, edits=edits)

    def quote(self, kind: str, body: dict[str, Any], bundle: Bundle | None = None) -> Any:
        now = timezone.now()
        return sync.quote(
            self.connection,
            kind=kind,
            body=dict(body),
            now=now,
            by=self.by,
            campaign=self.campaign,
            bundle=bundle,
        )


@pytest.mark.usefixtures("_the_queue_is_real")
@pytest.mark.parametrize("where", ["slow", "slow_after"])  # killed before the effect, and after it
def test_a_worker_killed_while_it_waits_for_the_answer_leaves_one_effect_and_one_charge_of_every_kind(
    connection: Connection,
    campaign: Campaign,
    manager: User,
    sandbox: Sandbox,
    signed_in: Callable[[User], Browser],
    tmp_path: Path,
    where: str,
) -> None:
    verbs = Agency(connection, campaign, manager, sandbox).prepared()
    assert set(verbs) == set(OPERATIONS) == set(KINDS), "every kind of Command is killed here"
    bundles = {row.upstream_id: (row.videos_quantity, row.edits_quantity) for row in Bundle.objects.all()}
    connection.refresh_from_db()
    with worker(log=tmp_path / "worker.log", at_once=len(verbs)) as first:
        for operation in OPERATIONS.values():
            sandbox.fault(where, match={"operation": operation, "dry_run": False}, seconds=6)
        asked = {kind: verb(by=manager, key=uuid4(), now=timezone.now()) for kind, verb in verbs.items()}
        sent = time.monotonic()
        wait_for(
            lambda: not sandbox.control.get("/faults").json()["faults"]
        )  # each has struck: all are there
        kill(first)
        assert time.monotonic() - sent < 6, "an answer came before the worker was killed"
    assert set(Command.objects.values_list("state", flat=True)) == {S.SENDING}
    time.sleep(max(0.0, 6.5 - (time.monotonic() - sent)))  # TokPortal carries it out all the same
    now = timezone.now()
    Command.objects.filter(state=S.SENDING).update(lease_until=now - timedelta(seconds=1))
    with worker(log=tmp_path / "worker.log"):
        tasks.sweep_commands.apply_async(queue="person")
        wait_for(lambda: not Command.objects.unsettled().exists())
    states = dict(Command.objects.values_list("kind", "state"))
    assert states == dict.fromkeys(KINDS, S.SUCCEEDED)
    charges = Counter(entry["idempotency_key"] for entry in sandbox.books() if entry["idempotency_key"])
    paid = (K.CREATE_BUNDLE, K.ADD_VIDEO_SLOTS, K.ADD_EDIT_SLOTS)
    assert charges == {str(asked[kind].key): 1 for kind in paid}
    made = {row.id: (row.videos_quantity, row.edits_quantity) for row in tokportal(connection).list_bundles()}
    more = asked[K.ADD_VIDEO_SLOTS].target["bundle_id"], asked[K.ADD_EDIT_SLOTS].target["bundle_id"]
    assert {id: count for id, count in made.items() if count != bundles.get(id)} == {
        more[0]: (5, 0),
        more[1]: (3, 2),
        Command.objects.get(pk=asked[K.CREATE_BUNDLE].pk).bundle.upstream_id: (3, 0),
    }
    connection.refresh_from_db()
    endpoint = [hook.id for hook in tokportal(connection).list_webhooks()]
    assert endpoint == [connection.webhook_endpoint_id]
    assert connection.webhook_secret
    page = signed_in(manager).get(reverse("command_detail", args=[asked[K.CREATE_BUNDLE].pk]))
    assert b"Done" in page.content


@pytest.mark.usefixtures("_the_queue_is_real")
def test_a_worker_whose_database_was_restarted_works_on_at_the_next_bell(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox, tmp_path: Path
) -> None:
    agency = Agency(connection, campaign, manager, sandbox)
    quote = agency.quote(K.CREATE_BUNDLE, BODY)
    with worker(log=tmp_path / "worker.log"):
        for _ in range(4):  # each of its processes has a connection now
            tasks.sweep_commands.apply_async(queue="person")
        wait_for(lambda: len(_others()) >= 2)
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [_others()])
        command = actions.order_bundle(
            campaign=campaign,
            connection=connection,
            by=manager,
            key=uuid4(),
            body=BODY,
            quote=quote,
            now=timezone.now(),
        )
        wait_for(lambda: Command.objects.get(pk=command.pk).state == S.SUCCEEDED)


def _others() -> list[int]:
    """The backends that serve other processes of this database."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in cursor.fetchall()]


@pytest.mark.usefixtures("_the_queue_is_real")
def test_an_order_whose_bell_was_lost_with_redis_is_sent_at_the_next_sweep(
    connection: Connection,
    campaign: Campaign,
    manager: User,
    sandbox: Sandbox,
    redis_databases: list[Redis],
    tmp_path: Path,
) -> None:
    quote = Agency(connection, campaign, manager, sandbox).quote(K.CREATE_BUNDLE, BODY)
    command = actions.order_bundle(
        campaign=campaign,
        connection=connection,
        by=manager,
        key=uuid4(),
        body=BODY,
        quote=quote,
        now=timezone.now(),
    )
    redis_databases[0].flushdb()
    with worker(log=tmp_path / "worker.log"):
        redis_databases[0].flushdb()  # nor does the worker need to be told
        tasks.sweep_commands.apply_async(queue="person")
        wait_for(lambda: Command.objects.get(pk=command.pk).state == S.SUCCEEDED)
    assert [entry["amount"] for entry in sandbox.books() if entry["amount"] < 0] == [-38]
