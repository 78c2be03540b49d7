"""How far the orders of the last minutes are on their way out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from agency.models import User
from campaigns.access import visible_commands
from campaigns.models import Command

LATELY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Queue:
    """What was asked lately, and how much of it has its answer or waits for a person's decision."""

    total: int
    done: int

    @property
    def is_running(self) -> bool:
        return self.done < self.total


def send_queue(user: User, *, now: datetime) -> Queue:
    """`now` is TokPortal's time, as `asked_at` is. One query."""
    is_done = ~Q(state__in=Command.ON_ITS_WAY) | Q(needs_person=True)
    lately = visible_commands(user).filter(asked_at__gt=now - LATELY)
    return Queue(**lately.order_by().aggregate(total=Count("pk"), done=Count("pk", filter=is_done)))
