"""Seconds from `make demo` to the first page: in a fresh clone (packages, sample and all), and the next time.

Compares nothing; the goals are 90 s and 3 s.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from agency.environment import BASE_DIR
from tests.bench.report import line

COLD_SECONDS, WARM_SECONDS = 90, 3


def run() -> bool:
    with tempfile.TemporaryDirectory(prefix="agency-bench-") as scratch:
        clone = Path(scratch) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(BASE_DIR), str(clone)], check=True)
        cold, warm = start_and_stop(clone), start_and_stop(clone)
        results = [
            line("demo/cold", cold, "s", goal=f"<= {COLD_SECONDS}", ok=cold <= COLD_SECONDS),
            line("demo/warm", warm, "s", goal=f"<= {WARM_SECONDS}", ok=warm <= WARM_SECONDS),
        ]
    return all(results)


def start_and_stop(clone: Path) -> float:
    """Seconds until the first page came. Stops the demo afterwards and waits until it is gone."""
    port, sandbox_port = free_port(), free_port()
    inherited = ("DATABASE_URL", "REDIS_URL", "LOCAL_DIR", "PUBLIC_URL", "TOKPORTAL_BASE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    environment |= {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
    began = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo"], cwd=clone, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not first_page(clone, port):
            if demo.poll() is not None or time.monotonic() - began > 300:
                raise RuntimeError("make demo did not come up")
            time.sleep(0.02)
        return time.monotonic() - began
    finally:
        os.killpg(demo.pid, signal.SIGTERM)
        demo.wait(60)


def first_page(clone: Path, port: int) -> bool:
    """Whether the demo says that it is there and shows its sign-in page."""
    summary = clone / ".local/demo.json"
    if not summary.exists() or str(port) not in json.loads(summary.read_text() or "{}").get("url", ""):
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
