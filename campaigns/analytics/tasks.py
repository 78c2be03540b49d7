"""Hand-offs. Each may run twice or never: the rows say what is done, and the schedule rings again."""

from celery import shared_task
from django.utils import timezone

from agency.connections import usable_connection
from campaigns.analytics import sync


@shared_task
def pull_due() -> None:
    connection = usable_connection()
    if connection is None:
        return
    pause = sync.pull_due(connection, now=timezone.now())
    if pause is not None:
        pull_due.apply_async(countdown=pause)
