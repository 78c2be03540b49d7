"""What is sent a second time: its price, and an effect that came late."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from agency import connections
from agency.models import Connection, User
from campaigns.commands import actions, sync
from campaigns.ledger.models import Reservation
from campaigns.models import Bundle, Campaign, Command
from tests.commands.orders import CREATE, deliver, later, order, ready, spent
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State


def test_a_repeat_whose_price_has_moved_is_not_sent_but_put_before_a_person(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    def lose_it_and_the_look() -> None:
        sandbox.fault("drop_before", match=CREATE)
        sandbox.fault("500", match={"operation": "listBundles"}, times=-1)

    command = order(connection, campaign, manager, before=lose_it_and_the_look)
    assert command.state == S.UNKNOWN
    sandbox.clear_faults()
    sandbox.control.post("/faults", json={"prices": {"video": 4}})
    command = later(command)
    assert (command.state, command.needs_person, spent(sandbox)) == (S.UNKNOWN, True, [])
    assert command.evidence.endswith(
        "It was quoted at 38 credits and costs 44 now, so it was not sent again."
    )
    assert command.reservation.state == Reservation.State.HELD
    assert later(command, minutes=20).state == S.UNKNOWN  # nor is it by itself at a later look
    assert spent(sandbox) == []
    actions.withdraw(command=command, by=manager, note="order again", now=timezone.now())
    command.refresh_from_db()
    assert command.reservation.state == Reservation.State.VOID


def test_a_repeat_at_the_same_price_is_sent(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    def lose_it_and_the_look() -> None:
        sandbox.fault("drop_before", match=CREATE)
        sandbox.fault("500", match={"operation": "listBundles"}, times=-1)

    command = order(connection, campaign, manager, before=lose_it_and_the_look)
    sandbox.clear_faults()
    assert later(command).state == S.SUCCEEDED
    assert spent(sandbox) == [-38]


def test_an_effect_that_came_late_is_found_when_it_is_in_the_way_of_the_repeat(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox, settings: Settings
) -> None:
    """The first call outlasts our patience, TokPortal forgets its key, and refuses the second: it is published."""
    bundle = ready(order(connection, campaign, manager).bundle, campaign, manager, sandbox)
    settings.TOKPORTAL_TIMEOUT_SECONDS = 1
    connections.close_all()  # those of the process wait for longer
    sandbox.fault("slow", match={"operation": "publishBundle"}, seconds=1.5)
    command = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    command.refresh_from_db()
    assert (command.state, command.error_details) == (S.QUEUED, {"waits_for": "first_call"})
    time.sleep(1)
    sandbox.control.post("/faults", json={"fault": "forget_keys"})
    command = later(command)
    assert (command.state, command.evidence) == (S.SUCCEEDED, "The bundle is 'published' at TokPortal.")


def test_slots_that_came_late_are_not_bought_again_when_their_key_is_forgotten_meanwhile(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox, settings: Settings
) -> None:
    """TokPortal is still at work on the first call when the second comes, so that one waits: then it looks again."""
    bundle = order(connection, campaign, manager).bundle
    assert bundle
    body, now = {"quantity": 2}, timezone.now()
    quote = sync.quote(
        connection, kind=K.ADD_VIDEO_SLOTS, body=body, now=now, by=manager, campaign=campaign, bundle=bundle
    )
    settings.TOKPORTAL_TIMEOUT_SECONDS = 1
    connections.close_all()  # those of the process wait for longer
    sandbox.fault("slow", match={"operation": "addVideoSlots"}, seconds=1.5)
    command = actions.add_slots(bundle=bundle, by=manager, key=uuid4(), quantity=2, quote=quote, now=now)
    command.refresh_from_db()
    assert (command.state, command.error_details) == (S.QUEUED, {"waits_for": "first_call"})
    time.sleep(1)
    sandbox.control.post("/faults", json={"fault": "forget_keys"})
    command = later(command)
    bundle.refresh_from_db()
    assert (command.state, bundle.videos_quantity, spent(sandbox)) == (S.SUCCEEDED, 5, [-38, -4])


def test_a_repeat_that_is_refused_and_has_no_effect_is_refused(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    bundle = order(connection, campaign, manager).bundle  # with nothing set up
    sandbox.fault("drop_before", match={"operation": "publishBundle"})
    command = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    command = later(command)
    assert (command.state, command.error_code) == (S.REFUSED, "BUNDLE_NOT_READY")


@pytest.fixture
def due(connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox) -> Bundle:
    """A delivered bundle whose account has a Coverage period to pay, and nothing left to publish."""
    sandbox.control.post("/manager", json={"coverage": "due"})
    bundle = deliver(order(connection, campaign, manager).bundle, campaign, manager, sandbox)
    sandbox.advance(days=31)
    Connection.objects.update(clock_skew_seconds=timedelta(days=31).total_seconds())
    connection.refresh_from_db()
    return bundle


def publish_added(bundle: Bundle, by: User, *, before: Callable[[], Any] = lambda: None) -> Command:
    """`before`: called between quote and order."""
    bundle = Bundle.objects.select_related("connection", "campaign").get(pk=bundle.pk)
    now = timezone.now()
    quote = sync.quote(
        bundle.connection,
        kind=K.PUBLISH_ALL_VIDEOS,
        body={},
        now=now,
        by=by,
        campaign=bundle.campaign,
        bundle=bundle,
    )
    before()
    command = actions.publish_all_videos(bundle=bundle, by=by, key=uuid4(), now=now, quote=quote)
    command.refresh_from_db()
    return command


def test_a_period_of_coverage_that_the_answer_does_not_mention_costs_what_the_history_says(
    due: Bundle, manager: User, sandbox: Sandbox
) -> None:
    command = publish_added(due, manager)
    assert (command.quoted_credits, command.state, command.credits_charged) == (25, S.SUCCEEDED, 25)
    assert not command.is_charged_differently
    assert command.credits_remaining == sandbox.books()[-1]["balance_after"]
    assert command.reservation.state == Reservation.State.SETTLED
    assert spent(sandbox)[-1] == -25
    assert Bundle.objects.count() == 1


def test_a_state_that_was_there_before_proves_no_charge(due: Bundle, manager: User, sandbox: Sandbox) -> None:
    """The request was lost, and nothing was left to publish anyway."""
    lose = {"operation": "publishAllBundleVideos", "dry_run": False}
    command = publish_added(due, manager, before=lambda: sandbox.fault("drop_before", match=lose))
    assert (command.state, command.needs_person, command.quoted_credits) == (S.UNKNOWN, False, 25)
    assert command.evidence.endswith("The credit history does not tell yet what it cost.")
    assert command.reservation.state == Reservation.State.HELD
    assert later(command, seconds=60).state == S.UNKNOWN  # the call may still be under way
    command = later(command)
    assert (command.state, command.credits_charged, command.is_charged_differently) == (S.SUCCEEDED, 0, True)
    assert (command.reservation.state, command.reservation.credits) == (Reservation.State.SETTLED, 0)
    assert spent(sandbox) == [-38]


def test_a_state_whose_charge_is_in_the_history_costs_that(
    due: Bundle, manager: User, sandbox: Sandbox
) -> None:
    lose = {"operation": "publishAllBundleVideos", "dry_run": False}
    command = publish_added(due, manager, before=lambda: sandbox.fault("drop_after", match=lose))
    assert (command.state, command.credits_charged) == (S.SUCCEEDED, 25)
    assert spent(sandbox) == [-38, -25]


def lost_with_a_rival(
    due: Bundle, by: User, sandbox: Sandbox, *, bundle: Bundle | None
) -> tuple[Command, Command]:
    """Carried out, its answer and the history lost; beside it one of `bundle` that could own its entry as well."""
    lose = {"operation": "publishAllBundleVideos", "dry_run": False}

    def lose_it_and_the_history() -> None:
        sandbox.fault("drop_after", match=lose)
        sandbox.fault("500", match={"operation": "listCreditTransactions"}, times=-1)

    command = publish_added(due, by, before=lose_it_and_the_history)
    assert command.state == S.UNKNOWN
    rival = Command.objects.get(pk=command.pk)
    rival.pk, rival.key, rival.bundle = None, uuid4(), bundle
    rival.next_try_at += timedelta(days=1)
    rival.save()
    sandbox.clear_faults()
    return later(command), rival


def test_a_charge_that_another_order_of_the_account_could_own_as_well_is_a_persons_decision(
    due: Bundle, manager: User, sandbox: Sandbox
) -> None:
    command, rival = lost_with_a_rival(due, manager, sandbox, bundle=due)
    assert (command.state, command.needs_person, command.credits_charged) == (S.UNKNOWN, True, None)
    Command.objects.filter(pk=rival.pk).update(state=S.REFUSED)
    command = later(command, minutes=10)
    assert (command.state, command.credits_charged) == (S.SUCCEEDED, 25)


def test_the_period_of_the_account_tells_whether_it_was_this_order_that_paid(
    due: Bundle, manager: User, sandbox: Sandbox
) -> None:
    command, _ = lost_with_a_rival(due, manager, sandbox, bundle=None)
    assert (command.state, command.credits_charged) == (S.SUCCEEDED, 25)


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_what_a_lost_answer_would_have_said_of_the_charge_is_read_in_the_history(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox, fault: str
) -> None:
    """The price moved in the seconds between the quote and the order, and its answer is lost as well."""

    def dearer_and_lost() -> None:
        sandbox.control.post("/faults", json={"prices": {"video": 4}})
        sandbox.fault(fault, match=CREATE)

    command = later(order(connection, campaign, manager, before=dearer_and_lost))
    assert (command.state, command.quoted_credits, command.credits_charged) == (S.SUCCEEDED, 38, 44)
    assert command.is_charged_differently
    assert (command.credits_remaining, command.reservation.credits) == (5000 - 44, 44)
    assert spent(sandbox) == [-44]


def test_repeats_that_fail_as_well_are_spaced_so_that_a_bad_minute_uses_up_no_order(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    command = order(connection, campaign, manager, before=lambda: sandbox.fault("500", match=CREATE, times=5))
    assert (command.state, command.attempts) == (S.QUEUED, 2)
    assert command.next_try_at > timezone.now() + timedelta(seconds=2)
    for attempts in (3, 4, 5):
        assert later(command, seconds=60 * attempts).attempts == attempts
    command = later(command, seconds=400)
    assert (command.state, command.attempts, spent(sandbox)) == (S.SUCCEEDED, 6, [-38])
