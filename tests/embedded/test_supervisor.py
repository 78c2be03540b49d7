import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agency.embedded import supervisor as module
from agency.embedded.processes import Program
from agency.embedded.supervisor import ProgramFailed, Supervisor

NAMES = ("database", "worker", "web")


def eventually(holds: Callable[[], bool], *, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """A zombie, which only waits for its parent to look, is not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Household:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self, *prefix: str) -> None:
        command = [*prefix, sys.executable, "-m", "tests.embedded.household", str(self.folder)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert eventually((self.folder / "up").exists, seconds=10)

    def pid(self, name: str) -> int:
        return int((self.folder / f"{name}.pid").read_text())

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors

    def order(self) -> list[str]:
        return (self.folder / "order").read_text().split()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    household = Household(tmp_path)
    yield household
    if household.process:
        household.process.kill()
        household.process.communicate()


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_the_programs_from_the_last_stage_to_the_first(household, stop_signal):
    household.start()
    pids = [household.pid(name) for name in NAMES]
    household.process.send_signal(stop_signal)
    assert household.end() == (0, "")
    assert household.order() == ["web", "worker", "database"]
    assert not any(is_alive(pid) for pid in pids)


@pytest.mark.parametrize("ignored", ["HUP", "INT"])
def test_a_signal_that_was_inherited_as_ignored_counts_all_the_same(household, ignored):
    household.start("sh", "-c", f'trap "" {ignored}; exec "$@"', "sh")
    household.process.send_signal(signal.Signals[f"SIG{ignored}"])
    assert household.end() == (0, "")
    assert household.order() == ["web", "worker", "database"]


def test_nothing_outlives_a_supervisor_that_was_killed(household):
    household.start()
    pids = [household.pid(name) for name in NAMES]
    household.process.kill()
    household.process.wait()
    assert eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_a_program_that_ends_by_itself_ends_everything_and_is_named(household):
    household.start()
    os.kill(household.pid("web"), signal.SIGKILL)
    code, errors = household.end()
    assert code == 1
    assert "web was killed by SIGKILL. The end of" in errors
    assert household.order() == ["worker", "database"]


def test_a_worker_that_was_killed_is_started_again(household):
    household.start()
    first = household.pid("worker")
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: household.pid("worker") != first)
    assert household.process.poll() is None


def test_a_worker_that_keeps_dying_ends_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REVIVE_AFTER_SECONDS", 0.01)
    broken = Program("worker", ["sh", "-c", "echo no such module; exit 3"])
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(broken, stage=0, revive=True)
        with pytest.raises(ProgramFailed, match=r"(?s)worker ended with exit code 3\..*no such module"):
            supervisor.watch()


def test_one_that_does_not_listen_is_killed_when_its_time_is_over(tmp_path):
    deaf = Program("deaf", ["sh", "-c", 'trap "" TERM; while :; do sleep 0.05; done'], stop_seconds=0.2)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(deaf, stage=0)
        pid = supervisor.running[0].process.pid
        time.sleep(0.1)
    assert not is_alive(pid)


def test_a_job_that_fails_tells_the_end_of_its_log(tmp_path):
    job = Program("migrate", ["sh", "-c", "echo no such table; exit 4"])
    problem = r"(?s)migrate ended with exit code 4.*no such table"
    with pytest.raises(ProgramFailed, match=problem), Supervisor(tmp_path) as supervisor:
        supervisor.finish(job, seconds=5)


def test_waiting_ends_when_the_time_is_over(tmp_path):
    problem = "The server was not ready after 0 seconds"
    with pytest.raises(ProgramFailed, match=problem), Supervisor(tmp_path) as supervisor:
        supervisor.wait_until(lambda: False, seconds=0.05, what="The server")


def test_make_passes_on_whatever_it_is_told(tmp_path, household):
    """GNU make itself forwards only TERM to its recipe."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(
        f"demo:\n\t@exec {sys.executable} -m tests.embedded.household {tmp_path} --with-parent\n"
    )
    for stop_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        (tmp_path / "up").unlink(missing_ok=True)
        make = subprocess.Popen(
            ["make", "-f", makefile],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Tests that run in a shell's background inherit INT as ignored, and so would make.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert eventually((tmp_path / "up").exists, seconds=10)
        make.send_signal(stop_signal)
        make.wait(timeout=5)
    assert household.order() == ["web", "worker", "database"] * 3
