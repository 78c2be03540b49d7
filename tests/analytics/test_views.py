"""The account pages: who sees what, filters, figures with their age, and a bounded number of queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agency.models import Connection, User
from campaigns.analytics import reports
from campaigns.analytics.models import AccountPull, AccountSnapshot, VideoSnapshot
from campaigns.models import Campaign, SavedAccount
from clients.models import Client
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_campaign,
    make_client,
    make_video,
    the_connection,
)

SignIn = Callable[[User], Browser]
MOST_QUERIES = 15


@pytest.fixture
def account(campaign: Campaign) -> SavedAccount:
    """With a week of figures and one posted video."""
    account = make_account(campaign, username="acme_us", visible_name="Acme", analytics_at=timezone.now())
    today = timezone.now().date()
    for days_ago in (0, 1, 2, 5, 8):
        day = today - timedelta(days=days_ago)
        AccountSnapshot.objects.create(
            account=account,
            day=day,
            scraped_at=NOW,
            views=12_000 - 500 * days_ago,
            followers=None if days_ago == 0 else 300 - days_ago,
        )
    bundle = make_bundle(campaign, saved_account=account)
    video = make_video(bundle, 1, platform_url="https://www.tiktok.com/@acme_us/video/1", name="Clip one")
    VideoSnapshot.objects.create(video=video, day=today, scraped_at=NOW, views=4321, likes=10)
    return account


def test_the_list_shows_the_latest_figure_that_was_told(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    page = signed_in(manager).get(reverse("account_list")).content.decode()
    assert "12,000" in page
    assert "299" in page  # today's look told no followers
    assert "@acme_us" in page


def test_what_another_client_has_on_the_same_account_is_not_shown(
    account: SavedAccount, manager: User, owner: User, signed_in: SignIn
) -> None:
    launch = make_campaign(make_client("zanzibar"), "launch")
    theirs = make_bundle(launch, saved_account=account, title="Zanzibar bundle")
    make_video(theirs, 1, platform_url="https://www.tiktok.com/@acme_us/video/2", name="Zanzibar film")
    page = reverse("account_detail", args=[account.pk])
    assert b"Zanzibar" not in signed_in(manager).get(page).content
    assert b"Zanzibar film" in signed_in(owner).get(page).content


def test_strangers_see_none_of_it(account: SavedAccount, outsider: User, signed_in: SignIn) -> None:
    browser = signed_in(outsider)
    assert "acme_us" not in browser.get(reverse("account_list")).content.decode()
    assert browser.get(reverse("account_detail", args=[account.pk])).status_code == 404
    assert browser.post(reverse("account_refresh", args=[account.pk])).status_code == 404
    csv = browser.get(reverse("account_list"), {"format": "csv"})
    assert "acme_us" not in b"".join(csv.streaming_content).decode()


def test_onlookers_look_and_change_nothing(account: SavedAccount, analyst: User, signed_in: SignIn) -> None:
    browser = signed_in(analyst)
    page = browser.get(reverse("account_detail", args=[account.pk]))
    assert page.status_code == 200
    assert "Refresh figures" not in page.content.decode()
    assert browser.post(reverse("account_refresh", args=[account.pk])).status_code == 403
    assert browser.post(reverse("account_pull")).status_code == 403


def test_unclaimed_accounts_are_for_owners(
    owner: User, manager: User, signed_in: SignIn, client_row: Client
) -> None:
    account = make_account(None, username="nobodys")
    assert "nobodys" in signed_in(owner).get(reverse("account_list")).content.decode()
    assert signed_in(manager).get(reverse("account_detail", args=[account.pk])).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "@one"}, {"one"}),
        ({"q": "nothing"}, set()),
        ({"platform": "instagram"}, {"two"}),
        ({"country": "fr"}, {"two"}),
        ({"client": "nordlys"}, {"three"}),
        ({"state": "banned"}, {"three"}),
        ({"state": "working"}, {"one", "two"}),
        ({"platform": "rubbish", "client": "nobody"}, {"one", "two", "three"}),
    ],
)
def test_filters_narrow_the_list(
    campaign: Campaign, owner: User, signed_in: SignIn, query: dict[str, str], expected: set[str]
) -> None:
    make_account(campaign, username="one")
    make_account(campaign, username="two", platform="instagram", country="FR")
    make_account(make_campaign(make_client("nordlys")), username="three", is_banned=True)
    page = signed_in(owner).get(reverse("account_list"), query)
    assert {account.username for account in page.context["page"]} == expected


def test_an_account_page_shows_line_table_and_videos(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    page = signed_in(manager).get(reverse("account_detail", args=[account.pk])).content.decode()
    assert page.count('class="line"') == 1
    assert "+4,000 in a week" in page
    assert "Clip one" in page
    assert "4,321" in page
    assert "<script>" not in page
    assert " style=" not in page


def test_a_day_without_a_figure_is_a_word_and_never_a_zero(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    page = signed_in(manager).get(reverse("account_detail", args=[account.pk]), {"metric": "followers"})
    assert "not told" in page.content.decode()
    bare = make_account(account.campaign, username="bare")
    page = signed_in(manager).get(reverse("account_detail", args=[bare.pk]))
    assert "no figures yet" in page.content.decode()


def test_rubbish_in_the_address_gives_the_usual_line(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    page = signed_in(manager).get(
        reverse("account_detail", args=[account.pk]), {"metric": "password", "days": "-1"}
    )
    assert page.status_code == 200
    assert page.context["metric"] == "views"


def test_refreshing_reads_the_figures_and_the_page_follows(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    answer = signed_in(manager).post(reverse("account_refresh", args=[account.pk]))
    assert answer.status_code == 302
    pull = AccountPull.objects.get()
    assert (pull.asked_by, pull.is_waited_for) == (manager, True)
    page = signed_in(manager).get(reverse("account_detail", args=[account.pk])).content.decode()
    assert 'data-poll="2"' in page


def test_pulling_a_client_counts_its_progress(
    account: SavedAccount, manager: User, signed_in: SignIn, campaign: Campaign
) -> None:
    make_account(campaign, username="second")
    browser = signed_in(manager)
    browser.post(reverse("account_pull") + "?client=acme")
    assert AccountPull.objects.count() == 2
    part = browser.get(reverse("account_list"), {"client": "acme"}, headers={"HX-Request": "true"})
    assert "0 of 2" in part.content.decode()
    AccountPull.objects.update(pulled_at=timezone.now())
    part = browser.get(reverse("account_list"), headers={"HX-Request": "true"})
    assert "Figures of 2 accounts read" in part.content.decode()
    assert 'data-poll="2"' not in part.content.decode()


def test_a_csv_cannot_carry_a_formula(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    make_account(campaign, username="=cmd()")
    answer = signed_in(manager).get(reverse("account_list"), {"format": "csv"})
    assert "'=cmd()" in b"".join(answer.streaming_content).decode()


def test_more_accounts_need_no_more_queries(
    account: SavedAccount,
    manager: User,
    signed_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(10):
        other = make_account(account.campaign, username=f"more{number}")
        AccountPull.objects.create(account=other, next_try_at=NOW)
        make_video(account.bundles.get(), number + 2, platform_url=f"https://www.tiktok.com/{number}")
    browser = signed_in(manager)
    for page in (reverse("account_list"), reverse("account_detail", args=[account.pk])):
        browser.get(page)
        with django_assert_max_num_queries(MOST_QUERIES):
            browser.get(page)


def test_the_page_needs_no_connection_to_tokportal(
    account: SavedAccount, manager: User, signed_in: SignIn
) -> None:
    Connection.objects.filter(pk=the_connection().pk).update(key_refused_at=timezone.now())
    assert signed_in(manager).get(reverse("account_list")).status_code == 200


def test_what_accounts_gained_is_told_by_day_and_client(account: SavedAccount, campaign: Campaign) -> None:
    today = timezone.now().date()
    foreign = make_account(make_campaign(make_client("nordlys"), "autumn"), username="nordlys_de")
    for days_ago, views in ((0, 900), (1, 100)):
        AccountSnapshot.objects.create(
            account=foreign, day=today - timedelta(days=days_ago), scraped_at=NOW, views=views
        )
    gained = reports.views_gained(campaign.client, since=today - timedelta(days=9), today=today)
    assert list(gained) == [today - timedelta(days=ago) for ago in range(9, -1, -1)]
    told = {(today - day).days: figure for day, figure in gained.items() if figure is not None}
    assert told == {5: 1500, 2: 1500, 1: 500, 0: 500}  # of eight days ago there is nothing earlier


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["b", "a", "c"]),
        ("views", ["a", "b", "c"]),
        ("username", ["a", "b", "c"]),
        ("-username", ["c", "b", "a"]),
        ("rubbish", ["b", "a", "c"]),
    ],
)
def test_the_list_is_sorted_by_its_columns(
    campaign: Campaign, manager: User, signed_in: SignIn, sort: str, order: list[str]
) -> None:
    for name, views in (("a", 10), ("b", 20), ("c", None)):
        account = make_account(campaign, username=name)
        if views:
            AccountSnapshot.objects.create(account=account, day=NOW.date(), scraped_at=NOW, views=views)
    page = signed_in(manager).get(reverse("account_list"), {"sort": sort})
    assert [account.username for account in page.context["page"]] == order
    told = b"".join(signed_in(manager).get(reverse("account_list"), {"sort": sort, "format": "csv"}))
    assert [line.partition(",")[0] for line in told.decode().splitlines()[1:]] == order
