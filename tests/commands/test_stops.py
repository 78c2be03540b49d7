"""The kill switch: nothing of its scope leaves, what had left is listed, and it all goes on when it is lifted."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands import stops, sync
from campaigns.models import Campaign, Command, Stop
from clients.models import Client
from tests.commands.pages import SignIn, an_order, token_in, url, work
from tests.factories import NOW, make_bundle, make_campaign, make_client, make_command, make_stop
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State


def due() -> set[int]:
    return set(Command.objects.due(NOW).values_list("pk", flat=True))


@pytest.fixture
def three(campaign: Campaign) -> dict[str, Command]:
    """One Command of the campaign, one of another of the same client, one of another client."""
    return {
        "campaign": make_command(campaign),
        "client": make_command(make_campaign(campaign.client, "autumn")),
        "other": make_command(make_campaign(make_client("other"))),
    }


@pytest.mark.parametrize(
    ("scope", "leaves"),
    [("campaign", {"client", "other"}), ("client", {"other"}), ("everything", set())],
)
def test_a_stop_keeps_its_scope_from_leaving_and_nothing_else(
    scope: str, leaves: set[str], campaign: Campaign, three: dict[str, Command]
) -> None:
    make_stop(
        client=None if scope == "everything" else campaign.client,
        campaign=campaign if scope == "campaign" else None,
    )
    assert due() == {three[name].pk for name in leaves}
    assert set(Command.objects.stopped()) == {row for name, row in three.items() if name not in leaves}


def test_what_belongs_to_no_client_is_stopped_with_everything_only(client_row: Client) -> None:
    command = make_command(kind=K.CREATE_WEBHOOK)
    stop = make_stop(client_row)
    assert due() == {command.pk}
    assert stops.stop_of(command) is None
    stop.delete()
    make_stop()
    assert due() == set()


def test_a_lifted_stop_stops_nothing(campaign: Campaign, owner: User) -> None:
    command, stop = make_command(campaign), make_stop(campaign.client)
    Stop.objects.filter(pk=stop.pk).update(lifted_at=NOW, lifted_by=owner)
    assert due() == {command.pk}


def test_a_stop_that_comes_between_the_look_and_the_claim_wins(
    campaign: Campaign, connection: Connection, owner: User
) -> None:
    command = make_command(campaign, connection=connection)
    make_stop(campaign.client)
    assert not sync.sending.claim(command, left_at=NOW, now=timezone.now())
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.QUEUED, 0)


def test_an_unknown_one_is_looked_for_but_not_sent_again_while_it_is_stopped(
    campaign: Campaign, connection: Connection, sandbox: Sandbox
) -> None:
    command = make_command(
        campaign,
        connection=connection,
        state=S.UNKNOWN,
        external_ref="acme-spring-2026-usa-zzzzzz",
        first_sent_at=timezone.now(),
        next_try_at=timezone.now() - timedelta(seconds=1),
    )
    make_stop(campaign.client)
    sync.resolve_command(command.pk, now=timezone.now())
    command.refresh_from_db()
    assert (command.state, command.attempts) == (S.QUEUED, 0)
    assert "lists no bundle" in command.evidence


def test_one_stop_stands_at_a_time_for_a_scope(client_row: Client, manager: User) -> None:
    scope = {"client": client_row, "campaign": None, "by": manager}
    first = stops.stop_sending(**scope, reason="First", now=NOW)
    assert stops.stop_sending(**scope, reason="Second", now=NOW) == first
    with pytest.raises(IntegrityError, match="stop_one_stands_per_scope"):
        make_stop(client_row)


def test_the_history_of_a_stop_stays(client_row: Client, manager: User, owner: User) -> None:
    stop = stops.stop_sending(client=client_row, campaign=None, by=manager, reason="Wait", now=NOW)
    stops.lift_stop(stop=stop, by=owner, now=NOW)
    kept = Stop.pgh_event_model.objects.filter(pgh_obj_id=stop.pk)  # type: ignore[attr-defined]
    assert list(kept.order_by("pgh_id").values_list("pgh_label", "lifted_by_id")) == [
        ("insert", None),
        ("update", owner.pk),
    ]


def test_an_order_is_taken_while_stopped_and_leaves_when_it_is_lifted(
    priced: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
) -> None:
    browser, order = signed_in(manager), an_order()
    form = browser.get(url("stop_campaign", campaign.pk)).content.decode()
    assert "Nothing is on its way" in form
    assert browser.post(url("stop_campaign", campaign.pk), {"reason": ""}).status_code == 422
    answer = browser.post(url("stop_campaign", campaign.pk), {"reason": "Wrong budget"})
    stop = Stop.objects.get()
    assert answer.url == url("stop_detail", stop.pk)

    page = browser.post(url("bundle_order", campaign.pk), order).content.decode()
    assert "Sending is stopped for" in page
    assert "the order is kept, holds its credits" in page
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page)})
    work()
    command = Command.objects.get()
    assert (command.state, command.attempts, command.reservation.state) == (S.QUEUED, 0, "held")
    said = browser.get(command.get_absolute_url()).content.decode()
    assert "Wrong budget" in said
    assert "leaves by itself once that is lifted" in said
    assert command.get_kind_display() in browser.get(url("stop_detail", stop.pk)).content.decode()

    browser.post(url("stop_lift", stop.pk))
    work()
    command.refresh_from_db()
    assert command.state == S.SUCCEEDED
    assert "lifted the stop" in browser.get(url("stop_detail", stop.pk)).content.decode()


def test_what_had_left_is_listed(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    sent = make_command(campaign, state=S.UNKNOWN)
    long_ago = make_command(campaign, state=S.SUCCEEDED)
    lately = make_command(campaign, state=S.SUCCEEDED)
    for command, at in ((long_ago, NOW - timedelta(hours=3)), (lately, NOW - timedelta(minutes=5))):
        command.moves.create(before=S.QUEUED, after=S.SENDING, at=at)
    stop = make_stop(campaign.client)
    assert stops.had_left(stop, viewer=manager) == [lately, sent]
    assert signed_in(manager).get(stop.get_absolute_url()).status_code == 200


def test_only_owners_stop_everything_and_only_they_lift_that(
    campaign: Campaign, manager: User, owner: User, signed_in: SignIn
) -> None:
    assert signed_in(manager).get(url("stop_everything")).status_code == 404
    assert signed_in(owner).post(url("stop_everything"), {"reason": "Fire"}).status_code == 302
    stop = Stop.objects.get()
    assert signed_in(manager).get(stop.get_absolute_url()).status_code == 200
    assert signed_in(manager).post(url("stop_lift", stop.pk)).status_code == 403
    assert signed_in(owner).post(url("stop_lift", stop.pk)).status_code == 302
    stop.refresh_from_db()
    assert stop.lifted_by == owner


def test_people_see_only_their_own_clients_orders_behind_a_stop_of_everything(
    campaign: Campaign, manager: User, outsider: User, signed_in: SignIn
) -> None:
    make_command(campaign, state=S.QUEUED)
    make_command(campaign, state=S.UNKNOWN)
    stop = make_stop()
    assert campaign.client.name in signed_in(manager).get(stop.get_absolute_url()).content.decode()
    assert campaign.client.name not in signed_in(outsider).get(stop.get_absolute_url()).content.decode()


def test_what_others_ordered_hides_nothing_of_ones_own(campaign: Campaign, manager: User) -> None:
    own = make_command(campaign, state=S.UNKNOWN)
    other = make_campaign(make_client("other"))
    for _number in range(stops.MOST):
        make_command(other, state=S.UNKNOWN)
    assert stops.had_left(make_stop(), viewer=manager) == [own]


def test_the_banner_stands_on_the_pages_concerned(
    campaign: Campaign, manager: User, owner: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign)
    other = make_campaign(campaign.client, "autumn")
    make_stop(campaign.client, campaign)
    told = "Sending is stopped for"
    browser = signed_in(manager)
    for page in (campaign, campaign.client, bundle):
        assert told in browser.get(page.get_absolute_url()).content.decode()
    assert told not in browser.get(other.get_absolute_url()).content.decode()
    assert told not in browser.get("/").content.decode()
    make_stop()
    assert "Sending is stopped for everything." in browser.get("/").content.decode()
    assert "Stop everything" in signed_in(owner).get(url("operations")).content.decode()
