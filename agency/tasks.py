"""Hand-offs of the floor itself."""

from celery import shared_task
from django.utils import timezone

from agency import calls


@shared_task
def prune_calls() -> None:
    calls.prune(now=timezone.now())
