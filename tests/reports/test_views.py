"""Reports on screen: for those who work for the client, and never more than that."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.models import Connection, User
from campaigns.ledger.actions import settle
from campaigns.models import Campaign
from tests.factories import make_campaign, make_client, make_command
from tests.ledger.books import give, make_entry
from tests.reports.conftest import at, live_video, snapshot

pytestmark = pytest.mark.django_db
REPORT = "/clients/acme/reports/2026-11/"
SignIn = Callable[[User], Browser]


def test_the_report_says_the_month_in_one_sentence(
    books: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    video = live_video(campaign, at(11, 4))
    snapshot(video, at(11, 20), views=1234)
    text = signed_in(manager).get(REPORT).content.decode()
    assert "1 video went live, 1 in all were seen 1,234 times, for 58 credits." in text
    for words in (
        "Charged in all earlier months",
        "acme-november",
        video.platform_url,
        "90 of the budget left",
    ):
        assert words in text


def test_everybody_is_told_what_the_history_does_not_show_yet(
    books: Connection, campaign: Campaign, manager: User, analyst: User, owner: User, signed_in: SignIn
) -> None:
    words = "40 credits of Acme's orders are charged but not in TokPortal's history yet; they follow"
    assert "history yet" not in signed_in(manager).get(REPORT).content.decode()
    settle(make_command(campaign), charged=40, now=at(11, 21))
    for person in (manager, analyst, owner):
        text = signed_in(person).get(REPORT).content.decode()
        assert text.count(words) == 1
        assert "for 58 credits." in text


def test_without_figures_it_says_no_data(books: Connection, manager: User, signed_in: SignIn) -> None:
    text = signed_in(manager).get(REPORT).content.decode()
    assert "No new video went live, for 58 credits." in text
    assert text.count("no data yet") == 2


def test_the_month_has_its_name_in_the_readers_language(
    books: Connection, manager: User, signed_in: SignIn
) -> None:
    manager.language = "fr"
    manager.save(update_fields=["language"])
    assert "<h1>novembre 2026</h1>" in signed_in(manager).get(REPORT).content.decode()


def test_a_finished_month_waits_for_no_figures(
    books: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    live_video(campaign, at(10, 4))
    text = signed_in(manager).get(REPORT.replace("2026-11", "2026-10")).content.decode()
    assert "no data yet" not in text
    assert text.count("no figure") == 3


def test_the_pool_is_shown_to_owners_alone(
    books: Connection, owner: User, manager: User, signed_in: SignIn
) -> None:
    assert (
        "1 entry of the month, -7 credits in sum, belongs to nobody"
        in signed_in(owner).get(REPORT).content.decode()
    )
    text = signed_in(manager).get(REPORT).content.decode()
    assert "For the agency alone" not in text
    assert "/credits/" not in text


@pytest.mark.parametrize("month", ["2026-13", "november", "2999-01", "2026-11-01"])
def test_a_month_that_is_none_or_has_not_begun_is_not_found(
    books: Connection, owner: User, signed_in: SignIn, month: str
) -> None:
    assert signed_in(owner).get(f"/clients/acme/reports/{month}/").status_code == 404


def test_strangers_find_neither_page_nor_file(books: Connection, outsider: User, signed_in: SignIn) -> None:
    browser = signed_in(outsider)
    for address in (REPORT, f"{REPORT}statement.csv", "/clients/nobody/reports/2026-11/"):
        assert browser.get(address).status_code == 404
    listed = browser.get("/reports/").content.decode()
    assert "Nordlys" in listed
    assert "Acme" not in listed


def test_the_list_has_a_cell_for_each_client_and_month(
    books: Connection, campaign: Campaign, owner: User, signed_in: SignIn
) -> None:
    live_video(campaign, at(11, 4))
    rows = signed_in(owner).get("/reports/?until=2026-11").context["rows"]
    acme, lumen = rows
    assert [cell.charged for cell in acme.cells] == [58, 52, None, None, None, None]
    assert [cell.went_live for cell in acme.cells][:2] == [1, 0]
    assert (acme.charged, lumen.charged) == (110, 99)


def test_a_search_under_htmx_answers_with_the_table_alone(
    books: Connection, owner: User, signed_in: SignIn
) -> None:
    answer = signed_in(owner).get("/reports/?q=lum&until=rubbish", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#report-table"
    assert "Lumen" in text
    assert "Acme" not in text


def test_before_anything_is_connected_the_list_says_so(owner: User, signed_in: SignIn) -> None:
    assert "begin when TokPortal is connected" in signed_in(owner).get("/reports/").content.decode()


def test_a_long_month_is_shown_in_parts(
    books: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    for number in range(60):
        give(make_entry(-1, created_at=at(11, 4), description=f"Charge {number:02}"), campaign)
    browser = signed_in(manager)
    first, last = (browser.get(f"{REPORT}?charges={number}").content.decode() for number in (1, 3))
    assert "1–25 of 63; the file has all" in first
    assert "Charged up to the end" not in first
    assert "Charged up to the end" in last


@pytest.mark.parametrize("address", [REPORT, "/reports/"])
def test_ten_more_rows_need_no_more_queries(
    books: Connection, campaign: Campaign, owner: User, signed_in: SignIn, address: str
) -> None:
    browser = signed_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    queries()
    before = queries()
    for day in range(1, 11):
        video = live_video(campaign, at(11, day))
        snapshot(video, at(11, 20), views=day)
        give(make_entry(-1, created_at=at(11, day)), campaign, bundle=video.bundle)
        give(make_entry(-1, created_at=at(11, day)), make_campaign(make_client()))
    queries()
    assert queries() <= before
    assert before <= 15
