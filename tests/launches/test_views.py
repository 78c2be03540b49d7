"""The pages of a launch: prices first, one confirmation, and each country's chain afterwards."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands import sync
from campaigns.commands.reference import refresh_reference
from campaigns.launches import chain
from campaigns.launches.models import Launch
from campaigns.ledger.actions import set_budget
from campaigns.models import Campaign, Command, Market, Post
from tests.commands.pages import HTMX, SignIn, url
from tests.factories import make_post, make_stop
from tests.sandbox_process import Sandbox

S = Command.State


@pytest.fixture
def browser(connection: Connection, campaign: Campaign, manager: User, signed_in: SignIn) -> Browser:
    refresh_reference(connection, now=timezone.now())
    for country in ("USA", "FR"):
        Market.objects.create(campaign=campaign, country=country, platform="tiktok")
    return signed_in(manager)


def a_launch(**changes: Any) -> dict[str, Any]:
    return {
        "key": str(uuid4()),
        "markets": ["USA:tiktok", "FR:tiktok"],
        "bundle_type": "account_and_videos",
        "videos_quantity": "1",
        "edits_quantity": "0",
        "warming": "none",
        "auto_finalize_videos": "on",
        "username": "acme",
        "visible_name": "Acme",
        "biography": "New launches weekly.",
        "profile_picture_url": "https://cdn.example.com/acme.jpg",
        "publishes": "on",
        **changes,
    }


def quotes_in(html: str) -> dict[str, str]:
    return dict(re.findall(r'name="([^"]+-quote)" value="([^"]+)"', html))


def priced(browser: Browser, campaign: Campaign, form: dict[str, Any]) -> dict[str, Any]:
    page = browser.post(url("launch_new", campaign.pk), form)
    assert page.status_code == 200
    return {**form, **quotes_in(page.content.decode())}


def sweep() -> None:
    sync.sweep_commands(now=timezone.now())
    chain.sweep_launches(now=timezone.now())


def test_the_campaigns_own_markets_are_chosen_and_nothing_is_asked_yet(
    browser: Browser, campaign: Campaign
) -> None:
    html = browser.get(url("launch_new", campaign.pk)).content.decode()
    assert re.search(r'value="USA:tiktok"[^>]*checked', html)
    assert not re.search(r'value="DE:tiktok"[^>]*checked', html)
    assert "Show the prices" in html


def test_prices_stand_by_country_and_their_sum_on_the_button(browser: Browser, campaign: Campaign) -> None:
    html = browser.post(url("launch_new", campaign.pk), a_launch()).content.decode()
    found = [int(n) for n in re.findall(r'<span class="pill info">\s*(\d+) credits', html)]
    assert len(found) == 2
    assert re.search(rf"Launch in 2 markets\s*·\s*{sum(found)} credits", html)
    assert not Launch.objects.exists()


def test_a_confirmed_launch_goes_all_the_way(browser: Browser, campaign: Campaign, sandbox: Sandbox) -> None:
    day = sandbox.now().date() + timedelta(days=6)
    posts = {code: make_post(campaign, market_country=code, publish_date=day) for code in ("USA", "FR")}
    form = priced(browser, campaign, a_launch())
    form |= {f"{code}:tiktok-posts": [post.pk] for code, post in posts.items()}
    form["FR:tiktok-biography"] = "Nouveautés chaque semaine."
    answer = browser.post(url("launch_new", campaign.pk), form)
    launch = Launch.objects.get()
    assert answer.url == launch.get_absolute_url()
    assert browser.post(url("launch_new", campaign.pk), form).url == answer.url  # sent twice, launched once
    assert "data-poll" in browser.get(answer.url, headers=HTMX).content.decode()
    for _ in range(8):
        sweep()
    assert launch.lines.filter(finished_at=None).count() == 0
    bundle = launch.lines.get(country="FR").order.bundle
    assert bundle.profile.biography == "Nouveautés chaque semaine."
    assert Post.objects.exclude(video=None).count() == 2
    page = browser.get(answer.url).content.decode()
    assert page.count('Published<span class="sr-only">: done') == 2
    assert "data-poll" not in page
    assert "2 of 2 finished" in browser.get(campaign.get_absolute_url()).content.decode()


def test_what_one_country_is_refused_for_stands_there_and_nothing_can_be_launched(
    browser: Browser, campaign: Campaign, sandbox: Sandbox
) -> None:
    sandbox.fault("error", match={"operation": "createBundle"}, status=400, code="COUNTRY_NOT_ENABLED")
    html = browser.post(url("launch_new", campaign.pk), a_launch()).content.decode()
    assert "not open for new accounts" in html
    assert re.search(r'<button class="btn go" disabled>', html)


def test_the_whole_must_fit_the_budget(browser: Browser, campaign: Campaign) -> None:
    set_budget(client=campaign.client, campaign=campaign, credits=50)
    html = browser.post(url("launch_new", campaign.pk), a_launch()).content.decode()
    assert "Raise the budget, or order less." in html
    assert re.search(r'<button class="btn go" disabled>', html)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"markets": []}, "Choose at least one country."),
        ({"username": "not a name"}, "Use letters, digits"),
        ({"videos_quantity": "0"}, "From 1 to 500 videos."),
        ({"warming": "deep"}, "Deep warming"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(
    browser: Browser, campaign: Campaign, changes: dict[str, Any], sentence: str
) -> None:
    page = browser.post(url("launch_new", campaign.pk), a_launch(**changes))
    assert page.status_code == 422
    assert sentence in page.content.decode()


def test_an_order_that_changed_after_its_price_is_priced_again(browser: Browser, campaign: Campaign) -> None:
    form = priced(browser, campaign, a_launch())
    page = browser.post(url("launch_new", campaign.pk), {**form, "videos_quantity": "3"})
    assert page.status_code == 422
    assert "changed after it was priced" in page.content.decode()
    assert not Launch.objects.exists()


def test_posts_sit_in_one_country_and_never_outnumber_its_slots(browser: Browser, campaign: Campaign) -> None:
    first, second = make_post(campaign), make_post(campaign)
    form = priced(browser, campaign, a_launch())
    both = {"USA:tiktok-posts": [first.pk], "FR:tiktok-posts": [first.pk]}
    page = browser.post(url("launch_new", campaign.pk), {**form, **both}).content.decode()
    assert "is chosen for" in page
    too_many = {"USA:tiktok-posts": [first.pk, second.pk]}
    page = browser.post(url("launch_new", campaign.pk), {**form, **too_many}).content.decode()
    assert "There is 1 slot: choose fewer." in page
    assert not Launch.objects.exists()


def test_a_stopped_country_says_why_and_goes_on_at_todays_price(
    browser: Browser, campaign: Campaign, sandbox: Sandbox
) -> None:
    form = priced(browser, campaign, a_launch(markets=["USA:tiktok"]))
    browser.post(url("launch_new", campaign.pk), form)
    launch = Launch.objects.get()
    set_budget(client=campaign.client, campaign=campaign, credits=1)
    sweep()
    page = browser.get(launch.get_absolute_url()).content.decode()
    assert "Change the budget" in page
    assert "Go on" in page
    today = browser.get("/").content.decode()
    assert "A country of a launch stopped" in today
    assert launch.get_absolute_url() in today
    line = launch.lines.get()
    price = line.credits
    set_budget(client=campaign.client, campaign=campaign, credits=None)
    sandbox._post("/faults", {"prices": {"video": 9}})
    answer = browser.post(url("launch_go_on", line.pk), {"credits": price})
    assert answer.status_code == 422
    new_price = int(re.search(r'name="credits" value="(\d+)"', answer.content.decode())[1])  # type: ignore[index]
    assert new_price > price
    browser.post(url("launch_go_on", line.pk), {"credits": new_price})
    for _ in range(4):
        sweep()
    order = launch.lines.get().order
    assert (order.state, order.credits_charged) == (S.SUCCEEDED, new_price)


def test_onlookers_see_a_launch_and_cannot_go_on(
    browser: Browser, campaign: Campaign, analyst: User, signed_in: SignIn
) -> None:
    make_stop(campaign.client)
    form = priced(browser, campaign, a_launch())
    browser.post(url("launch_new", campaign.pk), form)
    launch = Launch.objects.get()
    other = signed_in(analyst)
    assert other.get(launch.get_absolute_url()).status_code == 200
    assert other.post(url("launch_go_on", launch.lines.first().pk)).status_code == 403  # type: ignore[union-attr]


def test_more_countries_need_no_more_queries(
    browser: Browser,
    campaign: Campaign,
    connection: Connection,
    manager: User,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    launch = Launch.objects.create(
        campaign=campaign, connection=connection, asked_by=manager, asked_at=timezone.now()
    )
    for country in ("USA", "FR", "DE", "IT", "UK", "CA"):
        launch.lines.create(country=country, platform="tiktok")
    with django_assert_max_num_queries(15):
        assert browser.get(launch.get_absolute_url()).status_code == 200
