"""Deliveries that were not genuine: a counter is all that is kept of them."""

import logging
from datetime import datetime

from django.core.cache import cache

from agency.models import Connection

logger = logging.getLogger(__name__)

KEPT_SECONDS = 48 * 3600


def count(connection: Connection, *, now: datetime) -> None:
    """`now` is machine time. A cache that is down loses the count and nothing else."""
    key = _key(connection, now)
    try:
        if not cache.add(key, 1, KEPT_SECONDS):
            cache.incr(key)
    except ValueError:  # it expired in between
        logger.warning("A delivery with a wrong signature was refused and not counted.")


def today(connection: Connection, *, now: datetime) -> int:
    """How many came since midnight, UTC."""
    return int(cache.get(_key(connection, now), 0))


def _key(connection: Connection, now: datetime) -> str:
    return f"webhook-refusals:{connection.pk}:{now:%Y-%m-%d}"
