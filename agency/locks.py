"""One at a time across all processes, for work that nothing but its own row would hold back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.exceptions import LockNotOwnedError

# Longer than any work under a lock takes. A worker that was killed keeps others away for no longer than this.
LOCKED_SECONDS = 300


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Whether this process may do what `name` says; False while another one does.

    Not a lock of PostgreSQL's session: those do not survive a connection pooler in transaction mode.
    Raises redis.RedisError when Redis is down.
    """
    lock = _redis().lock(f"only-one:{name}", timeout=LOCKED_SECONDS, blocking=False)
    is_ours = lock.acquire()
    try:
        yield is_ours
    finally:
        if is_ours:
            with suppress(LockNotOwnedError):  # it took too long, and somebody else went on
                lock.release()


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
