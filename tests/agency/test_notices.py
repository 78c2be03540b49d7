"""The bell and the meter: what they count, and who is told what."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from agency.models import User
from campaigns.analytics.models import AccountPull
from campaigns.credits import progress
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_account, make_bundle, make_command, make_connection, the_connection

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


def a_review(campaign: Campaign) -> None:
    now = timezone.now()
    make_bundle(campaign, status="accepted", account_status="in_review", account_status_since=now)


def counted(page: str) -> int | None:
    found = re.search(r'id="bell-count"[^>]*><b aria-hidden="true">(\d+)', page)
    return int(found[1]) if found else None


def test_the_bell_counts_what_today_lists(signed_in: SignedIn, manager: User, campaign: Campaign) -> None:
    make_connection()
    a_review(campaign)
    browser = signed_in(manager)
    today = browser.get("/")
    assert counted(today.content.decode()) == today.context["needs_total"] == 1
    panel = browser.get(reverse("bell")).content.decode()
    assert counted(panel) == 1
    assert "Account in review" in panel


def test_pages_repeat_the_last_count_and_do_not_count_themselves(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    make_connection()
    browser = signed_in(manager)
    first = browser.get("/help/").content.decode()
    assert counted(first) is None
    assert 'hx-trigger="open, load delay:400ms"' in first  # it asks once the page is there
    a_review(campaign)
    browser.get(reverse("bell"))
    later = browser.get("/help/").content.decode()
    assert counted(later) == 1
    assert 'hx-trigger="open"' in later


def test_the_frame_costs_a_page_two_queries(
    signed_in: SignedIn, manager: User, django_assert_num_queries: Callable[..., object]
) -> None:
    make_connection()
    browser = signed_in(manager)
    browser.get("/help/")
    with django_assert_num_queries(3):  # the person, then the connection and the pool
        browser.get("/help/")


def test_what_needs_others_is_not_in_the_bell(
    signed_in: SignedIn, outsider: User, campaign: Campaign
) -> None:
    make_connection()
    a_review(campaign)
    panel = signed_in(outsider).get(reverse("bell")).content.decode()
    assert "Nothing needs a person" in panel
    assert "Acme" not in panel


def test_figures_that_are_being_read_are_shown_as_long_work(
    signed_in: SignedIn, manager: User, outsider: User, campaign: Campaign
) -> None:
    now = timezone.now()
    for done in (True, False):
        pulled_at = now if done else None
        account = make_account(campaign)
        AccountPull.objects.create(account=account, asked_at=now, pulled_at=pulled_at, next_try_at=now)
    panel = signed_in(manager).get(reverse("bell")).content.decode()
    assert "Reading figures" in panel
    assert "1 of 2" in panel
    assert "Reading figures" not in signed_in(outsider).get(reverse("bell")).content.decode()


def test_owners_see_the_import_of_the_history(signed_in: SignedIn, owner: User, manager: User) -> None:
    connection = make_connection()
    progress.begin(connection, at=timezone.now())
    progress.step(connection, read=50, new=50, left=150)
    panel = signed_in(owner).get(reverse("bell")).content.decode()
    assert "Importing the credit history" in panel
    assert "50 of 200" in panel
    assert "Importing" not in signed_in(manager).get(reverse("bell")).content.decode()


def test_the_meter_opens_four_figures_with_the_way_to_their_rows(signed_in: SignedIn, owner: User) -> None:
    connection = make_connection(balance=4180, expiring_credits=600)
    connection.credit_entries.create(
        upstream_id="t1", amount=-75, balance_after=4180, created_at=NOW, imported_at=NOW
    )
    panel = signed_in(owner).get(reverse("meter")).content.decode()
    for figure in ("4,180", ">0<", "600", "75"):
        assert figure in panel
    assert f'href="{reverse("credit_unassigned")}"' in panel


def test_unassigned_charges_are_the_owners_business(signed_in: SignedIn, manager: User) -> None:
    make_connection(balance=4180)
    panel = signed_in(manager).get(reverse("meter")).content.decode()
    assert "Unassigned" not in panel
    assert reverse("credit_list") not in panel


def test_pages_open_while_redis_does_not_remember(signed_in: SignedIn, manager: User) -> None:
    the_connection()
    browser = signed_in(manager)
    browser.get(reverse("bell"))
    cache.clear()
    assert counted(browser.get("/help/").content.decode()) is None


def test_a_detail_is_drawn_without_its_frame_for_a_drawer(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    bundle = make_bundle(campaign, title="Spring US", upstream_created_at=NOW - timedelta(days=1))
    headers = {"HX-Request": "true", "HX-Target": "drawer"}
    answer = signed_in(manager).get(bundle.get_absolute_url(), headers=headers)
    content = answer.content.decode()
    assert "<title>Spring US</title>" in content
    assert "Open as page" in content
    assert f'class="drawer-bar scoped client-{campaign.client_id}"' in content
    assert 'id="main"' not in content
    assert 'id="menu"' not in content
    assert "HX-Target" in answer.headers["Vary"]


def test_a_forged_frame_shows_no_more_than_the_page(
    signed_in: SignedIn, outsider: User, campaign: Campaign
) -> None:
    bundle = make_bundle(campaign)
    headers = {"HX-Request": "true", "HX-Target": "drawer"}
    assert signed_in(outsider).get(bundle.get_absolute_url(), headers=headers).status_code == 404


def test_the_help_page_is_for_everybody(signed_in: SignedIn, analyst: User) -> None:
    assert "From a client to a live video" in signed_in(analyst).get(reverse("help")).content.decode()


def test_the_page_wears_the_persons_language_theme_and_density(signed_in: SignedIn, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(theme="dark", density="compact")
    page = signed_in(manager).get("/help/").content.decode()
    assert 'lang="en-gb" dir="ltr" data-theme="dark" data-density="compact"' in page


def test_the_sidebar_is_drawn_as_it_was_left(signed_in: SignedIn, manager: User) -> None:
    browser = signed_in(manager)
    assert "data-sidebar" not in browser.get("/help/").content.decode()
    browser.cookies["sidebar"] = "narrow"
    assert 'data-sidebar="narrow"' in browser.get("/help/").content.decode()


def test_what_is_held_leads_to_the_orders_under_way(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    make_connection(balance=4180)
    waiting = make_command(campaign, state=Command.State.QUEUED)
    done = make_command(campaign, state=Command.State.SUCCEEDED)
    browser = signed_in(manager)
    address = f"{reverse('command_list')}?state=open"
    assert f'href="{address}"' in browser.get(reverse("meter")).content.decode()
    page = browser.get(address).content.decode()
    assert waiting.get_absolute_url() in page
    assert done.get_absolute_url() not in page
