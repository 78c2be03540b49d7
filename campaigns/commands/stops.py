"""The kill switch: stop what would leave for TokPortal, see what it holds up, and let it go on.

New Commands may still be written: they hold their credits and wait. `now` is machine time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from agency.bell import ring
from agency.models import User
from campaigns.commands import tasks
from campaigns.models import Campaign, Command, Stop
from campaigns.models.command import CommandQuerySet
from campaigns.models.stop import forget_stops
from clients.models import Client

LATELY = timedelta(hours=1)  # before a stop: what left then may be what it was meant for
MOST = 50
S = Command.State


def stop_sending(
    *, client: Client | None, campaign: Campaign | None, by: User, reason: str, now: datetime
) -> Stop:
    """From now on nothing more of it leaves; without a client, nothing at all. The one that stands stays."""
    scope = {"client": client, "campaign": campaign}
    try:
        with transaction.atomic():
            return Stop.objects.create(**scope, reason=reason, stopped_by=by, stopped_at=now)
    except IntegrityError:
        return Stop.objects.standing().get(**scope)


def lift_stop(*, stop: Stop, by: User, now: datetime) -> None:
    """What waited may leave again, unless another stop keeps it."""
    with transaction.atomic():
        if Stop.objects.standing().filter(pk=stop.pk).update(lifted_at=now, lifted_by=by):
            forget_stops()
            ring(tasks.sweep_commands)


def scope_of(*, client: Client | None, campaign: Campaign | None) -> CommandQuerySet:
    """The Commands that a stop of these keeps from leaving."""
    if campaign:
        return Command.objects.filter(campaign=campaign)
    return Command.objects.filter(client=client) if client else Command.objects.all()


def stop_of(command: Command) -> Stop | None:
    """Why a Command does not leave, where a person wants it so."""
    return Stop.objects.standing().over(command.client_id, command.campaign_id).first()


def is_stopped(campaign: Campaign) -> bool:
    """Whether an order of the campaign would wait."""
    return Stop.objects.standing().over(campaign.client_id, campaign.pk).exists()


@dataclass(frozen=True, slots=True)
class Held:
    """What a stop holds up, or would."""

    waiting: int
    on_their_way: int


def would_hold(*, client: Client | None, campaign: Campaign | None) -> Held:
    commands = scope_of(client=client, campaign=campaign)
    return Held(
        waiting=commands.filter(state=S.QUEUED).count(),
        on_their_way=commands.filter(state__in=(S.SENDING, S.UNKNOWN)).count(),
    )


def waiting_for(stop: Stop, *, viewer: User) -> CommandQuerySet:
    """What leaves when the stop is lifted, the oldest first; of it what `viewer` may see."""
    commands = scope_of(client=stop.client, campaign=stop.campaign).visible_to(viewer)
    return _shown(commands.filter(state=S.QUEUED)).order_by("pk")


def had_left(stop: Stop, *, viewer: User) -> list[Command]:
    """What was sent in the hour before the stop, or has no answer yet: no stop can call it back.

    Of it the newest MOST that `viewer` may see.
    """
    commands = _shown(scope_of(client=stop.client, campaign=stop.campaign).visible_to(viewer))
    unanswered = commands.filter(state__in=(S.SENDING, S.UNKNOWN)).order_by("-pk")[:MOST]
    # `at` is TokPortal's time; the clocks are minutes apart at most, which an hour has room for.
    since, until = stop.stopped_at - LATELY, stop.stopped_at + LATELY / 12
    lately = commands.filter(moves__after=S.SENDING, moves__at__range=(since, until))
    found = {command.pk: command for command in [*unanswered, *lately.order_by("-pk").distinct()[:MOST]]}
    return sorted(found.values(), key=lambda command: -command.pk)[:MOST]


def _shown(commands: CommandQuerySet) -> CommandQuerySet:
    return commands.select_related("client", "campaign", "bundle", "asked_by").defer(
        "body", "answer", "bundle__raw", "bundle__account_listing"
    )
