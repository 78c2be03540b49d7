"""Races for the same credits: real connections, real threads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connections, transaction

from campaigns.ledger import actions
from campaigns.ledger.models import Allocation, CreditEntry, Reservation
from campaigns.ledger.reports import budget_state, pool
from campaigns.models import Command
from tests.factories import NOW, make_campaign, make_client, make_command, make_connection, make_user

pytestmark = pytest.mark.django_db(transaction=True)
Result = TypeVar("Result")


def at_once(work: list[Callable[[], Result]]) -> list[Result | Exception]:
    """Run each in a thread of its own, all released at the same moment."""
    gate = threading.Barrier(len(work))

    def run(task: Callable[[], Result]) -> Result | Exception:
        gate.wait(10)
        try:
            return task()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(run, work))


def reserve_in_own_transaction(command: Command, credits: int) -> Callable[[], bool]:
    def run() -> bool:
        with transaction.atomic():
            actions.reserve(command, credits=credits, now=NOW)
        return True

    return run


@pytest.mark.parametrize("limit", ["the client's budget", "the campaign's budget", "the pool"])
def test_twenty_orders_race_for_room_for_eight(limit: str) -> None:
    make_connection(balance=8 * 38 if limit == "the pool" else 100_000, balance_at=NOW)
    campaign = make_campaign()
    if limit == "the client's budget":
        actions.set_budget(client=campaign.client, campaign=None, credits=8 * 38 + 37)
    if limit == "the campaign's budget":
        actions.set_budget(client=campaign.client, campaign=campaign, credits=8 * 38)
    commands = [make_command(campaign, quoted_credits=38) for _ in range(20)]
    done = at_once([reserve_in_own_transaction(command, 38) for command in commands])
    assert sum(result is True for result in done) == 8
    refused = [result for result in done if result is not True]
    assert all(isinstance(result, actions.CannotReserve) for result in refused)
    assert Reservation.objects.count() == 8


def test_orders_of_two_clients_do_not_wait_for_each_other_for_ever() -> None:
    """Locks are taken in one order, so that no two orders can hold what the other one wants."""
    connection = make_connection(balance=100_000, balance_at=NOW)
    campaigns = [make_campaign(make_client(), slug) for slug in ("one", "two", "three")]
    for campaign in campaigns:
        actions.set_budget(client=campaign.client, campaign=None, credits=10_000)
        actions.set_budget(client=campaign.client, campaign=campaign, credits=10_000)
    commands = [make_command(campaign) for campaign in campaigns * 5]
    done = at_once([reserve_in_own_transaction(command, 10) for command in commands])
    assert done == [True] * 15
    assert {budget_state(connection, campaign.client).used for campaign in campaigns} == {50}


def test_a_settlement_and_a_reservation_at_once_count_nothing_twice() -> None:
    connection = make_connection(balance=100, balance_at=NOW)
    campaign = make_campaign()
    held, wanted = make_command(campaign), make_command(campaign)
    reserve_in_own_transaction(held, 60)()
    done = at_once(
        [lambda: actions.settle(held, charged=60, now=NOW), reserve_in_own_transaction(wanted, 60)]
    )
    # The balance is told by TokPortal, with the answer that settles; here it still has the 60.
    assert sum(isinstance(result, actions.PoolTooLow) for result in done) + sum(r is True for r in done) == 1
    assert pool(connection).held in (0, 60)


def entry_of(amount: int = -52) -> CreditEntry:
    return CreditEntry.objects.create(
        connection=make_connection(),
        upstream_id="txn_1",
        amount=amount,
        balance_after=100,
        created_at=NOW,
        imported_at=NOW,
    )


def test_of_ten_people_who_assign_one_entry_one_succeeds() -> None:
    entry = entry_of()
    clients = [make_client() for _ in range(10)]

    def give(number: int) -> Callable[[], bool]:
        part = actions.Part(entry.amount, Allocation.Owner.CLIENT, client=clients[number])

        def run() -> bool:
            actions.allocate(entry, [part], rule="person", now=NOW)
            return True

        return run

    done = at_once([give(number) for number in range(10)])
    assert sum(result is True for result in done) == 1
    assert sum(isinstance(result, actions.WrongAllocation) for result in done) == 9
    assert Allocation.objects.count() == 1


def test_two_programs_that_pass_the_actions_by_cannot_both_give_an_entry_away() -> None:
    entry = entry_of()
    clients = [make_client(), make_client()]

    def insert(number: int) -> Callable[[], bool]:
        def run() -> bool:
            with transaction.atomic():
                Allocation.objects.create(
                    entry=entry,
                    amount=entry.amount,
                    owner="client",
                    client=clients[number],
                    rule="x",
                    made_at=NOW,
                )
                time.sleep(0.2)  # the other one is in its transaction too
            return True

        return run

    done = at_once([insert(0), insert(1)])
    assert sum(result is True for result in done) == 1
    assert Allocation.objects.count() == 1


def test_of_two_people_who_take_an_entry_back_one_succeeds() -> None:
    entry, by = entry_of(), make_user()
    part = actions.Part(entry.amount, Allocation.Owner.AGENCY)
    actions.allocate(entry, [part], rule="person", now=NOW)

    def take_back() -> bool:
        actions.reverse_allocations(entry, by=by, reason="wrong", now=NOW)
        return True

    done = at_once([take_back, take_back])
    assert sum(result is True for result in done) == 1
    assert sum(made.amount for made in Allocation.objects.all()) == 0
