"""`manage.py verify_ledger` holds the books against themselves, and says where they break."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from agency.models import Connection
from campaigns.ledger import actions
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_command, make_connection, the_connection
from tests.ledger.books import give, make_entry
from tests.sandbox_process import Sandbox


def verify() -> tuple[str, str]:
    """What it prints, and what is wrong (empty = the books hold)."""
    said, wrong = StringIO(), StringIO()
    try:
        call_command("verify_ledger", stdout=said, stderr=wrong)
    except CommandError as error:
        wrong.write(str(error))
    return said.getvalue(), wrong.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_books_of_real_work_hold(
    connection: Connection,
    sandbox: Sandbox,
    order: Callable[..., Command],
    update: Callable[..., None],
    spend_elsewhere: Callable[..., None],
) -> None:
    order()
    order(videos_quantity=1)
    spend_elsewhere()
    update()
    said, wrong = verify()
    assert wrong == ""
    assert "closing             4,890" in said
    assert "unassigned            -38  in 1 entries" in said


@pytest.mark.django_db
def test_nothing_at_all_holds_too() -> None:
    make_connection()
    assert verify()[1] == ""


@pytest.mark.django_db
def test_a_gap_a_wrong_balance_and_a_drift_are_told(campaign: Campaign) -> None:
    connection = the_connection()
    make_entry(5000, balance_after=5000)
    entry = make_entry(-38, balance_after=4900)
    entry.drifts.create(raw={}, seen_at=NOW)
    Connection.objects.update(history_at=NOW, balance=1, balance_at=NOW)
    connection.refresh_from_db()
    _, wrong = verify()
    assert f"-62 credits missing before entry {entry.pk}" in wrong
    assert "-4,899 off" in wrong
    assert "1 entries came back" in wrong
    assert "3 faults" in wrong


@pytest.mark.django_db
def test_a_reservation_that_disagrees_with_its_order_is_told(campaign: Campaign) -> None:
    held = make_command(campaign, state=Command.State.SUCCEEDED, credits_charged=38)
    actions.reserve(held, credits=38, now=NOW)
    differs = make_command(campaign, state=Command.State.SUCCEEDED, credits_charged=38)
    actions.settle(differs, charged=37, now=NOW)
    make_command(campaign, state=Command.State.SUCCEEDED, credits_charged=5)
    right = make_command(campaign, state=Command.State.SUCCEEDED, credits_charged=38)
    actions.settle(right, charged=38, now=NOW)
    free = make_command(campaign, state=Command.State.REFUSED)
    actions.reserve(free, credits=1, now=NOW)
    actions.void(free, now=NOW)
    _, wrong = verify()
    assert wrong.count("reservation that disagrees") == 2
    assert wrong.count("charged without a reservation") == 1
    assert "3 faults" in wrong


@pytest.mark.django_db(transaction=True)
def test_an_entry_with_part_of_an_owner_is_told_should_the_trigger_ever_be_off(campaign: Campaign) -> None:
    entry = make_entry(-38)
    give(entry, campaign)
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_allocation DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_allocation SET amount = -30")
        cursor.execute("ALTER TABLE ledger_allocation ENABLE TRIGGER USER")
        cursor.execute("INSERT INTO ledger_unassignedentry VALUES (%s)", [entry.pk])
    _, wrong = verify()
    assert "entry on the wrong list" in wrong
    assert "entry with part of an owner" in wrong
    assert "not the whole" in wrong
