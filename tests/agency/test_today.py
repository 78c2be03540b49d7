"""Today: what needs a person, the pool and the clients, over everything that one may see and nothing else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agency.models import User
from agency.views.today import sentence
from campaigns.models import Campaign, Command
from clients.models import Client
from tests.factories import (
    make_account,
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_connection,
    make_video,
)

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


def fill(campaign: Campaign) -> None:
    """One of everything that waits, and of everything that goes on."""
    now = timezone.now()
    account = make_account(campaign, analytics_at=now)
    make_bundle(
        campaign,
        status="accepted",
        account_status="in_review",
        account_status_since=now,
        saved_account=account,
    )
    make_bundle(campaign, account_status="configured")
    posted = make_bundle(campaign, status="accepted", account_status="finalized", videos=1)
    live = {"platform_url": "https://tiktok.com/x", "posted_at": now}
    make_video(posted, 2, status="in_review", status_since=now - timedelta(hours=60), **live)
    make_video(posted, 3, status="accepted", has_download_issue=True)
    make_video(posted, 4, status="configured", publish_date=now.date() + timedelta(days=1))
    fields = {"asked_at": now, "state_since": now}
    make_command(campaign, state="unknown", needs_person=True, quoted_credits=38, **fields)
    make_command(campaign, state="refused", kind=Command.Kind.PUBLISH_BUNDLE, bundle=posted, **fields)


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        (0, "Nothing needs a person"),
        (1, "One thing needs a person"),
        (9, "Nine things need a person"),
        (1204, "1,204 things need a person"),
    ],
)
def test_the_page_opens_with_a_sentence(waiting: int, words: str) -> None:
    assert sentence(waiting) == words


def test_everything_that_waits_is_listed_with_its_way_out(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    fill(campaign)
    page = signed_in(manager).get("/").content.decode()
    assert "Six things need a person" in page
    for what in (
        "Account in review",
        "Video in review",
        "Video without a working link",
        "Ready to publish",
        "Order a bundle: outcome unknown",
        "Publish: refused",
    ):
        assert what in page
    assert "One of them closes by itself within 24 hours." in page


def test_what_closes_first_comes_first(signed_in: SignedIn, manager: User, campaign: Campaign) -> None:
    fill(campaign)
    needs = signed_in(manager).get("/").context["needs"]
    assert needs[0].what == "Video in review"  # in 12 hours
    assert needs[1].what == "Order a bundle: outcome unknown"


def test_a_refusal_that_was_tried_again_is_no_longer_listed(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    now = timezone.now()
    make_command(campaign, state="refused", asked_at=now, state_since=now)
    assert len(signed_in(manager).get("/").context["needs"]) == 1
    make_command(campaign, state="succeeded", asked_at=now, state_since=now)
    assert signed_in(manager).get("/").context["needs"] == []


def test_other_peoples_clients_do_not_exist_here(
    signed_in: SignedIn, outsider: User, campaign: Campaign
) -> None:
    fill(campaign)
    page = signed_in(outsider).get("/").content.decode()
    assert "Acme" not in page
    assert "Nothing needs a person" in page


def test_owners_are_told_of_what_belongs_to_nobody(
    signed_in: SignedIn, owner: User, manager: User, client_row: Client
) -> None:
    make_bundle(None)
    assert "A bundle belongs to no campaign" in signed_in(owner).get("/").content.decode()
    assert "A bundle belongs to no campaign" not in signed_in(manager).get("/").content.decode()


def test_figures_that_nobody_has_read_for_two_days_are_pointed_out(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    now = timezone.now()
    make_account(campaign, analytics_at=now - timedelta(hours=3))
    make_account(campaign, analytics_at=now - timedelta(days=4))
    make_account(campaign, analytics_at=None, upstream_created_at=now - timedelta(hours=5))
    need = signed_in(manager).get("/").context["needs"][0]
    assert need.what == "An account without figures of the last two days"
    assert need.url == "/accounts/?client=acme&sort=age"


def test_how_old_figures_are_does_not_depend_on_tokportals_clock(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    make_connection(clock_skew_seconds=10 * 24 * 3600)
    make_account(campaign, analytics_at=timezone.now() - timedelta(days=4))
    page = signed_in(manager).get("/")
    assert (page.context["upstream_now"] - page.context["needs"][0].at).days == 4


def test_what_was_planned_in_an_ended_bundle_does_not_go_live(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    tomorrow = timezone.now().date() + timedelta(days=1)
    for status in ("accepted", "cancelled"):
        make_video(make_bundle(campaign, status=status), 1, status="configured", publish_date=tomorrow)
    (day,) = signed_in(manager).get("/").context["going_live"]
    assert (day.day, day.videos) == (tomorrow, 1)


def test_a_first_owner_is_led_to_the_first_client(signed_in: SignedIn, owner: User) -> None:
    page = signed_in(owner).get("/").content.decode()
    assert "Add a client" in page
    assert "TokPortal is not connected yet." in page


def test_a_hundred_clients_need_no_more_queries_than_ten(signed_in: SignedIn, owner: User) -> None:
    make_connection(balance=1000)
    browser = signed_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(
            database,
        ) as captured:
            assert browser.get("/").status_code == 200
        return len(captured)

    for number in range(10):
        fill(make_campaign(make_client(f"c{number}")))
    few = queries()
    for number in range(10, 100):
        fill(make_campaign(make_client(f"c{number}")))
    many = queries()
    assert many <= few
    assert many <= 15
