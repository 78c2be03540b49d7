"""TokPortal is down, refuses the key, or has no capacity: calls pause, nothing is lost, all goes on by itself."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.connections import FAILURES_BEFORE_PAUSE, claim_probe, usable_connection
from agency.models import Connection, User
from agency.tokportal import NotSent
from campaigns.commands import actions, sync, tasks
from campaigns.models import Campaign, Command
from tests.commands.pages import SignIn, work
from tests.factories import make_bundle, make_command, make_connection
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State
BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 1,
    "auto_finalize_videos": True,
}


@pytest.fixture
def order(connection: Connection, campaign: Campaign, manager: User) -> Callable[[], Command]:
    """Written while calls are paused, so that nothing has left yet."""

    def write() -> Command:
        now = timezone.now()
        Connection.objects.update(paused_at=None)
        connection.refresh_from_db()
        quote = sync.quote(
            connection, kind=K.CREATE_BUNDLE, body=dict(BODY), now=now, by=manager, campaign=campaign
        )
        Connection.objects.update(paused_at=now, next_probe_at=now)
        return actions.order_bundle(
            campaign=campaign, connection=connection, by=manager, key=uuid4(), body=BODY, quote=quote, now=now
        )

    return write


def fail_once(connection: Connection) -> None:
    with pytest.raises(Exception, match=r"."):
        sync.probing.tokportal(connection).create_bundle(body={}, key=uuid4())


def test_so_many_failures_in_a_row_pause_all_calls(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.fault("500", times=-1)
    for count in range(1, FAILURES_BEFORE_PAUSE + 1):
        assert usable_connection()
        fail_once(connection)
        connection.refresh_from_db()
        assert connection.failures == count
    assert connection.is_paused
    assert connection.next_probe_at
    assert usable_connection() is None


def test_an_answer_between_them_begins_the_count_anew(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.fault("500", times=FAILURES_BEFORE_PAUSE - 1)
    for _ in range(FAILURES_BEFORE_PAUSE - 1):
        fail_once(connection)
    fail_once(connection)  # a refusal: TokPortal is there
    connection.refresh_from_db()
    assert (connection.failures, connection.trouble, connection.is_paused) == (0, "", False)


def test_failures_of_long_ago_do_not_count(connection: Connection, sandbox: Sandbox) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    Connection.objects.update(failures=FAILURES_BEFORE_PAUSE - 1, failed_at=long_ago)
    sandbox.fault("500", times=1)
    fail_once(connection)
    connection.refresh_from_db()
    assert (connection.failures, connection.is_paused) == (1, False)


def test_orders_wait_without_an_attempt_and_leave_when_a_probe_is_answered(
    order: Callable[[], Command], sandbox: Sandbox
) -> None:
    command = order()
    sandbox.fault("500", times=-1)
    work()
    tasks.probe_connection()  # still down
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.QUEUED, 0)
    assert Connection.objects.get().is_paused

    sandbox.clear_faults()
    Connection.objects.update(next_probe_at=timezone.now())
    tasks.probe_connection()
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.SUCCEEDED, 1)
    assert not Connection.objects.get().is_paused


def test_one_process_asks_whether_tokportal_is_back(connection: Connection) -> None:
    now = timezone.now()
    Connection.objects.update(paused_at=now, next_probe_at=now)
    assert claim_probe(connection, now=now)
    assert not claim_probe(connection, now=now)
    assert claim_probe(connection, now=now + timedelta(minutes=1))


def test_nothing_is_asked_where_nothing_is_paused(connection: Connection) -> None:
    assert not claim_probe(connection, now=timezone.now())
    assert not sync.probe_connection(now=timezone.now())


def test_a_key_that_is_taken_again_ends_the_pause_by_itself(
    order: Callable[[], Command], sandbox: Sandbox
) -> None:
    command = order()
    Connection.objects.update(
        paused_at=None,
        key_refused_at=timezone.now(),
        trouble="TokPortal refuses the API key.",
        next_probe_at=timezone.now(),
    )
    work()
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.QUEUED, 0)
    tasks.probe_connection()
    command.refresh_from_db()
    assert command.state == S.SUCCEEDED
    connection = Connection.objects.get()
    assert (connection.key_refused_at, connection.trouble) == (None, "")


def test_a_page_does_not_wait_for_a_price_while_calls_pause(
    connection: Connection, campaign: Campaign, manager: User
) -> None:
    Connection.objects.update(paused_at=timezone.now())
    connection.refresh_from_db()
    with pytest.raises(NotSent):
        sync.quote(
            connection,
            kind=K.CREATE_BUNDLE,
            body=dict(BODY),
            now=timezone.now(),
            by=manager,
            campaign=campaign,
        )


def test_a_cool_down_holds_back_orders_and_publications_of_the_key_and_nothing_else(
    order: Callable[[], Command], campaign: Campaign, sandbox: Sandbox, manager: User, signed_in: SignIn
) -> None:
    first, second = order(), order()
    bundle = make_bundle(campaign)
    publication = make_command(
        campaign, bundle=bundle, kind=K.PUBLISH_BUNDLE, target={"bundle_id": bundle.upstream_id}
    )
    other = make_command(campaign, bundle=make_bundle(campaign), kind=K.CONFIGURE_ACCOUNT)
    elsewhere = make_command(campaign, connection=make_connection(is_active=False))
    Connection.objects.update(paused_at=None)
    sandbox.fault("capacity_cooldown", times=-1, match={"operation": "createBundle"})
    sync.send_command(first.pk, now=timezone.now())
    connection = Connection.objects.get(pk=first.connection_id)
    assert connection.cooling_until
    assert connection.cooling_until > timezone.now() + timedelta(minutes=1)

    assert set(Command.objects.due(timezone.now())) == {other, elsewhere}
    browser = signed_in(manager)
    page = browser.get(second.get_absolute_url()).content.decode()
    assert "capacity for orders is cooling down" in page
    assert "It is sent again by itself at" in page
    assert second.attempts == 0
    assert "capacity for orders is cooling down" in browser.get("/").content.decode()

    sandbox.clear_faults()
    later = connection.cooling_until + timedelta(seconds=1)
    assert {first, second, publication} <= set(Command.objects.due(later))
    sync.send_command(second.pk, now=later)
    second.refresh_from_db()
    assert second.state == S.SUCCEEDED


def test_a_shorter_wait_never_shortens_a_longer_one(connection: Connection) -> None:
    now = timezone.now()
    connection.note_cooling(until=now + timedelta(hours=1))
    connection.note_cooling(until=now + timedelta(minutes=1))
    connection.refresh_from_db()
    assert connection.cooling_until == now + timedelta(hours=1)


def test_the_banner_says_since_when_and_when_it_is_tried_again(
    connection: Connection, owner: User, signed_in: SignIn
) -> None:
    now = timezone.now()
    Connection.objects.update(
        trouble="TokPortal does not answer.",
        trouble_at=now - timedelta(minutes=18),
        paused_at=now,
        next_probe_at=now,
    )
    page = signed_in(owner).get("/").content.decode()
    assert "It has been so for 18\xa0minutes." in page
    assert f"TokPortal is asked again at {now:%H:%M}." in page


def test_what_an_outage_holds_up_is_not_overdue_one_by_one(
    campaign: Campaign, connection: Connection
) -> None:
    now = timezone.now()
    make_command(campaign, connection=connection, next_try_at=now - timedelta(hours=1))
    assert Command.objects.overdue(now, upstream_now=now).exists()
    Connection.objects.update(paused_at=now)
    assert not Command.objects.overdue(now, upstream_now=now).exists()
