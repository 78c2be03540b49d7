"""What most tests stand on: people by role, a client with a campaign, a sandbox with a Connection to it."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from pytest_django import Settings

from agency import connections
from agency.celery import app
from agency.models import Connection, User
from campaigns.models import Campaign
from campaigns.models.stop import STAND_KEY
from clients.models import Client
from tests.factories import make_campaign, make_client, make_connection, make_user
from tests.sandbox_process import Sandbox


@pytest.fixture(autouse=True, scope="session")
def _tasks_run_at_once() -> None:
    """Bells ring through to the task. Tests of the queue itself start a worker."""
    app.loader.import_default_modules()  # as a worker does: some are rung for by name
    app.conf.update(task_always_eager=True, task_eager_propagates=True)


@pytest.fixture(autouse=True)
def _passwords_are_hashed_quickly(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _known_that_nothing_is_stopped(_forget_what_redis_holds: None) -> None:
    """As every page but one in ten seconds finds it: the queries that a test counts are those of the others."""
    cache.set(STAND_KEY, False, timeout=None)


@pytest.fixture(autouse=True)
def _no_http_connection_outlives_its_test() -> Iterator[None]:
    yield
    connections.close_all()


@pytest.fixture
def client_row(db: None) -> Client:
    return make_client("acme", name="Acme")


@pytest.fixture
def campaign(client_row: Client) -> Campaign:
    return make_campaign(client_row, "spring-2026")


@pytest.fixture
def owner(db: None) -> User:
    return make_user("olive", role=User.Role.OWNER)


@pytest.fixture
def manager(client_row: Client) -> User:
    """Works for `client_row`."""
    return make_user("max", clients=(client_row,))


@pytest.fixture
def analyst(client_row: Client) -> User:
    """May look at `client_row`."""
    return make_user("ada", role=User.Role.ANALYST, clients=(client_row,))


@pytest.fixture
def outsider(db: None) -> User:
    """An account manager of another client."""
    return make_user("otto", clients=(make_client("nordlys"),))


@pytest.fixture
def signed_in() -> Callable[[User], Browser]:
    def sign_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A TokPortal of the test's own, with 5,000 credits and no rate limit."""
    running = Sandbox.start("--rate", "0")
    yield running
    running.stop()


@pytest.fixture
def connection(sandbox: Sandbox, db: None, settings: Settings) -> Connection:
    """The active Connection, to the sandbox."""
    settings.TOKPORTAL_PACED = False
    return make_connection(name="Sandbox", base_url=sandbox.url, api_key=sandbox.key)
