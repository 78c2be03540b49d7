"""Start a child that cannot outlive us, and end it the way it likes."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Program:
    """A command line, and how to end it."""

    name: str  # also the name of its log file
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of ours
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals | None = None  # sent by the kernel when we die; else the stop signal
    stop_seconds: float = 10  # what it may take after the signal, before it is killed
    user: str | None = None  # run as this account
    pass_fds: Sequence[int] = ()


def die_with_parent(stop_signal: signal.Signals) -> None:
    """Ask the kernel for STOP_SIGNAL when our parent dies, however it dies. Linux only; elsewhere nothing."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)


def parent_was_told_to_end() -> bool:
    """Whether the program that started us has a stop signal in hand. Linux only; elsewhere False.

    GNU make passes a TERM on to its recipe, but on INT and HUP it only waits, sure that a terminal sent them
    to us as well. While it waits inside its handler, the kernel shows that signal as blocked.
    """
    try:
        status = Path(f"/proc/{os.getppid()}/status").read_text()
    except OSError:
        return False
    blocked = int(status.partition("SigBlk:")[2].split()[0], base=16)
    return any(blocked >> (number - 1) & 1 for number in STOP_SIGNALS)


def start(program: Program, log: Path) -> "subprocess.Popen[bytes]":
    """Start PROGRAM in a session of its own, so that a terminal's Ctrl-C reaches only us.

    Call it from the main thread: the kernel's "parent died" is about the thread that started the child.
    """
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(program.orphan_signal or program.stop_signal)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    account = pwd.getpwnam(program.user) if program.user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            program.argv,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=before_exec,
            pass_fds=program.pass_fds,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a child at once, and those of its own that are left in its group, even when it has ended itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop(process: "subprocess.Popen[bytes]", program: Program) -> None:
    """End PROGRAM: its own signal first and, when its time is over, a kill."""
    if process.poll() is not None:
        return
    process.send_signal(program.stop_signal)
    try:
        process.wait(program.stop_seconds)
    except subprocess.TimeoutExpired:
        kill(process)
