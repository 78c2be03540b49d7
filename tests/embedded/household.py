"""A supervisor with three small programs, to be started, signalled and killed by the tests.

    python -m tests.embedded.household FOLDER [--with-parent]

Each program writes its name to FOLDER/order when it is asked to end; FOLDER/up appears when all run.
"""

import sys
from pathlib import Path

from agency.embedded.processes import Program, parent_was_told_to_end
from agency.embedded.supervisor import ProgramFailed, StopRequested, Supervisor


def sleeper(folder: Path, name: str, *, seconds_to_end: float = 0) -> Program:
    script = f"""
        trap 'sleep {seconds_to_end}; echo {name} >> order; exit 0' TERM
        echo $$ > {name}.pid
        while :; do sleep 0.02; done
    """
    return Program(name, ["sh", "-c", f"cd {folder} && {script}"], stop_seconds=1)


def main() -> None:
    folder = Path(sys.argv[1])
    should_end = parent_was_told_to_end if "--with-parent" in sys.argv else lambda: False
    try:
        with Supervisor(folder, should_end=should_end) as supervisor:
            supervisor.start(sleeper(folder, "database"), stage=0)
            supervisor.start(sleeper(folder, "worker", seconds_to_end=0.2), stage=1, revive=True)
            supervisor.start(sleeper(folder, "web"), stage=2)
            names = ("database", "worker", "web")
            supervisor.wait_until(
                lambda: all((folder / f"{name}.pid").exists() for name in names), seconds=10, what="The house"
            )
            (folder / "up").touch()
            supervisor.watch()
    except StopRequested:
        sys.exit(0)
    except ProgramFailed as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
