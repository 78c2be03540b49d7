"""What breaks, and when: decided by the seed alone. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.house import TIMEOUT_SECONDS

# The sandbox's rules about one call. `weight`: slow ones hold a worker for as long as its patience lasts.
CALL_FAULTS = {
    "drop_before": 4,  # the request is lost
    "500": 3,
    "html_502": 2,
    "drop_after": 5,  # it happened, and nobody is told
    "500_after": 5,
    "slow": 1,  # it happens after we have given up
    "slow_after": 1,
}
WRITES = (
    "createBundle",
    "addVideoSlots",
    "addEditSlots",
    "configureBundleAccount",
    "batchConfigureBundleVideos",
    "publishBundle",
    "publishAllBundleVideos",
    "unpublishBundle",
    "finalizeBundleAccount",
    "requestBundleAccountCorrections",
    "finalizeBundleVideo",
    "requestBundleVideoCorrections",
    "fixBundleVideoDownload",
)
PAID = WRITES[:3]
READS = ("getBundle", "listBundles", "listBundleVideos", "getBundleAccount")
# How often each of the large ones comes in a run of 500 paid Commands; more in a longer one.
LARGE = {
    "storm": 4,
    "cool_down": 3,
    "forget_keys": 3,
    "prices": 3,
    "price_change": 2,
    "kill_person": 4,
    "kill_background": 1,
    "kill_all": 1,
    "flush_redis": 2,
    "restart_postgres": 2,
    "restart_sandbox": 2,
}
KILLS = ("kill_person", "kill_all")
QUIET_SHARE = 0.85  # of the run has kills: their leases have to end


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that goes wrong once `after` paid Commands were asked for."""

    after: int
    what: str
    options: dict[str, Any] = field(default_factory=dict)


def blows(seed: int, commands: int) -> list[Blow]:
    rng = random.Random(f"{seed}/blows")
    planned = [*_large(rng, commands), *_small(rng, commands)]
    return sorted(planned, key=lambda blow: blow.after)


def _large(rng: random.Random, commands: int) -> Iterator[Blow]:
    for what, times in LARGE.items():
        for number in range(max(1, round(times * commands / 500))):
            last = QUIET_SHARE if what in KILLS else 1.0
            after = rng.randrange(5, max(6, round(commands * last)))
            yield Blow(after, what, _options(what, number, rng))


def _options(what: str, number: int, rng: random.Random) -> dict[str, Any]:
    if what == "storm":
        return {"times": rng.randint(8, 20), "retry_after": rng.randint(1, 3)}
    if what == "cool_down":
        return {"times": rng.randint(1, 3), "retry_after": rng.randint(4, 12)}
    if what == "prices":
        return {"account": rng.randint(28, 40), "video": rng.randint(2, 4), "edit": rng.randint(3, 5)}
    if what == "kill_person":
        return {"worker": f"person-{1 + number % 2}"}
    if what in ("restart_postgres", "restart_sandbox"):
        return {"hard": bool(number % 2)}
    return {}


def _small(rng: random.Random, commands: int) -> Iterator[Blow]:
    """About one for every second paid Command, half of them on calls that cost something."""
    for after in range(commands):
        if rng.random() < 0.5:
            fault = rng.choices(list(CALL_FAULTS), list(CALL_FAULTS.values()))[0]
            operation = rng.choice(PAID if rng.random() < 0.5 else WRITES)
            rule: dict[str, Any] = {"fault": fault, "times": rng.choice((1, 1, 1, 2))}
            if fault in ("slow", "slow_after"):
                rule["seconds"] = TIMEOUT_SECONDS + 0.5
            yield Blow(after, "rule", rule | {"match": {"operation": operation, "dry_run": False}})
        if rng.random() < 0.06:
            rule = {"fault": rng.choice(("500", "drop_before")), "times": rng.randint(1, 3)}
            yield Blow(after, "rule", rule | {"match": {"operation": rng.choice(READS)}})
