"""Is everything running? Traffic lights with words, from what rows and Redis say. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from redis import Redis
from redis.exceptions import RedisError

from agency import heartbeats
from agency.connections import pace_state
from agency.formats import moment, number
from agency.models import Connection, Drift
from agency.run import HEARTBEAT_KEYS, QUEUE_KEYS
from agency.tokportal import Lane
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
    "person": gettext_noop("Worker for people"),
    "background": gettext_noop("Worker for the background"),
    "beat": gettext_noop("Clock that starts scheduled work"),
}
PACE = {
    Lane.PERSON: gettext_noop("Rate limit, for people"),
    Lane.BACKGROUND: gettext_noop("Rate limit, in the background"),
}
LANES = {
    "person": gettext_noop("Waiting for people"),
    "background": gettext_noop("Waiting in the background"),
}


@dataclass(frozen=True, slots=True)
class Light:
    """One line: is it well? `tone` is a pill's; `sentence` says what that means and what to do."""

    name: str
    tone: str
    word: str
    sentence: str = ""
    url: str = ""  # where it is looked into


@dataclass(frozen=True, slots=True)
class CommandCount:
    state: str
    label: str
    count: int
    oldest_at: datetime | None

    @property
    def url(self) -> str:
        """The list of orders, narrowed to these."""
        return f"{reverse('command_list')}?state={self.state}"


def lights(connection: Connection | None, *, now: datetime) -> list[Light]:
    """All of them, the way to TokPortal first. `now` is machine time."""
    found = list(_queue())
    if connection is None:
        nothing = Light(
            "TokPortal",
            "wait",
            _("Not connected"),
            _("An owner enters the API key on the settings page."),
        )
        return [nothing, *found]
    return [
        _tokportal(connection, now),
        *found,
        *_pace(connection),
        _commands(connection, now),
        _events(connection, now),
        _sweep(connection, now),
        _age(_("Credit history"), connection.history_at, now, LATE_IMPORT, _("Imported %(ago)s.")),
        _age(_("Figures"), analytics.last_pull_at(connection), now, LATE_FIGURES, _("Last read %(ago)s.")),
        _age(_("Prices and countries"), connection.reference_at, now, LATE_REFERENCE, _("Read %(ago)s.")),
        _drift(connection),
    ]


def sentence(lights: list[Light]) -> str:
    bad = [light for light in lights if light.tone == "bad"]
    odd = [light for light in lights if light.tone == "wait"]
    if bad:
        return ngettext(
            "%(count)d of %(total)d need someone: %(names)s.",
            "%(count)d of %(total)d need someone: %(names)s.",
            len(bad),
        ) % {"count": len(bad), "total": len(lights), "names": _names(bad)}
    if odd:
        return ngettext(
            "Running, with %(count)d to watch: %(names)s.",
            "Running, with %(count)d to watch: %(names)s.",
            len(odd),
        ) % {"count": len(odd), "names": _names(odd)}
    return _("Everything runs.")


def _names(lights: list[Light]) -> str:
    return ", ".join(light.name.lower() for light in lights)


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
            str(Command.State(state).label),
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
            "TokPortal",
            "bad",
            _("Key refused"),
            _("Enter a valid API key on the settings page. Orders wait; it is asked again every minute."),
        )
    if connection.trouble:
        return Light(
            "TokPortal",
            "bad",
            _("Calls pause") if connection.paused_at else _("No answer"),
            _("%(trouble)s Orders wait and leave by themselves.") % {"trouble": _(connection.trouble)},
        )
    if connection.cooling_until and connection.cooling_until > now:
        said = _("Its capacity for orders is cooling down: orders and publications wait until %(time)s.")
        return Light(
            "TokPortal", "wait", _("Cooling down"), said % {"time": moment(connection.cooling_until)}
        )
    if connection.last_answer_at is None:
        return Light("TokPortal", "wait", _("Never asked"), _("The first sweep asks it."))
    tone = "good" if now - connection.last_answer_at < QUIET_AFTER else "wait"
    said = _("Last answer %(ago)s.") % {"ago": _ago(connection.last_answer_at, now)}
    return Light("TokPortal", tone, _("Answers"), said)


def _queue() -> Iterator[Light]:
    try:
        missing = heartbeats.missing()
        lengths = {lane: sum(int(_redis().llen(key)) for key in QUEUE_KEYS[lane]) for lane in LANES}
    except RedisError:
        yield Light(
            _("Queue"),
            "bad",
            _("No answer"),
            _("Redis does not answer. Orders are kept and sent when it is back."),
        )
        return
    for name in HEARTBEAT_KEYS:
        if name in missing:
            start = _("Start it: %(command)s") % {"command": f"python -m agency.run {name}"}
            yield Light(_(WORKERS[name]), "bad", _("No sign"), start)
        else:
            yield Light(_(WORKERS[name]), "good", _("At work"))
    for lane, length in lengths.items():
        tone = "good" if length < LONG_QUEUE else "wait"
        word = ngettext("%(count)d task", "%(count)d tasks", length) % {"count": length}
        yield Light(_(LANES[lane]), tone, word)


def _pace(connection: Connection) -> Iterator[Light]:
    """How many calls may leave at once. What is left for the background is never the last of it (U2)."""
    if not (settings.TOKPORTAL_PACED and connection.api_key):
        return
    try:
        state = pace_state(connection)
    except RedisError:
        return  # the light of the queue says so
    if state.blocked_seconds:
        blocked = _("TokPortal asked for a pause. Calls go on in %(seconds)s s.")
        wait = blocked % {"seconds": number(ceil(state.blocked_seconds))}
        yield Light(_("Rate limit"), "wait", _("Paused"), wait)
        return
    said = _("A full bucket holds %(most)s calls and gets %(rate)s a minute.")
    for lane, name in PACE.items():
        left, most = state.left(lane), state.most(lane)
        rate = number(round(state.per_second * 60))
        sentence = said % {"most": number(most), "rate": rate}
        yield Light(
            _(name), "good" if left else "info", _("%(left)s left") % {"left": number(left)}, sentence
        )


def _drift(connection: Connection) -> Light:
    count = Drift.objects.filter(connection=connection, seen_at=None).count()
    if not count:
        return Light(_("New words"), "good", _("None"), url=reverse("drift_list"))
    word = ngettext("%(count)s to look at", "%(count)s to look at", count) % {"count": number(count)}
    said = _("TokPortal says what this dashboard does not know yet. It is kept and changes nothing.")
    return Light(_("New words"), "wait", word, said, reverse("drift_list"))


def _commands(connection: Connection, now: datetime) -> Light:
    counted = (
        Command.objects.unsettled()
        .filter(connection=connection)
        .aggregate(
            total=Count("pk"), undecided=Count("pk", filter=Q(needs_person=True)), oldest=Min("asked_at")
        )
    )
    if counted["undecided"]:
        word = ngettext("%(count)d to decide", "%(count)d to decide", counted["undecided"])
        word %= {"count": counted["undecided"]}
        said = _("Their outcome is unknown. Open them under Orders.")
        return Light(_("Orders"), "bad", word, said, f"{reverse('command_list')}?state=person")
    if not counted["total"]:
        return Light(_("Orders"), "good", _("None waiting"))
    upstream_now = connection.upstream_now(now)
    is_late = upstream_now - counted["oldest"] > LATE_COMMAND
    asked = _("The oldest was asked for %(ago)s.") % {"ago": _ago(counted["oldest"], upstream_now)}
    word = ngettext("%(count)d on their way", "%(count)d on their way", counted["total"])
    return Light(_("Orders"), "wait" if is_late else "good", word % {"count": counted["total"]}, asked)


def _events(connection: Connection, now: datetime) -> Light:
    states = WebhookEvent.State
    counted = WebhookEvent.objects.filter(connection=connection).aggregate(
        failed=Count("pk", filter=Q(state=states.FAILED)), waiting=Count("pk", filter=Q(state=states.WAITING))
    )
    if counted["failed"]:
        word = ngettext("%(count)d failed", "%(count)d failed", counted["failed"])
        word %= {"count": counted["failed"]}
        said = _("They are tried again; Events says why.")
        return Light(_("Events"), "wait", word, said, f"{reverse('event_list')}?state=failed")
    said = _("No webhook has arrived yet.")
    if heard := connection.webhook_last_at:
        said = _("Last heard %(ago)s.") % {"ago": _ago(heard, now)}
    word = _("All handled")
    if waiting := counted["waiting"]:
        word = ngettext("%(count)d waiting", "%(count)d waiting", waiting) % {"count": waiting}
    return Light(_("Events"), "good", word, said, reverse("event_list"))


def _sweep(connection: Connection, now: datetime) -> Light:
    name = _("Sweep")
    last = Sweep.objects.filter(connection=connection).order_by("-started_at").first()
    if last is None:
        return Light(name, "wait", _("None yet"), _("It starts within ten minutes of the clock."))
    if last.finished_at is None and last.trouble:
        return Light(name, "wait", _("Waits"), _(last.trouble))
    if last.finished_at is None:
        read = _("%(done)d of %(total)d read") % {"done": last.done, "total": last.total}
        return Light(name, "info", read if last.listed_at else _("Reading the lists"))
    return _age(name, last.finished_at, now, LATE_SWEEP, _("Finished %(ago)s."))


def _age(name: str, at: datetime | None, now: datetime, late: timedelta, said: str) -> Light:
    """`said`: the sentence, with a place for `%(ago)s`."""
    if at is None:
        return Light(name, "wait", _("Not yet"), _("It comes by itself, or start it below."))
    is_good = now - at < late
    word = _("Up to date") if is_good else _("Late")
    return Light(name, "good" if is_good else "wait", word, said % {"ago": _ago(at, now)})


def _ago(at: datetime, now: datetime) -> str:
    if now - at < timedelta(minutes=1):
        return _("just now")
    return _("%(length)s ago") % {"length": timesince(at, now, depth=1)}


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
