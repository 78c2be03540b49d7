"""Writing Commands: one intent, one row, one reservation; a refusal leaves nothing behind."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db import connection as database
from django.utils import timezone

from agency.models import User
from campaigns.access import resolve
from campaigns.commands import actions, tasks
from campaigns.commands.quotes import Quote, QuoteExpired, digest_of, read_token
from campaigns.ledger.actions import OverBudget, PoolTooLow, set_budget
from campaigns.ledger.models import Reservation
from campaigns.models import Bundle, Campaign, Command
from tests.factories import make_bundle, make_command, make_connection, make_post

K, S = Command.Kind, Command.State
BODY = {"bundle_type": "account_only", "platform": "tiktok", "country": "USA", "auto_finalize_videos": True}


@pytest.fixture
def _nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the rows; tests/commands/test_sync.py sends them."""
    monkeypatch.setattr(tasks.send_command, "delay", lambda **ids: None)
    monkeypatch.setattr(tasks.send_next, "delay", lambda **ids: None)


pytestmark = pytest.mark.usefixtures("_nothing_is_sent")


def a_quote(credits: int = 52, *, kind: str = K.CREATE_BUNDLE, body: dict[str, object] = BODY) -> Quote:
    return Quote(credits=credits, digest=digest_of(kind, {}, body), at=timezone.now())


@pytest.fixture
def order(campaign: Campaign, manager: User) -> Callable[..., Command]:
    pool = make_connection(balance=1000, balance_at=timezone.now())

    def place(**changes: object) -> Command:
        arguments = {"campaign": campaign, "connection": pool, "by": manager, "key": uuid4(), "body": BODY}
        return actions.order_bundle(**{**arguments, "quote": a_quote(), "now": timezone.now(), **changes})  # type: ignore[arg-type]

    return place


def test_an_order_is_one_command_with_its_credits_reserved(order: Callable[..., Command]) -> None:
    command = order()
    assert (command.state, command.quoted_credits) == (S.QUEUED, 52)
    assert (command.reservation.state, command.reservation.credits) == (Reservation.State.HELD, 52)


def test_the_same_form_sent_twice_is_one_order(order: Callable[..., Command]) -> None:
    key = uuid4()
    assert order(key=key) == order(key=key)
    assert Reservation.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(order: Callable[..., Command]) -> None:
    key = uuid4()
    order(key=key)
    with pytest.raises(actions.KeyAlreadyUsed):
        order(key=key, body={**BODY, "country": "FR"})
    assert Command.objects.count() == 1


def test_every_order_gets_a_reference_of_its_own_that_resolves_to_its_campaign(
    order: Callable[..., Command], campaign: Campaign
) -> None:
    refs = {order().external_ref for _ in range(5)}
    assert len(refs) == 5
    assert all(ref.startswith("acme-spring-2026-usa-") and resolve(ref) == campaign for ref in refs)


def test_an_order_beyond_the_pool_is_refused_and_leaves_nothing(order: Callable[..., Command]) -> None:
    with pytest.raises(PoolTooLow, match="1,001 credits and the pool has 1,000"):
        order(quote=a_quote(1001))
    assert not Command.objects.exists()


def test_credits_held_by_one_order_are_not_there_for_the_next(order: Callable[..., Command]) -> None:
    order(quote=a_quote(600))
    with pytest.raises(PoolTooLow, match="600 are held"):
        order(quote=a_quote(401))
    order(quote=a_quote(400))


@pytest.mark.parametrize("of_campaign", [True, False], ids=["campaign", "client"])
def test_an_order_beyond_a_budget_is_refused(
    order: Callable[..., Command], campaign: Campaign, of_campaign: bool
) -> None:
    set_budget(client=campaign.client, campaign=campaign if of_campaign else None, credits=100)
    order(quote=a_quote(60))
    with pytest.raises(OverBudget, match="40 left"):
        order(quote=a_quote(41))
    assert Command.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twelve_parallel_orders_only_those_that_the_budget_holds_pass(
    order: Callable[..., Command], campaign: Campaign
) -> None:
    set_budget(client=campaign.client, campaign=campaign, credits=200)
    passed: list[Command] = []

    def one() -> None:
        try:
            passed.append(order(quote=a_quote(40)))
        except OverBudget:
            pass
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 5
    assert Command.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_from_three_browsers_at_once_is_one_order(order: Callable[..., Command]) -> None:
    key, found = uuid4(), []

    def one() -> None:
        found.append(order(key=key).pk)
        database.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert Command.objects.count() == Reservation.objects.count() == 1


def test_a_quote_is_for_one_request_only() -> None:
    quote = a_quote()
    assert read_token(quote.token(), digest=quote.digest) == quote
    with pytest.raises(QuoteExpired, match="changed after it was priced"):
        read_token(quote.token(), digest=digest_of(K.CREATE_BUNDLE, {}, {**BODY, "country": "FR"}))
    with pytest.raises(QuoteExpired):
        read_token(quote.token() + "x", digest=quote.digest)


def test_withdrawing_gives_the_credits_back_while_it_has_not_left(
    order: Callable[..., Command], manager: User
) -> None:
    command = order()
    actions.withdraw(command=command, by=manager, note="", now=timezone.now())
    command.refresh_from_db()
    assert (command.state, command.reservation.state) == (S.VOID, Reservation.State.VOID)


def test_what_is_being_sent_cannot_be_withdrawn(order: Callable[..., Command], manager: User) -> None:
    command = order()
    Command.objects.update(state=S.SENDING, lease_until=timezone.now())
    with pytest.raises(actions.WrongMove):
        actions.withdraw(command=command, by=manager, note="", now=timezone.now())


def test_a_person_can_decide_that_an_unknown_order_happened(
    order: Callable[..., Command], manager: User
) -> None:
    command = order()
    Command.objects.update(state=S.UNKNOWN, needs_person=True, first_sent_at=timezone.now())
    actions.accept_as_done(
        command=command, by=manager, note="seen at TokPortal", credits=50, now=timezone.now()
    )
    command.refresh_from_db()
    assert (command.state, command.is_charged_differently) == (S.SUCCEEDED, True)
    assert (command.reservation.state, command.reservation.credits) == (Reservation.State.SETTLED, 50)


def test_slots_beyond_three_a_day_are_refused_before_anything_is_written(
    campaign: Campaign, manager: User
) -> None:
    bundle = make_bundle(campaign, videos=4)
    day = (timezone.now() + timedelta(days=5)).date()
    posts = {position: make_post(campaign, publish_date=day) for position in range(1, 5)}
    with pytest.raises(actions.CannotSend, match="4 videos; a bundle takes at most 3 a day"):
        actions.configure_videos(bundle=bundle, posts=posts, by=manager, key=uuid4(), now=timezone.now())
    assert not Command.objects.exists()


def test_a_day_within_the_lead_time_and_an_unanswered_ai_question_are_refused(
    campaign: Campaign, manager: User
) -> None:
    bundle = make_bundle(campaign, videos=1)
    post = make_post(campaign, publish_date=timezone.now().date(), ai_content_disclaimer=None)
    with pytest.raises(actions.CannotSend, match=r"first possible day.*made with AI"):
        actions.configure_videos(bundle=bundle, posts={1: post}, by=manager, key=uuid4(), now=timezone.now())


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "lost"}, "command_state_is_known"),
        ({"quoted_credits": -1}, "command_quote_is_not_negative"),
        ({"state": "sending", "lease_until": None}, "command_sending_has_a_lease"),
        ({"client": None}, "command_that_buys_has_an_owner"),
    ],
)
def test_postgresql_refuses_a_command_that_cannot_be(
    campaign: Campaign, change: dict[str, object], constraint: str
) -> None:
    command = make_command(campaign)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Command.objects.filter(pk=command.pk).update(**change)


def test_two_commands_cannot_share_a_key(campaign: Campaign) -> None:
    command = make_command(campaign)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_command(campaign, key=command.key)


def test_the_trail_of_a_command_cannot_be_rewritten(campaign: Campaign) -> None:
    command = make_command(campaign)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        command.events.update(state="void")


def test_commands_of_one_bundle_leave_in_order_and_wait_behind_an_unknown_one(campaign: Campaign) -> None:
    bundle: Bundle = make_bundle(campaign)
    first, second = (make_command(campaign, bundle=bundle, kind=K.PUBLISH_BUNDLE) for _ in range(2))
    elsewhere = make_command(campaign)
    now = timezone.now()
    assert set(Command.objects.due(now)) == {first, elsewhere}
    for state in (S.SENDING, S.UNKNOWN):
        Command.objects.filter(pk=first.pk).update(state=state, lease_until=now)
        assert set(Command.objects.due(now)) == {elsewhere}
    Command.objects.filter(pk=first.pk).update(state=S.REFUSED)
    assert set(Command.objects.due(now)) == {second, elsewhere}
