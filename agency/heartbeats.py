"""Who is at work: each worker lane and the scheduler leave a sign in Redis that fades when they are gone."""

from functools import lru_cache

from django.conf import settings
from redis import Redis

from agency.run import HEARTBEAT_KEYS

FADES_AFTER_SECONDS = 15


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def record(name: str) -> None:
    """Say that NAME, one of HEARTBEAT_KEYS, is at work now."""
    _redis().set(HEARTBEAT_KEYS[name], 1, ex=FADES_AFTER_SECONDS)


def missing() -> list[str]:
    """Which of HEARTBEAT_KEYS gave no sign lately. Raises redis.RedisError when Redis is down."""
    signs = _redis().mget(HEARTBEAT_KEYS.values())
    return [name for name, sign in zip(HEARTBEAT_KEYS, signs, strict=True) if sign is None]
