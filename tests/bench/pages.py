"""Each page at two sizes: median server time, SQL queries, HTML bytes.

Sizes: S1 = 10 clients × 200 videos, S2 = 100 × 200, 20 snapshots to a video. Both run at once, each with its
own database and web process (gunicorn, as in production), and are asked in turns, so that the ratio S2 / S1
is fair. Goals: at most 15 queries and 100 KB on any page, 60 ms median, and at most 1.3 times S1 at S2.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import psycopg

import tests.servers  # starts PostgreSQL and Redis and says where they are
from agency.environment import redis_database, with_redis_database
from tests.bench.demo import free_port
from tests.bench.report import line

SIZES = ("S1", "S2")
REQUESTS, WARM_UPS = 30, 3
MOST_QUERIES, MOST_BYTES, MOST_MS, MOST_RATIO = 15, 100_000, 60, 1.3


@dataclass
class Site:
    """One size, seeded and served. `pages`: name → {path, queries, bytes}."""

    size: str
    http: httpx.Client
    pages: dict[str, dict[str, int | str]]
    seeded_seconds: float

    def milliseconds(self, name: str) -> float:
        began = time.perf_counter()
        answer = self.http.get(str(self.pages[name]["path"]))
        taken = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, f"{name} at {self.size}: {answer.status_code}"
        return taken


def run() -> bool:
    with ExitStack() as running:
        sites = [running.enter_context(serve(size, number)) for number, size in enumerate(SIZES)]
        for site in sites:
            line(f"pages/seed/{site.size}", site.seeded_seconds, "s", goal="none", ok=None)
        results = [measure(name, sites) for name in sites[0].pages]
    tests.servers.pytest_unconfigure()
    return all(results)


def measure(name: str, sites: list[Site]) -> bool:
    times: dict[str, list[float]] = {site.size: [] for site in sites}
    for turn in range(WARM_UPS + REQUESTS):
        for site in sites:
            taken = site.milliseconds(name)
            if turn >= WARM_UPS:
                times[site.size].append(taken)
    small, big = (statistics.median(times[size]) for size in SIZES)
    ok = True
    for site in sites:
        median, page = statistics.median(times[site.size]), site.pages[name]
        queries, size = int(page["queries"]), int(page["bytes"])
        label = f"pages/{name}/{site.size}"
        ok &= line(f"{label}/time", median, "ms", goal=f"<= {MOST_MS}", ok=median <= MOST_MS)
        ok &= line(
            f"{label}/queries", queries, "queries", goal=f"<= {MOST_QUERIES}", ok=queries <= MOST_QUERIES
        )
        ok &= line(f"{label}/html", size, "bytes", goal=f"<= {MOST_BYTES}", ok=size <= MOST_BYTES)
    is_flat = big <= MOST_RATIO * small
    ok &= line(
        f"pages/{name}/growth", big, "ms", baseline=round(small, 2), goal=f"<= {MOST_RATIO}x", ok=is_flat
    )
    return ok


def with_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@contextmanager
def serve(size: str, number: int) -> Iterator[Site]:
    name = f"bench_{size.lower()}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # one of SIZES
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": with_database(os.environ["DATABASE_URL"], name),
        "REDIS_URL": with_redis_database(
            os.environ["REDIS_URL"], redis_database(os.environ["REDIS_URL"]) + 2 + 2 * number
        ),
        "PUBLIC_URL": f"http://localhost:{port}",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "agency.settings",
        "WEB_CONCURRENCY": "1",
    }

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, stdout=subprocess.PIPE
        )
        return done.stdout.decode()

    python("-m", "agency.run", "migrate")
    began = time.monotonic()
    python("-m", "tests.bench.seed", size)
    seeded = time.monotonic() - began
    probe = json.loads(python("-m", "tests.bench.probe").splitlines()[-1])
    web = subprocess.Popen(
        [sys.executable, "-m", "agency.run", "web"], env=environment, stderr=subprocess.DEVNULL
    )
    cookies = {"sessionid": probe["session"]}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=60) as http:
            for _ in range(200):
                try:
                    http.get("/health/live")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield Site(size, http, probe["pages"], seeded)
    finally:
        web.terminate()
        web.wait(20)
