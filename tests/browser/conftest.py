"""A real Chromium on a real demo: the sandbox, the web process, the workers and beat, as `make demo` starts them.

These tests share one demo, so each makes what it needs and counts on nothing that another could have changed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from agency.environment import BASE_DIR
from tests.bench.demo import free_port
from tests.sandbox_process import Sandbox

FLAGS = [
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 180

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Demo:
    url: str
    sandbox: Sandbox
    users: dict[str, tuple[str, str]]  # role → user name, password


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """A demo of its own, or the running one that DEMO_DIR names (its .local folder), for quick work on a test."""
    running = os.environ.get("DEMO_DIR")
    if running:
        yield from read(Path(running))
        return
    with tempfile.TemporaryDirectory(prefix="agency-browser-", dir="/tmp") as scratch:
        folder = Path(scratch) / "local"
        process = start(folder, Path(scratch) / "demo.log")
        try:
            yield from read(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Comes back when the first page can be opened."""
    ours = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "FIELD_KEYS", "TEST_SERVERS_ARE_UP")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"LOCAL_DIR": str(folder), "PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "agency.embedded.demo"],
            cwd=BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + START_SECONDS
    while not (folder / "demo.json").exists():
        assert process.poll() is None, f"the demo ended:\n{log.read_text()}"
        assert time.monotonic() < until, f"the demo did not come up:\n{log.read_text()}"
        time.sleep(0.1)
    return process


def read(folder: Path) -> Iterator[Demo]:
    told = json.loads((folder / "demo.json").read_text())
    with httpx.Client(base_url=f"{told['sandbox_url']}/_sandbox", timeout=30) as control:
        # Two calls a second are for many people's day; one impatient browser needs more.
        control.post("/faults", json={"rate": 6000}).raise_for_status()
        sandbox = Sandbox(None, f"{told['sandbox_url']}/api/ext", told["sandbox_key"], control, [])
        users = {user["role"]: (user["username"], user["password"]) for user in told["users"]}
        yield Demo(told["url"], sandbox, users)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser, demo: Demo) -> Iterator[Callable[..., Page]]:
    """Opens pages that may complain of nothing: no error on the console, no refused style, no other host."""
    complaints: list[str] = []
    contexts = []

    def listen(said: ConsoleMessage) -> None:
        # Leaving a page cuts a poll off, and htmx says so.
        if (
            said.type == "error"
            and "sendAbort" not in said.text
            and not said.text.startswith("htmx:afterRequest")
        ):
            complaints.append(said.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("localhost", "127.0.0.1", None):
            complaints.append(f"asked another host: {request.url}")

    def open_page(role: str = "owner", **options: object) -> Page:
        context = chromium.new_context(base_url=demo.url, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("request", watch)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", listen)
        if role:
            sign_in(page, *demo.users[role])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
