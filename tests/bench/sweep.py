"""Eight background workers on one key while everything has to be read: figures, lists, bundles, a wave of webhooks.

10,000 accounts are due. As many of them are at the sandbox as can be read meanwhile, each with its bundle.
"""

import itertools
import statistics
import time
from datetime import datetime, timedelta

import httpx
from django.utils import timezone

from agency.connections import pace_state
from agency.models import ApiCall, Connection
from agency.tokportal import Lane, ReceivedEvent
from campaigns.analytics.tasks import pull_due
from campaigns.events import actions as events
from campaigns.events.tasks import sweep_everything, sweep_lists
from campaigns.models import SavedAccount
from tests.bench.buyer import BODY, Buyer
from tests.bench.report import line
from tests.chaos.house import House
from tests.sandbox_process import KEY

LIMIT = 120  # requests a minute
ACCOUNTS, AT_THE_SANDBOX = 10_000, 200
WORKERS = ("person", *(f"background-{number}" for number in range(1, 9)))
EVENTS = 300  # three calls each: they outlast the measuring
PRESSES, PRESS_EVERY_SECONDS = 30, 3  # five calls each, the price included: most of what the limit allows
LEAST_SHARE, MOST_SECONDS = 97, 2
LONGEST_DRAIN_SECONDS = 90


def measure(house: House, *, seconds: int) -> bool:
    bundles = deliver(house)
    buyer = Buyer("sweep")
    SavedAccount.objects.bulk_create(
        SavedAccount(
            connection=buyer.connection,
            upstream_id=f"acc-{number}",
            platform="tiktok",
            country="USA",
            username=f"brand_{number}",
            read_at=timezone.now(),
            analytics_at=timezone.now() - timedelta(hours=7),  # behind those that nobody has read yet
        )
        for number in range(ACCOUNTS - AT_THE_SANDBOX)
    )
    control(house, "faults", {"rate": LIMIT})
    for name in (*WORKERS, "beat"):
        house.start(name)
    for task in (sweep_lists, sweep_everything, pull_due):
        task.delay()
    announce(buyer.connection, bundles)
    drain(buyer.connection)
    began = timezone.now()
    time.sleep(seconds)
    results = [tell_share(began, timezone.now())]
    announce(buyer.connection, bundles)
    results.append(tell_waits(buyer))
    refused = ApiCall.objects.filter(status=429).count()
    results.append(line("limit/429", refused, "answers", goal="0", ok=refused == 0))
    for name in (*WORKERS, "beat"):
        house.stop(name)
    return all(results)


def control(house: House, path: str, body: dict[str, object]) -> None:
    httpx.post(f"{house.sandbox_url}/_sandbox/{path}", json=body).raise_for_status()


def deliver(house: House) -> list[str]:
    """Bundles at TokPortal whose accounts are delivered: their ids. None of this goes through the application."""
    made = []
    address = f"{house.sandbox_url}/api/ext/bundles"
    with httpx.Client(headers={"X-API-Key": KEY}, timeout=30) as http:
        for number in range(AT_THE_SANDBOX):
            bundle = http.post(address, json={**BODY, "bundle_type": "account_only", "videos_quantity": 0})
            bundle_id = bundle.raise_for_status().json()["data"]["id"]
            profile = {
                "username": f"brand{number}",
                "visible_name": "Brand",
                "biography": "New every week.",
                "profile_picture_url": "https://cdn.example.com/brand.jpg",
            }
            http.put(f"{address}/{bundle_id}/account", json=profile).raise_for_status()
            http.post(f"{address}/{bundle_id}/publish").raise_for_status()
            for step in ("accept", "submit_account"):
                control(house, "manager", {"do": step, "bundle_id": bundle_id})
            made.append(bundle_id)
    return made


_event_number = itertools.count()


def announce(connection: Connection, bundles: list[str]) -> None:
    """A wave of webhooks, as after a night in which none could be delivered."""
    for bundle_id in itertools.islice(itertools.cycle(bundles), EVENTS):
        now, number = timezone.now(), next(_event_number)
        data = {"bundle_id": bundle_id}
        body = {"id": f"evt_{number}", "type": "account.in_review", "data": data}
        received = ReceivedEvent(
            id=f"evt_{number}", type="account.in_review", created_at=now, data=data, body=body
        )
        events.receive(connection=connection, received=received, now=now)


def drain(connection: Connection) -> None:
    """Until what a full bucket lets leave at once has left."""
    until = time.monotonic() + LONGEST_DRAIN_SECONDS
    while pace_state(connection).left(Lane.BACKGROUND) > 0:
        if time.monotonic() > until:
            raise RuntimeError("the workers do not use up the first burst")
        time.sleep(0.1)


def tell_share(began: datetime, ended: datetime) -> bool:
    answered = ApiCall.objects.filter(at__gte=began, at__lt=ended, status__isnull=False)
    count = answered.filter(lane=Lane.BACKGROUND).exclude(status=429).count()
    allowed = LIMIT / 60 * (ended - began).total_seconds()
    share = 100 * count / allowed
    return line("limit/share", share, "%", goal=f">= {LEAST_SHARE}", ok=share >= LEAST_SHARE)


def tell_waits(buyer: Buyer) -> bool:
    """Seconds from the press to the call, the writing of the row and the bell included."""
    pressed: dict[int, datetime] = {}
    for _ in range(PRESSES):
        quote, now = buyer.look(), timezone.now()
        pressed[buyer.press(quote, now=now).pk] = now
        time.sleep(PRESS_EVERY_SECONDS)
    waits = sorted(sent_after(pk, now) for pk, now in pressed.items())
    p95 = waits[round(0.95 * len(waits)) - 1]
    line("limit/wait-median", statistics.median(waits), "s", goal="none", ok=None)
    return line("limit/wait-p95", p95, "s", goal=f"< {MOST_SECONDS}", ok=p95 < MOST_SECONDS)


def sent_after(command_id: int, pressed: datetime) -> float:
    """One that has not left by now counts as if it left now."""
    calls = ApiCall.objects.filter(command_id=command_id, is_dry_run=False).exclude(method="GET")
    first = calls.order_by("at").values_list("at", flat=True).first()
    return ((first or timezone.now()) - pressed).total_seconds()
