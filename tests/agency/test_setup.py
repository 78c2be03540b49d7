"""`manage.py setup` walks a new owner through, and may be run again."""

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from agency.models import Connection, User
from clients.models import Client
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the command with a password on stdin; answers with what it printed."""

    def run(*arguments: str) -> str:
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
        call_command("setup", "--password-stdin", *arguments, stdout=out)
        return out.getvalue()

    return run


def test_a_new_owner_can_sign_in_and_order(
    setup: Callable[..., str], sandbox: Sandbox, settings: Settings, live_server: LiveServer
) -> None:
    settings.TOKPORTAL_BASE_URL, settings.TOKPORTAL_API_KEY = sandbox.url, sandbox.key
    settings.TOKPORTAL_PACED = False
    settings.PUBLIC_URL = live_server.url
    said = setup("--username", "olive", "--client", "Acme & Co")
    assert "5,000 credits" in said
    assert "test event came back" in said
    owner = User.objects.get()
    assert owner.is_owner
    assert Browser().login(username="olive", password=PASSWORD)
    assert Client.objects.get().slug == "acme-co"
    connection = Connection.objects.get()
    assert connection.countries
    assert connection.webhook_last_at


def test_running_it_again_changes_nothing(
    setup: Callable[..., str], sandbox: Sandbox, settings: Settings, live_server: LiveServer
) -> None:
    settings.TOKPORTAL_BASE_URL, settings.TOKPORTAL_API_KEY = sandbox.url, sandbox.key
    settings.TOKPORTAL_PACED = False
    settings.PUBLIC_URL = live_server.url
    setup("--username", "olive", "--client", "Acme")
    secret = Connection.objects.get().webhook_secret
    said = setup("--username", "other", "--client", "Other")
    assert "There is an owner already: olive" in said
    assert "There is a client already: Acme" in said
    assert Connection.objects.get().webhook_secret == secret
    assert (User.objects.count(), Client.objects.count()) == (1, 1)


def test_what_is_missing_is_said_with_what_to_do(setup: Callable[..., str]) -> None:
    said = setup("--username", "olive")
    assert "TOKPORTAL_API_KEY" in said
    assert "there is no client yet" in said
    assert not Connection.objects.exists()


def test_a_wrong_key_is_a_sentence(setup: Callable[..., str], sandbox: Sandbox, settings: Settings) -> None:
    settings.TOKPORTAL_BASE_URL, settings.TOKPORTAL_API_KEY = sandbox.url, "sk_wrong"
    assert "refuses this API key" in setup("--username", "olive")


def test_a_webhook_that_cannot_arrive_does_not_stop_the_rest(
    setup: Callable[..., str], sandbox: Sandbox, settings: Settings
) -> None:
    settings.TOKPORTAL_BASE_URL, settings.TOKPORTAL_API_KEY = sandbox.url, sandbox.key
    settings.TOKPORTAL_PACED = False
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    said = setup("--username", "olive", "--client", "Acme")
    assert "could not reach our address" in said
    assert Client.objects.exists()


def test_a_weak_password_makes_no_account(monkeypatch: pytest.MonkeyPatch, setup: Callable[..., str]) -> None:
    monkeypatch.setattr("tests.agency.test_setup.PASSWORD", "password")
    with pytest.raises(CommandError, match="too common"):
        setup("--username", "olive")
    assert not User.objects.exists()


def test_without_anybody_to_ask_a_name_must_be_given(setup: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="--username"):
        setup()
