"""Big agencies, each seeded into a database of its own and served by gunicorn as in production.

Sizes: S1 = 10 clients × 200 videos, S2 = 100 × 200, S2d = 10 × 2,000, S3 = 100 × 2,000. A site is made when the
first bench asks for it and kept for the others until the end.
"""

import atexit
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg

import tests.servers  # starts PostgreSQL and Redis and says where they are
from agency.environment import redis_database, with_redis_database
from tests.bench.demo import free_port
from tests.bench.report import line

MIGRATED = "bench_migrated"  # the others are copies of this database
TICKS = os.sysconf("SC_CLK_TCK")  # of processor time, in a second


@dataclass
class Site:
    """One size. `pages`: name → {path, queries, bytes}; `http` is the owner's."""

    size: str
    http: httpx.Client
    cookies: dict[str, str]
    pages: dict[str, dict[str, int | str]]
    web: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def milliseconds(self, name: str) -> float:
        began = time.perf_counter()
        answer = self.http.get(str(self.pages[name]["path"]))
        taken = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, f"{name} at {self.size}: {answer.status_code}"
        return taken

    def _worker(self) -> Path:
        """Of gunicorn's two processes the one that answers."""
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        return Path("/proc") / children[0]

    def processor_ms(self) -> float:
        """What the worker has used so far. Other work on the machine does not count here."""
        columns = (self._worker() / "stat").read_text().rpartition(")")[2].split()
        return (int(columns[11]) + int(columns[12])) * 1000 / TICKS

    def worker_mb(self) -> float:
        """The memory that the worker holds, what it shares with gunicorn's first process included."""
        rows = (self._worker() / "status").read_text().splitlines()
        return int(next(row for row in rows if row.startswith("VmRSS")).split()[1]) / 1024


_sites: dict[str, Site] = {}
_running = ExitStack()


@atexit.register
def _stop() -> None:
    _running.close()
    tests.servers.pytest_unconfigure()


def sites(*sizes: str) -> list[Site]:
    """The sites of these sizes. Two processors seed two at once, the biggest first."""
    missing = [size for size in reversed(sizes) if size not in _sites]
    if missing:
        _migrate()
        with ThreadPoolExecutor(2) as pool:
            probes = list(pool.map(_seed, missing))
        for size, probe in zip(missing, probes, strict=True):
            _sites[size] = _serve(size, probe)
    return [_sites[size] for size in sizes]


def _environment(name: str, number: int, port: int = 0) -> dict[str, str]:
    redis = os.environ["REDIS_URL"]
    return os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "REDIS_URL": with_redis_database(redis, redis_database(redis) + 2 + 2 * number),
        "PUBLIC_URL": f"http://localhost:{port}",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "agency.settings",
        "WEB_CONCURRENCY": "1",
    }


def _python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def _create(name: str, *, like: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {like}")  # type: ignore[arg-type]  # names of ours


def _migrate() -> None:
    if not _sites:
        _create(MIGRATED, like="template1")
        _python(_environment(MIGRATED, 0), "-m", "agency.run", "migrate")


def _number(size: str) -> int:
    return ("S1", "S2", "S2d", "S3").index(size)


def _database(size: str) -> str:
    return f"bench_{size.lower()}"


def _seed(size: str) -> dict[str, object]:
    """Comes back with what the probe has found: session, pages."""
    _create(_database(size), like=MIGRATED)
    environment = _environment(_database(size), _number(size))
    began = time.monotonic()
    _python(environment, "-m", "tests.bench.seed", size)
    line(f"seed/{size}", time.monotonic() - began, "s", goal="none", ok=None)
    probe: dict[str, object] = json.loads(_python(environment, "-m", "tests.bench.probe").splitlines()[-1])
    return probe


def _serve(size: str, probe: dict[str, object]) -> Site:
    port = free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "agency.run", "web"],
        env=_environment(_database(size), _number(size), port),
        stderr=subprocess.DEVNULL,
    )
    _running.callback(web.wait, 20)
    _running.callback(web.terminate)
    cookies = {"sessionid": str(probe["session"])}
    http = httpx.Client(base_url=f"http://localhost:{port}", cookies=cookies, timeout=60)
    _running.enter_context(http)
    for _ in range(400):
        try:
            http.get("/health/live")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return Site(size, http, cookies, probe["pages"], web)  # type: ignore[arg-type]  # JSON
