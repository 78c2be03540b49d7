"""Figures in: one row a day, newer wins, and what is not told never overwrites what was."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from agency.locks import only_one
from agency.models import Connection, User
from agency.tokportal import AccountAnalytics, VideoAnalytics
from campaigns.analytics import actions, reports, sync
from campaigns.analytics.models import AccountPull, AccountSnapshot, VideoSnapshot
from campaigns.events.sweeps import sweep
from campaigns.models import Campaign, SavedAccount
from tests.factories import NOW, make_account, make_bundle
from tests.sandbox_process import Sandbox

S = AccountPull.State


@pytest.fixture
def account(connection: Connection, delivered: Callable[..., str], sandbox: Sandbox) -> SavedAccount:
    delivered()
    sandbox.advance(days=1)  # TokPortal looks at the platforms once a day
    connection.refresh_from_db()
    sweep(connection, "lists", now=timezone.now())
    return SavedAccount.objects.select_related("connection").get()


def again(account: SavedAccount) -> SavedAccount:
    return SavedAccount.objects.select_related("connection").get(pk=account.pk)


def told(scraped_at: datetime = NOW, **figures: Any) -> AccountAnalytics:
    return AccountAnalytics.from_json({"data": {"scraped_at": scraped_at.isoformat(), **figures}})


def post(scraped_at: datetime = NOW, **figures: Any) -> VideoAnalytics:
    return VideoAnalytics.from_json({"scraped_at": scraped_at.isoformat(), **figures})


def test_the_figures_of_an_account_and_its_videos_are_read(account: SavedAccount) -> None:
    pull = sync.pull_account(account, now=timezone.now())
    assert (pull.state, pull.unmatched, pull.trouble) == (S.DONE, 0, "")
    snapshot = AccountSnapshot.objects.get()
    assert snapshot.views is not None
    assert snapshot.videos_tracked == 2
    assert snapshot.day == snapshot.scraped_at.date()
    assert VideoSnapshot.objects.count() == 2
    assert again(account).analytics_at is not None


def test_each_day_gets_a_row_of_its_own(account: SavedAccount, sandbox: Sandbox) -> None:
    for _ in range(3):
        sync.pull_account(again(account), now=timezone.now())
        sandbox.advance(days=1)
    assert AccountSnapshot.objects.count() == 3
    views = list(AccountSnapshot.objects.order_by("day").values_list("views", flat=True))
    assert views == sorted(views)


def test_reading_twice_a_day_keeps_one_row(account: SavedAccount) -> None:
    for _ in range(2):
        sync.pull_account(again(account), now=timezone.now())
    assert (AccountSnapshot.objects.count(), VideoSnapshot.objects.count()) == (1, 2)


def test_an_account_without_figures_is_asked_again_later(
    connection: Connection, campaign: Campaign, delivered: Callable[..., str], sandbox: Sandbox
) -> None:
    delivered()
    sweep(connection, "lists", now=timezone.now())
    code = {"status": 404, "code": "ANALYTICS_NOT_FOUND", "message": "not yet"}
    sandbox.fault("error", match={"operation": "getAccountAnalytics"}, **code)
    now = timezone.now()
    pull = sync.pull_account(SavedAccount.objects.get(), now=now)
    assert (pull.state, pull.next_try_at) == (S.NO_DATA, now + AccountPull.EVERY)
    assert not AccountSnapshot.objects.exists()


def test_a_plan_without_figures_is_asked_again_after_a_day(
    account: SavedAccount, sandbox: Sandbox, connection: Connection
) -> None:
    other = make_account(upstream_id="another", connection=connection)
    refusal = {"status": 403, "code": "PLAN_REQUIRED", "message": "Upgrade"}
    sandbox.fault("error", times=-1, match={"operation": "getAccountAnalytics"}, **refusal)
    now = timezone.now()
    assert sync.pull_account(account, now=now).state == S.NOT_IN_PLAN
    other.refresh_from_db()
    assert (other.pull.state, other.pull.next_try_at) == (S.NOT_IN_PLAN, now + timedelta(days=1))
    assert not sync.due_accounts(connection, now=now + timedelta(hours=23)).exists()
    assert sync.due_accounts(connection, now=now + timedelta(days=1)).count() == 2


def test_another_workspaces_account_says_nothing_about_the_plan(
    account: SavedAccount, sandbox: Sandbox, connection: Connection
) -> None:
    make_account(upstream_id="another", connection=connection)
    refusal = {"status": 403, "code": "SAVED_ACCOUNT_NOT_OWNED", "message": "not yours"}
    sandbox.fault("error", match={"operation": "getAccountAnalytics"}, **refusal)
    assert sync.pull_account(account, now=timezone.now()).state == S.FAILED
    assert AccountPull.objects.count() == 1


def test_what_is_due_is_read_and_what_is_not_waits(account: SavedAccount, connection: Connection) -> None:
    make_account(upstream_id="banned", connection=connection, is_banned=True)
    now = timezone.now()
    assert sync.pull_due(connection, now=now) is None
    assert AccountPull.objects.get().account == account
    assert not sync.due_accounts(connection, now=now + timedelta(hours=5)).exists()
    assert sync.due_accounts(connection, now=now + timedelta(hours=6)).exists()


def test_the_rate_limit_is_waited_for(
    account: SavedAccount, connection: Connection, sandbox: Sandbox
) -> None:
    sandbox.fault("429", retry_after=30, match={"operation": "getAccountAnalytics"})
    pause = sync.pull_due(connection, now=timezone.now())
    assert pause is not None
    assert pause >= 30
    assert sync.pull_due(connection, now=timezone.now()) is None
    assert AccountSnapshot.objects.exists()


def test_only_one_worker_reads_figures(account: SavedAccount, connection: Connection) -> None:
    with only_one(f"analytics:{connection.pk}"):
        assert sync.pull_due(connection, now=timezone.now()) is None
    assert not AccountSnapshot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_person_asks_for_goes_first_and_is_counted(
    account: SavedAccount, connection: Connection, owner: User, sandbox: Sandbox
) -> None:
    make_account(upstream_id="older", connection=connection)
    now = timezone.now()
    assert actions.ask_for_figures(accounts=[account], by=owner, now=now) == 1  # tasks run at once in tests
    progress = reports.progress(SavedAccount.objects.all(), now=now)
    assert progress is not None
    assert (progress.total, progress.done, progress.is_running) == (1, 1, False)
    account.pull.refresh_from_db()
    assert account.pull.state == S.DONE
    assert account.pull.next_try_at == account.pull.pulled_at + sync.LOOK_AGAIN  # fresh figures come later


def test_a_null_never_overwrites_a_figure(db: None, campaign: Campaign) -> None:
    account = make_account(campaign)
    sync.store(account, told(total_views=100, followers_count=7), [], read_at=NOW)
    sync.store(account, told(NOW + timedelta(hours=1), total_views=120), [], read_at=NOW)
    row = AccountSnapshot.objects.get()
    assert (row.views, row.followers, row.scraped_at) == (120, 7, NOW + timedelta(hours=1))


def test_an_older_look_never_overwrites_a_newer_one(db: None, campaign: Campaign) -> None:
    account = make_account(campaign)
    sync.store(account, told(total_views=120), [], read_at=NOW)
    sync.store(account, told(NOW - timedelta(hours=1), total_views=100, total_likes=5), [], read_at=NOW)
    row = AccountSnapshot.objects.get()
    assert (row.views, row.likes, row.scraped_at) == (120, 5, NOW)


def test_posts_are_matched_by_id_then_by_slot(db: None, campaign: Campaign) -> None:
    account = make_account(campaign)
    bundle = make_bundle(campaign, videos=3, saved_account=account, upstream_id="b-1")
    first, second, third = bundle.videos.order_by("position")
    posts = [
        post(video_id=first.upstream_id, bundle_id="b-1", position=3, views=1),
        post(bundle_id="b-1", position=2, views=2),
        post(video_id="elsewhere", views=9),
    ]
    assert sync.store(account, told(), posts, read_at=NOW) == 1
    views = dict(VideoSnapshot.objects.values_list("video", "views"))
    assert views == {first.pk: 1, second.pk: 2}
    assert third.snapshots.count() == 0


def test_figures_without_a_time_belong_to_the_day_they_were_read(db: None, campaign: Campaign) -> None:
    account = make_account(campaign)
    sync.store(account, AccountAnalytics.from_json({"total_views": 3}), [], read_at=NOW)
    assert AccountSnapshot.objects.get().day == NOW.date()
