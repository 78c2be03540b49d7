"""While Redis is down pages are shown, people sign in, and what would be kept is worked out anew."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import Settings

from agency.models import User
from campaigns.models import Campaign
from tests.factories import make_bundle, make_connection, make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


@pytest.fixture
def no_redis(settings: Settings) -> None:
    caches: dict[str, Any] = settings.CACHES
    settings.CACHES = {"default": {**caches["default"], "LOCATION": "redis://127.0.0.1:1/1"}}


@pytest.mark.parametrize(
    "page",
    [
        "today",
        "client_list",
        "bundle_board",
        "command_list",
        "account_list",
        "credit_list",
        "report_list",
        "operations",
        "bell",
        "search",
    ],
)
@pytest.mark.usefixtures("no_redis")
def test_a_page_needs_no_redis(signed_in: SignedIn, owner: User, campaign: Campaign, page: str) -> None:
    make_connection()
    make_bundle(campaign)
    browser = signed_in(owner)
    assert browser.get(reverse(page)).status_code == 200
    assert browser.get(campaign.client.get_absolute_url()).status_code == 200


@pytest.mark.usefixtures("no_redis")
def test_people_sign_in_without_redis() -> None:
    person = make_user("max")
    person.set_password("correct horse")
    person.save()
    browser = Browser()
    wrong = browser.post(reverse("sign-in"), {"username": "max", "password": "wrong"})
    assert "Please enter a correct" in wrong.content.decode()
    right = browser.post(reverse("sign-in"), {"username": "max", "password": "correct horse"})
    assert right.status_code == 302
    assert browser.get("/").status_code == 200


@pytest.mark.usefixtures("no_redis")
def test_nothing_is_found_and_no_lock_is_had() -> None:
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert "key" not in cache
    assert cache.add("lock", 1) is False
    assert cache.touch("key") is False
    assert cache.delete("key") is False
    assert cache.incr("count") == 1
