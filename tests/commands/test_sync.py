"""Sending Commands to a real sandbox over HTTP: whatever happens on the way, one effect and one charge."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.models import Connection, User
from agency.tokportal import Answer, NotSent, TokPortal, Unreachable
from campaigns.commands import actions, sync
from campaigns.commands.sync import sending
from campaigns.ledger.models import Reservation
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from campaigns.sync import refresh_bundle
from tests.factories import make_post
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State
BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 3,
    "auto_finalize_videos": True,
}
PRICE = 32 + 3 * 2
CREATE = {"operation": "createBundle"}


@pytest.fixture
def order(connection: Connection, campaign: Campaign, manager: User) -> Callable[..., Command]:
    """Quote and order, as the page does; answers with the Command as the database has it afterwards."""

    def place(before_ordering: Callable[[], Any] = lambda: None, **changes: Any) -> Command:
        body = {**BODY, **changes}
        now = timezone.now()
        connection.refresh_from_db()
        quote = sync.quote(
            connection, kind=K.CREATE_BUNDLE, body=body, now=now, by=manager, campaign=campaign
        )
        before_ordering()
        command = actions.order_bundle(
            campaign=campaign, connection=connection, by=manager, key=uuid4(), body=body, quote=quote, now=now
        )
        command.refresh_from_db()
        return command

    return place


def spent(sandbox: Sandbox) -> list[int]:
    return [entry["amount"] for entry in sandbox.books() if entry["amount"] < 0]


def later(command: Command, **time_passed: float) -> Command:
    """Let the sweep run as if that much machine time had gone by."""
    sync.sweep_commands(now=timezone.now() + timedelta(**(time_passed or {"minutes": 5})))
    command.refresh_from_db()
    return command


def is_one_order(command: Command, sandbox: Sandbox) -> bool:
    """Done once, charged once, and everybody knows it."""
    bundle = Bundle.objects.get()
    return (
        command.state == S.SUCCEEDED
        and command.bundle == bundle
        and bundle.campaign == command.campaign
        and spent(sandbox) == [-PRICE]
        and command.credits_charged == PRICE
        and command.reservation.state == Reservation.State.SETTLED
    )


def test_an_order_makes_one_bundle_and_one_charge(order: Callable[..., Command], sandbox: Sandbox) -> None:
    command = order()
    assert is_one_order(command, sandbox)
    assert command.request_id
    assert not command.is_charged_differently
    assert command.bundle
    assert command.bundle.videos.count() == 3
    command.connection.refresh_from_db()
    assert command.connection.balance == 5000 - PRICE


def test_sending_twice_sends_once(order: Callable[..., Command], sandbox: Sandbox) -> None:
    command = order()
    sync.send_command(command.pk, now=timezone.now())
    sync.sweep_commands(now=timezone.now() + timedelta(days=1))
    assert is_one_order(command, sandbox)


def test_an_order_whose_webhook_is_quicker_than_its_answer_costs_what_the_answer_says(
    order: Callable[..., Command], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_of = sending.call

    def hear_of_it_first(api: TokPortal, command: Command) -> Answer[Any]:
        answer = answer_of(api, command)
        refresh_bundle(api, command.connection, answer.result.id, now=timezone.now())
        return answer

    monkeypatch.setattr(sending, "call", hear_of_it_first)
    assert is_one_order(order(), sandbox)


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_an_answer_lost_after_the_effect_is_found_by_its_reference(
    order: Callable[..., Command], sandbox: Sandbox, fault: str
) -> None:
    command = order(lambda: sandbox.fault(fault, match=CREATE))
    assert is_one_order(later(command), sandbox)
    assert "our reference" in command.evidence


@pytest.mark.parametrize("fault", ["drop_before", "500", "html_502"])
def test_a_call_that_had_no_effect_is_replayed_with_its_key(
    order: Callable[..., Command], sandbox: Sandbox, fault: str
) -> None:
    command = order(lambda: sandbox.fault(fault, match=CREATE))
    assert is_one_order(command := later(command), sandbox)
    assert command.evidence.endswith("So it was sent again with the same key.")


def test_a_lost_answer_costs_nothing_more_when_tokportal_forgets_its_keys(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    def lose() -> None:
        sandbox.fault("drop_after", match=CREATE)
        sandbox.fault("500", match={"operation": "listBundles"}, times=20)

    command = order(lose)
    assert command.state == S.UNKNOWN
    assert command.reservation.state == Reservation.State.HELD
    sandbox.clear_faults()
    sandbox.control.post("/faults", json={"fault": "forget_keys"})
    assert is_one_order(later(command), sandbox)


def test_too_many_requests_wait_and_charge_nothing_until_then(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    command = order(lambda: sandbox.fault("429", match=CREATE, retry_after=30))
    assert (command.state, spent(sandbox)) == (S.QUEUED, [])
    assert timedelta(seconds=29) < command.next_try_at - timezone.now() < timedelta(seconds=32)
    assert later(command, seconds=20).state == S.QUEUED
    assert is_one_order(later(command, seconds=31), sandbox)


def test_a_capacity_cool_down_waits_long(order: Callable[..., Command], sandbox: Sandbox) -> None:
    command = order(lambda: sandbox.fault("capacity_cooldown", match=CREATE))
    assert command.state == S.QUEUED
    assert "cooling down" in command.error_message
    assert command.next_try_at > timezone.now() + timedelta(minutes=1)
    assert is_one_order(later(command, hours=3), sandbox)


def test_too_few_credits_are_a_refusal_that_frees_what_was_held(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    command = order(lambda: sandbox.manager("adjust", credits=-4990))
    assert (command.state, spent(sandbox)) == (S.REFUSED, [-4990])
    assert "The pool holds 10 credits and this costs 38." in command.error_message
    assert "Nothing was charged" in command.error_message
    assert command.reservation.state == Reservation.State.VOID


def test_a_refused_key_keeps_the_order_until_it_is_replaced(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    command = order(lambda: Connection.objects.update(api_key="sk_wrong"))
    # The process keeps its TokPortal per key: the next one is asked with the wrong key.
    assert command.state == S.QUEUED
    connection.refresh_from_db()
    assert connection.key_refused_at
    assert later(command).state == S.QUEUED
    Connection.objects.update(api_key=sandbox.key, key_refused_at=None, trouble="")
    assert is_one_order(later(command), sandbox)


def test_a_tokportal_that_is_down_keeps_the_order_until_it_is_back(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    command = order(lambda: Connection.objects.update(base_url="http://127.0.0.1:9/api/ext"))
    assert command.state == S.QUEUED
    assert "cannot be reached" in command.error_message
    Connection.objects.update(base_url=sandbox.url)
    assert is_one_order(later(command), sandbox)


def test_a_price_that_moves_while_the_order_is_on_its_way_is_refused_by_tokportal(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    command = order(lambda: sandbox.fault("price_change", match=CREATE))
    assert (command.state, command.error_code, spent(sandbox)) == (S.REFUSED, "BUNDLE_PRICING_CHANGED", [])


def test_an_old_quote_is_asked_again_and_a_difference_stops_the_order(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    def two_minutes_pass_and_prices_rise() -> None:
        sandbox.advance(minutes=2)
        sandbox.control.post("/faults", json={"prices": {"video": 4}})
        Connection.objects.update(clock_skew_seconds=120)

    connection.refresh_from_db()
    command = order(two_minutes_pass_and_prices_rise)
    if command.state == S.QUEUED:
        command = later(command)
    assert (command.state, command.error_code, spent(sandbox)) == (S.REFUSED, "PRICE_MOVED", [])
    assert "quoted at 38 credits and costs 44 now" in command.error_message


def test_a_dry_run_that_is_carried_out_is_recorded_as_the_order_that_it_was(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    sandbox.fault("ignore_dry_run", match=CREATE)
    with pytest.raises(sync.PriceCheckWasCharged) as charged:
        order()
    command = charged.value.command
    assert (command.state, command.credits_charged, spent(sandbox)) == (S.SUCCEEDED, PRICE, [-PRICE])
    assert command.bundle == Bundle.objects.get()
    connection.refresh_from_db()
    assert not connection.may_dry_run


def test_with_dry_runs_off_the_price_list_is_the_quote_and_says_so(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    prices = {"costs": {"account_creation": {"tiktok": 32}, "video_upload": 2}}
    Connection.objects.update(may_dry_run=False, prices=prices)
    command = order()
    assert command.is_estimate
    assert is_one_order(command, sandbox)


def test_a_charge_that_differs_from_the_quote_is_done_and_marked(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    prices = {"costs": {"account_creation": {"tiktok": 30}, "video_upload": 2}}
    Connection.objects.update(may_dry_run=False, prices=prices)
    command = order()
    assert (command.state, command.quoted_credits, command.credits_charged) == (S.SUCCEEDED, 36, 38)
    assert command.is_charged_differently
    assert command.reservation.credits == 38


def test_a_worker_that_died_before_the_answer_leaves_one_order(
    order: Callable[..., Command], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The effect happened, the answer reached nobody, and the row still says "sending"."""
    monkeypatch.setattr(sending, "finish", lambda *a, **k: None)
    command = order()
    monkeypatch.undo()
    assert (command.state, spent(sandbox)) == (S.SENDING, [-PRICE])
    assert later(command, seconds=80).state == S.SENDING
    assert is_one_order(later(command, seconds=95), sandbox)


def test_an_unknown_without_evidence_after_the_replay_window_is_a_persons_decision(
    order: Callable[..., Command], sandbox: Sandbox, manager: User
) -> None:
    def lose() -> None:
        sandbox.fault("drop_before", match=CREATE)
        sandbox.fault("500", match={"operation": "listBundles"}, times=-1)

    command = order(lose)
    assert command.state == S.UNKNOWN
    sandbox.clear_faults()
    sandbox.advance(hours=2)
    command = later(command)
    if not command.needs_person:  # the first look learned TokPortal's clock
        command = later(command, minutes=10)
    assert (command.state, command.needs_person, spent(sandbox)) == (S.UNKNOWN, True, [])
    assert "no bundle with our reference" in command.evidence
    actions.withdraw(command=command, by=manager, note="not there", now=timezone.now())
    command.refresh_from_db()
    assert (command.state, command.reservation.state) == (S.VOID, Reservation.State.VOID)


def test_an_unknown_that_tokportal_cannot_be_asked_about_does_not_hold_its_credits_for_ever(
    order: Callable[..., Command], sandbox: Sandbox, manager: User
) -> None:
    def lose() -> None:
        sandbox.fault("drop_before", match=CREATE)
        sandbox.fault("500", match={"operation": "listBundles"}, times=-1)

    command = order(lose)
    assert (command.state, command.needs_person) == (S.UNKNOWN, False)
    command = later(command, minutes=59)
    assert not command.needs_person
    command = later(command, minutes=61)
    assert (command.state, command.needs_person) == (S.UNKNOWN, True)
    assert "could not be asked" in command.evidence
    actions.withdraw(command=command, by=manager, note="the key was revoked", now=timezone.now())
    command.refresh_from_db()
    assert command.reservation.state == Reservation.State.VOID


def test_a_replay_that_had_to_wait_beyond_the_replay_window_is_a_persons_decision(
    order: Callable[..., Command], sandbox: Sandbox, connection: Connection
) -> None:
    def lose_it_and_then_be_refused() -> None:
        sandbox.fault("drop_before", match=CREATE)
        sandbox.fault("429", match=CREATE, retry_after=60)

    command = order(lose_it_and_then_be_refused)
    assert (command.state, spent(sandbox)) == (S.QUEUED, [])
    sandbox.advance(hours=30)
    Connection.objects.update(clock_skew_seconds=30 * 3600)
    command = later(command)
    assert (command.state, command.needs_person, spent(sandbox)) == (S.UNKNOWN, True, [])
    assert command.reservation.state == Reservation.State.HELD


def test_an_attempt_whose_lease_ran_out_does_not_disturb_the_next_one(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    """Its row was read as lost, or its "try later" came late, when another worker was sending already."""
    command = order(lambda: sandbox.fault("429", match=CREATE, retry_after=60))
    now = timezone.now()
    Command.objects.filter(pk=command.pk).update(state=S.SENDING, lease_until=now - timedelta(seconds=1))
    lost = Command.objects.get(pk=command.pk)
    Command.objects.filter(pk=command.pk).update(lease_until=now + Command.LEASE)
    sending.mark_unknown(lost, Unreachable(), left_at=now, now=now)
    sending.postpone(lost, NotSent(), left_at=now, now=now)
    command.refresh_from_db()
    assert (command.state, command.lease_until) == (S.SENDING, now + Command.LEASE)


def test_each_command_of_a_sweep_gets_its_whole_lease(
    order: Callable[..., Command], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        order(lambda: sandbox.fault("429", match=CREATE, retry_after=0))
    sandbox.fault("slow", match=CREATE, seconds=2)
    leases, call = [], sending.call

    def note_lease(api: TokPortal, command: Command) -> Answer[Any]:
        assert command.lease_until
        leases.append(command.lease_until - timezone.now())
        return call(api, command)

    monkeypatch.setattr(sending, "call", note_lease)
    ahead = timedelta(seconds=5)
    sync.sweep_commands(now=timezone.now() + ahead)
    assert len(leases) == 2
    assert min(leases) > Command.LEASE + ahead - timedelta(seconds=1)


def test_what_is_replayed_after_all_no_longer_asks_a_person(
    order: Callable[..., Command], sandbox: Sandbox
) -> None:
    command = order(lambda: sandbox.fault("429", match=CREATE, retry_after=60))
    now = timezone.now()
    Command.objects.filter(pk=command.pk).update(state=S.UNKNOWN, needs_person=True, first_sent_at=now)
    sandbox.fault("429", match=CREATE, retry_after=60)
    actions.check_again(command=command, now=now)
    command.refresh_from_db()
    assert (command.state, command.needs_person) == (S.QUEUED, False)


# The kinds after the order


@pytest.fixture
def bundle(order: Callable[..., Command]) -> Bundle:
    bundle = order().bundle
    assert bundle
    return bundle


def filled(bundle: Bundle, campaign: Campaign, manager: User, sandbox: Sandbox) -> Bundle:
    """Account and slots configured."""
    profile = AccountProfile.objects.create(
        bundle=bundle,
        username="acme_us",
        visible_name="Acme",
        biography="New launches weekly.",
        profile_picture_url="https://cdn.example.com/acme.jpg",
    )
    now = timezone.now()
    actions.configure_account(profile=profile, by=manager, key=uuid4(), now=now)
    day = sandbox.now().date() + timedelta(days=4)
    posts = {position: make_post(campaign, publish_date=day) for position in (1, 2, 3)}
    actions.configure_videos(bundle=bundle, posts=posts, by=manager, key=uuid4(), now=now)
    bundle.refresh_from_db()
    return bundle


def test_account_and_videos_are_configured_as_we_sent_them(
    bundle: Bundle, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    bundle = filled(bundle, campaign, manager, sandbox)
    assert set(Command.objects.values_list("state", flat=True)) == {S.SUCCEEDED}
    assert bundle.account_status == "configured"
    assert list(bundle.videos.values_list("status", flat=True)) == ["configured"] * 3
    assert all(
        video.post.external_ref == video.external_ref for video in bundle.videos.select_related("post")
    )


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_after"])
@pytest.mark.parametrize("operation", ["configureBundleAccount", "batchConfigureBundleVideos"])
def test_configuring_survives_lost_answers(
    bundle: Bundle, campaign: Campaign, manager: User, sandbox: Sandbox, operation: str, fault: str
) -> None:
    sandbox.fault(fault, match={"operation": operation})
    bundle = filled(bundle, campaign, manager, sandbox)
    sync.sweep_commands(now=timezone.now() + timedelta(minutes=5))
    assert set(Command.objects.values_list("state", flat=True)) == {S.SUCCEEDED}


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_after", "500"])
def test_publishing_survives_lost_answers(
    bundle: Bundle, campaign: Campaign, manager: User, sandbox: Sandbox, fault: str
) -> None:
    bundle = filled(bundle, campaign, manager, sandbox)
    sandbox.fault(fault, match={"operation": "publishBundle"})
    command = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    command = later(command)
    bundle.refresh_from_db()
    assert (command.state, bundle.status) == (S.SUCCEEDED, "published")


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_after"])
def test_added_slots_are_bought_once_whatever_is_lost(
    bundle: Bundle, manager: User, sandbox: Sandbox, connection: Connection, fault: str
) -> None:
    body, now = {"quantity": 2}, timezone.now()
    quote = sync.quote(
        connection,
        kind=K.ADD_VIDEO_SLOTS,
        body=body,
        now=now,
        by=manager,
        campaign=bundle.campaign,
        bundle=bundle,
    )
    sandbox.fault(fault, match={"operation": "addVideoSlots"})
    command = actions.add_slots(bundle=bundle, by=manager, key=uuid4(), quantity=2, quote=quote, now=now)
    command = later(command)
    bundle.refresh_from_db()
    assert (command.state, bundle.videos_quantity, spent(sandbox)) == (S.SUCCEEDED, 5, [-PRICE, -4])


def test_publishing_what_is_not_ready_is_refused_in_words(bundle: Bundle, manager: User) -> None:
    command = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    command.refresh_from_db()
    assert command.state == S.REFUSED
    assert "not ready" in command.error_message
    assert "Nothing was charged" in command.error_message


def test_a_command_waits_behind_one_whose_outcome_is_unknown(
    bundle: Bundle, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    bundle = filled(bundle, campaign, manager, sandbox)
    sandbox.fault("drop_after", match={"operation": "publishBundle"})
    sandbox.fault("500", match={"operation": "getBundle"}, times=-1)
    first = actions.publish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    bundle.status = "published"
    second = actions.unpublish_bundle(bundle=bundle, by=manager, key=uuid4(), now=timezone.now())
    second.refresh_from_db()
    assert second.state == S.QUEUED
    sandbox.clear_faults()
    first, second = later(first), later(second)
    assert (first.state, second.state) == (S.SUCCEEDED, S.SUCCEEDED)


def test_the_endpoint_is_made_once_and_its_secret_is_kept(
    connection: Connection, owner: User, sandbox: Sandbox
) -> None:
    sandbox.fault("drop_after", match={"operation": "createWebhookEndpoint"})
    url = "http://127.0.0.1:9/webhooks/tokportal/x"
    command = actions.create_webhook(
        connection=connection, by=owner, key=uuid4(), url=url, events=["bundle.published"], now=timezone.now()
    )
    assert later(command).state == S.SUCCEEDED
    connection.refresh_from_db()
    assert connection.webhook_secret
    assert connection.webhook_secret not in str(command.answer)
