"""How the effect of each kind is told: what did not happen is never taken for done."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.commands import actions, sync
from campaigns.commands.kinds import KINDS
from campaigns.models import Bundle, Command
from tests.commands.test_sync import later
from tests.factories import make_command
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State
FIRST_SLOTS = 5  # of the bundle
ADDING = {"operation": "addVideoSlots", "dry_run": False}


def add_two_slots(bundle: Bundle, connection: Connection, by: User) -> Command:
    body, now = {"quantity": 2}, timezone.now()
    quote = sync.quote(
        connection,
        kind=K.ADD_VIDEO_SLOTS,
        body=body,
        now=now,
        by=by,
        campaign=bundle.campaign,
        bundle=bundle,
    )
    return actions.add_slots(bundle=bundle, by=by, key=uuid4(), quantity=2, quote=quote, now=now)


def test_slots_that_were_bought_while_a_command_waited_are_not_taken_for_its_own(
    bundle: Bundle, connection: Connection, manager: User, sandbox: Sandbox
) -> None:
    sandbox.fault("429", match=ADDING, retry_after=60)
    first, second = (add_two_slots(bundle, connection, manager) for _ in range(2))
    Command.objects.filter(pk=second.pk).update(next_try_at=timezone.now() + timedelta(minutes=3))
    later(first, minutes=2)
    sandbox.fault("drop_before", match=ADDING)
    second = later(second)
    bundle.refresh_from_db()
    assert (second.state, bundle.videos_quantity) == (S.SUCCEEDED, FIRST_SLOTS + 4)
    assert [entry["amount"] for entry in sandbox.books()][-2:] == [-4, -4]


@pytest.mark.parametrize(
    ("bought", "happened"),
    [(0, False), (2, True), (1, None), (3, None)],
    ids=["none", "ours", "fewer than ours", "more than ours"],
)
def test_only_the_very_number_of_slots_tells_whether_they_were_bought(
    bundle: Bundle, connection: Connection, bought: int, happened: bool | None
) -> None:
    command = make_command(
        bundle.campaign,
        kind=K.ADD_VIDEO_SLOTS,
        bundle=bundle,
        target={"bundle_id": bundle.upstream_id},
        body={"quantity": 2},
        before={"videos_quantity": FIRST_SLOTS},
    )
    api = tokportal(connection)
    if bought:
        api.add_video_slots(bundle.upstream_id, body={"quantity": bought}, key=uuid4())
    assert KINDS[command.kind].find(api, command).happened is happened
