"""The rate limit: one token bucket per API key, on machine time."""

import math
import threading
import time
from dataclasses import dataclass

from . import assumed
from .errors import ApiError


@dataclass
class Bucket:
    tokens: float
    filled_at: float  # time.monotonic()


class RateLimit:
    """`per_minute` requests refilled continuously; 0 switches it off."""

    def __init__(self, per_minute: int) -> None:
        self._lock = threading.Lock()
        self.set(per_minute)

    def set(self, per_minute: int) -> None:
        with self._lock:
            self.per_minute = per_minute
            self._buckets: dict[str, Bucket] = {}

    def take(self, api_key: str) -> dict[str, str]:
        """Take one token; returns the rate headers. Raises RATE_LIMIT_EXCEEDED."""
        with self._lock:
            limit = self.per_minute
            if not limit:
                return {}
            now = time.monotonic()
            bucket = self._buckets.setdefault(api_key, Bucket(limit, now))
            per_second = limit / 60
            bucket.tokens = min(limit, bucket.tokens + (now - bucket.filled_at) * per_second)
            bucket.filled_at = now
            is_allowed = bucket.tokens >= 1
            if is_allowed:
                bucket.tokens -= 1
            headers = {
                "X-RateLimit-Limit": str(limit),
                "X-RateLimit-Remaining": str(int(bucket.tokens)),
                "X-RateLimit-Reset": str(math.ceil(time.time() + (limit - bucket.tokens) / per_second)),
            }
            if is_allowed:
                return headers
            wait = max(1, math.ceil((1 - bucket.tokens) / per_second))
        raise too_many(wait, headers)


def too_many(wait: int, headers: dict[str, str] | None = None) -> ApiError:
    """The 429 of the rate limit; `wait` in seconds."""
    refusal = ApiError(
        429,
        "RATE_LIMIT_EXCEEDED",
        "Too many requests",
        retry_after_seconds=wait + assumed.RATE_LIMIT_EXTRA_SECONDS_IN_BODY,
    )
    refusal.headers = (headers or {}) | {"Retry-After": str(wait)}
    return refusal
