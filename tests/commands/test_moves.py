"""The table of moves: what it does not know cannot be done, whoever asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from agency.models import User
from campaigns.commands.moves import move
from campaigns.models import Campaign, Command, CommandMove
from tests.factories import NOW, make_bundle, make_command

K, S = Command.Kind, Command.State


@pytest.mark.parametrize("settled", [S.SUCCEEDED, S.REFUSED, S.VOID])
def test_nothing_leads_out_of_a_settled_state(campaign: Campaign, settled: str) -> None:
    command = make_command(campaign, state=settled)
    for state in S.values:
        with pytest.raises(ValueError, match="cannot go"):
            move(command, (settled,), {"state": state})


def test_a_queued_command_is_never_done_without_being_sent(campaign: Campaign) -> None:
    with pytest.raises(ValueError, match="from queued to succeeded"):
        move(make_command(campaign), (S.QUEUED,), {"state": S.SUCCEEDED})


def test_of_two_that_move_one_row_only_the_first_wins(campaign: Campaign) -> None:
    first = make_command(campaign)
    second = Command.objects.get(pk=first.pk)
    claim = {"state": S.SENDING, "lease_until": first.next_try_at}
    assert move(first, (S.QUEUED,), claim)
    assert not move(second, (S.QUEUED,), claim)
    assert second.state == S.QUEUED  # its copy says nothing that the database does not


def test_a_request_id_or_code_that_is_too_long_does_not_undo_the_move(campaign: Campaign) -> None:
    command = make_command(campaign, state=S.SENDING, lease_until=NOW)
    assert move(command, (S.SENDING,), {"state": S.REFUSED, "request_id": "r" * 300, "error_code": "C" * 300})
    command.refresh_from_db()
    assert (len(command.request_id), len(command.error_code)) == (128, 80)


def test_each_move_is_kept_with_its_time_and_who_did_it(campaign: Campaign, manager: User) -> None:
    command = make_command(campaign)
    later = NOW + timedelta(minutes=1)
    assert move(command, (S.QUEUED,), {"state": S.VOID, "state_since": later}, by=manager, note="not needed")
    kept = command.moves.get()
    assert (kept.before, kept.after, kept.at, kept.by, kept.note) == (
        S.QUEUED,
        S.VOID,
        later,
        manager,
        "not needed",
    )


def test_what_did_not_move_is_not_kept(campaign: Campaign) -> None:
    command = make_command(campaign, state=S.VOID)
    assert not move(command, (S.QUEUED,), {"state": S.VOID})
    assert not command.moves.exists()


def test_the_moves_of_a_command_cannot_be_rewritten(campaign: Campaign) -> None:
    command = make_command(campaign)
    move(command, (S.QUEUED,), {"state": S.VOID, "state_since": NOW})
    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        CommandMove.objects.update(note="never happened")


def test_one_that_was_approved_late_waits_behind_the_one_that_has_left(campaign: Campaign) -> None:
    bundle = make_bundle(campaign)
    approved = make_command(campaign, bundle=bundle, kind=K.ADD_VIDEO_SLOTS)
    younger = make_command(
        campaign, bundle=bundle, kind=K.CONFIGURE_ACCOUNT, state=S.SENDING, lease_until=NOW
    )
    assert not Command.objects.due(NOW).exists()
    Command.objects.filter(pk=younger.pk).update(state=S.SUCCEEDED)
    assert Command.objects.due(NOW).get() == approved


def test_what_awaits_approval_holds_up_nothing_of_its_bundle(campaign: Campaign) -> None:
    bundle = make_bundle(campaign)
    make_command(campaign, bundle=bundle, kind=K.ADD_VIDEO_SLOTS, state=S.AWAITING)
    younger = make_command(campaign, bundle=bundle, kind=K.CONFIGURE_ACCOUNT)
    assert Command.objects.due(NOW).get() == younger


@pytest.mark.parametrize(
    ("fields", "is_overdue"),
    [
        ({"state": S.QUEUED, "next_try_at": NOW - timedelta(minutes=6)}, True),
        ({"state": S.QUEUED, "next_try_at": NOW - timedelta(minutes=4)}, False),
        ({"state": S.QUEUED, "next_try_at": NOW + timedelta(minutes=10)}, False),
        ({"state": S.SENDING, "lease_until": NOW - timedelta(minutes=3)}, True),
        ({"state": S.SENDING, "lease_until": NOW}, False),
        ({"state": S.UNKNOWN, "state_since": NOW - timedelta(minutes=16)}, True),
        ({"state": S.UNKNOWN, "state_since": NOW - timedelta(minutes=14)}, False),
        ({"state": S.AWAITING, "state_since": NOW - timedelta(hours=25)}, True),
        ({"state": S.AWAITING, "state_since": NOW - timedelta(hours=23)}, False),
        ({"state": S.SUCCEEDED, "state_since": NOW - timedelta(days=9)}, False),
    ],
)
def test_each_state_has_a_time_that_it_takes(
    campaign: Campaign, fields: dict[str, Any], is_overdue: bool
) -> None:
    make_command(campaign, **fields)
    assert Command.objects.overdue(NOW, upstream_now=NOW).exists() == is_overdue
