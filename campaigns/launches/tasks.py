"""Hand-offs. Each may run twice or never: the rows say what comes next, and the sweep looks at all that is open."""

from celery import shared_task
from django.utils import timezone

from campaigns.launches import chain


@shared_task
def advance_launch(*, launch_id: int) -> None:
    chain.advance_launch(launch_id, now=timezone.now())


@shared_task
def advance_after(*, command_id: int) -> None:
    """A Command has its end; `campaigns.commands` rings this by name."""
    chain.advance_after(command_id, now=timezone.now())


@shared_task
def sweep_launches() -> None:
    chain.sweep_launches(now=timezone.now())
