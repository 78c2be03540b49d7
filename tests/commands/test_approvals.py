"""Orders above a limit wait for a second person, with their credits held."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands import approvals
from campaigns.commands.actions import WrongMove
from campaigns.ledger.actions import set_approval_rule
from campaigns.ledger.models import Reservation
from campaigns.ledger.reports import approval_limit, pool
from campaigns.models import Campaign, Command
from clients.models import Client
from tests.commands.pages import SignIn, an_order, token_in, url, work
from tests.factories import NOW, make_client, make_command, make_user
from tests.sandbox_process import Sandbox

S = Command.State


@pytest.fixture
def second(client_row: Client) -> User:
    """Works for the client too."""
    return make_user("sue", clients=(client_row,), first_name="Sue")


@pytest.fixture
def awaiting(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> Command:
    """An order of the manager above the limit."""
    set_approval_rule(client=None, credits=10)
    browser, order = signed_in(manager), an_order()
    page = browser.post(url("bundle_order", campaign.pk), order).content.decode()
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page)})
    work()
    return Command.objects.get()


def age_the_quote(command: Command) -> None:
    Command.objects.filter(pk=command.pk).update(quoted_at=command.quoted_at - timedelta(minutes=2))


def raise_prices(sandbox: Sandbox) -> None:
    sandbox._post("/faults", {"prices": {"video": 9}})


def approve(browser: Any, command: Command, **fields: Any) -> Any:
    return browser.post(url("command_approve", command.pk), {"credits": command.quoted_credits, **fields})


@pytest.mark.parametrize(
    ("agency", "own", "limit"), [(None, None, None), (50, None, 50), (50, 20, 20), (None, 20, 20), (50, 0, 0)]
)
def test_a_clients_own_limit_comes_before_the_agencys(
    client_row: Client, agency: int | None, own: int | None, limit: int | None
) -> None:
    set_approval_rule(client=None, credits=agency)
    set_approval_rule(client=client_row, credits=own)
    set_approval_rule(client=make_client("other"), credits=7)
    assert approval_limit(client_row) == limit


def test_an_order_above_the_limit_holds_its_credits_and_does_not_leave(awaiting: Command) -> None:
    assert (awaiting.state, awaiting.attempts) == (S.AWAITING, 0)
    assert awaiting.reservation.state == Reservation.State.HELD
    assert awaiting.moves.get().after == S.AWAITING


def test_a_second_person_lets_it_leave(awaiting: Command, second: User, signed_in: SignIn) -> None:
    assert approve(signed_in(second), awaiting).status_code == 302
    work()
    awaiting.refresh_from_db()
    assert awaiting.state == S.SUCCEEDED
    assert [(move.after, move.by) for move in awaiting.moves.order_by("pk")] == [
        (S.AWAITING, awaiting.asked_by),
        (S.QUEUED, second),
        (S.SENDING, None),
        (S.SUCCEEDED, None),
    ]
    assert "Sue" in signed_in(second).get(awaiting.get_absolute_url()).content.decode()


def test_nobody_approves_or_declines_their_own(awaiting: Command, manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    page = browser.get(awaiting.get_absolute_url()).content.decode()
    assert "waits for somebody else" in page
    assert url("command_approve", awaiting.pk) not in page
    approve(browser, awaiting)
    browser.post(url("command_decline", awaiting.pk), {"note": "Not now"})
    awaiting.refresh_from_db()
    assert awaiting.state == S.AWAITING
    browser.post(url("command_withdraw", awaiting.pk))
    awaiting.refresh_from_db()
    assert (awaiting.state, awaiting.reservation.state) == (S.VOID, "void")


def test_onlookers_decide_nothing(
    awaiting: Command, analyst: User, outsider: User, signed_in: SignIn
) -> None:
    assert approve(signed_in(analyst), awaiting).status_code == 403
    assert approve(signed_in(outsider), awaiting).status_code == 404


def test_a_declined_order_gives_its_credits_back_and_says_why(
    awaiting: Command, second: User, signed_in: SignIn
) -> None:
    browser = signed_in(second)
    assert browser.post(url("command_decline", awaiting.pk), {"note": ""}).status_code == 422
    browser.post(url("command_decline", awaiting.pk), {"note": "Too many videos"})
    work()
    awaiting.refresh_from_db()
    assert (awaiting.state, awaiting.reservation.state) == (S.VOID, "void")
    page = browser.get(awaiting.get_absolute_url()).content.decode()
    assert "Declined" in page
    assert "Too many videos" in page


def test_a_price_that_has_changed_is_asked_about_again(
    awaiting: Command, second: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    before = awaiting.quoted_credits
    raise_prices(sandbox)
    age_the_quote(awaiting)
    page = approve(signed_in(second), awaiting)
    assert page.status_code == 422
    awaiting.refresh_from_db()
    assert (awaiting.state, awaiting.quoted_credits) == (S.AWAITING, before)
    price = int(page.context["price"])
    assert price > before
    assert f'name="credits" value="{price}"' in page.content.decode()

    approve(signed_in(second), awaiting, credits=price)
    work()
    awaiting.refresh_from_db()
    assert (awaiting.state, awaiting.quoted_credits, awaiting.credits_charged) == (S.SUCCEEDED, price, price)
    assert awaiting.reservation.credits == price


def test_an_old_price_that_still_holds_needs_no_second_look(
    awaiting: Command, second: User, signed_in: SignIn
) -> None:
    age_the_quote(awaiting)
    approve(signed_in(second), awaiting)
    work()
    awaiting.refresh_from_db()
    assert awaiting.state == S.SUCCEEDED


def test_a_dearer_order_must_still_fit_the_pool(
    awaiting: Command, second: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    connection = awaiting.connection
    raise_prices(sandbox)
    age_the_quote(awaiting)
    price = int(approve(signed_in(second), awaiting).context["price"])
    held = awaiting.quoted_credits
    Command.objects.filter(pk=awaiting.pk).update(quoted_at=timezone.now())
    connection.refresh_from_db()
    room = pool(connection).available
    assert room is not None
    other = make_command(awaiting.campaign, connection=connection, state=S.AWAITING, quoted_credits=room)
    Reservation.objects.create(
        command=other,
        connection=connection,
        client=other.client,
        campaign=other.campaign,
        credits=room,
        created_at=NOW,
    )
    age_the_quote(awaiting)
    page = (
        signed_in(second)
        .post(url("command_approve", awaiting.pk), {"credits": price}, follow=True)
        .content.decode()
    )
    assert "the pool has" in page
    awaiting.refresh_from_db()
    assert (awaiting.state, awaiting.reservation.credits) == (S.AWAITING, held)


def test_of_two_who_decide_only_the_first_one_does(awaiting: Command, second: User, owner: User) -> None:
    again = Command.objects.get(pk=awaiting.pk)
    approvals.decline(command=awaiting, by=second, note="No", now=timezone.now())
    with pytest.raises(WrongMove):
        approvals.approve(command=again, by=owner, now=timezone.now())


def test_what_awaits_approval_is_named_among_what_needs_a_person(
    awaiting: Command, second: User, signed_in: SignIn
) -> None:
    assert "needs a second person" in signed_in(second).get("/").content.decode()


def test_owners_set_the_limit_and_nobody_else(
    client_row: Client, owner: User, manager: User, signed_in: SignIn
) -> None:
    assert signed_in(manager).post(url("settings_approvals"), {"approval_limit": "5"}).status_code == 404
    browser = signed_in(owner)
    browser.post(url("settings_approvals"), {"approval_limit": "300"})
    assert approval_limit(client_row) == 300
    assert 'value="300"' in browser.get(url("settings")).content.decode()
    browser.post(url("settings_approvals"), {"approval_limit": "-1"})
    assert approval_limit(client_row) == 300
    browser.post(url("settings_approvals"), {"approval_limit": ""})
    assert approval_limit(client_row) is None

    fields = {"name": "Acme", "slug": "acme", "colour": "#112233", "approval_limit": "40"}
    browser.post(url("client_edit", "acme"), fields)
    assert approval_limit(client_row) == 40
    signed_in(manager).post(url("client_edit", "acme"), {**fields, "approval_limit": "4000"})
    assert approval_limit(client_row) == 40
