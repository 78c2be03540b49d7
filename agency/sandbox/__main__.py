"""Starts the sandbox: `python manage.py sandbox …`, or `python -m agency.sandbox …`."""

import argparse
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .app import API_PREFIX, Api
from .clock import Clock, parse_time
from .control import Control
from .prices import PROFILES, Prices
from .server import Server
from .store import Store
from .uploads import Media
from .work import COVERAGE
from .world import Beginning, World

DEFAULT_CREDITS = 5000


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="manage.py sandbox", description="An imitation of the TokPortal API."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (default) takes a free one")
    parser.add_argument(
        "--api-key", action="append", default=[], help="may be given more than once; default: random"
    )
    parser.add_argument("--store", type=Path, help="folder that survives a restart; default: a temporary one")
    parser.add_argument("--now", type=_time, help="set the clock, ISO 8601; it runs on from there")
    parser.add_argument("--prices", choices=sorted(PROFILES), default="current")
    parser.add_argument(
        "--rate", type=_at_least_0, default=120, help="requests per minute and key; 0 = no limit"
    )
    parser.add_argument(
        "--credits", type=_at_least_0, default=DEFAULT_CREDITS, help="first top-up of a new store"
    )
    parser.add_argument(
        "--manager", choices=("auto", "manual"), default="manual", help="managers work by themselves"
    )
    parser.add_argument(
        "--coverage",
        choices=COVERAGE,
        default="free",
        help="debit Coverage periods; due: only when the next call needs one",
    )
    parser.add_argument(
        "--fixtures", choices=("seed", "none"), help="the resources that the seed documents name"
    )
    return parser.parse_args(argv)


def _time(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an ISO 8601 time: {text}") from None


def _at_least_0(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError("must be a whole number of at least 0")
    return int(text)


def make_world(options: argparse.Namespace, folder: Path) -> World:
    world = World(
        store=Store(folder),
        clock=Clock(),
        prices=Prices(options.prices),
        api_keys=set(options.api_key),
        beginning=Beginning(
            credits=options.credits,
            rate=options.rate,
            now=options.now,
            has_fixtures=(options.fixtures or options.prices) == "seed",
            managers_work_alone=options.manager == "auto",
            coverage=options.coverage,
        ),
    )
    world.begin()
    return world


def serve(options: argparse.Namespace, folder: Path) -> None:
    """Serve until INT or TERM, then stop in order."""
    world = make_world(options, folder)
    try:
        server = Server(options.port, Api(world), Control(world), Media(world.store, world.clock))
    except OSError as error:
        raise SystemExit(f"sandbox: cannot listen on port {options.port}: {error.strerror}") from None
    world.settings.media_url = f"{server.address}/media"
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    world.start()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    print(f"sandbox listening on {server.address}{API_PREFIX}", flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
    world.stop()


def main(argv: Sequence[str] | None = None) -> None:
    options = read_arguments(sys.argv[1:] if argv is None else argv)
    if not options.api_key:
        options.api_key = [f"sk_{secrets.token_hex(32)}"]
        print(f"sandbox API key: {options.api_key[0]}", flush=True)
    if options.store:
        options.store.mkdir(parents=True, exist_ok=True)
        serve(options, options.store)
    else:
        with tempfile.TemporaryDirectory(prefix="tokportal-sandbox-") as folder:
            serve(options, Path(folder))


if __name__ == "__main__":
    main()
