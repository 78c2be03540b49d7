"""The log of calls: every one is in it, no secret is, and it neither breaks nor slows nor outlives its time."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import DatabaseError, transaction
from django.utils import timezone

from agency import calls
from agency.calls import calls_of
from agency.connections import heed, key_hash, tokportal
from agency.models import ApiCall, Connection, User
from agency.tasks import prune_calls
from agency.tokportal import PUT_PRESIGNED, CallRecord, Lane, Refused, Unreachable
from campaigns.commands import actions, sync
from campaigns.models import Campaign, Command
from tests.factories import make_connection
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_waits_to_be_written() -> Iterator[None]:
    calls._held.clear()
    yield
    calls._held.clear()


BODY = {"bundle_type": "account_and_videos", "platform": "tiktok", "country": "USA", "videos_quantity": 3}


def order() -> dict[str, object]:
    return {**BODY, "title": "Acme", "external_ref": "acme-1"}


def a_record(**fields: object) -> CallRecord:
    row = {
        "method": "GET",
        "operation": "getBundle",
        "path_template": "/bundles/{bundle_id}",
        "status": 200,
        "milliseconds": 40,
        "request_id": "req-1",
        "credits_charged": None,
        "error_code": None,
        "at": timezone.now(),
    }
    return CallRecord(**{**row, **fields})  # type: ignore[arg-type]


def test_reads_dry_runs_changes_replays_and_failures_are_rows(connection: Connection) -> None:
    api, key = tokportal(connection, Lane.PERSON), uuid4()
    api.create_bundle(body=order(), dry_run=True)
    bundle_id = api.create_bundle(body=order(), key=key).result.id
    api.create_bundle(body=order(), key=key)
    with pytest.raises(Refused):
        api.publish_bundle(bundle_id, key=uuid4())
    tokportal(connection).get_bundle(bundle_id)
    quoted, bought, again, refused, read = ApiCall.objects.order_by("pk")
    assert (quoted.operation, quoted.is_dry_run, quoted.credits_charged) == ("createBundle", True, 0)
    assert (bought.method, bought.path, bought.status, bought.credits_charged) == (
        "POST",
        "/bundles",
        201,
        38,
    )
    assert (bought.is_dry_run, bought.is_replay, bought.failure, bought.lane) == (False, False, "", "person")
    assert again.is_replay
    assert (refused.status, refused.failure, refused.error_code) == (409, "NotReady", "BUNDLE_NOT_READY")
    assert (read.method, read.path, read.ids) == ("GET", "/bundles/{bundle_id}", {"bundle_id": bundle_id})
    assert (read.lane, read.key_hash) == ("background", key_hash(connection.api_key)[:8])
    assert all(
        call.request_id and abs(call.at - timezone.now()) < timedelta(minutes=1)
        for call in ApiCall.objects.all()
    )
    assert bundle_id not in "".join(ApiCall.objects.values_list("path", flat=True))


def test_a_lost_answer_is_a_row_and_so_is_each_try_of_a_read(
    connection: Connection, sandbox: Sandbox
) -> None:
    sandbox.fault("drop_after", match={"operation": "createBundle"})
    with pytest.raises(Unreachable):
        tokportal(connection).create_bundle(body=order(), key=uuid4())
    sandbox.fault("500", match={"operation": "getCreditBalance"})
    tokportal(connection).get_balance()
    lost, failed, worked = ApiCall.objects.order_by("pk")
    assert (lost.status, lost.failure) == (None, "Unreachable")
    assert lost.request_id
    assert [(row.status, row.attempt) for row in (failed, worked)] == [(500, 1), (200, 2)]


def test_the_log_holds_no_key_no_secret_and_no_address_of_an_upload(
    connection: Connection, sandbox: Sandbox
) -> None:
    api = tokportal(connection)
    bundle_id = api.create_bundle(body=order(), key=uuid4()).result.id
    upload = api.presign_video(bundle_id, filename="v.mp4", content_type="video/mp4").result
    api.put_presigned(upload.upload_url, content=b"film", content_type="video/mp4")
    endpoint = api.create_webhook(body={"url": f"{sandbox.url}/x", "events": ["webhook.test"]}).result
    with pytest.raises(Refused):
        api.get_bundle("sk_" + "9" * 64)  # a key that was pasted into the wrong place
    assert endpoint.signing_secret
    stored = ApiCall.objects.get(operation=PUT_PRESIGNED)
    assert (stored.method, stored.path, stored.key_hash, stored.failure) == ("PUT", "", "", "")
    log = serializers.serialize("json", ApiCall.objects.all())
    for secret in (
        connection.api_key,
        endpoint.signing_secret.reveal(),
        upload.upload_url.reveal(),
        "sk_9999",
    ):
        assert secret not in log


def test_a_storage_that_fails_is_no_trouble_of_tokportals(connection: Connection) -> None:
    heed(
        connection.pk,
        "hash",
        a_record(operation=PUT_PRESIGNED, status=503, failure="Unreachable", with_key=False),
    )
    connection.refresh_from_db()
    assert connection.trouble == ""
    assert ApiCall.objects.get().failure == "Unreachable"


@pytest.mark.django_db(transaction=True)
def test_calls_for_a_command_name_it_and_the_attempt(
    campaign: Campaign, connection: Connection, sandbox: Sandbox, manager: User
) -> None:
    sandbox.fault("drop_before", match={"operation": "createBundle", "dry_run": False})
    now = timezone.now()
    body = {**BODY, "auto_finalize_videos": True}
    quote = sync.quote(
        connection, kind=Command.Kind.CREATE_BUNDLE, body=body, now=now, by=manager, campaign=campaign
    )
    command = actions.order_bundle(
        campaign=campaign, connection=connection, by=manager, key=uuid4(), body=body, quote=quote, now=now
    )
    command.refresh_from_db()
    assert command.state == Command.State.SUCCEEDED
    sent = ApiCall.objects.filter(operation="createBundle", is_dry_run=False, command_id=command.pk).order_by(
        "pk"
    )
    assert [(call.attempt, call.failure) for call in sent] == [(1, "Unreachable"), (2, "")]
    looked = ApiCall.objects.filter(operation="listBundles", command_id=command.pk)
    assert looked.exists()


def test_a_block_ends_the_purpose_of_its_calls(connection: Connection) -> None:
    with calls_of(7, attempt=3), calls_of(8, attempt=1):
        calls.keep(connection.pk, "hash", a_record())
    calls.keep(connection.pk, "hash", a_record())
    assert list(ApiCall.objects.order_by("pk").values_list("command_id", flat=True)) == [8, None]


@pytest.mark.django_db(transaction=True)
def test_a_call_inside_a_transaction_that_rolls_back_is_logged_all_the_same() -> None:
    connection = make_connection()
    with transaction.atomic():
        calls.keep(connection.pk, "hash", a_record(request_id="inside"))
        transaction.set_rollback(True)
    calls.keep(connection.pk, "hash", a_record(request_id="after"))
    assert list(ApiCall.objects.order_by("pk").values_list("request_id", flat=True)) == ["inside", "after"]
    with transaction.atomic():
        calls.keep(connection.pk, "hash", a_record(request_id="committed"))
    assert ApiCall.objects.filter(request_id="committed").exists()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_breaks_no_call_and_loses_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = make_connection()

    def away(rows: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(ApiCall.objects, "bulk_create", away)
        calls.keep(connection.pk, "hash", a_record())
    assert not ApiCall.objects.exists()
    calls.keep(connection.pk, "hash", a_record())
    assert ApiCall.objects.count() == 2


def test_what_is_older_than_90_days_is_forgotten_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = make_connection()
    monkeypatch.setattr(calls, "ROWS_AT_ONCE", 3)
    now = timezone.now()
    for days in (1, 89, 91, 92, 93, 94, 400):
        calls.keep(connection.pk, "hash", a_record(at=now - timedelta(days=days)))
    prune_calls()
    assert sorted((now - at).days for at in ApiCall.objects.values_list("at", flat=True)) == [1, 89]
    assert calls.prune(now=datetime(2020, 1, 1, tzinfo=UTC)) == 0


@pytest.mark.django_db(transaction=True)
def test_keeping_a_call_takes_less_than_two_milliseconds() -> None:
    connection = make_connection()
    took: list[float] = []
    for _ in range(200):
        record = a_record()
        began = time.thread_time()  # our own work: tests share their cores with others
        calls.keep(connection.pk, "hash", record)
        took.append(time.thread_time() - began)
    assert statistics.median(took) < 0.002  # seconds
