"""Commands a second of our own machinery, the limit switched off, and of a bare loop that sends the same requests.

The Commands are written and rung for before the workers start; the time is from the first call to the last answer.
Processor time, of PostgreSQL, Redis and the sandbox too, tells the same on a busy machine: two processors that do
nothing else send 20 Commands a second when each takes 100 ms of it.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import httpx
from django.utils import timezone

from agency.models import ApiCall
from campaigns.models import Command
from tests.bench.buyer import Buyer
from tests.bench.report import line
from tests.bench.sweep import control
from tests.chaos.house import House
from tests.sandbox_process import KEY

COMMANDS = 400
LEAST_A_SECOND, MOST_MS = 20, 100
CONNECTIONS = 2  # as many as the workers for people have
LONGEST_SECONDS = 120


def measure(house: House) -> bool:
    control(house, "faults", {"rate": 0})
    house.environment |= {"TOKPORTAL_PACED": "false"}
    buyer = Buyer("machinery")
    quote = buyer.look()
    pks = [buyer.press(quote, now=timezone.now()).pk for _ in range(COMMANDS)]
    house.start("person")
    used = processor_ms(house, pks)
    house.stop("person")
    calls = list(ApiCall.objects.filter(command_id__in=pks).order_by("at"))
    last = calls[-1]
    took = last.at + timedelta(milliseconds=last.milliseconds) - calls[0].at
    ours = COMMANDS / took.total_seconds()
    bare, bare_at_once = (COMMANDS / seconds_bare(house, calls, at_once) for at_once in (1, CONNECTIONS))
    ok = line("limit/processor", used, "ms/command", goal=f"<= {MOST_MS}", ok=used <= MOST_MS)
    line("limit/bare", bare, "commands/s", goal="none", ok=None)
    line("limit/bare-at-once", bare_at_once, "commands/s", goal="none", ok=None)
    return ok & line(
        "limit/commands",
        ours,
        "commands/s",
        baseline=round(bare_at_once, 2),
        goal=f">= {LEAST_A_SECOND}",
        ok=ours >= LEAST_A_SECOND,
    )


def processor_ms(house: House, pks: list[int]) -> float:
    """What one Command takes, measured between the first that is settled and the last."""
    commands = Command.objects.filter(pk__in=pks)
    until = time.monotonic() + LONGEST_SECONDS
    first: tuple[int, float] | None = None  # how many were settled, and what had been used by then
    while left := commands.unsettled().count():
        if first is None and left < len(pks):
            first = len(pks) - left, house.processor_ms()
        if time.monotonic() > until:
            raise RuntimeError("the Commands do not come to an end")
        time.sleep(0.2)
    succeeded = commands.filter(state=Command.State.SUCCEEDED).count()
    assert first, "they were settled before it could be looked"
    assert succeeded == len(pks), f"{succeeded} of {len(pks)} succeeded"
    return (house.processor_ms() - first[1]) / (len(pks) - first[0])


def seconds_bare(house: House, calls: list[ApiCall], at_once: int) -> float:
    """The same requests again, one after another on each of `at_once` connections."""
    bodies = dict(
        Command.objects.filter(pk__in={call.command_id for call in calls}).values_list("pk", "body")
    )

    def send(mine: list[ApiCall]) -> None:
        with httpx.Client(base_url=f"{house.sandbox_url}/api/ext", timeout=30) as http:
            for call in mine:
                headers, body = {"X-API-Key": KEY}, None
                if call.method != "GET":
                    headers["Idempotency-Key"] = str(uuid4())
                    body = bodies[call.command_id or 0] | {"external_ref": f"bare-{uuid4()}"}
                path = call.path.format(**call.ids)
                http.request(call.method, path, headers=headers, json=body).raise_for_status()

    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(send, (calls[number::at_once] for number in range(at_once))))
    return time.monotonic() - began
