"""What needs a person: each sort appears when it should, says so, and leads to its fix."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from agency.models import Connection
from campaigns.attention import Need, needs
from campaigns.ledger import actions as ledger
from campaigns.models import Campaign, Command
from campaigns.waiting import MOST
from clients.models import Client
from tests.factories import (
    NOW,
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_connection,
    make_stop,
    make_video,
    the_connection,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def needs_of(*clients: Client, connection: Connection | None = None, for_owner: bool = False) -> list[Need]:
    known = {client.pk: client for client in clients}
    return needs(known, connection=connection, now=NOW, for_owner=for_owner)


def test_a_bundle_that_nobody_took_up_for_a_week_is_pointed_out(campaign: Campaign) -> None:
    untouched = {"status": "published", "account_status": "published"}
    make_bundle(campaign, status_since=NOW - timedelta(days=6), **untouched)
    assert needs_of(campaign.client) == []
    old = make_bundle(campaign, status_since=NOW - timedelta(days=8), **untouched)
    (need,) = needs_of(campaign.client)
    assert (str(need.sort.state), need.url) == ("No progress", old.get_absolute_url())


def test_work_on_the_account_counts_as_progress(campaign: Campaign) -> None:
    make_bundle(
        campaign,
        status="accepted",
        status_since=NOW - timedelta(days=20),
        account_status="accepted",
        account_status_since=NOW - timedelta(days=2),
    )
    assert needs_of(campaign.client) == []


def test_videos_that_should_be_live_by_now_are_counted_by_bundle(campaign: Campaign) -> None:
    bundle = make_bundle(campaign, status="accepted", account_status="finalized")
    for position, days in ((1, 9), (2, 4), (3, 3), (4, -2)):
        day = (NOW - timedelta(days=days)).date()
        make_video(bundle, position, status="accepted", publish_date=day)
    (need,) = needs_of(campaign.client)
    assert need.what == "2 videos not live in time"


@pytest.mark.parametrize(
    ("spent", "what"),
    [
        (40, None),
        (60, "60% of the budget used, 10% of the days gone"),
        (101, "1 credit over budget"),
    ],
)
def test_a_budget_that_runs_ahead_of_its_days_is_pointed_out(spent: int, what: str | None) -> None:
    today = NOW.date()
    campaign = make_campaign(starts_on=today, ends_on=today + timedelta(days=9))
    connection = make_connection(balance=1000)
    ledger.reserve(make_command(campaign, connection=connection), credits=spent, now=NOW)
    ledger.set_budget(client=campaign.client, campaign=campaign, credits=100)
    found = [need.what for need in needs_of(campaign.client, connection=connection)]
    assert found == ([what] if what else [])


def test_credits_that_expire_are_told_to_owners(client_row: Client) -> None:
    connection = make_connection(expiring_credits=30)
    assert needs_of(client_row, connection=connection) == []
    (need,) = needs_of(client_row, connection=connection, for_owner=True)
    assert (need.what, need.credits) == ("30 credits expire within 7 days", 30)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "queued", "next_try_at": NOW - timedelta(minutes=6)},
        {"state": "sending", "lease_until": NOW - timedelta(minutes=3)},
        {"state": "unknown", "state_since": NOW - timedelta(minutes=16)},
    ],
)
def test_an_order_that_outstays_its_state_needs_a_person(
    campaign: Campaign, fields: dict[str, object]
) -> None:
    make_command(campaign)  # in time
    command = make_command(campaign, **fields)
    (need,) = needs_of(campaign.client)
    assert (str(need.sort.state), need.url) == ("Overdue", command.get_absolute_url())


def test_what_somebody_has_stopped_is_not_overdue(campaign: Campaign) -> None:
    make_command(campaign, next_try_at=NOW - timedelta(hours=1))
    make_stop(campaign.client)
    assert needs_of(campaign.client) == []


def test_an_order_that_awaits_approval_needs_a_person_at_once(campaign: Campaign) -> None:
    command = make_command(campaign, state="awaiting", quoted_credits=40)
    (need,) = needs_of(campaign.client)
    assert (str(need.sort.state), need.url, need.credits) == ("To approve", command.get_absolute_url(), 40)


def test_a_crowd_of_one_sort_hides_no_other(campaign: Campaign) -> None:
    for _ in range(MOST + 5):
        make_bundle(campaign, account_status="configured")
    make_bundle(campaign, status="accepted", account_status="in_review", account_status_since=NOW)
    found = needs_of(campaign.client)
    assert len(found) == MOST + 1
    assert str(found[0].sort.state) == "Finalises itself"


def test_every_sort_has_words_and_a_way_out(campaign: Campaign) -> None:
    """One of each, as an owner sees them: nothing raises, every address is one of ours."""
    old = NOW - timedelta(days=30)
    ready = make_bundle(campaign, account_status="configured")
    reviewed = make_bundle(
        campaign, status="accepted", account_status="finalized", auto_finalize_videos=False
    )
    make_video(reviewed, 1, status="in_review", status_since=old)
    make_video(reviewed, 2, status="pending_corrections", status_since=old)
    make_video(reviewed, 3, status="accepted", has_download_issue=True, status_since=old)
    make_bundle(campaign, status="accepted", account_status="pending_corrections", account_status_since=old)
    moved = {"state_since": NOW, "asked_at": NOW, "bundle": ready}
    make_command(campaign, state="unknown", needs_person=True, kind=Command.Kind.PUBLISH_BUNDLE, **moved)
    make_command(campaign, state="succeeded", is_charged_differently=True, credits_charged=41, **moved)
    make_bundle(None)
    found = needs_of(campaign.client, connection=the_connection(), for_owner=True)
    assert {str(need.sort.state) for need in found} == {
        "Set up",
        "In review",
        "Change asked",
        "Download failed",
        "You decide",
        "Charged differently",
        "Unclaimed",
    }
    assert all(need.url.startswith("/") and need.what for need in found)


def test_other_clients_needs_stay_theirs(campaign: Campaign) -> None:
    make_bundle(campaign, account_status="configured")
    assert needs_of(make_client("other")) == []
