"""`make demo`: everything that the dashboard needs on one machine, until Ctrl-C.

The processes are those of production (agency/run.py), fed by the environment as in production. What is
missing there is supplied: PostgreSQL and Redis unless DATABASE_URL and REDIS_URL are set, the TokPortal
sandbox with a sample agency unless TOKPORTAL_BASE_URL is, and generated keys where none are given.
"""

import argparse
import hashlib
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from agency import run
from agency.embedded import processes
from agency.embedded.local import CannotStart, empty, generated_keys, only_one, write
from agency.embedded.processes import Program
from agency.embedded.servers import NoServer, PostgresServer, RedisServer, socket_folder
from agency.embedded.supervisor import ProgramFailed, StopRequested, Supervisor
from agency.environment import BASE_DIR, local_dir, secret
from agency.sample.plan import DAYS

# Stopped from the last to the first, those of one stage together.
SERVERS, SANDBOX, WORKERS, WEB = range(4)

MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]


class Demo:
    """One run. Everything that it keeps lies in FOLDER."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.folder = folder
        self.supervisor = supervisor
        self.port = free_port("PORT", 8000)
        self.url = f"http://localhost:{self.port}"
        self.sandbox_url = None
        if not secret("TOKPORTAL_BASE_URL"):
            self.sandbox_url = f"http://127.0.0.1:{free_port('SANDBOX_PORT', 8089)}"
        self.has_own_database = not secret("DATABASE_URL")
        self.environment = self._environment()

    def start(self, sockets: ExitStack) -> None:
        """Come back when the first page can be opened. SOCKETS outlives the servers."""
        say("Starting PostgreSQL, Redis and the TokPortal sandbox …")
        self._forget_half_a_sample()
        if self.sandbox_url:
            self._start_sandbox(self.sandbox_url)
        self._start_servers(sockets)
        write(self.folder / "env", "".join(f"{name}={value}\n" for name, value in self.environment.items()))
        self._migrate()
        if self.sandbox_url:
            self._load_sample(self.sandbox_url)
        self._start_processes()
        if self.sandbox_url:
            self._wait_for_sandbox(self.sandbox_url)
        ready = f"{self.url}/health/ready"
        try:
            self.supervisor.wait_until(self._is_ready, seconds=60, what=ready, pause_seconds=0.1)
        except ProgramFailed as problem:
            raise ProgramFailed(f"{problem}\n\n{ready} says: {fetch(ready)[1]}") from None
        write(self.folder / "demo.json", json.dumps(self.summary(), indent=2) + "\n")

    def forget(self) -> None:
        """Remove the addresses that nobody answers at any more."""
        for name in ("env", "demo.json"):
            (self.folder / name).unlink(missing_ok=True)

    def summary(self) -> dict[str, object]:
        return {
            "url": self.url,
            "sandbox_url": self.sandbox_url,
            "sandbox_key": self.environment["TOKPORTAL_API_KEY"] if self.sandbox_url else None,
            "users": self.users(),
        }

    def users(self) -> list[dict[str, str]]:
        """One sign-in per role, as load_sample wrote them."""
        path = self.folder / "users.json"
        return json.loads(path.read_text()) if path.exists() else []

    def _environment(self) -> dict[str, str]:
        """What every process gets, and what `.local/env` tells those beside us."""
        keys = generated_keys(self.folder / "keys")
        if (
            self.sandbox_url
        ):  # its key, even where a real one is set: that one is none of the sandbox's business
            tokportal = {
                "TOKPORTAL_BASE_URL": f"{self.sandbox_url}/api/ext",
                "TOKPORTAL_API_KEY": keys["SANDBOX_KEY"],
            }
        else:
            tokportal = {name: secret(name) for name in ("TOKPORTAL_BASE_URL", "TOKPORTAL_API_KEY")}
        return {
            "SECRET_KEY": secret("SECRET_KEY") or keys["SECRET_KEY"],
            "FIELD_KEYS": secret("FIELD_KEYS") or keys["FIELD_KEYS"],
            "DATABASE_URL": secret("DATABASE_URL"),
            "REDIS_URL": secret("REDIS_URL"),
            "PUBLIC_URL": secret("PUBLIC_URL") or self.url,
            "PORT": str(self.port),
            "LOCAL_DIR": str(self.folder),
            **tokportal,
        }

    def _process(self, name: str, *, stop_seconds: float) -> Program:
        return Program(
            name=name,
            argv=[sys.executable, "-m", "agency.run", name],
            environment=self.environment,
            # A worker that finds itself without us would first end its task, and beat look for its Redis.
            orphan_signal=signal.SIGKILL if name in run.HEARTBEAT_KEYS else None,
            stop_seconds=stop_seconds,
        )

    def _start_sandbox(self, url: str) -> None:
        port = url.rpartition(":")[2]
        arguments = ["--port", port, "--store", str(self.folder / "sandbox"), "--manager", "auto"]
        arguments += ["--api-key", self.environment["TOKPORTAL_API_KEY"]]
        if not (self.folder / "users.json").exists():  # the sample's story begins then
            arguments += ["--now", (datetime.now(UTC) - timedelta(days=DAYS)).isoformat()]
        self.supervisor.start(Program("sandbox", [*MANAGE, "sandbox", *arguments]), stage=SANDBOX)

    def _start_servers(self, sockets: ExitStack) -> None:
        started: list[PostgresServer | RedisServer] = []
        if self.has_own_database:
            postgres = PostgresServer(self.folder, sockets.enter_context(socket_folder()))
            self.environment["DATABASE_URL"] = postgres.url
            started.append(postgres)
        if not self.environment["REDIS_URL"]:
            redis = RedisServer(self.folder, sockets.enter_context(socket_folder()))
            self.environment["REDIS_URL"] = redis.url
            started.append(redis)
        for server in started:
            self.supervisor.start(server.program(), stage=SERVERS)
        for server in started:
            self.supervisor.wait_until(server.is_ready, seconds=60, what=type(server).__name__)
            if isinstance(server, RedisServer):
                # Signs of life from the run before, which may have ended a second ago.
                server.ask("DEL", *run.HEARTBEAT_KEYS.values())

    def _migrate(self) -> None:
        """Bring our own database up to date, unless it has had these very migrations: that saves a second.

        The sandbox's address counts as one: the database is told when it has moved to another port.
        """
        done, wanted = self.folder / "migrated", f"{digest_of_migrations()} {self.sandbox_url}"
        if self.has_own_database and done.exists() and done.read_text() == wanted:
            return
        say("Bringing the database up to date …")
        self.supervisor.finish(self._process("migrate", stop_seconds=5), seconds=300)
        write(done, wanted)

    def _load_sample(self, sandbox_url: str) -> None:
        users, loading = self.folder / "users.json", self.folder / "sample-is-loading"
        if users.exists():
            return
        self._wait_for_sandbox(sandbox_url)
        say("Loading the sample agency, the first time only …")
        loading.touch()
        command = [*MANAGE, "load_sample", "--users-file", str(users)]
        # Three months in half a minute: the sandbox takes its limit off for it, and so do we.
        environment = self.environment | {"TOKPORTAL_PACED": "false"}
        self.supervisor.finish(Program("sample", command, environment, stop_seconds=2), seconds=300)
        loading.unlink()

    def _wait_for_sandbox(self, url: str) -> None:
        self.supervisor.wait_until(lambda: fetch(url)[0] > 0, seconds=30, what="The sandbox")

    def _start_processes(self) -> None:
        for lane in ("person", "background"):
            self.supervisor.start(self._process(lane, stop_seconds=8), stage=WORKERS, revive=True)
        self.supervisor.start(self._process("beat", stop_seconds=4), stage=WEB, revive=True)
        self.supervisor.start(self._process("web", stop_seconds=6), stage=WEB)

    def _forget_half_a_sample(self) -> None:
        """A first start that was cut off begins anew, with nothing but itself to lose."""
        if not (self.folder / "sample-is-loading").exists():
            return
        if not self.has_own_database:
            raise CannotStart(
                "The sample was cut off. Give DATABASE_URL an empty database and run make demo-reset."
            )
        empty(self.folder, but=["keys", "log"])

    def _is_ready(self) -> bool:
        return fetch(f"{self.url}/health/ready")[0] == 200


def digest_of_migrations() -> str:
    """Changes with any migration of ours, and with any version of a library that brings its own."""
    ours = [
        path
        for wing in ("agency", "clients", "campaigns")
        for path in (BASE_DIR / wing).rglob("migrations/*.py")
    ]
    files = [*sorted(ours), BASE_DIR / "requirements/runtime.txt"]
    parts = [f"{path.relative_to(BASE_DIR)}\n".encode() + path.read_bytes() for path in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def free_port(name: str, default: int) -> int:
    """The port that the variable NAME asks for. Raises CannotStart when somebody listens there."""
    text = os.environ.get(name) or str(default)
    if not (text.isdigit() and 0 < int(text) < 65536):
        raise CannotStart(f"{name} must be a port number, not {text!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except PermissionError:
            raise CannotStart(f"Port {text} is not ours to use. Choose one above 1023: {name}=…") from None
        except OSError:
            raise CannotStart(
                f"Port {text} is taken. Choose another: make demo {name}={int(text) + 1}"
            ) from None
    return int(text)


def fetch(url: str) -> tuple[int, str]:
    """Status and body of a page of ours; 0 and the reason when nobody answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=5)
    try:
        connection.request("GET", address.path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as problem:
        return 0, str(problem)
    finally:
        connection.close()


def say(text: str) -> None:
    """To the terminal, which may be gone already."""
    with suppress(OSError):
        os.write(1, f"{text}\n".encode())


def tell(demo: Demo, seconds: float) -> None:
    say(f"\nReady after {seconds:.1f} seconds: {demo.url}\n")
    for user in demo.users():
        say(f"  {user['role']:<18} {user['username']:<30} {user['password']}")
    if demo.sandbox_url:
        say(f"\nTokPortal is played by a sandbox at {demo.sandbox_url}: nothing costs anything.")
    else:
        say("Make the first account with: .venv/bin/python manage.py setup")
    say(f"Logs are in {demo.folder / 'log'}. Ctrl-C stops everything.")


def serve(folder: Path, should_end: Callable[[], bool]) -> None:
    """Start everything and stay. Raises StopRequested when asked to end, and ProgramFailed."""
    began = time.monotonic()
    (folder / "log").mkdir(exist_ok=True)
    # Our own modules are compiled once and not in every process, also where the shell says otherwise.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with ExitStack() as sockets, Supervisor(folder / "log", should_end=should_end) as supervisor:
        demo = Demo(folder, supervisor)
        demo.forget()  # what a killed run could not
        sockets.callback(demo.forget)
        demo.start(sockets)
        tell(demo, time.monotonic() - began)
        supervisor.watch()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reset", action="store_true", help="forget all data of earlier runs, and end")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the program that started us does"
    )
    options = parser.parse_args()
    if options.with_parent:
        processes.die_with_parent(signal.SIGTERM)
    should_end = processes.parent_was_told_to_end if options.with_parent else lambda: False
    folder = local_dir().resolve()
    try:
        with only_one(folder):
            if options.reset:
                empty(folder)
                say(f"{folder} is empty.")
            else:
                serve(folder, should_end)
    except StopRequested:
        say("\nStopped.")
    except (CannotStart, NoServer, ProgramFailed) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
