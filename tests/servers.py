"""A pytest plugin: a PostgreSQL and a Redis of our own for the run, unless the environment names some.

pytest loads it before the settings (`-p tests.servers`), which a conftest.py would be too late for. The
processes of pytest-xdist inherit the addresses; each takes Redis databases of its own.
"""

import base64
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from agency.embedded.processes import start, stop
from agency.embedded.servers import PostgresServer, RedisServer, socket_folder
from agency.environment import redis_database, with_redis_database

# Set by the process that started the servers, for those that it starts.
INHERITED = "TEST_SERVERS_ARE_UP"

# What a developer's shell or a running demo may hold and a test must never see.
NOT_FOR_TESTS = ("DEBUG", "PRODUCTION", "TOKPORTAL_API_KEY", "TOKPORTAL_BASE_URL", "WEB_PROCESS")

_running = ExitStack()


def _start() -> None:
    scratch = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="agency-tests-", dir="/tmp")))
    for name in NOT_FOR_TESTS:
        os.environ.pop(name, None)
    os.environ |= {
        INHERITED: "yes",
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "LOCAL_DIR": str(scratch / "local"),
        "PUBLIC_URL": "http://localhost:8000",
        "SECRET_KEY": secrets.token_hex(32),
    }
    started: list[PostgresServer | RedisServer] = []
    if "DATABASE_URL" not in os.environ:
        sockets = _running.enter_context(socket_folder())
        started.append(PostgresServer(scratch, sockets, durable=False))
        os.environ["DATABASE_URL"] = started[-1].url
    if "REDIS_URL" not in os.environ:
        sockets = _running.enter_context(socket_folder())
        started.append(RedisServer(scratch, sockets, durable=False))
        os.environ["REDIS_URL"] = started[-1].url
    for server in started:
        program = server.program()
        log = scratch / f"{program.name}.log"
        process = start(program, log)
        _running.callback(stop, process, program)
        while not server.is_ready():
            if process.poll() is not None:
                raise RuntimeError(f"{program.name} did not start:\n{log.read_text()}")
            time.sleep(0.01)


def _take_own_redis_databases() -> None:
    """Two for each process of pytest-xdist: queue and cache."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    address = os.environ["REDIS_URL"]
    os.environ["REDIS_URL"] = with_redis_database(address, redis_database(address) + 2 * number)


def pytest_unconfigure() -> None:
    _running.close()


class FileByFile(LoadScopeScheduling):
    """A file's tests stay in one process, and so do all browser tests: they share what they start."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/browser" if path.startswith("tests/browser/") else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileByFile:
    config.option.loadscopereorder = False  # by number of tests: the browser's, few and long, would come last
    return FileByFile(config, log)


@pytest.fixture(scope="session")
def redis_databases() -> Iterator[list[Redis]]:
    """The queue's and the cache's."""
    address = os.environ["REDIS_URL"]
    queue = Redis.from_url(address)
    cache = Redis.from_url(with_redis_database(address, redis_database(address) + 1))
    with queue, cache:
        yield [queue, cache]


@pytest.fixture(autouse=True)
def _forget_what_redis_holds(request: pytest.FixtureRequest, redis_databases: list[Redis]) -> None:
    """Queues, limits and caches of one test are no business of the next."""
    if not any(request.node.get_closest_marker(name) for name in ("browser", "keeps_redis")):
        for database in redis_databases:
            database.flushdb()


if INHERITED not in os.environ:
    _start()
_take_own_redis_databases()
