"""`python -m tests.chaos`: SEED= chooses the run, COMMANDS= how many paid ones it has at least.

Prints one line of figures. Ends with 1 when anything was paid twice, lost, or left without evidence.
"""

import importlib
import os
import random
import sys
import tempfile
from pathlib import Path

import django

from tests.chaos.house import House

COMMANDS = 500


def whole(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal():
        sys.exit(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def main() -> None:
    seed, commands = whole("SEED", random.SystemRandom().randrange(10**6)), whole("COMMANDS", COMMANDS)
    sys.stderr.write(f"chaos: seed {seed}, at least {commands} paid commands\n")
    kept = os.environ.get("KEEP")  # a folder for logs and data that stay, to look into a breach
    with (
        tempfile.TemporaryDirectory(prefix="agency-chaos-", dir="/tmp") as scratch,
        House(Path(kept or scratch)) as house,
    ):
        os.environ |= house.environment
        django.setup()
        # What follows needs the settings, and they need the servers.
        is_whole = importlib.import_module("tests.chaos.run").run(house, seed=seed, commands=commands)
    if not is_whole:
        sys.stderr.write(
            f"To see it again: make chaos SEED={seed} COMMANDS={commands}. The seed fixes what people want and"
            " after which order what breaks; which call is hit then depends on the machine, so try it twice."
            " KEEP=/a/folder keeps the logs.\n"
        )
    sys.exit(0 if is_whole else 1)


if __name__ == "__main__":
    main()
