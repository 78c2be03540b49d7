"""Sweeps heal what no webhook told: within one of them our rows say what TokPortal says (U3)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.locks import only_one
from agency.models import Connection
from agency.tokportal import TokPortal
from campaigns.events import sweeps
from campaigns.events.models import Sweep
from campaigns.events.tasks import sweep_lists
from campaigns.models import Bundle, Campaign, SavedAccount
from tests.factories import make_connection
from tests.sandbox_process import Sandbox

LISTS, EVERYTHING = Sweep.Kind.LISTS, Sweep.Kind.EVERYTHING


def sweep(connection: Connection, kind: str = LISTS) -> Sweep:
    connection.refresh_from_db()
    sweeps.sweep(connection, kind, now=timezone.now())
    return Sweep.objects.latest("pk")


def test_bundles_made_elsewhere_appear(
    connection: Connection, ordered: Callable[..., str], campaign: Campaign, sandbox: Sandbox
) -> None:
    ours = ordered()
    sandbox.manager("web_order", bundle_type="account_only", platform="instagram", country="FR")
    done = sweep(connection)
    assert (done.total, done.discovered, done.failed, done.finished_at is not None) == (2, 2, 0, True)
    assert Bundle.objects.get(upstream_id=ours).campaign == campaign
    assert Bundle.objects.exclude(upstream_id=ours).get().campaign is None


def test_nothing_is_read_again_when_nothing_changed(
    connection: Connection, ordered: Callable[..., str]
) -> None:
    ordered()
    sweep(connection)
    assert sweep(connection).total == 0


def test_lost_webhooks_are_healed_by_one_sweep(
    connection: Connection, ordered: Callable[..., str], api: TokPortal, sandbox: Sandbox
) -> None:
    bundle_id = ordered()
    sweep(connection)
    api.publish_bundle(bundle_id, key=uuid4())
    sandbox.manager("accept", bundle_id=bundle_id)
    sandbox.manager("submit_account", bundle_id=bundle_id)
    sweep(connection)
    bundle = Bundle.objects.get()
    assert (bundle.status, bundle.account_status) == ("accepted", "in_review")
    assert bundle.saved_account is not None
    assert bundle.saved_account.username == "acme_us"


def test_a_download_problem_has_no_event_and_is_found(
    connection: Connection, ordered: Callable[..., str], api: TokPortal, sandbox: Sandbox
) -> None:
    bundle_id = ordered()
    api.publish_bundle(bundle_id, key=uuid4())
    sandbox.manager("accept", bundle_id=bundle_id)
    sweep(connection)
    sandbox.manager("flag_download", bundle_id=bundle_id, position=2, comment="403")
    sweep(connection)
    assert list(
        Bundle.objects.get().videos.order_by("position").values_list("has_download_issue", flat=True)
    ) == [
        False,
        True,
    ]


def test_accounts_are_mirrored_from_their_list(
    connection: Connection, delivered: Callable[..., str], campaign: Campaign
) -> None:
    delivered()
    sweep(connection)
    account = SavedAccount.objects.get()
    assert (account.campaign, account.is_banned) == (campaign, False)


def test_the_nightly_sweep_reads_all_that_is_open(
    connection: Connection, ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    first, second = ordered(), ordered(external_ref="acme-spring-2026-usa-def567")
    sandbox.manager("cancel", bundle_id=second)
    sweep(connection)
    assert sweep(connection, EVERYTHING).total == 1
    assert Bundle.objects.get(upstream_id=second).status == "cancelled"
    assert Bundle.objects.get(upstream_id=first).status == "pending_setup"


def test_a_sweep_goes_on_where_it_stopped(
    connection: Connection, ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    for number in range(3):
        ordered(external_ref=f"acme-spring-2026-usa-abc23{number}")
    sandbox.fault("500", times=3, match={"operation": "listBundleVideos"})
    stopped = sweep(connection)
    assert stopped.finished_at is None
    assert stopped.done == 0
    assert stopped.trouble
    went_on = sweep(connection)
    assert went_on.pk == stopped.pk
    assert (went_on.done, went_on.total, went_on.trouble) == (3, 3, "")
    assert went_on.finished_at is not None
    assert Bundle.objects.count() == 3


def test_a_slice_ends_and_is_taken_up_again(
    connection: Connection, ordered: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(sweeps, "SAVE_EVERY", 1)
    for number in range(3):
        ordered(external_ref=f"acme-spring-2026-usa-abc23{number}")
    assert sweeps.sweep(connection, LISTS, now=timezone.now()) == 0
    under_way = Sweep.objects.get()
    assert (under_way.done, under_way.total) == (1, 3)
    sweep_lists.delay()  # rings for itself until it is done
    under_way.refresh_from_db()
    assert under_way.finished_at is not None


def test_only_one_sweep_runs_at_a_time(connection: Connection, ordered: Callable[..., str]) -> None:
    ordered()
    with only_one(f"sweep:{connection.pk}:{LISTS}"):
        assert sweeps.sweep(connection, LISTS, now=timezone.now()) is None
    assert not Sweep.objects.exists()


def test_the_rate_limit_is_waited_for(
    connection: Connection, ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    ordered()
    sandbox.fault("429", times=1, retry_after=30, match={"operation": "getBundle"})
    pause = sweeps.sweep(connection, LISTS, now=timezone.now())
    assert pause is not None
    assert pause >= 30
    assert Sweep.objects.get().trouble == "Waiting for the rate limit."


def test_a_bundle_that_cannot_be_read_does_not_stop_the_others(
    connection: Connection, ordered: Callable[..., str], sandbox: Sandbox
) -> None:
    for number in range(3):
        ordered(external_ref=f"acme-spring-2026-usa-abc23{number}")
    refusal = {"status": 404, "code": "BUNDLE_NOT_FOUND", "message": "gone"}
    sandbox.fault("error", match={"operation": "getBundle"}, **refusal)
    done = sweep(connection)
    assert (done.failed, Bundle.objects.count()) == (1, 2)


def test_a_tokportal_that_is_down_leaves_the_sweep_for_later(db: None) -> None:
    down = make_connection()
    assert sweeps.sweep(down, LISTS, now=timezone.now()) is None
    assert Sweep.objects.get().finished_at is None


def test_old_sweeps_are_forgotten(connection: Connection) -> None:
    long_ago = timezone.now() - timedelta(days=8)
    Sweep.objects.create(connection=connection, kind=LISTS, started_at=long_ago, finished_at=long_ago)
    sweep(connection)
    assert Sweep.objects.count() == 1
