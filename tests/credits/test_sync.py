"""The history comes home from a real sandbox: whole, once, and to whose it is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agency.connections import tokportal
from agency.models import Connection, User
from agency.tokportal import CreditEntryState
from campaigns.commands import sync as commands
from campaigns.credits import actions, checks, progress, sync, tasks
from campaigns.ledger import checks as ledger
from campaigns.ledger.actions import reverse_allocations, settle
from campaigns.ledger.models import Allocation, CreditDrift, CreditEntry
from campaigns.ledger.reports import committed, unassigned_entries
from campaigns.models import Command
from tests.credits.conftest import PRICE
from tests.factories import NOW, make_campaign, make_client, make_command, make_connection
from tests.ledger.books import give, make_entry
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def adjust(sandbox: Sandbox, credits: int, **fields: str) -> None:
    sandbox.manager("adjust", credits=credits, **fields)


def lose_answer_and_history(sandbox: Sandbox) -> None:
    sandbox.fault("drop_after", match={"operation": "createBundle"})
    sandbox.fault("500", match={"operation": "listCreditTransactions"}, times=-1)


def owners(connection: Connection) -> dict[str, tuple[str, int | None]]:
    """TokPortal's id of each entry → who it belongs to, and the Command."""
    standing = Allocation.objects.standing().filter(entry__connection=connection).select_related("entry")
    return {made.entry.upstream_id: (made.owner, made.command_id) for made in standing}


def test_every_entry_comes_once_and_the_balance_agrees(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    for number in range(250):
        adjust(sandbox, -1, description=f"Comment task {number}")
    update()
    update()
    booked = {entry["entry_id"]: entry["amount"] for entry in sandbox.books()}
    assert dict(connection.credit_entries.values_list("upstream_id", "amount")) == booked
    proof = checks.proof(connection)
    assert (proof.chain.entries, proof.chain.closing, proof.balance) == (251, 4750, 4750)
    assert (proof.chain.opening, proof.chain.breaks, proof.is_reconciled) == (0, (), True)
    assert connection.balance == 4750


def test_an_interrupted_first_import_goes_on_where_it_was(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    for number in range(250):
        adjust(sandbox, -1, description=f"Comment task {number}")
        if number == 125:
            sandbox.advance(days=3)
    history = {"operation": "listCreditTransactions"}
    sandbox.fault("error", match={**history, "path": "/credits/history"}, status=400, code="STOP", times=1)
    update()
    stopped = progress.of(connection, now=timezone.now())
    assert stopped
    assert (stopped.state, connection.history_at) == ("failed", None)
    assert "STOP" in stopped.trouble
    sync.store_entries(  # a first page that was stored before the interruption
        connection, tokportal(connection).credit_page(page=1).items, now=timezone.now()
    )
    adjust(sandbox, -1, description="meanwhile")
    update()
    assert connection.credit_entries.count() == 252
    assert checks.proof(connection).is_reconciled
    done = progress.of(connection, now=timezone.now())
    assert done
    assert (done.state, done.new) == ("done", 152)


def test_later_imports_read_only_the_last_days(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    for _ in range(110):
        adjust(sandbox, -1)
    sandbox.advance(days=30)
    adjust(sandbox, -1)
    update()
    adjust(sandbox, -1)
    update()
    read = progress.of(connection, now=timezone.now())
    assert read
    assert (read.done, read.new) == (2, 1)
    update(full=True)
    assert connection.credit_entries.count() == 113


def test_a_known_entry_that_comes_back_otherwise_is_noted_once_and_never_changed() -> None:
    connection = make_connection()
    told = {"id": "txn_1", "type": "debit", "amount": -52, "balance_after": 100, "description": "A bundle"}
    told |= {"created_at": "2026-11-20T14:30:00Z", "breakdown": {"account_creation": 52}}
    changed = {**told, "amount": -25}
    reworded = {**changed, "description": "Coverage", "a_new_field": 1}

    def come(row: dict[str, object]) -> None:
        sync.store_entries(connection, [CreditEntryState.from_json(row)], now=NOW)

    for row in (told, {**told, "a_new_field": 1}, told):
        come(row)
    assert CreditDrift.objects.count() == 0  # a field that a later version adds is no change
    for row in (changed, changed, reworded, changed, told, reworded):
        come(row)
    entry = CreditEntry.objects.get()
    assert (entry.amount, entry.description) == (-52, "A bundle")
    assert [drift.raw["amount"] for drift in entry.drifts.order_by("pk")] == [-25, -25]
    assert checks.proof(connection).drifts == 1


def test_a_row_that_cannot_be_booked_stops_the_import_aloud() -> None:
    connection = make_connection()
    row = {"id": "txn_1", "amount": -52, "created_at": "2026-11-20T14:30:00Z"}
    with pytest.raises(sync.Unreachable):
        sync.store_entries(connection, [CreditEntryState.from_json(row)], now=NOW)
    assert CreditEntry.objects.count() == 0


def test_orders_get_their_entries_and_others_spending_stays_unassigned(
    connection: Connection,
    sandbox: Sandbox,
    order: Callable[..., Command],
    update: Callable[..., None],
    spend_elsewhere: Callable[..., None],
) -> None:
    nordlys = make_campaign(make_client("nordlys"))
    mine = [order(), order(videos_quantity=5)]
    spend_elsewhere()
    mine += [order(nordlys), order()]
    sandbox.manager("top_up", credits=600, description="Top-up")
    update()
    by_key = {str(command.key): command.pk for command in mine}
    truth = {
        entry["entry_id"]: by_key[entry["idempotency_key"]]
        for entry in sandbox.books()
        if entry["idempotency_key"] in by_key
    }
    found = owners(connection)
    assert {entry: command for entry, (_, command) in found.items() if command} == truth
    assert sorted(owner for owner, _ in found.values()) == ["client"] * 4 + ["pool"] * 2
    assert set(Allocation.objects.filter(owner="client").values_list("rule", flat=True)) == {"command-exact"}
    assert [entry.amount for entry in unassigned_entries(connection)] == [-PRICE]
    made = Allocation.objects.get(command=mine[2])
    assert (made.client, made.campaign, made.bundle) == (nordlys.client, nordlys, mine[2].bundle)
    assert committed(connection, nordlys.client) == PRICE


def test_an_answer_that_was_lost_is_matched_by_time_once_the_history_is_past_it(
    connection: Connection, sandbox: Sandbox, order: Callable[..., Command], update: Callable[..., None]
) -> None:
    command = order(before_sending=lambda: lose_answer_and_history(sandbox))
    commands.sweep_commands(now=timezone.now() + timedelta(minutes=5))
    sandbox.clear_faults()
    command.refresh_from_db()
    assert (command.state, command.credits_remaining) == ("succeeded", None)
    update()
    assert owners(connection).keys() & {entry["entry_id"] for entry in sandbox.books()[1:]} == set()
    update(minutes=30)
    made = Allocation.objects.get(command=command)
    assert (made.rule, made.confidence, made.amount) == ("command-time", 90, -PRICE)


def test_what_was_settled_at_its_quote_is_corrected_when_the_history_is_matched(
    connection: Connection, sandbox: Sandbox, order: Callable[..., Command], update: Callable[..., None]
) -> None:
    """The price moved on the way, the answer was lost, and the history could not be read either."""

    def dearer_and_lost() -> None:
        sandbox.control.post("/faults", json={"prices": {"video": 4}})
        lose_answer_and_history(sandbox)

    command = order(before_sending=dearer_and_lost)
    sandbox.clear_faults()
    others = [
        order(),
        order(videos_quantity=1),
    ]  # for the same things, and their answers tell which are theirs
    command.refresh_from_db()
    assert (command.state, command.credits_charged, command.reservation.credits) == (
        "succeeded",
        PRICE,
        PRICE,
    )
    update(minutes=30)
    command.refresh_from_db()
    assert (command.credits_charged, command.credits_remaining) == (PRICE + 6, 5000 - PRICE - 6)
    assert (command.is_charged_differently, command.reservation.credits) == (True, PRICE + 6)
    assert command.evidence.endswith(f"with our reference {command.external_ref}.")
    made = Allocation.objects.get(command=command)
    assert (made.rule, made.amount) == ("command-parts", -PRICE - 6)
    corrected = command.moves.order_by("-pk")[0]
    assert (corrected.before, corrected.after) == ("succeeded", "succeeded")
    assert corrected.note == "Settled at 38 credits; the history has 44 for it."
    assert Allocation.objects.filter(command__in=others, rule="command-exact").count() == 2
    assert not ledger.disagreeing_reservations(connection).exists()
    update(minutes=40)
    assert command.moves.order_by("-pk")[0] == corrected


def test_what_was_charged_before_an_order_was_sent_is_not_its_charge(
    connection: Connection,
    sandbox: Sandbox,
    order: Callable[..., Command],
    update: Callable[..., None],
    spend_elsewhere: Callable[..., None],
) -> None:
    """Two equal charges half a minute apart, and nobody told of either."""
    spend_elsewhere()
    sandbox.advance(seconds=30)
    connection.refresh_from_db()
    connection.clock_skew_seconds += 30
    connection.save(update_fields=["clock_skew_seconds"])
    command = order(before_sending=lambda: lose_answer_and_history(sandbox))
    sandbox.clear_faults()
    update(minutes=30)
    made = Allocation.objects.get(command=command)
    assert made.entry.upstream_id == sandbox.books()[-1]["entry_id"]


def test_a_charge_that_an_answer_told_is_never_corrected(
    connection: Connection, order: Callable[..., Command]
) -> None:
    command = order()
    assert not commands.correct_charge(command, charged=1, left=None, note="no", at=NOW)
    command.refresh_from_db()
    assert (command.credits_charged, command.reservation.credits) == (PRICE, PRICE)


def test_a_person_who_names_the_entry_corrects_what_was_settled_at_its_quote(
    connection: Connection,
    owner: User,
    sandbox: Sandbox,
    order: Callable[..., Command],
    update: Callable[..., None],
    spend_elsewhere: Callable[..., None],
) -> None:
    def dearer_and_lost() -> None:
        sandbox.control.post("/faults", json={"prices": {"video": 4}})
        lose_answer_and_history(sandbox)

    command = order(before_sending=dearer_and_lost)
    sandbox.clear_faults()
    spend_elsewhere()  # for the same things at that moment: nobody can tell
    update(minutes=30)
    command.refresh_from_db()
    assert command.credits_charged == PRICE
    entry = connection.credit_entries.filter(amount=-PRICE - 6).order_by("pk")[0]
    actions.assign_to_command(entry=entry, command=command, by=owner, now=timezone.now())
    command.refresh_from_db()
    assert (command.credits_charged, command.is_charged_differently) == (PRICE + 6, True)
    assert command.moves.order_by("-pk")[0].by == owner


def test_matching_again_changes_nothing_and_leaves_to_people_what_they_took_back(
    connection: Connection, owner: User, order: Callable[..., Command], update: Callable[..., None]
) -> None:
    order()
    update()
    before = set(Allocation.objects.values_list("pk", flat=True))
    update(minutes=30)
    assert set(Allocation.objects.values_list("pk", flat=True)) == before
    entry = CreditEntry.objects.get(amount__lt=0)
    reverse_allocations(entry, by=owner, reason="A colleague ordered it.", now=NOW)
    update(minutes=60)
    assert list(unassigned_entries(connection)) == [entry]


def test_a_rate_limit_says_when_to_go_on_and_keeps_what_was_read(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    for _ in range(120):
        adjust(sandbox, -1)
    sandbox.fault("429", times=-1, retry_after=40, match={"operation": "getCreditBalance"})
    pause_seconds = sync.update_ledger(now=timezone.now())
    assert pause_seconds is not None
    assert 40 <= pause_seconds < 42
    stopped = progress.of(connection, now=timezone.now())
    assert stopped
    assert (stopped.state, connection.credit_entries.count()) == ("failed", 121)
    sandbox.clear_faults()
    update()
    assert checks.proof(connection).is_reconciled


def test_only_one_import_runs_at_a_time(connection: Connection, sandbox: Sandbox) -> None:
    assert progress.begin(connection, at=NOW)
    assert sync.update_ledger(now=timezone.now()) is None
    assert CreditEntry.objects.count() == 0
    progress.end(connection)
    sync.update_ledger(now=timezone.now())
    assert CreditEntry.objects.count() == 1


def test_without_a_connection_there_is_nothing_to_do(db: None) -> None:
    assert sync.update_ledger(now=NOW) is None


def test_an_older_balance_does_not_overwrite_a_newer_one(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    newer = timezone.now() + timedelta(hours=1)
    Connection.objects.filter(pk=connection.pk).update(balance=4321, balance_at=newer)
    update()
    assert (connection.balance, connection.expiring_credits) == (4321, 0)
    update(hours=2)
    assert connection.balance == 5000


def test_a_missing_entry_is_shown_at_its_place(
    connection: Connection, sandbox: Sandbox, update: Callable[..., None]
) -> None:
    for amount in (-10, -20, -30):
        adjust(sandbox, amount)
    page = tokportal(connection).credit_page()
    kept = [state for state in page.items if state.amount != -20]
    sync.store_entries(connection, kept, now=timezone.now())
    chain = checks.chain(connection)
    assert [(found.missing, found.expected) for found in chain.breaks] == [(-20, 4990)]
    assert (chain.opening, chain.closing, chain.total) == (0, 4940, 4960)
    update(full=True)
    assert checks.proof(connection).is_reconciled


def test_entries_of_one_moment_do_not_break_the_chain() -> None:
    connection = make_connection()
    history = [(500, 500, 0), (-10, 490, 1), (-20, 470, 1), (-30, 440, 1), (10, 450, 2), (-10, 440, 2)]
    rows = [
        CreditEntry(
            connection=connection,
            upstream_id=f"txn_{number}",
            amount=amount,
            balance_after=balance,
            created_at=NOW + timedelta(seconds=second),
            imported_at=NOW,
        )
        for number, (amount, balance, second) in enumerate(history)
    ]
    CreditEntry.objects.bulk_create([rows[i] for i in (4, 2, 0, 3, 1, 5)])
    chain = checks.chain(connection)
    assert (chain.opening, chain.closing, chain.breaks) == (0, 440, ())


def test_what_was_charged_is_in_the_books_at_the_next_bell(
    connection: Connection, order: Callable[..., Command], update: Callable[..., None]
) -> None:
    update()
    command = order()
    tasks.import_what_was_charged()
    assert Allocation.objects.standing().filter(command=command).exists()
    connection.refresh_from_db()
    assert connection.history_at
    assert not sync.is_charge_missing(connection)


@pytest.mark.parametrize("skew", [0, 3600, -3600])
def test_a_charge_is_missing_from_its_answer_to_the_next_import_whatever_the_clocks_say(
    skew: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    imported_at = NOW  # ours; answers and charges are dated by TokPortal's clock
    connection = make_connection(history_at=imported_at, clock_skew_seconds=skew)
    campaign = make_campaign()
    assert not sync.is_charge_missing(connection)
    long_before = connection.upstream_now(imported_at) - timedelta(minutes=1)
    settle(make_command(campaign), charged=38, now=long_before)
    settle(make_command(campaign), charged=0, now=connection.upstream_now(imported_at))
    with django_assert_num_queries(1):
        assert not sync.is_charge_missing(connection)
    command = make_command(campaign)
    settle(command, charged=40, now=connection.upstream_now(imported_at))
    assert sync.is_charge_missing(connection)
    give(make_entry(-40), campaign, command=command)
    assert not sync.is_charge_missing(connection)


def test_a_quiet_bell_asks_tokportal_nothing(connection: Connection, sandbox: Sandbox) -> None:
    make_command(make_campaign())
    trial = make_connection(is_active=False)
    settle(make_command(make_campaign(), connection=trial), charged=40, now=NOW)
    tasks.import_what_was_charged()
    connection.refresh_from_db()
    assert connection.history_at is None
