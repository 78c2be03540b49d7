"""Hand-offs. Each may run twice or never: the row says what is done, and the sweep rings again."""

from celery import shared_task
from django.utils import timezone

from campaigns.commands import sync


@shared_task
def send_command(*, command_id: int) -> None:
    sync.send_command(command_id, now=timezone.now())


@shared_task
def send_next(*, command_id: int) -> None:
    sync.send_next(command_id, now=timezone.now())


@shared_task
def resolve_command(*, command_id: int) -> None:
    sync.resolve_command(command_id, now=timezone.now())


@shared_task
def sweep_commands() -> None:
    sync.sweep_commands(now=timezone.now())


@shared_task
def probe_connection() -> None:
    if sync.probe_connection(now=timezone.now()):
        sweep_commands.delay()
