"""The books on screen: for owners alone, whole, and quick at any size."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agency.models import Connection, User
from campaigns.credits import progress
from campaigns.ledger.models import Allocation, CreditEntry
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_bundle, make_campaign, make_client, make_command, the_connection
from tests.ledger.books import give, make_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(owner)


@pytest.fixture
def books(campaign: Campaign) -> Connection:
    """A top-up, a charge of Acme's, one that nobody explains."""
    connection = the_connection()
    give(make_entry(5000, balance_after=5000, type="credit", description="Top-up"), owner="pool")
    bundle = make_bundle(campaign, external_ref="acme-spring-2026-us-abc234")
    give(make_entry(-38, description="Bundle created: 3 videos"), campaign, bundle=bundle)
    make_entry(-25, description="Coverage renewal")
    Connection.objects.filter(pk=connection.pk).update(
        history_at=NOW, balance=4937, balance_at=NOW, expiring_credits=600
    )
    connection.refresh_from_db()
    return connection


def assign(page: Browser, entry: CreditEntry, *parts: dict[str, str], reason: str = "") -> int:
    form = {
        "parts-TOTAL_FORMS": str(len(parts)),
        "parts-INITIAL_FORMS": str(len(parts)),
        "assign-reason": reason,
    }
    for number, part in enumerate(parts):
        form |= {f"parts-{number}-{name}": value for name, value in part.items()}
    return page.post(reverse("credit_assign", args=[entry.pk]), form).status_code


@pytest.mark.parametrize("role", ["manager", "analyst", "outsider"])
def test_the_pool_is_nobodys_business_but_the_owners(
    role: str, request: pytest.FixtureRequest, books: Connection, signed_in: Callable[[User], Browser]
) -> None:
    browser = signed_in(request.getfixturevalue(role))
    entry = CreditEntry.objects.latest("pk")
    for name, arguments in [
        ("credit_list", []),
        ("credit_csv", []),
        ("credit_unassigned", []),
        ("credit_entry", [entry.pk]),
    ]:
        assert browser.get(reverse(name, args=arguments)).status_code == 404
    for name in ("credit_assign", "credit_accept", "credit_take_back"):
        assert browser.post(reverse(name, args=[entry.pk])).status_code == 404
    assert browser.post(reverse("credit_import")).status_code == 404
    assert Allocation.objects.count() == 2


def test_before_anything_is_connected_the_page_says_so(page: Browser) -> None:
    answer = page.get(reverse("credit_list"))
    assert "Connect TokPortal" in answer.content.decode()
    assert page.get(reverse("credit_unassigned")).status_code == 302


def test_the_ledger_shows_every_entry_its_owner_and_the_proof(page: Browser, books: Connection) -> None:
    text = page.get(reverse("credit_list")).content.decode()
    for words in ("Reconciled", "Top-up", "The pool itself", "Acme", "Unassigned", "4,937", "600 expire"):
        assert words in text
    assert "Assign 1 entry" in text


def test_a_gap_in_the_history_is_shown_at_its_place(page: Browser, books: Connection) -> None:
    late = make_entry(-10, balance_after=4900, created_at=NOW + timedelta(minutes=1))
    text = page.get(reverse("credit_list")).content.decode()
    assert "Not reconciled" in text
    assert "-27 credits are missing before" in text
    assert reverse("credit_entry", args=[late.pk]) in text


def test_a_balance_that_the_history_does_not_lead_to_is_said(page: Browser, books: Connection) -> None:
    Connection.objects.update(balance=4000)
    text = page.get(reverse("credit_list")).content.decode()
    assert "TokPortal says 4,000 credits, its history ends with 4,937" in text


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("", [-25, -38, 5000]),
        ("whose=unassigned", [-25]),
        ("whose=pool", [5000]),
        ("whose=client:{acme}", [-38]),
        ("type=credit", [5000]),
        ("month=2026-11", [-25, -38, 5000]),
        ("month=2026-10", [-25, -38, 5000]),  # not offered: left out, like all rubbish
        ("q=coverage", [-25]),
        ("q=38", [-38]),
        ("q=abc234", [-38]),
        ("at_least=26", [-38, 5000]),
        ("q=nothing+like+it", []),
    ],
)
def test_filters_narrow_the_ledger_and_its_download_alike(
    page: Browser, books: Connection, campaign: Campaign, query: str, amounts: list[int]
) -> None:
    query = query.format(acme=campaign.client_id)
    shown = page.get(f"{reverse('credit_list')}?{query}").context["page"]
    assert [entry.amount for entry in shown] == amounts
    answer = page.get(f"{reverse('credit_csv')}?{query}")
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    assert [int(row["amount"]) for row in rows] == amounts


def test_the_download_names_owners_and_cannot_carry_a_formula(page: Browser, books: Connection) -> None:
    make_entry(-1, description="=HYPERLINK(1)")
    answer = page.get(reverse("credit_csv"))
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0]["description"] == "'=HYPERLINK(1)"
    owned = {row["amount"]: (row["owner"], row["client"], row["bundle_ref"]) for row in rows}
    assert owned["-38"] == ("client", "acme", "acme-spring-2026-us-abc234")
    assert owned["-25"] == ("unassigned", "", "")
    assert owned["5000"][0] == "pool"


def test_a_search_under_htmx_answers_with_the_table_alone(page: Browser, books: Connection) -> None:
    answer = page.get(f"{reverse('credit_list')}?q=coverage", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#ledger-table"
    assert "Coverage renewal" in text
    assert "<html" not in text


def test_the_import_shows_how_far_it_is_and_stops_asking(page: Browser, books: Connection) -> None:
    progress.begin(books, at=NOW)
    progress.step(books, read=100, new=100, left=150)
    ask = {"HX-Request": "true", "HX-Target": "import-progress"}
    text = page.get(reverse("credit_list"), headers=ask).content.decode()
    assert "100 of 250" in text
    assert 'data-poll="2"' in text
    progress.end(books)
    text = page.get(reverse("credit_list"), headers=ask).content.decode()
    assert "100 new entries" in text
    assert "data-poll" not in text


def test_an_import_that_stopped_says_what_tokportal_said(page: Browser, books: Connection) -> None:
    progress.begin(books, at=NOW)
    progress.end(books, stopped_by=progress.NOT_GIVEN, details="HTTP 500 at 50% <done>")
    text = page.get(reverse("credit_list")).content.decode()
    assert "TokPortal did not give the history (HTTP 500 at 50% &lt;done&gt;). What was read is kept" in text


def test_the_import_button_rings_for_the_worker(
    page: Browser, connection: Connection, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = page.post(reverse("credit_import"))
        assert "Waiting for a worker" in page.get(reverse("credit_list")).content.decode()
    assert answer.status_code == 302
    assert connection.credit_entries.get().amount == 5000


def test_an_import_that_no_worker_takes_up_is_said(page: Browser, books: Connection) -> None:
    progress.ask(books, at=timezone.now() - timedelta(minutes=2))
    assert "No worker has taken it up" in page.get(reverse("credit_list")).content.decode()


# Assigning


def test_a_person_gives_an_entry_to_a_campaign_with_a_reason(
    page: Browser, books: Connection, owner: User
) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    assert assign(page, entry, {"whose": "acme/spring-2026"}, reason="Coverage of @acme_us") == 302
    made = entry.allocations.get()
    assert (made.client.slug, made.rule, made.made_by, made.reason) == (
        "acme",
        "person",
        owner,
        "Coverage of @acme_us",
    )
    assert page.get(reverse("credit_unassigned")).context["left"]["n"] == 0


def test_an_entry_is_split_into_parts_that_must_add_up(page: Browser, books: Connection) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    acme, shared = {"whose": "acme", "credits": "20"}, {"whose": "shared", "credits": "6"}
    answer = page.get(reverse("credit_entry", args=[entry.pk]), {"parts": "2"})
    assert answer.content.decode().count('list="owners"') == 2
    assert assign(page, entry, acme, shared) == 422
    assert not entry.allocations.exists()
    assert assign(page, entry, acme, {**shared, "credits": "5"}) == 302
    assert sorted(entry.allocations.values_list("amount", "owner")) == [(-20, "client"), (-5, "shared")]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({}, "Say whose it is"),
        ({"whose": "nobody"}, "no such client"),
        ({"whose": "acme/autumn"}, "no such campaign"),
        ({"bundle": "nowhere"}, "No bundle has this reference"),
        ({"bundle": "unclaimed-1"}, "claim it first"),
        ({"whose": "nordlys", "bundle": "acme-spring-2026-us-abc234"}, "belongs to Acme"),
        ({"whose": "acme", "credits": "24"}, "1 more to give"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    page: Browser, books: Connection, part: dict[str, str], words: str
) -> None:
    make_client("nordlys")
    make_bundle(None, external_ref="unclaimed-1")
    entry = CreditEntry.objects.get(amount=-25)
    form = {"parts-TOTAL_FORMS": "1", "parts-INITIAL_FORMS": "1"}
    answer = page.post(
        reverse("credit_assign", args=[entry.pk]),
        form | {f"parts-0-{name}": text for name, text in part.items()},
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not entry.allocations.exists()


def test_a_bundle_names_its_owner(page: Browser, books: Connection, campaign: Campaign) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    assert assign(page, entry, {"bundle": "acme-spring-2026-us-abc234"}) == 302
    assert entry.allocations.get().campaign == campaign


def test_an_entry_that_has_an_owner_cannot_get_another_one(page: Browser, books: Connection) -> None:
    entry = CreditEntry.objects.get(amount=-38)
    assert assign(page, entry, {"whose": "shared"}) == 422
    assert entry.allocations.count() == 1


def test_taking_back_wants_a_reason_and_leaves_both_in_the_books(page: Browser, books: Connection) -> None:
    entry = CreditEntry.objects.get(amount=-38)
    address = reverse("credit_take_back", args=[entry.pk])
    assert page.post(address, {"back-reason": ""}).status_code == 422
    assert page.post(address, {"back-reason": "It was Nordlys"}).status_code == 302
    text = page.get(reverse("credit_entry", args=[entry.pk])).content.decode()
    for words in ("Taken back from Acme", "Given to Acme", "It was Nordlys", "Unassigned"):
        assert words in text
    assert page.post(address, {"back-reason": "Again"}).status_code == 422


# Suggestions


def test_an_order_of_that_moment_is_suggested_and_accepted(
    page: Browser, books: Connection, campaign: Campaign
) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    command = make_command(
        campaign, state=Command.State.SUCCEEDED, credits_charged=25, answered_at=NOW + timedelta(minutes=9)
    )
    text = page.get(reverse("credit_unassigned")).content.decode()
    assert "the same amount, answered 9 min after it" in text
    answer = page.post(reverse("credit_accept", args=[entry.pk]), {"choice": f"command:{command.pk}"})
    assert answer.status_code == 302
    assert entry.allocations.get().command == command
    other = make_entry(-25)
    page.post(reverse("credit_accept", args=[other.pk]), {"choice": f"command:{command.pk}"})
    assert not other.allocations.exists()


def test_a_bundle_from_the_web_is_suggested_where_it_has_an_owner(
    page: Browser, books: Connection, campaign: Campaign
) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    bundle = make_bundle(campaign, upstream_created_at=NOW + timedelta(seconds=1), external_ref="acme-x")
    make_bundle(None, upstream_created_at=NOW, external_ref="someones")
    guesses = page.get(reverse("credit_entry", args=[entry.pk])).context["suggestions"]
    assert "" in {guess.choice for guess in guesses}  # unclaimed: to be looked at, not to be accepted
    page.post(reverse("credit_accept", args=[entry.pk]), {"choice": f"bundle:{bundle.pk}"})
    made = entry.allocations.get()
    assert (made.bundle, made.campaign) == (bundle, campaign)


def test_expired_credits_are_suggested_to_the_agency_and_never_given_by_themselves(
    page: Browser, books: Connection
) -> None:
    entry = make_entry(-600, type="expiration", description="Credits expired")
    guesses = page.get(reverse("credit_entry", args=[entry.pk])).context["suggestions"]
    assert {"owner:agency", "owner:shared"} <= {guess.choice for guess in guesses}
    page.post(reverse("credit_accept", args=[entry.pk]), {"choice": "owner:agency"})
    assert entry.allocations.get().owner == "agency"


@pytest.mark.parametrize(
    "choice", ["", "command:999999", "command:x", "bundle:999999", "owner:client", "x:y"]
)
def test_a_suggestion_that_is_gone_assigns_nothing(page: Browser, books: Connection, choice: str) -> None:
    entry = CreditEntry.objects.get(amount=-25)
    assert page.post(reverse("credit_accept", args=[entry.pk]), {"choice": choice}).status_code == 302
    assert not entry.allocations.exists()


# Size


@pytest.mark.parametrize("name", ["credit_list", "credit_unassigned"])
def test_ten_more_rows_need_no_more_queries(page: Browser, books: Connection, name: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            database,
        ) as captured:
            assert page.get(reverse(name)).status_code == 200
        return len(captured)

    campaigns = [make_campaign(make_client()) for _ in range(3)]
    for number in range(3):
        give(make_entry(-5), campaigns[number], bundle=make_bundle(campaigns[number]))
    make_entry(-7)
    queries()
    before = queries()
    for number in range(10):
        give(make_entry(-5), campaigns[number % 3], bundle=make_bundle(campaigns[number % 3]))
        make_entry(-7)
        make_command(campaigns[0], state=Command.State.SUCCEEDED, credits_charged=7, answered_at=NOW)
        make_bundle(campaigns[1])
    queries()
    assert queries() <= before
    assert before <= 15
