"""The table of moves: what it does not know cannot be done, whoever asks."""

import pytest

from campaigns.commands.sync.settling import move
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_command

S = Command.State


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
