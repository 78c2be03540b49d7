"""How far the orders of the last minutes are."""

from datetime import timedelta

from agency.models import User
from campaigns.commands.reports.queue import Queue, send_queue
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_command

S = Command.State


def test_what_waits_and_what_has_its_answer_is_counted(manager: User, campaign: Campaign) -> None:
    for state in (S.QUEUED, S.SUCCEEDED, S.REFUSED, S.VOID, S.UNKNOWN):
        make_command(campaign, state=state)
    make_command(campaign, state=S.UNKNOWN, needs_person=True)
    make_command(campaign, asked_at=NOW - timedelta(hours=1))
    queue = send_queue(manager, now=NOW)
    assert queue == Queue(total=6, done=4)
    assert queue.is_running


def test_somebody_elses_orders_are_not_counted(outsider: User, campaign: Campaign) -> None:
    make_command(campaign)
    assert send_queue(outsider, now=NOW) == Queue(0, 0)
    assert not send_queue(outsider, now=NOW).is_running
