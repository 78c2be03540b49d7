"""One token bucket per API key, shared by all processes through Redis (or Valkey).

TokPortal allows 120 requests a minute per key, as a bucket of 120 refilled continuously ("Rate Limits,
Pagination & Idempotency", API 2026-05-25). We stay a little inside: 11/12 of the size, 99 % of the rate.
"""

import enum
import time
from dataclasses import dataclass
from typing import Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .errors import RateLimited

_SIZE_SHARE: Final = 11 / 12
_RATE_SHARE: Final = 0.99
_IDLE_SECONDS: Final = 3600  # by then the bucket is full again: Redis may forget it
_LONGEST_BLOCK_SECONDS: Final = 120
_REDIS_AWAY_SECONDS: Final = 5.0
_REDIS_TIMEOUT_SECONDS: Final = 1.0

# One clock for all: Redis's own. Answers the seconds to wait as text, because Redis cuts Lua numbers to
# integers.
_TAKE: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local row = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'capacity', 'per_second', 'blocked_until')
local capacity = tonumber(row[3] or ARGV[1])
local per_second = tonumber(row[4] or ARGV[2])
local blocked_until = tonumber(row[5] or 0)
local tokens = capacity
if row[1] then
  tokens = math.min(capacity, tonumber(row[1]) + math.max(0, now - tonumber(row[2])) * per_second)
end
if blocked_until > now then
  return string.format('%.6f', blocked_until - now)
end
-- the reserve shrinks with the bucket, so that a small bucket starves nobody
local kept = math.floor(math.min(tonumber(ARGV[3]), tonumber(ARGV[3]) * capacity / tonumber(ARGV[1])))
local wait = (kept + 1 - tokens) / per_second
if wait <= 0 then
  wait = 0
  tokens = tokens - 1
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return string.format('%.6f', wait)
"""

# The server's bucket was emptier than ours (another program uses the key): wait, and start again from empty.
_BLOCK: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local before = tonumber(redis.call('HGET', KEYS[1], 'blocked_until') or 0)
local blocked_until = math.max(before, now + tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'tokens', '0', 'at', string.format('%.6f', now),
           'blocked_until', string.format('%.6f', blocked_until))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


class Lane(enum.StrEnum):
    """Who waits for the answer: a person at a page, or nobody."""

    PERSON = "person"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class PaceState:
    """A bucket at a moment, as `Pace.look` found it."""

    tokens: float
    capacity: float
    per_second: float
    reserve: float  # tokens that only Lane.PERSON may take
    blocked_seconds: float  # for so long nobody goes

    def left(self, lane: Lane) -> int:
        """Calls that may leave at once."""
        kept = self.reserve if lane is Lane.BACKGROUND else 0
        return 0 if self.blocked_seconds else max(0, int(self.tokens - kept))

    def most(self, lane: Lane) -> int:
        """As many as a full bucket lets leave at once."""
        return int(self.capacity - (self.reserve if lane is Lane.BACKGROUND else 0))


class Pace:
    """The shared bucket of one key. `key_hash` names it; the key itself never reaches Redis.

    `Pace.at(url, ...)` opens a client that does not wait for a Redis that is away or hangs, as redis-py's
    defaults do for seconds; a client that is passed in should be set up alike.
    """

    def __init__(
        self,
        redis_client: redis.Redis,
        *,
        key_hash: str,
        capacity: float = 110,
        per_second: float = 1.98,
        reserve: float = 10,
    ) -> None:
        self._redis = redis_client
        self._bucket = f"tokportal:pace:{key_hash}"
        self._capacity = capacity
        self._per_second = per_second
        self._reserve = reserve  # tokens that only Lane.PERSON may take
        self._limit_taught: tuple[int, float] | None = None  # requests a minute, and when (monotonic seconds)
        self._take = redis_client.register_script(_TAKE)
        self._block = redis_client.register_script(_BLOCK)

    @classmethod
    def at(cls, redis_url: str, *, key_hash: str) -> Self:
        client = redis.Redis.from_url(
            redis_url,
            socket_timeout=_REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),  # once, at once: an idle connection may have been closed
        )
        return cls(client, key_hash=key_hash)

    def take(self, lane: Lane) -> float:
        """Take one token: 0 = go, otherwise the seconds until it is worth asking again; nothing was taken
        then.

        Raises RateLimited when Redis can't be asked: without the bucket nobody knows what the others send.
        """
        kept = self._reserve if lane is Lane.BACKGROUND else 0
        try:
            wait = self._take(
                keys=[self._bucket], args=[self._capacity, self._per_second, kept, _IDLE_SECONDS]
            )
        except redis.RedisError as error:
            raise RateLimited(
                f"The shared rate limit can't be reached ({type(error).__name__})",
                retry_after=_REDIS_AWAY_SECONDS,
                local=True,
            ) from None
        return float(wait)

    def look(self) -> PaceState:
        """What the bucket holds now; takes nothing. Raises redis.RedisError."""
        both = self._redis.pipeline(transaction=False)
        both.time()
        both.hmget(self._bucket, "tokens", "at", "capacity", "per_second", "blocked_until")
        clock, row = both.execute()
        now = clock[0] + clock[1] / 1_000_000
        tokens, at, capacity, per_second, blocked_until = (
            None if cell is None else float(cell) for cell in row
        )
        capacity, per_second = capacity or self._capacity, per_second or self._per_second
        if tokens is None or at is None:
            tokens, at = capacity, now
        return PaceState(
            tokens=min(capacity, tokens + max(0.0, now - at) * per_second),
            capacity=capacity,
            per_second=per_second,
            reserve=min(self._reserve, self._reserve * capacity / self._capacity) // 1,
            blocked_seconds=max(0.0, (blocked_until or 0.0) - now),
        )

    def learn(self, limit_per_minute: int) -> None:
        """Scale the bucket to the server's `X-RateLimit-Limit`; again each minute, as Redis may forget."""
        now = time.monotonic()
        if limit_per_minute <= 0:
            return
        if (
            self._limit_taught
            and self._limit_taught[0] == limit_per_minute
            and now - self._limit_taught[1] < 60
        ):
            return
        capacity = max(1, int(limit_per_minute * _SIZE_SHARE))
        per_second = limit_per_minute / 60 * _RATE_SHARE
        try:
            self._redis.hset(self._bucket, mapping={"capacity": capacity, "per_second": per_second})
            self._redis.expire(self._bucket, _IDLE_SECONDS)
        except redis.RedisError:
            return  # the answer is worth more; the next one teaches it
        self._limit_taught = (limit_per_minute, now)

    def block(self, seconds: float) -> None:
        """The server said 429: nobody goes for so long, at most two minutes (it will say it again)."""
        try:
            self._block(keys=[self._bucket], args=[min(seconds, _LONGEST_BLOCK_SECONDS), _IDLE_SECONDS])
        except redis.RedisError:
            return  # take() refuses while Redis is away
