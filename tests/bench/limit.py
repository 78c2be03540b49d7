"""The limit of one API key: what background work uses of it, how long people wait beside it, what we do without.

Workers, beat, PostgreSQL, Redis and the sandbox are processes as in production. Goals: 8 worker processes reach 97 % of
the limit without one 429; a person's Command leaves within 2 s (95th percentile) while all of that goes on; 20 Commands
a second without a limit, which is ten times what TokPortal allows. SECONDS=120 is how long the share is measured.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django

from agency.environment import BASE_DIR
from tests.chaos.house import House

SECONDS = 120


def run() -> bool:
    """In a process of its own: it needs settings and servers that the other benches do not have."""
    return subprocess.run([sys.executable, "-m", __name__], cwd=BASE_DIR, check=False).returncode == 0


def main() -> None:
    seconds = int(os.environ.get("SECONDS") or SECONDS)
    with (
        tempfile.TemporaryDirectory(prefix="agency-bench-", dir="/tmp") as scratch,
        House(Path(os.environ.get("KEEP") or scratch)) as house,
    ):
        house.environment |= {"TOKPORTAL_PACED": "true", "TOKPORTAL_TIMEOUT_SECONDS": "25"}
        os.environ |= house.environment
        django.setup()
        # What follows needs the settings, and they need the servers.
        sweep, machinery = (importlib.import_module(f"tests.bench.{name}") for name in ("sweep", "machinery"))
        results = [sweep.measure(house, seconds=seconds), machinery.measure(house)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
