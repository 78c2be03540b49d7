"""A small supervisor: starts programs, waits for them, and ends them in order, whatever happens to it."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from agency.embedded import processes
from agency.embedded.processes import STOP_SIGNALS, Program

REVIVE_AFTER_SECONDS = 1.0
# A program that is revived more often than this within a minute will not get better by itself.
MOST_REVIVALS_A_MINUTE = 5


class StopRequested(Exception):
    """Somebody asked us to end: Ctrl-C, a TERM, or a terminal that was closed."""


class ProgramFailed(Exception):
    """A program ended that should not have, or took too long. The message holds the end of its log."""


@dataclass
class Running:
    program: Program
    process: "subprocess.Popen[bytes]"
    stage: int  # stopped from the highest stage to the lowest, those of one stage together
    revive: bool
    revivals: list[float] = field(default_factory=list)  # when; monotonic seconds
    revive_at: float | None = None  # monotonic seconds; None while it is alive


class Supervisor:
    """Use as a context: leaving it, for whatever reason, stops what was started."""

    def __init__(self, logs: Path, *, should_end: Callable[[], bool] = lambda: False) -> None:
        self.logs = logs
        self.should_end = should_end  # asked about ten times a second
        self.running: list[Running] = []
        self._signals = 0
        self._handlers: dict[int, Any] = {}  # what was set before us

    def __enter__(self) -> "Supervisor":
        for log in self.logs.glob("*.log"):
            log.unlink()
        # Set even where they are inherited as ignored (nohup, a background job of a script).
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for stage in sorted({child.stage for child in self.running}, reverse=True):
            self._stop([child for child in self.running if child.stage == stage])
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, program: Program, *, stage: int, revive: bool = False) -> None:
        """Start PROGRAM. When it ends by itself it is started again (REVIVE), or everything ends."""
        process = processes.start(program, self._log(program))
        self.running.append(Running(program, process, stage, revive))

    def wait_until(
        self, ready: Callable[[], bool], *, seconds: float, what: str, pause_seconds: float = 0.02
    ) -> None:
        """Come back when READY says so. Raises ProgramFailed when a program ends first or time runs out."""
        end = time.monotonic() + seconds
        while not ready():
            self._look_after()
            if time.monotonic() > end:
                raise ProgramFailed(f"{what} was not ready after {seconds:.0f} seconds. See {self.logs}.")
            time.sleep(pause_seconds)

    def finish(self, program: Program, *, seconds: float) -> None:
        """Run PROGRAM to its end. Raises ProgramFailed when that is not a good one."""
        process = processes.start(program, self._log(program))
        job = Running(program, process, stage=99, revive=False)
        self.running.append(job)
        end = time.monotonic() + seconds
        while process.poll() is None:
            self._look_after(but=job)
            if time.monotonic() > end:
                raise ProgramFailed(
                    f"{program.name} took longer than {seconds:.0f} seconds. See {self.logs}."
                )
            time.sleep(0.02)
        self.running.remove(job)
        if process.returncode:
            raise self._failure(job)

    def watch(self) -> None:
        """Look after the programs until somebody asks us to end (StopRequested) or one fails."""
        while True:
            self._look_after()
            time.sleep(0.1)

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _look_after(self, *, but: Running | None = None) -> None:
        if self._signals or self.should_end():
            raise StopRequested
        for child in self.running:
            if child is but or child.process.poll() is None:
                continue
            if not child.revive:
                raise self._failure(child)
            self._revive(child)

    def _revive(self, child: Running) -> None:
        now = time.monotonic()
        if child.revive_at is None:
            processes.kill(child.process)  # its own children, which nobody leads any more
            child.revivals = [moment for moment in child.revivals if moment > now - 60] + [now]
            if len(child.revivals) > MOST_REVIVALS_A_MINUTE:
                raise self._failure(child)
            child.revive_at = now + REVIVE_AFTER_SECONDS
        elif now >= child.revive_at:
            child.process = processes.start(child.program, self._log(child.program))
            child.revive_at = None

    def _failure(self, child: Running) -> ProgramFailed:
        log = self._log(child.program)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        code = child.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return ProgramFailed(f"{child.program.name} {how}. The end of {log}:\n\n{tail}")

    def _stop(self, children: list[Running]) -> None:
        began = time.monotonic()
        alive = [child for child in children if child.process.poll() is None]
        for child in alive:
            child.process.send_signal(child.program.stop_signal)
        while alive:
            for child in alive:
                is_late = time.monotonic() > began + child.program.stop_seconds
                if is_late or self._signals > 1:  # asked twice: now
                    processes.kill(child.process)
            time.sleep(0.01)
            alive = [child for child in alive if child.process.poll() is None]
        for child in children:
            processes.kill(child.process)

    def _log(self, program: Program) -> Path:
        return self.logs / f"{program.name}.log"
