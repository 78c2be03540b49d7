"""Health for machines: alive at once, ready only when orders can be carried out."""

import pytest
from django.db import connection
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries
from redis.exceptions import ConnectionError as RedisIsAway

from agency import heartbeats
from agency.views import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def _at_work() -> None:
    for name in ("person", "background", "beat"):
        heartbeats.record(name)


def test_alive_needs_nothing(client: Browser) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}


@pytest.mark.usefixtures("_at_work")
def test_ready_when_everything_is_at_work(client: Browser) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert set(answer.json()["parts"].values()) == {"ok"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.usefixtures("_at_work")
def test_ready_is_cheap(client: Browser, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/health/ready")
    with django_assert_num_queries(1):
        client.get("/health/ready")


@pytest.mark.parametrize("missing", ["person", "background", "beat"])
def test_not_ready_without_a_worker_or_the_clock(client: Browser, missing: str) -> None:
    for name in {"person", "background", "beat"} - {missing}:
        heartbeats.record(name)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"][missing] == "no sign"


@pytest.mark.usefixtures("_at_work")
def test_not_ready_before_the_migrations(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", set())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'events'")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]["migrations"]) == (503, "missing")


def test_not_ready_without_redis(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> list[str]:
        raise RedisIsAway

    monkeypatch.setattr(heartbeats, "missing", away)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]["redis"]) == (503, "no answer")


def test_no_secret_is_told(client: Browser) -> None:
    text = client.get("/health/ready").content.decode()
    assert "://" not in text
    assert "/tmp" not in text
