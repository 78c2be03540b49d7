"""A client's month adds up, is the client's alone, and reads the same wherever it is drawn."""

import csv
from collections.abc import Callable
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries, Settings

from agency.models import Connection, User
from campaigns.ledger.actions import reserve, reverse_allocations, set_budget, settle
from campaigns.ledger.models import CreditEntry
from campaigns.ledger.months import Month
from campaigns.models import Campaign
from campaigns.reports.csv import statement_csv
from campaigns.reports.statement import build_agency_part, build_statement
from clients.models import Client
from tests.factories import make_campaign, make_command, make_connection
from tests.ledger.books import give, make_entry
from tests.reports.conftest import at, live_video, snapshot

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


def written(client: Client, month: Month, connection: Connection) -> list[dict[str, str]]:
    text = b"".join(statement_csv(build_statement(client, month, connection))).decode()
    return list(csv.DictReader(StringIO(text, newline="")))


def test_opening_and_charged_make_closing_and_months_follow_each_other(
    books: Connection, campaign: Campaign
) -> None:
    found = {
        number: build_statement(campaign.client, Month(2026, number), books) for number in (9, 10, 11, 12)
    }
    assert [(s.opening, s.charged, s.closing) for s in found.values()] == [
        (0, 0, 0),
        (0, 52, 52),
        (52, 58, 110),
        (110, 10, 120),
    ]
    assert found[11].budget_left == 90
    set_budget(client=campaign.client, campaign=None, credits=None)
    assert build_statement(campaign.client, NOVEMBER, books).budget_left is None


def test_each_line_says_what_when_and_for_which_bundle(books: Connection, campaign: Campaign) -> None:
    lines = build_statement(campaign.client, NOVEMBER, books).charges
    assert [(line.day.day, line.what, line.bundle_ref, line.credits) for line in lines] == [
        (3, "Order a bundle: USA · TikTok", "acme-november", 38),
        (12, "Refund", "", -5),
        (30, "=Coverage renewal", "", 25),
    ]


def test_a_charge_belongs_to_the_month_of_the_agency(
    books: Connection, campaign: Campaign, settings: Settings
) -> None:
    settings.AGENCY_TIME_ZONE = "Asia/Tokyo"
    november = build_statement(campaign.client, NOVEMBER, books)
    assert november.charged == 38 - 5  # the renewal at 23:00 in Greenwich is of December in Tokyo
    december = build_statement(campaign.client, NOVEMBER.next, books)
    assert [line.day.isoformat() for line in december.charges] == ["2026-12-01", "2026-12-01"]


def test_what_was_taken_back_is_not_charged(books: Connection, campaign: Campaign, owner: User) -> None:
    reverse_allocations(CreditEntry.objects.get(amount=-25), by=owner, reason="Not theirs", now=at(12, 2))
    statement = build_statement(campaign.client, NOVEMBER, books)
    assert (statement.opening, statement.charged, len(statement.charges)) == (52, 33, 2)


def test_another_workspace_never_mixes_in(books: Connection, campaign: Campaign) -> None:
    sandbox = make_connection(is_active=False)
    give(make_entry(-500, connection=sandbox, created_at=at(11, 4)), campaign)
    assert build_statement(campaign.client, NOVEMBER, books).charged == 58
    assert build_statement(campaign.client, NOVEMBER, sandbox).charged == 500


def test_bundles_of_the_month_were_ordered_in_it_or_went_live_in_it(
    books: Connection, campaign: Campaign
) -> None:
    live_video(campaign, at(10, 20))
    late = live_video(campaign, at(10, 21))
    late.posted_at = at(11, 8)
    late.save()
    refs = [bundle.bundle_ref for bundle in build_statement(campaign.client, NOVEMBER, books).bundles]
    assert refs == [late.bundle.external_ref, "acme-november"]


def test_results_count_live_videos_and_say_what_has_no_data(books: Connection, campaign: Campaign) -> None:
    old, new, dark = (live_video(campaign, at(*day)) for day in [(10, 20), (11, 4), (11, 5)])
    live_video(campaign, at(12, 1, 0))
    live_video(campaign, at(11, 6), platform_url="")
    snapshot(old, at(10, 31), views=100, likes=1)
    snapshot(old, at(11, 30), views=150, likes=3, shares=4)
    snapshot(new, at(11, 30), views=20)
    statement = build_statement(campaign.client, NOVEMBER, books)
    assert (statement.went_live, len(statement.videos)) == (2, 3)
    assert (statement.views_gained, statement.engagement_gained, statement.without_data) == (70, 2, 1)
    assert [line.figures["views"].gained for line in statement.videos] == [50, 20, None]
    assert statement.videos[-1].url == dark.platform_url
    empty = build_statement(campaign.client, Month(2026, 9), books)
    assert (empty.views_gained, empty.engagement_gained) == (None, None)


def test_what_is_charged_and_not_in_the_history_yet_is_named_apart_until_it_is(
    books: Connection, campaign: Campaign
) -> None:
    command = make_command(campaign)
    settle(command, charged=40, now=at(11, 21))
    settle(make_command(campaign), charged=7, now=at(12, 1))
    settle(make_command(make_campaign()), charged=5, now=at(11, 21))
    settle(make_command(campaign, connection=make_connection(is_active=False)), charged=3, now=at(11, 21))
    reserve(make_command(campaign), credits=11, now=at(11, 21))
    statement = build_statement(campaign.client, NOVEMBER, books)
    assert (statement.not_booked, statement.charged, statement.closing) == (40, 58, 110)
    assert build_statement(campaign.client, NOVEMBER.next, books).not_booked == 7
    summary = {row["item"]: row["value"] for row in written(campaign.client, NOVEMBER, books)}
    assert (summary["not_booked"], summary["charged"], summary["closing"]) == ("40", "58", "110")
    give(make_entry(-40, created_at=at(11, 21)), campaign, command=command)
    statement = build_statement(campaign.client, NOVEMBER, books)
    assert (statement.not_booked, statement.charged, statement.closing) == (0, 98, 150)


def test_the_agency_part_stands_apart(books: Connection, campaign: Campaign) -> None:
    part = build_agency_part(campaign.client, NOVEMBER, books)
    assert (part.unassigned_entries, part.unassigned_credits) == (1, -7)
    named = asdict(build_statement(campaign.client, NOVEMBER, books)).keys()
    assert not named & asdict(part).keys()


# As a file


def test_the_file_has_the_same_figures_and_no_formula(books: Connection, campaign: Campaign) -> None:
    statement = build_statement(campaign.client, NOVEMBER, books)
    rows = written(campaign.client, NOVEMBER, books)
    summary = {row["item"]: row["value"] for row in rows if row["section"] == "summary"}
    assert (summary["opening"], summary["charged"], summary["closing"]) == ("52", "58", "110")
    assert (summary["budget"], summary["budget_left"], summary["views_gained"]) == ("200", "90", "")
    charges = [row for row in rows if row["section"] == "charge"]
    assert sum(int(row["credits"]) for row in charges) == statement.charged
    assert charges[-1]["what"] == "'=Coverage renewal"
    assert sum(int(row["credits"] or 0) for row in rows) == statement.charged
    assert "lumen" not in str(rows).lower()


def test_page_download_and_command_give_the_same_bytes(
    books: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: Callable[[User], Browser],
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    live_video(campaign, at(11, 4), name="Äpfel, „Birnen“\n+1")
    answer = signed_in(manager).get("/clients/acme/reports/2026-11/statement.csv")
    downloaded = b"".join(answer.streaming_content)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-2026-11.csv"'
    target = tmp_path / "statement.csv"
    call_command("statement", "acme", month="2026-11", output=str(target))
    assert target.read_bytes() == downloaded
    capfdbinary.readouterr()
    call_command("statement", "acme", month="2026-11", output="-")
    assert capfdbinary.readouterr().out == downloaded


def test_the_file_reads_the_same_in_every_language(
    books: Connection, campaign: Campaign, manager: User, signed_in: Callable[[User], Browser]
) -> None:
    live_video(campaign, at(11, 4), name="")
    browser = signed_in(manager)
    files = set()
    for language in ("en-gb", "fr"):
        User.objects.update(language=language)
        answer = browser.get("/clients/acme/reports/2026-11/statement.csv")
        files.add(b"".join(answer.streaming_content))
    assert len(files) == 1


@pytest.mark.parametrize(
    ("client", "month", "output", "words"),
    [
        ("nobody", "2026-11", "-", "no client 'nobody'. Known: acme"),
        ("acme", "November", "-", "Write it as YYYY-MM"),
        ("acme", "2026-11", "/nowhere/at/all.csv", "cannot be written: No such file"),
    ],
)
def test_the_command_says_what_is_wrong(
    books: Connection, client: str, month: str, output: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("statement", client, month=month, output=output)


def test_without_a_connection_the_command_says_so(client_row: Client) -> None:
    with pytest.raises(CommandError, match="not connected"):
        call_command("statement", "acme", month="2026-11", output="-")


def test_a_month_costs_seven_queries_whatever_is_in_it(
    books: Connection, campaign: Campaign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(1, 28):
        video = live_video(campaign, at(11, day))
        snapshot(video, at(11, 28), views=day)
        give(make_entry(-1, created_at=at(11, day)), campaign, bundle=video.bundle)
    with django_assert_num_queries(7):
        build_statement(campaign.client, NOVEMBER, books)
