"""Ringing for a worker. The row is the job; the message is only the bell."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(task: Task, **ids: Any) -> None:
    """Queue `task` once the transaction has committed.

    A broker that is down must not undo what a person asked for: the sweep rings again within a minute.
    """
    transaction.on_commit(partial(_send, task.name, task.delay, ids))


def ring_by_name(name: str, **ids: Any) -> None:
    """The same for a task of a room above the one that rings."""
    transaction.on_commit(partial(_send, name, current_app.signature(name).delay, ids))


def _send(name: str, delay: Callable[..., Any], ids: Mapping[str, Any]) -> None:
    try:
        delay(**ids)
    except OperationalError as error:
        logger.warning("%s was not queued, the sweep will ring again: %s", name, type(error).__name__)
