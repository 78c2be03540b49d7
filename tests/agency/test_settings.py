"""The settings page: the key is tested, never shown, and another workspace gets books of its own."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from agency.connection_actions import ensure_connection
from agency.models import Connection, User
from campaigns.models import Command
from tests.factories import make_connection
from tests.sandbox_process import KEY, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Browser]


@pytest.fixture
def browser(owner: User, signed_in: SignIn) -> Browser:
    return signed_in(owner)


def save(browser: Browser, **fields: str) -> tuple[int, str]:
    answer = browser.post(reverse("settings"), fields)
    return answer.status_code, answer.content.decode()


def test_settings_are_for_owners(manager: User, signed_in: SignIn, connection: Connection) -> None:
    browser = signed_in(manager)
    names = ("settings_webhook", "settings_webhook_test", "settings_webhook_remove", "settings_reference")
    assert browser.get(reverse("settings")).status_code == 404
    assert {browser.post(reverse(name)).status_code for name in names} == {404}


def test_a_good_key_connects_and_everything_is_read(
    browser: Browser, sandbox: Sandbox, settings: Settings
) -> None:
    settings.TOKPORTAL_PACED = False
    status, _ = save(browser, base_url=sandbox.url, api_key=sandbox.key)
    assert status == 302
    connection = Connection.objects.get()
    assert connection.api_key == sandbox.key
    assert connection.owner_email == "ops@agency.example"
    assert (connection.balance, bool(connection.prices), bool(connection.countries)) == (5000, True, True)
    page = browser.get(reverse("settings")).content.decode()
    assert "ops@agency.example" in page
    assert "5,000 credits" in page
    assert "Account creation, TikTok" in page
    assert sandbox.key not in page


def test_a_wrong_key_is_a_sentence_and_changes_nothing(browser: Browser, connection: Connection) -> None:
    status, page = save(browser, base_url=connection.base_url, api_key="sk_wrong")
    assert status == 422
    assert "refuses this API key" in page
    assert "sk_wrong" not in page
    connection.refresh_from_db()
    assert connection.api_key == KEY


@pytest.mark.parametrize(
    ("base_url", "sentence"),
    [
        ("http://127.0.0.1:9/api/ext", "does not answer at"),
        ("nonsense", "Enter a valid URL"),
    ],
)
def test_a_wrong_address_is_a_sentence(browser: Browser, base_url: str, sentence: str) -> None:
    status, page = save(browser, base_url=base_url, api_key="sk_x")
    assert status == 422
    assert sentence in page


def test_an_empty_key_keeps_the_stored_one(browser: Browser, connection: Connection) -> None:
    assert save(browser, base_url=connection.base_url, api_key="")[0] == 302
    connection.refresh_from_db()
    assert connection.api_key == KEY


def test_a_stored_key_is_never_sent_to_another_address(browser: Browser, connection: Connection) -> None:
    status, page = save(browser, base_url="http://127.0.0.1:9/api/ext", api_key="")
    assert status == 422
    assert "Another address needs its own key" in page


def test_a_new_key_of_the_same_workspace_keeps_its_books(browser: Browser, connection: Connection) -> None:
    Connection.objects.update(key_refused_at=timezone.now(), trouble="TokPortal refuses the API key.")
    save(browser, base_url=connection.base_url, api_key=KEY)
    row = Connection.objects.get()
    assert (row.pk, row.key_refused_at, row.trouble) == (connection.pk, None, "")


def test_another_workspace_gets_a_row_of_its_own_and_can_come_back(
    browser: Browser, connection: Connection
) -> None:
    Connection.objects.update(owner_email="somebody@else.example")
    save(browser, base_url=connection.base_url, api_key=KEY)
    assert Connection.objects.count() == 2
    active = Connection.objects.get(is_active=True)
    assert active.pk != connection.pk
    assert active.webhook_path_key != connection.webhook_path_key
    Connection.objects.filter(pk=active.pk).update(owner_email="third@else.example")
    Connection.objects.filter(pk=connection.pk).update(owner_email="ops@agency.example")
    save(browser, base_url=connection.base_url, api_key=KEY)
    assert Connection.objects.get(is_active=True).pk == connection.pk
    assert Connection.objects.count() == 2


def test_webhooks_are_set_up_once_however_often_the_button_is_pressed(
    browser: Browser, connection: Connection
) -> None:
    key = str(uuid4())
    for _ in range(2):
        assert browser.post(reverse("settings_webhook"), {"key": key}).status_code == 302
    assert Command.objects.get().state == Command.State.SUCCEEDED
    page = browser.get(reverse("settings")).content.decode()
    connection.refresh_from_db()
    assert "Never heard" in page
    assert connection.webhook_secret not in page
    assert connection.webhook_path_key not in page


def test_a_tokportal_that_is_down_is_said_when_webhooks_are_set_up(browser: Browser) -> None:
    make_connection()
    answer = browser.post(reverse("settings_webhook"), {"key": str(uuid4())}, follow=True)
    assert "TokPortal does not answer" in answer.content.decode()
    assert not Command.objects.exists()


def test_a_test_is_followed_until_its_result_is_there(browser: Browser, connection: Connection) -> None:
    browser.post(reverse("settings_webhook"), {"key": str(uuid4())})
    browser.post(reverse("settings_webhook_test"))
    part = browser.get(reverse("settings"), headers={"HX-Request": "true"}).content.decode()
    assert 'id="webhooks"' in part
    assert "Test: failed." in part  # nothing listens at PUBLIC_URL here
    assert "hx-trigger" not in part


def test_dry_runs_are_trusted_again_by_an_owner(browser: Browser, connection: Connection) -> None:
    Connection.objects.update(may_dry_run=False)
    assert "Dry runs are off" in browser.get(reverse("settings")).content.decode()
    browser.post(reverse("settings_dry_runs"), {"trust": "yes"})
    assert Connection.objects.get().may_dry_run
    browser.post(reverse("settings_dry_runs"), {"trust": "no"})
    assert not Connection.objects.get().may_dry_run


def test_the_page_is_there_before_anything_is_connected(browser: Browser) -> None:
    page = browser.get(reverse("settings"))
    assert page.status_code == 200
    assert "Enter the API key" in page.content.decode()


def test_the_environment_makes_the_first_connection_and_no_other(db: None, settings: Settings) -> None:
    settings.TOKPORTAL_API_KEY = ""
    assert ensure_connection() is None
    settings.TOKPORTAL_API_KEY = "sk_env"
    first = ensure_connection()
    assert first is not None
    assert first.api_key == "sk_env"
    settings.TOKPORTAL_BASE_URL = "http://127.0.0.1:9999/api/ext"  # the same workspace, at another port
    assert ensure_connection() == first
    assert Connection.objects.get().base_url == "http://127.0.0.1:9999/api/ext"
    settings.TOKPORTAL_API_KEY = "sk_other"
    assert ensure_connection() == first
    assert Connection.objects.get().api_key == "sk_env"
