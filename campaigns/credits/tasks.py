"""Hand-offs. The books say what is known; an import that stops goes on where it was."""

from celery import shared_task
from django.utils import timezone

from campaigns.credits import sync


@shared_task
def import_history(*, full: bool = False) -> None:
    """Import the credit history, match it to Commands and prove it."""
    pause_seconds = sync.update_ledger(now=timezone.now(), full=full)
    if pause_seconds is not None:
        import_history.apply_async(kwargs={"full": full}, countdown=pause_seconds)
