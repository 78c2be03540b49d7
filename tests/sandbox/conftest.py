"""One sandbox for all tests that leave it as it was; tests that turn its clock or break it take their own."""

from collections.abc import Iterator

import pytest

from tests.sandbox.api import Api, Receiver
from tests.sandbox_process import Sandbox

NOW = "2026-11-21T09:00:00Z"


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.start("--rate", "0", "--now", NOW, "--credits", "1000000")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def api(shared_sandbox: Sandbox) -> Iterator[Api]:
    """The sandbox that all tests share: leave its clock, faults and prices alone."""
    with Api(shared_sandbox) as client:
        yield client


@pytest.fixture(scope="session")
def resettable_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.start("--rate", "0", "--now", NOW)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(resettable_sandbox: Sandbox) -> Sandbox:
    """A sandbox as good as new, at nine in the morning."""
    assert resettable_sandbox.control.delete("/books").is_success
    return resettable_sandbox


@pytest.fixture
def own(sandbox: Sandbox) -> Iterator[Api]:
    with Api(sandbox) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
