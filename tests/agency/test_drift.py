"""Drift: a new word is kept once, counted without a write for each sighting, and hidden by whoever took note."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import httpx
import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agency import drift
from agency.connections import tokportal
from agency.models import Connection, Drift, User
from agency.tokportal import Oddity, ReceivedEvent, Refused, Sort, vocabulary
from campaigns import states
from campaigns.commands.quotes import PARTS
from campaigns.commands.refusals import SENTENCES
from campaigns.events.sync import store_event
from tests.factories import make_connection
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Browser]
# What a newer TokPortal says in place of what we know.
NEWER = {
    r'"status": ?"pending_setup"': '"status": "daydreaming", "aura": "green"',
    "BUNDLE_NOT_FOUND": "BUNDLE_ON_HOLIDAY",
    '"video_slots"': '"glitter"',
}
MOOD = Oddity(Sort.FIELD, "getBundle", "mood", {"id": "b-1", "mood": "good"})


@pytest.fixture(autouse=True)
def _no_word_was_met() -> Iterator[None]:
    drift._met.clear()
    yield
    drift._met.clear()


@pytest.fixture
def newer_sandbox(sandbox: Sandbox) -> Iterator[str]:
    """The sandbox behind a door that adds what a newer TokPortal might say; its address."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(b"")

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, body: bytes) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            asked = sandbox.url.removesuffix("/api/ext") + self.path
            answer = httpx.request(self.command, asked, content=body, headers=headers)
            said = answer.text
            for known, strange in NEWER.items():
                said = re.sub(known, strange, said)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(said.encode())))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/ext"
    server.shutdown()
    server.server_close()


def test_what_a_newer_tokportal_says_is_kept_with_its_first_example(
    connection: Connection, newer_sandbox: str
) -> None:
    Connection.objects.filter(pk=connection.pk).update(base_url=newer_sandbox)
    connection.refresh_from_db()
    api = tokportal(connection)
    order = {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "USA",
        "videos_quantity": 3,
    }
    bundle = api.create_bundle(body=order, key=uuid4()).result
    with pytest.raises(Refused):
        api.get_bundle("gone")
    assert bundle.status == "daydreaming"  # shown as it is, and nothing stumbles
    rows = {(row.kind, row.place, row.word): row for row in Drift.objects.all()}
    assert set(rows) == {
        ("field", "createBundle", "aura"),
        ("status", "createBundle.status", "daydreaming"),
        ("price", "createBundle", "glitter"),
        ("error", "getBundle", "BUNDLE_ON_HOLIDAY"),
    }
    assert rows["field", "createBundle", "aura"].example == {"id": bundle.id, "aura": "green"}
    assert connection.api_key not in str([row.example for row in rows.values()])


def test_an_event_of_a_new_kind_is_kept_as_drift_once_per_delivery() -> None:
    connection, now = make_connection(), timezone.now()
    received = ReceivedEvent.from_json(
        b'{"id": "evt_1", "type": "bundle.levitated", "created_at": "2026-11-21T09:00:00Z", "data": {"bundle_id": "b"}}'
    )
    store_event(connection, received, now=now)
    store_event(connection, received, now=now)
    found = Drift.objects.get()
    assert (found.kind, found.word, found.count) == ("event", "bundle.levitated", 1)
    assert found.example["data"] == {"bundle_id": "b"}


def test_a_word_is_written_at_first_sight_and_then_only_its_sum(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    connection, now = make_connection(), timezone.now()
    drift.note(connection.pk, MOOD, now=now)
    with django_assert_num_queries(0):
        for second in range(250):
            drift.note(connection.pk, MOOD, now=now + timedelta(seconds=second))
    later = now + timedelta(minutes=6)
    drift.note(connection.pk, Oddity(Sort.FIELD, "getBundle", "mood", "another"), now=later)
    found = Drift.objects.get()
    assert (found.count, found.first_seen_at, found.last_seen_at) == (252, now, later)
    assert found.example == MOOD.example


def test_another_process_counts_into_the_same_row() -> None:
    connection, now = make_connection(), timezone.now()
    for _ in range(2):
        drift._met.clear()
        drift.note(connection.pk, MOOD, now=now)
    assert Drift.objects.get().count == 2


def test_a_word_that_was_met_in_a_transaction_is_written_at_its_end() -> None:
    connection = make_connection()
    with transaction.atomic():
        drift.note(connection.pk, MOOD, now=timezone.now())
        assert not Drift.objects.exists()
    assert Drift.objects.get().word == "mood"


def test_words_without_end_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = make_connection()
    monkeypatch.setattr(drift, "MOST_WORDS", 5)
    for number in range(20):
        drift.note(connection.pk, Oddity(Sort.FIELD, "getBundle", f"field-{number}"), now=timezone.now())
    assert Drift.objects.count() == 5


def test_what_our_pages_have_words_for_is_known() -> None:
    assert set(states.BUNDLE) == vocabulary.BUNDLE_STATUSES
    assert set(states.ACCOUNT) == vocabulary.ACCOUNT_STATUSES
    assert set(states.VIDEO) == vocabulary.VIDEO_STATUSES
    assert set(SENTENCES) <= vocabulary.ERROR_CODES
    assert set(PARTS) <= vocabulary.PRICES
