"""`make demo` as a person meets it: the first start, what works beside it, its ends, the second start."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agency.environment import BASE_DIR, read_pairs
from tests.embedded.test_supervisor import eventually, is_alive

pytestmark = pytest.mark.keeps_redis


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid: int) -> set[int]:
    found = {pid}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        found |= descendants(int(folder.name)) if parent == pid else set()
    return found


class Demo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LOCAL_DIR": str(folder),
            "PORT": str(free_port()),
            "SANDBOX_PORT": str(free_port()),
        }
        self.process: subprocess.Popen[str] | None = None

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *, seconds: float) -> dict[str, Any]:
        """What demo.json says once it is there."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agency.embedded.demo"],
            cwd=BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        path = self.folder / "demo.json"
        eventually(lambda: not path.exists(), seconds=5)  # a killed run leaves its own
        eventually(lambda: path.exists() or self.process.poll() is not None, seconds=seconds)
        if not path.exists():
            self.process.kill()
            pytest.fail(self.process.communicate()[0])
        return json.loads(path.read_text())

    def end(self, stop_signal: signal.Signals) -> int:
        self.process.send_signal(stop_signal)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="agency-tests-", dir="/tmp") as folder:
        demo = Demo(Path(folder) / "local")
        yield demo
        if demo.process and demo.process.poll() is None:
            demo.end(signal.SIGTERM)


def may_sign_in(url: str, user: dict[str, str]) -> bool:
    with httpx.Client(base_url=url) as browser:
        browser.get("/sign-in/").raise_for_status()
        form = {"username": user["username"], "password": user["password"]}
        token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return browser.post("/sign-in/", data=form | token).status_code == 302


def leave_half_a_sample(folder: Path) -> None:
    """As a Ctrl-C during the first start does."""
    (folder / "redis").mkdir(parents=True)
    (folder / "redis/half").touch()
    (folder / "migrated").write_text("another database")
    (folder / "sample-is-loading").touch()


def test_the_demo_from_its_first_start_to_its_end(demo):
    leave_half_a_sample(demo.folder)
    told = demo.start(seconds=240)
    assert not (demo.folder / "redis/half").exists()

    assert told["url"] == f"http://localhost:{demo.environment['PORT']}"
    assert httpx.get(f"{told['url']}/health/ready").status_code == 200
    assert {user["role"] for user in told["users"]} >= {"owner", "manager"}
    assert all(may_sign_in(told["url"], user) for user in told["users"])
    me = httpx.get(f"{told['sandbox_url']}/api/ext/me", headers={"X-API-Key": told["sandbox_key"]})
    assert me.status_code == 200

    # Beside it, any command works without a variable set, and only the owner may read the keys.
    assert demo.run("manage.py", "migrate", "--check").returncode == 0
    for name in ("keys", "env", "demo.json", "users.json"):
        assert stat.S_IMODE((demo.folder / name).stat().st_mode) == 0o600
    assert set(read_pairs(demo.folder / "env")) >= {"DATABASE_URL", "REDIS_URL", "TOKPORTAL_BASE_URL"}

    # There is one at a time, and nobody takes its data away.
    for arguments in ([], ["--reset"]):
        refused = demo.run("-m", "agency.embedded.demo", *arguments)
        assert refused.returncode == 1
        assert "A demo is running already" in refused.stderr

    # Killed, it leaves nothing behind but its data.
    family = descendants(demo.process.pid)
    assert len(family) > 10
    demo.process.kill()
    demo.process.communicate()
    assert eventually(lambda: not any(is_alive(pid) for pid in family), seconds=10)

    # With them it starts again, and HUP is as good an end as any.
    began = time.monotonic()
    again = demo.start(seconds=90)
    print(f"\nwarm start after a kill: {time.monotonic() - began:.1f} s")
    assert again == told
    family = descendants(demo.process.pid)
    assert demo.end(signal.SIGHUP) == 0
    assert not any(is_alive(pid) for pid in family)
    assert not (demo.folder / "demo.json").exists()
    assert not (demo.folder / "env").exists()

    assert demo.run("-m", "agency.embedded.demo", "--reset").returncode == 0
    assert [path.name for path in demo.folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_port_that_is_taken_is_named_before_anything_starts(demo, name):
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        answer = demo.run("-m", "agency.embedded.demo", **{name: str(port)})
    assert answer.returncode == 1
    assert answer.stderr == f"Port {port} is taken. Choose another: make demo {name}={port + 1}\n"


def test_a_port_must_be_a_number(demo):
    answer = demo.run("-m", "agency.embedded.demo", PORT="http")
    assert answer.returncode == 1
    assert answer.stderr == "PORT must be a port number, not 'http'.\n"
