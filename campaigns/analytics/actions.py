"""What people ask for about figures. `now` is machine time."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from agency.bell import ring
from agency.models import User
from campaigns.analytics import tasks
from campaigns.analytics.models import AccountPull
from campaigns.models import SavedAccount


def ask_for_figures(*, accounts: Iterable[SavedAccount], by: User, now: datetime) -> int:
    """Read the figures of these accounts before all others; returns how many. Banned ones have none.

    Where the plan has no figures, asking again does not help: these wait for their day.
    """
    rows = [
        AccountPull(account=account, next_try_at=now, asked_at=now, asked_by=by)
        for account in accounts
        if not account.is_banned
    ]
    with transaction.atomic():
        AccountPull.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["account"],
            update_fields=["next_try_at", "asked_at", "asked_by"],
        )
        if rows:
            ring(tasks.pull_due)
    return len(rows)
