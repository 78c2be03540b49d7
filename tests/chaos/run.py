"""One run: open the shop, let everything break while people work, let it heal, and compare the books."""

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from django.db import connection as database
from django.db.models import Count, Q, QuerySet

from campaigns.models import Command
from tests.chaos import audit, plan
from tests.chaos.house import WORKERS, House
from tests.chaos.shop import Shop
from tests.chaos.stories import NEEDS_COVERAGE, Story, coverage, delivery, story

S = Command.State

AT_ONCE = 40  # stories under way: each waits for the next sweep whenever something fails
DELIVERED = 3 * len(NEEDS_COVERAGE)
PROGRESS_SECONDS = 15
LONGEST_SECONDS = 600  # on a busy machine; afterwards what is still under way counts as lost


def run(house: House, *, seed: int, commands: int) -> bool:
    """Whether the books agree."""
    began, shop = house.began, Shop(house)
    _tell(began, "servers are up")
    house.open()
    _tell(began, "open")
    tend(shop, (delivery(shop, seed, number) for number in range(DELIVERED)), until=began + LONGEST_SECONDS)
    shop.let_a_month_pass()
    _tell(began, f"{len(shop.accounts)} accounts delivered, {shop.paid} paid")
    blows = deque(plan.blows(seed, commands))
    struck: Counter[str] = Counter()

    def strike() -> None:
        while blows and blows[0].after <= shop.paid:
            blow = blows.popleft()
            STRIKES[blow.what](house, shop, blow.options)
            struck[blow.options.get("fault", blow.what)] += 1

    tend(shop, _stories(shop, seed, commands), strike=strike, until=began + LONGEST_SECONDS)
    _tell(began, f"{shop.paid} paid, {Command.objects.count()} Commands; calm from here")
    shop.patiently(shop.sandbox.clear_faults)
    settle(shop, until=began + LONGEST_SECONDS)
    _tell(began, "settled")
    decided = shop.decide_what_is_left()
    settle(shop, until=began + LONGEST_SECONDS)  # what waited behind those
    report = audit.compare(shop)
    figures: dict[str, Any] = {
        "name": "chaos",
        "seed": seed,
        "ok": not report.breaches,
        "paid_commands": report.paid,
        "commands": report.commands,
        "charged": report.charged,
        "double_charges": report.double_charges,
        "lost_commands": report.lost,
        "unknowns_without_evidence": report.unexplained,
        "decided_by_a_person": decided,
        "left_to_assign": report.unassigned,
        "states": report.states,
        "from_three_browsers": shop.from_three_browsers,
        "faults": dict(sorted(struck.items())),
        "worker_restarts": house.restarts,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(figures), flush=True)
    for breach in report.breaches:
        sys.stderr.write(f"  BROKEN: {breach}\n")
    return not report.breaches


def _tell(began: float, what: str) -> None:
    sys.stderr.write(f"  {time.monotonic() - began:5.0f} s  {what}\n")


def _stories(shop: Shop, seed: int, commands: int) -> Iterator[Story]:
    """Those that settle a Coverage period are spread over the others."""
    due = iter(range(DELIVERED))
    for number in count():
        if shop.paid >= commands:
            return
        if number % 5 == 4 and (turn := next(due, None)) is not None:
            yield coverage(shop, seed, turn)
        yield story(shop, seed, number)


def tend(
    shop: Shop, stories: Iterator[Story], *, until: float, strike: Callable[[], None] = lambda: None
) -> None:
    """Tell up to AT_ONCE stories at a time, each as far as its Commands have settled."""
    under_way: list[tuple[Story, set[int]]] = []
    next_word = 0.0
    while time.monotonic() < until:
        shop.house.look_after()
        if time.monotonic() > next_word:
            next_word = time.monotonic() + PROGRESS_SECONDS
            shop.patiently(lambda: _tell(shop.house.began, _progress(shop)))
        strike()
        while len(under_way) < AT_ONCE and (fresh := next(stories, None)) is not None:
            under_way.append((fresh, set()))
            strike()
        if not under_way:
            return
        waiting = {pk for _, pks in under_way for pk in pks}
        settled = shop.patiently(lambda pks=waiting: _settled(pks))
        going_on: list[tuple[Story, set[int]]] = []
        for told, pks in under_way:
            if pks - settled:
                going_on.append((told, pks))
            elif (asked := next(told, None)) is not None:
                going_on.append((told, {command.pk for command in asked if command}))
                strike()
        under_way = going_on
        time.sleep(0.05)


def _progress(shop: Shop) -> str:
    states = Command.objects.unsettled().values_list("state").annotate(n=Count("pk")).order_by("state")
    return f"{shop.paid} paid; under way: {dict(states) or 'nothing'}"


def _settled(pks: set[int]) -> set[int]:
    """Those that nobody waits for any longer; a person's decision comes at the end."""
    done = Command.objects.filter(pk__in=pks).exclude(state__in=Command.UNSETTLED)
    return {*done.values_list("pk", flat=True), *_parked().values_list("pk", flat=True)}


def _parked() -> QuerySet[Command]:
    """What a person has to decide, and what waits behind it."""
    asked = Command.objects.filter(state=S.UNKNOWN, needs_person=True)
    behind = Q(state=S.QUEUED, bundle__in=asked.exclude(bundle=None).values("bundle"))
    return Command.objects.filter(Q(pk__in=asked) | behind)


def settle(shop: Shop, *, until: float) -> None:
    """Wait until nothing is under way; what waits behind a person's decision does not count."""
    while time.monotonic() < until:
        shop.house.look_after()
        if not Command.objects.unsettled().exclude(pk__in=_parked()).exists():
            return
        time.sleep(0.2)


def _rule(house: House, shop: Shop, options: dict[str, Any]) -> None:
    shop.sandbox.control.post("/faults", json=options)


def _kill_all(house: House, shop: Shop, options: dict[str, Any]) -> None:
    for name in WORKERS:
        house.kill(name)


def _restart_postgres(house: House, shop: Shop, options: dict[str, Any]) -> None:
    house.restart_postgres(crash=options["hard"])
    database.close()  # ours broke like all the others


STRIKES: dict[str, Callable[[House, Shop, dict[str, Any]], object]] = {
    "rule": _rule,
    "storm": lambda house, shop, options: _rule(house, shop, {"fault": "429", **options}),
    "cool_down": lambda house, shop, options: _rule(house, shop, {"fault": "capacity_cooldown", **options}),
    "price_change": lambda house, shop, options: _rule(house, shop, {"fault": "price_change"}),
    "prices": lambda house, shop, options: _rule(house, shop, {"prices": options}),
    "forget_keys": lambda house, shop, options: _rule(house, shop, {"fault": "forget_keys"}),
    "kill_person": lambda house, shop, options: house.kill(options["worker"]),
    "kill_background": lambda house, shop, options: house.kill("background"),
    "kill_all": _kill_all,
    "flush_redis": lambda house, shop, options: house.flush_redis(),
    "restart_postgres": _restart_postgres,
    "restart_sandbox": lambda house, shop, options: house.restart_sandbox(kill=options["hard"]),
}
