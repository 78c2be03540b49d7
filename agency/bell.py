"""Ringing for a worker. The row is the job; the message is only the bell."""

import logging
from typing import Any

from celery import Task
from django.db import transaction

logger = logging.getLogger(__name__)


def ring(task: Task, **ids: Any) -> None:
    """Queue `task` once the transaction has committed.

    A broker that is down must not undo what a person asked for: the sweep rings again within a minute.
    """

    def send() -> None:
        try:
            task.delay(**ids)
        except task.OperationalError as error:
            logger.warning(
                "%s was not queued, the sweep will ring again: %s", task.name, type(error).__name__
            )

    transaction.on_commit(send)
