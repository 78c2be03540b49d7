"""The cache, which no page needs: while Redis is down nothing is kept, and everything is worked out anew."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = logging.getLogger(__name__)


class SpareCache(RedisCache):
    """Redis where it answers. Where it does not, a cache in which nothing is ever found.

    Sessions are in the database as well. A lock that is an `add` cannot be had meanwhile.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _else(default, super().get, key, default, version=version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(_else(False, super().has_key, key, version=version))

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        _else(None, super().set, key, value, *args, **kwargs)

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(_else(False, super().add, key, value, *args, **kwargs))

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(_else(False, super().touch, key, *args, **kwargs))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(_else(False, super().delete, key, version=version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(_else(delta, super().incr, key, delta, version=version))


def _else(otherwise: Any, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return ask(*args, **kwargs)
    except RedisError as error:
        logger.warning("The cache does not answer: %s", type(error).__name__)
        return otherwise
