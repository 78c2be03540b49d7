"""Commands in the browser: followed until they settle, explained, and decided by a person."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agency.models import Connection, User
from agency.tokportal import CoolingDown
from campaigns.commands import refusals
from campaigns.commands.reports.requests import asked, next_step
from campaigns.ledger import actions as ledger
from campaigns.ledger.models import Reservation
from campaigns.models import Campaign, Command
from tests.commands.pages import HTMX, SignIn, an_order, token_in, url, work
from tests.factories import NOW, make_bundle, make_campaign, make_command, make_connection
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State
CREATE = {"operation": "createBundle"}


@pytest.fixture
def pool(db: None) -> Connection:
    """A Connection that nobody calls."""
    return make_connection(balance=1000, balance_at=NOW)


def unknown(campaign: Campaign, **fields: Any) -> Command:
    """An order of 52 credits whose outcome is unknown and that a person has to decide."""
    command = make_command(
        campaign,
        state=S.UNKNOWN,
        needs_person=True,
        quoted_credits=52,
        quoted_at=NOW,
        first_sent_at=NOW,
        evidence="TokPortal lists no bundle with our reference.",
        **fields,
    )
    ledger.reserve(command, credits=52, now=NOW)
    return command


STATES: list[tuple[dict[str, Any], str]] = [
    ({"state": S.QUEUED}, "It waits for a worker"),
    ({"state": S.QUEUED, "error_message": "TokPortal cannot be reached."}, "TokPortal cannot be reached."),
    ({"state": S.SENDING, "lease_until": NOW}, "TokPortal has been asked"),
    ({"state": S.SUCCEEDED, "quoted_credits": 52, "credits_charged": 52}, "52 credits charged, as quoted"),
    (
        {"state": S.SUCCEEDED, "quoted_credits": 52, "credits_charged": 60, "is_charged_differently": True},
        "TokPortal charged 60 credits and not the 52",
    ),
    ({"state": S.SUCCEEDED}, "Nothing was charged."),
    ({"state": S.REFUSED, "error_message": "The pool holds 3. Nothing was charged."}, "The pool holds 3."),
    ({"state": S.UNKNOWN, "quoted_credits": 52}, "52 credits stay held"),
    ({"state": S.VOID, "quoted_credits": 52}, "are free again"),
]


@pytest.mark.parametrize(("fields", "sentence"), STATES)
def test_each_state_says_what_happened_and_what_was_charged(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    analyst: User,
    signed_in: SignIn,
    fields: dict[str, Any],
    sentence: str,
) -> None:
    command = make_command(campaign, asked_by=manager, **fields)
    for person in (manager, analyst):
        page = signed_in(person).get(command.get_absolute_url())
        assert page.status_code == 200
        assert sentence in page.content.decode()
    html = page.content.decode()
    assert ("data-poll" in html) == (not command.is_settled)
    assert str(command.key) in html


@pytest.mark.parametrize(
    ("ahead", "when"), [(timedelta(seconds=40), "within a minute"), (timedelta(hours=1), "at {:%H:%M}")]
)
def test_a_command_that_is_tried_again_says_when(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn, ahead: timedelta, when: str
) -> None:
    """From its row: a stored pause would be true for its first second only."""
    next_try_at = timezone.now() + ahead
    command = make_command(
        campaign, state=S.QUEUED, next_try_at=next_try_at, **refusals.waiting(CoolingDown())
    )
    html = signed_in(manager).get(command.get_absolute_url()).content.decode()
    assert f"It is sent again by itself {when.format(pool.upstream_now(next_try_at))}." in html


def test_the_page_follows_by_itself_until_it_settles(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, order = signed_in(manager), an_order()
    page = browser.post(url("bundle_order", campaign.pk), order)
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page.content.decode())})
    command = Command.objects.get()
    waiting = browser.get(command.get_absolute_url(), headers=HTMX).content.decode()
    assert 'data-poll="2"' in waiting
    assert "<html" not in waiting
    work()
    settled = browser.get(command.get_absolute_url(), headers=HTMX).content.decode()
    command.refresh_from_db()
    assert "data-poll" not in settled
    assert command.bundle
    assert command.bundle.get_absolute_url() in settled
    assert command.request_id in settled


def test_an_order_that_the_pool_cannot_pay_says_what_is_missing_and_can_be_repeated(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    browser, order = signed_in(manager), an_order(videos_quantity="500")
    page = browser.post(url("bundle_order", campaign.pk), order)
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page.content.decode())})
    sandbox.manager("adjust", credits=-4900)
    work()
    command = Command.objects.get()
    html = browser.get(command.get_absolute_url()).content.decode()
    assert command.state == S.REFUSED
    assert "Top up" in html
    assert "Nothing was charged" in html
    assert f"?again={command.pk}" in html


def test_a_command_that_waits_can_be_withdrawn_once(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    command = make_command(campaign, quoted_credits=52, quoted_at=NOW)
    ledger.reserve(command, credits=52, now=NOW)
    browser = signed_in(manager)
    assert "Withdraw" in browser.get(command.get_absolute_url()).content.decode()
    for _ in range(2):
        answer = browser.post(url("command_withdraw", command.pk))
        assert answer.headers["Location"] == command.get_absolute_url()
    command.refresh_from_db()
    assert command.state == S.VOID
    assert Reservation.objects.get().state == Reservation.State.VOID


def test_what_has_left_cannot_be_withdrawn(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    command = make_command(campaign, state=S.SENDING, lease_until=NOW)
    browser = signed_in(manager)
    assert "Withdraw" not in browser.get(command.get_absolute_url()).content.decode()
    browser.post(url("command_withdraw", command.pk))
    command.refresh_from_db()
    assert command.state == S.SENDING


def test_a_person_decides_with_the_evidence_and_a_reason(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    happened, did_not = unknown(campaign), unknown(campaign)
    browser = signed_in(manager)
    html = browser.get(happened.get_absolute_url()).content.decode()
    assert "TokPortal lists no bundle with our reference." in html
    assert "It is being checked" not in html
    assert "data-poll" not in html  # a poll would take the sentence from under one's fingers
    assert browser.post(url("command_accept", happened.pk), {"credits": "52"}).status_code == 422
    browser.post(url("command_accept", happened.pk), {"note": "Seen at TokPortal", "credits": "50"})
    assert browser.post(url("command_withdraw", did_not.pk), {"note": ""}).status_code == 422
    browser.post(url("command_withdraw", did_not.pk), {"note": "Support says no"})
    happened.refresh_from_db()
    did_not.refresh_from_db()
    assert (happened.state, happened.credits_charged, happened.is_charged_differently) == (
        S.SUCCEEDED,
        50,
        True,
    )
    assert "max decided that it happened: Seen at TokPortal" in happened.evidence
    assert did_not.state == S.VOID
    assert [row.credits for row in Reservation.objects.filter(state=Reservation.State.SETTLED)] == [50]


def test_an_unknown_one_is_looked_for_again(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    browser, order = signed_in(manager), an_order()
    page = browser.post(url("bundle_order", campaign.pk), order)
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page.content.decode())})
    sandbox.fault("drop_after", match=CREATE)
    sandbox.fault("500", match={"operation": "listBundles"}, times=9)
    work()
    command = Command.objects.get()
    assert command.state == S.UNKNOWN
    sandbox.clear_faults()
    browser.post(url("command_check", command.pk))
    work()
    command.refresh_from_db()
    assert command.state == S.SUCCEEDED
    assert "our reference" in browser.get(command.get_absolute_url()).content.decode()
    assert len([entry for entry in sandbox.books() if entry["amount"] < 0]) == 1


def test_strangers_find_nothing_and_onlookers_decide_nothing(
    pool: Connection, campaign: Campaign, analyst: User, outsider: User, signed_in: SignIn
) -> None:
    command = unknown(campaign)
    stranger, onlooker = signed_in(outsider), signed_in(analyst)
    assert stranger.get(command.get_absolute_url()).status_code == 404
    assert stranger.get(command.get_absolute_url(), headers=HTMX).status_code == 404
    assert "You decide" not in onlooker.get(command.get_absolute_url()).content.decode()
    for name in ("command_withdraw", "command_accept", "command_check"):
        assert stranger.post(url(name, command.pk)).status_code == 404
        assert onlooker.post(url(name, command.pk)).status_code == 403
        assert onlooker.get(url(name, command.pk)).status_code == 404


def test_what_belongs_to_no_client_is_for_owners(
    pool: Connection, manager: User, owner: User, signed_in: SignIn
) -> None:
    command = make_command(
        None, kind=K.CREATE_WEBHOOK, body={"url": "https://a.example/hook", "events": ["a"]}
    )
    assert signed_in(manager).get(command.get_absolute_url()).status_code == 404
    assert "https://a.example/hook" in signed_in(owner).get(command.get_absolute_url()).content.decode()
    assert "the agency" in signed_in(owner).get(url("command_list")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "person"}, ["unknown"]),
        ({"state": "different"}, ["different"]),
        ({"state": "queued"}, ["queued"]),
        ({"kind": "publish_bundle"}, ["queued"]),
        ({"q": "ref-unk"}, ["unknown"]),
        ({"q": "req_1"}, ["different"]),
        ({"state": "rubbish"}, ["unknown", "different", "queued"]),
    ],
)
def test_orders_are_found_by_what_one_knows(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    query: dict[str, str],
    found: list[str],
) -> None:
    make_command(make_campaign(), external_ref="ref-theirs")
    unknown(campaign, external_ref="ref-unknown")
    make_command(
        campaign,
        external_ref="ref-different",
        state=S.SUCCEEDED,
        is_charged_differently=True,
        request_id="req_1",
    )
    make_command(campaign, kind=K.PUBLISH_BUNDLE, external_ref="ref-queued")
    html = signed_in(manager).get(url("command_list"), query, headers=HTMX).content.decode()
    names = ("unknown", "different", "queued", "theirs")
    assert [name for name in names if f"ref-{name}" in html] == found


def test_orders_as_csv(pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    make_command(make_campaign(), external_ref="theirs")
    make_command(campaign, external_ref="ours", quoted_credits=52, asked_by=manager)
    answer = signed_in(manager).get(url("command_list_csv"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["reference"], row["quoted_credits"], row["asked_by"]) for row in rows] == [
        ("ours", "52", "max")
    ]


def test_a_request_is_told_in_words(campaign: Campaign) -> None:
    order = make_command(
        campaign,
        body={
            "bundle_type": "account_only",
            "wants_advanced_warming": True,
            "advanced_warming_terms": ["gym", "run", "fit"],
            "brand_new_field": 7,
            "title": "",
        },
    )
    assert asked(order) == [
        ("What", "A new account only"),
        ("Advanced warming", "yes"),
        ("Search terms", "gym, run, fit"),
        ("Brand new field", "7"),
    ]
    video = make_command(
        campaign,
        kind=K.CORRECT_VIDEO,
        target={"bundle_id": "b", "position": 3},
        body={"comment": "No", "fields": {}},
    )
    assert asked(video) == [("Slot", "3"), ("Comment", "No")]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        (K.CONFIGURE_ACCOUNT, "bundle_account"),
        (K.CONFIGURE_VIDEOS, "bundle_videos"),
        (K.ADD_VIDEO_SLOTS, "bundle_add_slots"),
    ],
)
def test_a_refusal_leads_to_where_it_is_mended(
    campaign: Campaign, manager: User, kind: str, page: str
) -> None:
    bundle = make_bundle(campaign)
    command = make_command(campaign, bundle=bundle, kind=kind, state=S.REFUSED, error_code="X")
    step = next_step(command, manager)
    assert step
    assert step[1] == url(page, bundle.pk)
