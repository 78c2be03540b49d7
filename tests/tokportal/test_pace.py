"""The shared bucket, in a real Redis, asked by several processes at once."""

import os
import subprocess
import sys
import threading
import time

import httpx
import pytest
from redis import Redis

from agency.tokportal import Lane, Pace, RateLimited, TokPortal, TokPortalError

from .conftest import API_KEY, BASE_URL, Scripted, answer, refusal

# Takes tokens as fast as it may for some seconds after the word; prints how many it got.
TAKER = """
import sys, time
from redis import Redis
from agency.tokportal import Lane, Pace
address, lane, seconds, capacity, per_second, reserve = sys.argv[1:]
size = {"capacity": float(capacity), "per_second": float(per_second), "reserve": float(reserve)}
pace = Pace(Redis.from_url(address), key_hash="shared", **size)
print("ready", flush=True)
sys.stdin.readline()
end, taken = time.monotonic() + float(seconds), 0
while time.monotonic() < end:
    wait = pace.take(Lane(lane))
    if wait:
        time.sleep(min(wait, 0.05))
    else:
        taken += 1
print(taken)
"""


@pytest.fixture
def redis(redis_databases: list[Redis]) -> Redis:
    return redis_databases[0]


def takers(
    lanes: list[Lane], *, seconds: float, capacity: float, per_second: float, reserve: float
) -> tuple[list[int], float]:
    """Tokens that each process took, and the seconds between the word and the last one's end."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, os.environ["REDIS_URL"], lane.value]
            + [str(number) for number in (seconds, capacity, per_second, reserve)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for lane in lanes
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [int(process.communicate(timeout=30)[0]) for process in processes]
    return taken, time.monotonic() - begun


def test_several_processes_together_stay_inside_one_bucket() -> None:
    taken, elapsed = takers([Lane.PERSON] * 4, seconds=2.5, capacity=30, per_second=40, reserve=5)
    assert sum(taken) <= 30 + 40 * elapsed + 1
    assert sum(taken) >= 0.6 * (30 + 40 * 2.5)


def test_background_work_leaves_the_reserve_to_people(redis: Redis) -> None:
    taken, _ = takers([Lane.BACKGROUND] * 2, seconds=1, capacity=20, per_second=0.01, reserve=10)
    assert sum(taken) == 10
    pace = Pace(redis, key_hash="shared", capacity=20, per_second=0.01, reserve=10)
    assert pace.take(Lane.BACKGROUND) > 0
    assert [pace.take(Lane.PERSON) for _ in range(10)] == [0] * 10
    assert pace.take(Lane.PERSON) > 0


def test_a_refused_take_costs_nothing_and_tells_the_wait(redis: Redis) -> None:
    pace = Pace(redis, key_hash="one", capacity=1, per_second=1, reserve=0)
    assert pace.take(Lane.BACKGROUND) == 0
    waits = [pace.take(Lane.BACKGROUND) for _ in range(5)]
    assert all(0 < wait <= 1 for wait in waits)
    time.sleep(waits[-1] + 0.01)
    assert pace.take(Lane.BACKGROUND) == 0


def test_each_key_has_a_bucket_of_its_own(redis: Redis) -> None:
    one, other = (
        Pace(redis, key_hash=name, capacity=1, per_second=0.1, reserve=0) for name in ("one", "other")
    )
    assert one.take(Lane.PERSON) == 0
    assert one.take(Lane.PERSON) > 0
    assert other.take(Lane.PERSON) == 0


@pytest.mark.parametrize(
    ("limit", "for_people", "for_background"), [(60, 55, 50), (240, 220, 210), (12, 11, 10), (3, 2, 2)]
)
def test_the_bucket_takes_the_size_that_the_server_names(
    redis: Redis, limit: int, for_people: int, for_background: int
) -> None:
    for lane, size in ((Lane.PERSON, for_people), (Lane.BACKGROUND, for_background)):
        pace = Pace(redis, key_hash=f"{limit}-{lane}")
        pace.learn(limit)
        begun = time.monotonic()
        taken = 0
        while pace.take(lane) == 0:
            taken += 1
        refilled = (time.monotonic() - begun) * limit / 60
        assert size <= taken <= size + refilled + 1


def test_a_limit_that_says_nothing_changes_nothing(redis: Redis) -> None:
    pace = Pace(redis, key_hash="one", capacity=5, per_second=0.1, reserve=0)
    pace.learn(0)
    pace.learn(-1)
    assert [pace.take(Lane.PERSON) for _ in range(5)] == [0] * 5
    assert pace.take(Lane.PERSON) > 0


def test_after_a_429_all_processes_wait_and_people_go_first(redis: Redis) -> None:
    one, other = (Pace(redis, key_hash="one", capacity=20, per_second=2, reserve=9) for _ in range(2))
    one.block(0.6)
    assert 0 < other.take(Lane.PERSON) <= 0.6
    time.sleep(0.61)
    assert other.take(Lane.PERSON) == 0
    assert other.take(Lane.BACKGROUND) > 0


def test_a_block_is_never_shortened_and_never_endless(redis: Redis) -> None:
    pace = Pace(redis, key_hash="one")
    pace.block(50)
    pace.block(1)
    assert 49 < pace.take(Lane.PERSON) <= 50
    pace.block(86_400)
    assert 119 < pace.take(Lane.PERSON) <= 120


def test_looking_takes_nothing_and_tells_what_each_lane_may_take(redis: Redis) -> None:
    pace = Pace(redis, key_hash="looked-at", capacity=20, per_second=0.001, reserve=5)
    assert (pace.look().left(Lane.PERSON), pace.look().left(Lane.BACKGROUND)) == (20, 15)
    for _ in range(3):
        pace.take(Lane.PERSON)
    seen = pace.look()
    assert (seen.left(Lane.PERSON), seen.left(Lane.BACKGROUND)) == (17, 12)
    assert (seen.most(Lane.PERSON), seen.most(Lane.BACKGROUND)) == (20, 15)
    pace.block(30)
    assert 25 < pace.look().blocked_seconds <= 30
    assert pace.look().left(Lane.PERSON) == 0


def test_the_key_never_reaches_redis(redis: Redis) -> None:
    Pace(redis, key_hash="abc123").take(Lane.PERSON)
    assert redis.keys("*") == [b"tokportal:pace:abc123"]
    assert 0 < redis.ttl("tokportal:pace:abc123") <= 3600


def test_without_redis_nobody_goes() -> None:
    pace = Pace.at("unix:///nowhere/redis.sock", key_hash="one")
    begun = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        pace.take(Lane.PERSON)
    assert time.monotonic() - begun < 1
    assert (caught.value.retry_after, caught.value.local) == (5, True)
    pace.learn(120)  # an answer that came is not lost to a Redis that went
    pace.block(1)


def paced(pace: Pace, *answers: httpx.Response, lane: Lane = Lane.BACKGROUND) -> tuple[TokPortal, Scripted]:
    script = Scripted(list(answers))
    tokportal = TokPortal(
        base_url=BASE_URL, api_key=API_KEY, pace=pace, lane=lane, transport=httpx.MockTransport(script)
    )
    return tokportal, script


def test_a_call_waits_up_to_a_second_for_its_token_and_then_says_when(redis: Redis) -> None:
    tokportal, script = paced(Pace(redis, key_hash="one", capacity=1, per_second=2, reserve=0), answer())
    with tokportal:
        tokportal.me()
        begun = time.monotonic()
        tokportal.me()
        assert time.monotonic() - begun > 0.3
    tokportal, script = paced(Pace(redis, key_hash="two", capacity=1, per_second=0.2, reserve=0), answer())
    with tokportal:
        tokportal.me()
        begun = time.monotonic()
        with pytest.raises(RateLimited) as caught:
            tokportal.me()
        assert time.monotonic() - begun < 0.9
    assert caught.value.local
    assert 3 < caught.value.retry_after <= 5
    assert len(script.asked) == 1


def test_many_threads_waiting_never_sleep_over_a_second(redis: Redis) -> None:
    tokportal, script = paced(Pace(redis, key_hash="one", capacity=2, per_second=4, reserve=0), answer())
    waited: list[float] = []
    refused: list[RateLimited] = []

    def call() -> None:
        begun = time.monotonic()
        try:
            tokportal.publish_bundle("b")
        except RateLimited as error:
            refused.append(error)
        waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=call) for _ in range(12)]
    with tokportal:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(waited) < 2
    assert len(script.asked) + len(refused) == 12
    assert 2 <= len(script.asked) <= 8


def test_the_transport_learns_the_limit_and_obeys_a_429(redis: Redis) -> None:
    pace = Pace(redis, key_hash="one")
    tokportal, _ = paced(
        pace, answer(X_RateLimit_Limit="12"), refusal(429, "RATE_LIMIT_EXCEEDED", {}, Retry_After="30")
    )
    with tokportal:
        tokportal.me()
        assert redis.hget("tokportal:pace:one", "capacity") == b"11"
        with pytest.raises(RateLimited) as caught:
            tokportal.publish_bundle("b")
        assert not caught.value.local
        with pytest.raises(RateLimited) as caught:
            tokportal.me()
        assert caught.value.local
    assert 28 < pace.take(Lane.PERSON) <= 30


@pytest.mark.parametrize("code", ["capacity_cooldown", "ANALYTICS_REFRESH_TOO_EARLY"])
def test_a_429_about_something_else_stops_nobody(redis: Redis, code: str) -> None:
    pace = Pace(redis, key_hash="one")
    tokportal, _ = paced(pace, refusal(429, code, {"retry_after_seconds": 3600}))
    with tokportal, pytest.raises(TokPortalError):
        tokportal.refresh_analytics("a")
    assert pace.take(Lane.BACKGROUND) == 0


def test_an_upload_address_takes_no_token(redis: Redis) -> None:
    pace = Pace(redis, key_hash="one", capacity=1, per_second=0.01, reserve=0)
    tokportal, script = paced(pace, httpx.Response(200))
    with tokportal:
        tokportal.put_presigned("https://storage.test/v", content=b"", content_type="video/mp4")
    assert len(script.asked) == 1
    assert pace.take(Lane.PERSON) == 0
