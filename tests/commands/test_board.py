"""The board: every bundle once, under its stage; its counts are those of the list behind them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.models import Connection, User
from campaigns.commands.reports.board import MOST_CARDS, Lane, board
from campaigns.lifecycle import STAGES
from campaigns.models import Bundle, Campaign, Command
from tests.commands.pages import HTMX, SignIn, url
from tests.factories import (
    NOW,
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_connection,
    make_video,
)

# Status, account status: one for each stage, the unknown one last.
ONE_OF_EACH = (
    ("pending_setup", "configured"),
    ("accepted", "accepted"),
    ("accepted", "in_review"),
    ("accepted", "pending_corrections"),
    ("finalized", "finalized"),
    ("completed", "finalized"),
    ("cancelled", ""),
    ("frozen", ""),
)


@pytest.fixture(autouse=True)
def pool(db: None) -> Connection:
    return make_connection()


def lanes(**kept: Any) -> dict[str, Lane]:
    return {lane.stage.code: lane for lane in board(Bundle.objects.filter(**kept), may_edit=True)}


def fill(campaign: Campaign, each: int = 1) -> None:
    for status, account_status in ONE_OF_EACH:
        for n in range(each):
            bundle = make_bundle(
                campaign, status=status, account_status=account_status, title=f"{status} {n}", videos=1
            )
            make_command(
                campaign, bundle=bundle, state=Command.State.SUCCEEDED, quoted_credits=38, credits_charged=38
            )


def test_each_bundle_is_once_on_the_board(campaign: Campaign) -> None:
    fill(campaign)
    found = lanes()
    assert list(found) == [stage.code for stage in STAGES]
    assert [lane.bundles for lane in found.values()] == [1] * len(STAGES)
    assert [len(lane.cards) for lane in found.values()] == [1] * len(STAGES)
    assert len({card.bundle.pk for lane in found.values() for card in lane.cards}) == len(STAGES)


@pytest.mark.parametrize(
    "query",
    [{}, {"q": "0"}, {"platform": "tiktok"}, {"country": "GB"}, {"client": "acme"}, {"campaign": "?"}],
)
def test_counts_equal_the_list_behind_them(
    campaign: Campaign, owner: User, signed_in: SignIn, query: dict[str, str]
) -> None:
    fill(campaign, each=2)
    fill(make_campaign(make_client("nordlys"), "winter"))
    Bundle.objects.filter(title__endswith="1").update(country="UK")
    if "campaign" in query:
        query = {"campaign": str(campaign.pk)}
    browser = signed_in(owner)
    shown = browser.get(url("bundle_board"), query).context["lanes"]
    assert sum(lane.bundles for lane, _ in shown) > 0
    for lane, behind in shown:
        assert browser.get(behind).context["page"].paginator.count == lane.bundles


def test_a_campaigns_board_leads_to_its_bundles_in_the_list(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    fill(campaign, each=2)
    fill(make_campaign(campaign.client, "autumn"))
    browser = signed_in(manager)
    for lane, behind in browser.get(url("campaign_board", campaign.pk)).context["lanes"]:
        assert lane.bundles == 2
        assert browser.get(behind).context["page"].paginator.count == 2


def test_an_unknown_word_has_a_grey_column_of_its_own_and_only_then(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, page = signed_in(manager), url("campaign_board", campaign.pk)
    make_bundle(campaign)
    assert "stage-unknown" not in browser.get(page).content.decode()
    make_bundle(campaign, status="frozen_by_staff", title="Odd one")
    html = browser.get(page).content.decode()
    assert 'class="lane unknown"' in html
    assert '<span class="pill unknown">frozen_by_staff</span>' in html


def test_what_waits_longest_comes_first_and_of_what_is_over_the_latest(campaign: Campaign) -> None:
    for days in (2, 9, 5):
        since = NOW - timedelta(days=days)
        make_bundle(campaign, title=f"{days}", status_since=since)
        make_bundle(campaign, title=f"{days}", status="completed", status_since=since)
    found = lanes()
    assert [card.bundle.title for card in found["to-set-up"].cards] == ["9", "5", "2"]
    assert [card.bundle.title for card in found["done"].cards] == ["2", "5", "9"]
    assert found["to-set-up"].oldest == found["done"].oldest == NOW - timedelta(days=9)


def test_credits_are_what_orders_were_charged_or_hold(campaign: Campaign) -> None:
    bundle = make_bundle(campaign)
    for state, quoted, charged in (
        (Command.State.SUCCEEDED, 38, 40),  # charged differently
        (Command.State.UNKNOWN, 6, None),
        (Command.State.REFUSED, 100, None),
        (Command.State.VOID, 100, None),
    ):
        make_command(campaign, bundle=bundle, state=state, quoted_credits=quoted, credits_charged=charged)
    make_bundle(campaign)
    lane = lanes()["to-set-up"]
    assert lane.credits == 46
    assert sorted(card.bundle.credits for card in lane.cards) == [0, 46]


def test_a_full_column_names_how_many_more_there_are(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    for _ in range(MOST_CARDS + 3):
        make_bundle(campaign)
    lane = lanes()["to-set-up"]
    assert (len(lane.cards), lane.more) == (MOST_CARDS, 3)
    assert "+3 more" in signed_in(manager).get(url("campaign_board", campaign.pk)).content.decode()


@pytest.mark.parametrize(
    ("fields", "actor"),
    [
        ({}, "You"),
        ({"status": "published"}, "TokPortal"),
        ({"status": "accepted"}, "Manager"),
        ({"status": "accepted", "account_status": "in_review"}, "You"),
        ({"status": "accepted", "account_status": "pending_corrections"}, "Manager"),
        ({"status": "completed"}, ""),
        ({"status": "frozen"}, ""),
    ],
)
def test_a_card_names_who_moves_it_on(campaign: Campaign, fields: dict[str, str], actor: str) -> None:
    make_bundle(campaign, **fields)
    assert [card.actor for lane in lanes().values() for card in lane.cards] == [actor]


def test_onlookers_are_not_told_that_they_are_next(
    campaign: Campaign, analyst: User, signed_in: SignIn
) -> None:
    make_bundle(campaign)
    assert "The agency" in signed_in(analyst).get(url("campaign_board", campaign.pk)).content.decode()


def test_a_review_shows_its_deadline(campaign: Campaign) -> None:
    account = make_bundle(campaign, status="accepted", account_status="in_review", account_status_since=NOW)
    videos = make_bundle(campaign, status="accepted", account_status="finalized")
    make_video(videos, 1, status="in_review", status_since=NOW - timedelta(hours=10))
    by_hand = make_bundle(campaign, status="accepted", account_status="finalized", auto_finalize_videos=False)
    make_video(by_hand, 1, status="in_review")
    cards = {card.bundle.pk: card for lane in lanes().values() for card in lane.cards}
    assert cards[account.pk].ends_at == NOW + timedelta(hours=72)
    assert cards[videos.pk].ends_at == NOW + timedelta(hours=62)
    assert cards[by_hand.pk].ends_at is None
    assert (cards[videos.pk].to_review, cards[videos.pk].actor) == (1, "You")


def test_the_board_shows_bundles_of_ones_clients_only(
    campaign: Campaign, manager: User, outsider: User, signed_in: SignIn
) -> None:
    make_bundle(campaign, title="Ours")
    make_bundle(make_campaign(), title="Theirs")
    make_bundle(None, title="Nobody's")
    html = signed_in(manager).get(url("bundle_board")).content.decode()
    assert [title for title in ("Ours", "Theirs", "Nobody") if title in html] == ["Ours"]
    assert signed_in(outsider).get(url("campaign_board", campaign.pk)).status_code == 404


@pytest.mark.parametrize("name", ["bundle_board", "campaign_board"])
def test_sixty_bundles_need_no_more_queries_than_three(
    campaign: Campaign, manager: User, signed_in: SignIn, name: str
) -> None:
    browser = signed_in(manager)
    page = url(name, *([campaign.pk] if name == "campaign_board" else []))

    def queries() -> int:
        browser.get(page)
        with CaptureQueriesContext(database) as seen:
            browser.get(page)
        return len(seen)

    for status, account_status in ONE_OF_EACH[:3]:
        make_bundle(campaign, status=status, account_status=account_status, videos=2)
    few = queries()
    fill(campaign, each=8)
    assert queries() == few <= 15


def test_the_filters_follow_as_one_types_and_go_along_to_the_list(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    make_bundle(campaign, title="First")
    html = (
        signed_in(manager)
        .get(url("bundle_board"), {"q": "First", "page": "2"}, headers=HTMX)
        .content.decode()
    )
    assert "<html" not in html
    assert re.search(r'href="/bundles/\?q=First"', html)
    assert re.search(r'href="/bundles/board/\?q=First" aria-current="page"', html)


def test_an_empty_board_says_what_it_is_for(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    browser: Browser = signed_in(manager)
    assert "Nothing ordered yet" in browser.get(url("campaign_board", campaign.pk)).content.decode()
    assert "No bundles yet" in browser.get(url("bundle_board")).content.decode()
    assert "No bundle matches" in browser.get(url("bundle_board"), {"q": "xyz"}).content.decode()


def test_a_full_board_is_a_small_page(
    campaign: Campaign, owner: User, signed_in: Callable[[User], Browser]
) -> None:
    fill(campaign, each=MOST_CARDS + 1)
    assert len(signed_in(owner).get(url("bundle_board")).content) < 90_000
