import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from agency.embedded import processes, servers
from agency.embedded.servers import PostgresServer, RedisServer, socket_folder


@contextmanager
def running(server: PostgresServer | RedisServer, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    program = server.program()
    process = processes.start(program, folder / f"{program.name}.log")
    try:
        end = time.monotonic() + 10
        while not server.is_ready():
            if time.monotonic() > end or process.poll() is not None:
                pytest.fail((folder / f"{program.name}.log").read_text())
            time.sleep(0.01)
        yield process
    finally:
        processes.stop(process, program)


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """One that only its owner may enter, as a checkout below /root is."""
    with tempfile.TemporaryDirectory(prefix="agency-tests-", dir="/tmp") as folder:
        os.chmod(folder, 0o700)
        yield Path(folder)


def test_postgres_keeps_its_rows_over_a_restart(closed_folder):
    with socket_folder() as sockets:
        server = PostgresServer(closed_folder, sockets)
        with running(server, closed_folder), psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        with running(server, closed_folder), psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_postgres_ends_quickly_while_somebody_is_connected(closed_folder):
    with socket_folder() as sockets:
        server = PostgresServer(closed_folder, sockets)
        with running(server, closed_folder) as process, psycopg.connect(server.url):
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=2) == 0


def test_postgres_starts_again_after_it_was_killed(closed_folder):
    with socket_folder() as sockets:
        server = PostgresServer(closed_folder, sockets)
        with running(server, closed_folder) as process, psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
            connection.commit()
            process.send_signal(signal.SIGKILL)
            process.wait()
        with running(server, closed_folder), psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_a_lock_file_whose_process_is_somebody_else_by_now_is_no_obstacle(closed_folder):
    with socket_folder() as sockets:
        server = PostgresServer(closed_folder, sockets)
        server.program()
        (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
        with running(server, closed_folder), psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_redis_keeps_its_queue_over_a_restart(closed_folder):
    with socket_folder() as sockets:
        server = RedisServer(closed_folder, sockets)
        with running(server, closed_folder), Redis.from_url(server.url) as redis:
            redis.lpush("queue", "work")
        with running(server, closed_folder), Redis.from_url(server.url) as redis:
            assert redis.lpop("queue") == b"work"


def test_a_start_waits_for_a_server_that_is_still_ending(closed_folder):
    with socket_folder() as sockets:
        server = PostgresServer(closed_folder, sockets)
        with running(server, closed_folder) as first, psycopg.connect(server.url):
            first.send_signal(signal.SIGINT)
            with running(PostgresServer(closed_folder, sockets), closed_folder):
                assert not (Path("/proc") / str(first.pid) / "cwd").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a stand-in")
def test_root_copies_the_server_to_where_its_stand_in_can_run_it():
    original = servers._postgres_binaries(reachable=False).parent.parent
    copy = servers._copy_for_anyone(original)
    command = [copy / "pginstall/bin/postgres", "--version"]
    answer = subprocess.run(command, user="nobody", capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("postgres (PostgreSQL)")
