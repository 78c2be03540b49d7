"""A real Celery worker on the test's database and queue, as `agency.run` starts it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import connection as database

from agency import heartbeats, run
from agency.environment import BASE_DIR


def environment() -> dict[str, str]:
    """What a process needs to work on the test's own database."""
    row = database.settings_dict
    name, host, user = row["NAME"], row["HOST"], row["USER"] or "app"
    port = f"&port={row['PORT']}" if row["PORT"] else ""
    password = f"&password={row['PASSWORD']}" if row["PASSWORD"] else ""
    address = f"postgresql://{user}@/{name}?host={host}{port}{password}"
    return {
        **os.environ,
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        "TOKPORTAL_PACED": "false",
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
    }


@contextmanager
def worker(
    lane: str = "person", log: Path | None = None, *, at_once: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block ends; may be killed inside it. `at_once`: tasks, instead of the lane's own number."""
    heartbeats._redis().delete(heartbeats.HEARTBEAT_KEYS[lane])
    with open(log or os.devnull, "ab") as output:
        process = subprocess.Popen(
            [*run.command_line(lane), *(["--concurrency", str(at_once)] if at_once else [])],
            env=environment() | run.environment(lane),
            cwd=BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 20
        while lane in heartbeats.missing():
            assert time.monotonic() < until, "the worker did not start"
            time.sleep(0.05)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """With -9, the children too: nobody gets to say goodbye."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
