"""Background work: which task runs in which lane, and what runs by the clock.

Lane `person` serves somebody who waits for an answer; `background` does everything else, webhooks too: a wave of
them would keep people waiting. A task that is not named in the routes is background work. The process lines are
in agency/run.py.
"""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery, signals
from celery.beat import PersistentScheduler
from celery.schedules import crontab
from django.conf import settings
from django.db import close_old_connections

from agency import heartbeats
from agency.run import LAST

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agency.settings")

app = Celery("agency")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.task_default_queue = "background"
app.conf.task_routes = {
    f"campaigns.{name}": {"queue": "person"}
    for name in (
        "commands.tasks.send_command",
        "commands.tasks.send_next",
        "commands.tasks.resolve_command",
        "commands.tasks.sweep_commands",
        "commands.tasks.probe_connection",
        "launches.tasks.advance_launch",
        "launches.tasks.advance_after",
        "events.tasks.check_endpoint",
        "events.tasks.test_endpoint",
    )
}
# Long work comes in slices, and whatever else waits in the lane goes before the next slice.
app.conf.task_routes |= {
    f"campaigns.{name}": {"queue": "background", "priority": LAST}
    for name in (
        "analytics.tasks.pull_due",
        "credits.tasks.import_history",
        "events.tasks.handle_waiting",
        "events.tasks.sweep_lists",
        "events.tasks.sweep_everything",
    )
}
# The rows say what is due: a bell too many costs a query, a lost one costs the time to the next. Each bell
# expires before the next one, so that none pile up while a worker is away.
app.conf.beat_schedule = {
    name: {"task": task, "schedule": schedule, "options": {"expires": expires_seconds}}
    for name, task, schedule, expires_seconds in (
        ("Send what waits", "campaigns.commands.tasks.sweep_commands", 30, 25),
        ("Ask whether TokPortal is back", "campaigns.commands.tasks.probe_connection", 5, 4),
        ("Carry launches on", "campaigns.launches.tasks.sweep_launches", 30, 25),
        ("Handle waiting events", "campaigns.events.tasks.handle_waiting", 60, 55),
        ("Sweep the lists", "campaigns.events.tasks.sweep_lists", 600, 590),
        ("Recover deliveries", "campaigns.events.tasks.recover_deliveries", 600, 590),
        ("Import what was charged", "campaigns.credits.tasks.import_what_was_charged", 30, 25),
        ("Import the credit history", "campaigns.credits.tasks.import_history", 600, 590),
        # Figures and prices are read when their rows say so: every six hours and every hour.
        ("Read figures", "campaigns.analytics.tasks.pull_due", 120, 115),
        ("Read prices", "campaigns.events.tasks.refresh_reference", 300, 290),
        ("Forget old calls", "agency.tasks.prune_calls", crontab(minute=50, hour=4), 3600),
        ("Sweep everything", "campaigns.events.tasks.sweep_everything", crontab(minute=20, hour=3), 3600),
    )
}
app.conf.beat_scheduler = "agency.celery:Scheduler"
app.conf.beat_max_loop_interval = 5  # seconds: less than heartbeats.FADES_AFTER_SECONDS


class Scheduler(PersistentScheduler):
    """Beat, with a heartbeat."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        heartbeats.record("beat")
        return super().tick(*args, **kwargs)


@signals.setup_logging.connect
def _log_like_the_web_process(**_: object) -> None:
    dictConfig(settings.LOGGING)


@signals.task_prerun.connect
def _leave_dead_connections(sender: Any, **_: object) -> None:
    """Django looks at its database connections when a request begins, and knows nothing of tasks."""
    if not sender.request.is_eager:
        close_old_connections()


@signals.worker_ready.connect
def _started(sender: Any, **_: object) -> None:
    heartbeats.record(sender.hostname.partition("@")[0])


@signals.heartbeat_sent.connect
def _still_there(sender: Any, **_: object) -> None:
    heartbeats.record(sender.eventer.hostname.partition("@")[0])
