"""Who is at work: each worker lane and the scheduler leave a sign in Redis that fades when they are gone."""

from functools import lru_cache

from django.conf import settings
from redis import Redis

EVERYBODY = ("person", "background", "beat")

FADES_AFTER_SECONDS = 15


@lru_cache(maxsize=1)
def _redis() -> "Redis[bytes]":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def record(name: str) -> None:
    """Say that NAME is at work now."""
    _redis().set(f"heartbeat:{name}", 1, ex=FADES_AFTER_SECONDS)


def missing() -> list[str]:
    """The lanes (and `beat`) that gave no sign lately. Raises redis.RedisError when Redis is down."""
    signs = _redis().mget([f"heartbeat:{name}" for name in EVERYBODY])
    return [name for name, sign in zip(EVERYBODY, signs, strict=True) if sign is None]
