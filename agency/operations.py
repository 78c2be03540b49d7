"""Is everything running? Traffic lights with words, from what rows and Redis say. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils.timesince import timesince
from redis import Redis
from redis.exceptions import RedisError

from agency import heartbeats
from agency.models import Connection
from agency.run import HEARTBEAT_KEYS
from campaigns.analytics import reports as analytics
from campaigns.events.models import Sweep, WebhookEvent
from campaigns.models import Command

QUIET_AFTER = timedelta(minutes=20)  # a sweep asks every ten
LATE_SWEEP = timedelta(minutes=25)
LATE_IMPORT = timedelta(minutes=45)
LATE_FIGURES = timedelta(hours=12)
LATE_REFERENCE = timedelta(hours=3)
LATE_COMMAND = timedelta(minutes=5)
LONG_QUEUE = 200

WORKERS = {
    "person": "Worker for people",
    "background": "Worker for the background",
    "beat": "Clock that starts scheduled work",
}
LANES = {"person": "Waiting for people", "background": "Waiting in the background"}


@dataclass(frozen=True, slots=True)
class Light:
    """One line: is it well? `tone` is a pill's; `sentence` says what that means and what to do."""

    name: str
    tone: str
    word: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class CommandCount:
    state: str
    label: str
    count: int
    oldest_at: datetime | None


def lights(connection: Connection | None, *, now: datetime) -> list[Light]:
    """All of them, the way to TokPortal first. `now` is machine time."""
    found = list(_queue())
    if connection is None:
        nothing = Light(
            "TokPortal", "wait", "Not connected", "An owner enters the API key on the settings page."
        )
        return [nothing, *found]
    return [
        _tokportal(connection, now),
        *found,
        _commands(connection, now),
        _events(connection, now),
        _sweep(connection, now),
        _age("Credit history", connection.history_at, now, LATE_IMPORT, "Imported"),
        _age("Figures", analytics.last_pull_at(connection), now, LATE_FIGURES, "Last read"),
        _age("Prices and countries", connection.reference_at, now, LATE_REFERENCE, "Read"),
    ]


def sentence(lights: list[Light]) -> str:
    bad = [light for light in lights if light.tone == "bad"]
    odd = [light for light in lights if light.tone == "wait"]
    if bad:
        return f"{len(bad)} of {len(lights)} need someone: {', '.join(light.name.lower() for light in bad)}."
    if odd:
        return f"Running, with {len(odd)} to watch: {', '.join(light.name.lower() for light in odd)}."
    return "Everything runs."


def command_counts(connection: Connection) -> list[CommandCount]:
    """Unsettled Commands by state; their oldest is in TokPortal's time."""
    found = {
        row["state"]: row
        for row in Command.objects.unsettled()
        .filter(connection=connection)
        .values("state")
        .annotate(count=Count("pk"), oldest=Min("asked_at"))
    }
    return [
        CommandCount(
            state,
            Command.State(state).label,
            found[state]["count"] if state in found else 0,
            found[state]["oldest"] if state in found else None,
        )
        for state in Command.UNSETTLED
    ]


def sweeps(connection: Connection) -> list[Sweep]:
    return list(Sweep.objects.filter(connection=connection).order_by("-started_at")[:8])


def _tokportal(connection: Connection, now: datetime) -> Light:
    if connection.key_refused_at:
        return Light(
            "TokPortal", "bad", "Key refused", "Enter a valid API key on the settings page. Orders wait."
        )
    if connection.trouble:
        return Light(
            "TokPortal", "bad", "No answer", f"{connection.trouble} Orders wait and leave by themselves."
        )
    if connection.last_answer_at is None:
        return Light("TokPortal", "wait", "Never asked", "The first sweep asks it.")
    tone = "good" if now - connection.last_answer_at < QUIET_AFTER else "wait"
    return Light("TokPortal", tone, "Answers", f"Last answer {_ago(connection.last_answer_at, now)}.")


def _queue() -> Iterator[Light]:
    try:
        missing = heartbeats.missing()
        lengths = {lane: int(_redis().llen(lane)) for lane in LANES}
    except RedisError:
        yield Light(
            "Queue", "bad", "No answer", "Redis does not answer. Orders are kept and sent when it is back."
        )
        return
    for name in HEARTBEAT_KEYS:
        if name in missing:
            yield Light(WORKERS[name], "bad", "No sign", f"Start it: python -m agency.run {name}")
        else:
            yield Light(WORKERS[name], "good", "At work")
    for lane, length in lengths.items():
        tone = "good" if length < LONG_QUEUE else "wait"
        yield Light(LANES[lane], tone, f"{length} task{'' if length == 1 else 's'}")


def _commands(connection: Connection, now: datetime) -> Light:
    counted = (
        Command.objects.unsettled()
        .filter(connection=connection)
        .aggregate(
            total=Count("pk"), undecided=Count("pk", filter=Q(needs_person=True)), oldest=Min("asked_at")
        )
    )
    if counted["undecided"]:
        word = f"{counted['undecided']} to decide"
        return Light("Orders", "bad", word, "Their outcome is unknown. Open them under Orders.")
    if not counted["total"]:
        return Light("Orders", "good", "None waiting")
    upstream_now = connection.upstream_now(now)
    is_late = upstream_now - counted["oldest"] > LATE_COMMAND
    asked = f"The oldest was asked for {_ago(counted['oldest'], upstream_now)}."
    return Light("Orders", "wait" if is_late else "good", f"{counted['total']} on their way", asked)


def _events(connection: Connection, now: datetime) -> Light:
    states = WebhookEvent.State
    counted = WebhookEvent.objects.filter(connection=connection).aggregate(
        failed=Count("pk", filter=Q(state=states.FAILED)), waiting=Count("pk", filter=Q(state=states.WAITING))
    )
    if counted["failed"]:
        word = f"{counted['failed']} failed"
        return Light("Events", "wait", word, "They are tried again; Events says why.")
    heard = connection.webhook_last_at
    said = f"Last heard {_ago(heard, now)}." if heard else "No webhook has arrived yet."
    word = f"{counted['waiting']} waiting" if counted["waiting"] else "All handled"
    return Light("Events", "good", word, said)


def _sweep(connection: Connection, now: datetime) -> Light:
    last = Sweep.objects.filter(connection=connection).order_by("-started_at").first()
    if last is None:
        return Light("Sweep", "wait", "None yet", "It starts within ten minutes of the clock.")
    if last.finished_at is None and last.trouble:
        return Light("Sweep", "wait", "Waits", last.trouble)
    if last.finished_at is None:
        return Light(
            "Sweep", "info", f"{last.done} of {last.total} read" if last.listed_at else "Reading the lists"
        )
    return _age("Sweep", last.finished_at, now, LATE_SWEEP, "Finished")


def _age(name: str, at: datetime | None, now: datetime, late: timedelta, verb: str) -> Light:
    if at is None:
        return Light(name, "wait", "Not yet", "It comes by itself, or start it below.")
    tone = "good" if now - at < late else "wait"
    return Light(name, tone, "Up to date" if tone == "good" else "Late", f"{verb} {_ago(at, now)}.")


def _ago(at: datetime, now: datetime) -> str:
    return "just now" if now - at < timedelta(minutes=1) else f"{timesince(at, now, depth=1)} ago"


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
