"""Every process of an installation, to be started, killed and restarted. No Django here: it sets its settings up."""

import base64
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import Self

from agency import run
from agency.embedded import processes
from agency.embedded.processes import Program
from agency.embedded.servers import PostgresServer, RedisServer, socket_folder
from tests.bench.demo import free_port
from tests.sandbox_process import KEY

# Shorter than the sandbox's slow answers, so that those are waited for in vain.
TIMEOUT_SECONDS = 2
REVIVE_AFTER_SECONDS = 1.0
WORKERS = ("person-1", "person-2", "background")  # the lane is the part before the dash
CREDITS = 10_000_000

# What a developer's shell or a running demo may hold.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "TEST_SERVERS_ARE_UP", "PRODUCTION", "DEBUG")


@dataclass
class Running:
    program: Program
    process: "Popen[bytes]"
    died_at: float | None = None  # monotonic seconds


class House:
    """Use as a context; what is started in it is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, Running] = {}
        self.restarts = 0
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name in NOT_INHERITED:
                os.environ.pop(name, None)
            (self.folder / "log").mkdir(parents=True, exist_ok=True)
            stack.callback(self._stop_all)
            self.postgres = PostgresServer(self.folder, stack.enter_context(socket_folder()))
            self.redis = RedisServer(self.folder, stack.enter_context(socket_folder()))
            self.sandbox_url = f"http://127.0.0.1:{free_port()}"
            self.web_url = f"http://127.0.0.1:{free_port()}"
            self.environment = self._environment()
            self._start_servers()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "agency.settings",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": secrets.token_hex(32),
            "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "LOCAL_DIR": str(self.folder / "local"),
            "PUBLIC_URL": self.web_url,
            "PORT": self.web_url.rpartition(":")[2],
            "WEB_CONCURRENCY": "1",
            "TOKPORTAL_BASE_URL": f"{self.sandbox_url}/api/ext",
            "TOKPORTAL_API_KEY": KEY,
            "TOKPORTAL_PACED": "false",  # the sandbox runs without a limit
            "TOKPORTAL_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        }

    # Starting

    def _start_servers(self) -> None:
        (self.folder / "local").mkdir(exist_ok=True)
        self._start(self.postgres.program())
        self._start(self.redis.program())
        self._start(self._sandbox())
        self.wait_for(self.postgres.is_ready)
        self.wait_for(self.redis.is_ready)
        migrate = processes.start(self._ours("migrate"), self.log("migrate"))
        if migrate.wait(180):
            raise RuntimeError(f"the database could not be made: see {self.log('migrate')}")
        self.wait_for(self.sandbox_answers)

    def open(self) -> None:
        """Start what serves people. The agency's rows are there by now."""
        for name in (*WORKERS, "beat", "web"):
            self.start(name)
        self.wait_for(lambda: _listens(self.web_url), seconds=60)

    def start(self, name: str) -> None:
        """One of our own processes. Several of a lane are numbered: `background-2`."""
        self._start(self._ours(name))

    def stop(self, name: str) -> None:
        """At once, and for good."""
        self._end(name, kill=True)
        del self.running[name]

    def _sandbox(self) -> Program:
        port = self.sandbox_url.rpartition(":")[2]
        arguments = ["--port", port, "--api-key", KEY, "--rate", "0", "--store", str(self.folder / "sandbox")]
        command = [sys.executable, "-m", "agency.sandbox", *arguments]
        return Program("sandbox", [*command, "--credits", str(CREDITS), "--coverage", "due"])

    def _ours(self, name: str) -> Program:
        lane = name.partition("-")[0]
        return Program(
            name=name,
            argv=[sys.executable, "-m", "agency.run", lane],
            environment=self.environment,
            orphan_signal=signal.SIGKILL if lane in run.HEARTBEAT_KEYS else None,
        )

    def _start(self, program: Program) -> None:
        self.running[program.name] = Running(program, processes.start(program, self.log(program.name)))

    def processor_ms(self) -> float:
        """What all of them have used so far, their children included."""
        used: dict[int, int] = {}
        parents: dict[int, int] = {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended meanwhile
                columns = file.read_text().rpartition(")")[2].split()
                pid = int(file.parent.name)
                parents[pid] = int(columns[1])
                used[pid] = sum(map(int, columns[11:15]))
        ours = {child.process.pid for child in self.running.values()}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return sum(used.get(pid, 0) for pid in ours) * 1000 / os.sysconf("SC_CLK_TCK")

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    # Breaking

    def kill(self, name: str) -> None:
        """-9, with its children. `look_after` starts it again."""
        processes.kill(self.running[name].process)

    def restart_sandbox(self, *, kill: bool) -> None:
        self._end("sandbox", kill=kill)
        self._start(self._sandbox())
        self.wait_for(self.sandbox_answers)

    def restart_postgres(self, *, crash: bool) -> None:
        """Every connection breaks. A crash loses nothing that was committed."""
        server = self.running["postgres"]
        server.process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        server.process.wait(30)
        self._start(self.postgres.program())
        self.wait_for(self.postgres.is_ready)

    def flush_redis(self) -> None:
        self.redis.ask("FLUSHALL")

    def look_after(self) -> None:
        """Start again what died, as systemd, Docker or the demo's supervisor does."""
        for name, child in self.running.items():
            if name in ("postgres", "redis", "sandbox") or child.process.poll() is None:
                continue
            now = time.monotonic()
            child.died_at = child.died_at or now
            if now - child.died_at >= REVIVE_AFTER_SECONDS:
                processes.kill(child.process)
                self.running[name] = Running(child.program, processes.start(child.program, self.log(name)))
                self.restarts += 1
                return  # the others at the next look: the table has changed

    def sandbox_answers(self) -> bool:
        return _listens(self.sandbox_url)

    def wait_for(self, is_true: Callable[[], bool], *, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > until:
                raise RuntimeError(f"it did not come up in time; see {self.folder / 'log'}")
            time.sleep(0.02)

    def _end(self, name: str, *, kill: bool = False) -> None:
        child = self.running[name]
        if kill:
            processes.kill(child.process)
        else:
            processes.stop(child.process, child.program)

    def _stop_all(self) -> None:
        """Workers and web first, servers last."""
        for name in reversed(list(self.running)):
            self._end(name, kill=name not in ("postgres", "redis", "sandbox"))


def _listens(url: str) -> bool:
    address = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address[0], int(address[2]))) == 0
