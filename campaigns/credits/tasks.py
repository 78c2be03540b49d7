"""Hand-offs. The books say what is known; an import that stops goes on where it was."""

from celery import shared_task
from django.utils import timezone

from agency.connections import usable_connection
from campaigns.credits import sync


@shared_task
def import_history(*, full: bool = False) -> None:
    """Import the credit history, match it to Commands and prove it."""
    pause_seconds = sync.update_ledger(now=timezone.now(), full=full)
    if pause_seconds is not None:
        import_history.apply_async(kwargs={"full": full}, countdown=pause_seconds)


@shared_task
def import_what_was_charged() -> None:
    """Import soon after a charge, so that reports show it. Costs a query or two when nothing was charged.

    An import that cannot go on waits for the next bell, half a minute later.
    """
    connection = usable_connection()
    if connection is not None and sync.is_charge_missing(connection):
        sync.update_ledger(now=timezone.now())
