"""Background work: which task runs in which lane, and what runs by the clock.

Lane `person` serves somebody who waits for an answer; `background` does everything else. A task that is
not named in the routes is background work. The process lines are in agency/run.py.
"""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery, signals
from celery.beat import PersistentScheduler
from django.conf import settings

from agency import heartbeats

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agency.settings")

app = Celery("agency")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.task_default_queue = "background"
app.conf.task_routes = {}
app.conf.beat_schedule = {}
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


@signals.worker_ready.connect
def _started(sender: Any, **_: object) -> None:
    heartbeats.record(sender.hostname.partition("@")[0])


@signals.heartbeat_sent.connect
def _still_there(sender: Any, **_: object) -> None:
    heartbeats.record(sender.eventer.hostname.partition("@")[0])
