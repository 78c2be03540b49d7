"""The log of calls and the list of new words: found, filtered, taken as files, hidden; for owners only."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agency.connections import tokportal
from agency.models import ApiCall, Connection, Drift, DriftSeenByEvent, User
from agency.tokportal import Refused
from tests.factories import make_connection

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
CALLS, DRIFT = "/operations/calls/", "/operations/drift/"


@pytest.fixture
def browser(owner: User, signed_in: SignIn) -> Browser:
    return signed_in(owner)


def log(connection: Connection, **fields: object) -> ApiCall:
    row = {
        "at": timezone.now(),
        "method": "GET",
        "operation": "getBundle",
        "path": "/bundles/{bundle_id}",
        "lane": "background",
        "status": 200,
        "milliseconds": 50,
        "request_id": f"req-{uuid4().hex[:8]}",
    }
    return ApiCall.objects.create(connection=connection, **{**row, **fields})


def word(connection: Connection, name: str, **fields: object) -> Drift:
    now = timezone.now()
    row = {"kind": "field", "place": "getBundle", "first_seen_at": now, "last_seen_at": now, "count": 3}
    return Drift.objects.create(connection=connection, word=name, **{**row, **fields})


def shown(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_log_and_words_are_for_owners(manager: User, signed_in: SignIn) -> None:
    found = word(make_connection(), "aura")
    for address in (CALLS, f"{CALLS}?format=csv", DRIFT, f"{DRIFT}?format=csv"):
        assert signed_in(manager).get(address).status_code == 404
    assert signed_in(manager).post(reverse("drift_seen", args=[found.pk])).status_code == 404


def test_before_anything_is_connected_both_pages_say_so(browser: Browser) -> None:
    assert "No call in the last 24 hours" in shown(browser, CALLS)
    assert "TokPortal says nothing new" in shown(browser, DRIFT)


def test_calls_are_found_by_what_an_owner_knows_of_them(browser: Browser, connection: Connection) -> None:
    api = tokportal(connection)
    body = {"bundle_type": "account_only", "platform": "tiktok", "country": "USA"}
    bundle_id = api.create_bundle(body=body, key=uuid4()).result.id
    with pytest.raises(Refused):
        api.publish_bundle(bundle_id, key=uuid4())
    api.get_balance()
    bought = ApiCall.objects.get(operation="createBundle")
    everything = shown(browser, CALLS)
    assert all(
        name in everything for name in ("createBundle</b>", "publishBundle</b>", "getCreditBalance</b>")
    )
    assert connection.api_key not in everything
    failed = shown(browser, f"{CALLS}?result=failed")
    assert "publishBundle</b>" in failed
    assert "createBundle</b>" not in failed
    for query in ("status=409", f"q={bundle_id}", "q=bundle_not_ready", "operation=publishBundle"):
        page = shown(browser, f"{CALLS}?{query}")
        assert "publishBundle</b>" in page
        assert "getCreditBalance</b>" not in page
    assert "createBundle</b>" in shown(browser, f"{CALLS}?q={bought.request_id}")
    charged = shown(browser, f"{CALLS}?result=charged")
    assert "createBundle</b>" in charged
    assert "publishBundle</b>" not in charged
    assert "No call matches" in shown(browser, f"{CALLS}?q=nothing-like-it")


def test_older_calls_are_found_where_one_looks_further_back(browser: Browser) -> None:
    connection, now = make_connection(), timezone.now()
    log(connection, request_id="req-old", at=now - timedelta(days=3))
    log(connection, request_id="req-ordered", at=now - timedelta(days=30), command_id=77)
    assert "req-old" not in shown(browser, CALLS)
    assert "req-old" in shown(browser, f"{CALLS}?hours=168")
    assert "req-ordered" in shown(browser, f"{CALLS}?command=77")


def test_calls_of_another_workspace_are_not_shown(browser: Browser) -> None:
    make_connection()
    log(make_connection(is_active=False), request_id="req-elsewhere")
    assert "req-elsewhere" not in shown(browser, CALLS)


def test_the_same_calls_are_a_file(browser: Browser) -> None:
    connection = make_connection()
    log(connection, request_id="=1+1", ids={"bundle_id": "b-1"}, failure="NotFound", status=404)
    log(connection, request_id="req-good")
    answer = browser.get(f"{CALLS}?format=csv&result=failed")
    assert "calls.csv" in answer["Content-Disposition"]
    [row] = csv.DictReader(StringIO(b"".join(answer).decode()))
    assert (row["operation"], row["status"], row["failure"]) == ("getBundle", "404", "NotFound")
    assert (row["request_id"], row["ids"]) == ("'=1+1", '{"bundle_id": "b-1"}')


def test_more_rows_take_no_more_queries(
    browser: Browser, owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connection = make_connection()

    def more(count: int) -> None:
        for number in range(count):
            log(connection, operation=f"operation{uuid4().hex[:6]}", command_id=number)
            word(connection, uuid4().hex, seen_at=timezone.now(), seen_by=owner)

    more(2)
    for address in (CALLS, f"{DRIFT}?shown=all"):
        browser.get(address)
        with django_assert_max_num_queries(15) as few:
            browser.get(address)
        more(20)
        with django_assert_max_num_queries(len(few)):
            browser.get(address)


def test_words_are_filtered_sorted_and_a_file(browser: Browser) -> None:
    connection = make_connection()
    word(connection, "aura", example={"id": "b-1", "aura": "green"})
    word(connection, "levitating", kind="status", place="getBundle.status", count=900)
    page = shown(browser, DRIFT)
    assert "aura" in page
    assert "&quot;green&quot;" in page
    assert "levitating" not in shown(browser, f"{DRIFT}?kind=field")
    assert "aura" not in shown(browser, f"{DRIFT}?q=levit")
    page = shown(browser, f"{DRIFT}?sort=-count")
    assert page.index("levitating") < page.index('<b class="mono">aura')
    rows = list(csv.DictReader(StringIO(b"".join(browser.get(f"{DRIFT}?format=csv")).decode())))
    assert {row["word"]: row["count"] for row in rows} == {"aura": "3", "levitating": "900"}


def test_who_took_note_of_a_word_is_named_and_it_is_hidden_until_shown_again(
    browser: Browser, owner: User
) -> None:
    found = word(make_connection(), "aura")
    address = reverse("drift_seen", args=[found.pk])
    assert browser.post(address, {"next": f"{DRIFT}?kind=field"})["Location"] == f"{DRIFT}?kind=field"
    found.refresh_from_db()
    assert found.seen_by == owner
    assert found.seen_at
    assert '<b class="mono">aura' not in shown(browser, DRIFT)
    assert owner.name in shown(browser, f"{DRIFT}?shown=seen")
    assert browser.post(address, {"again": "1", "next": "https://evil.test/"})["Location"] == DRIFT
    assert '<b class="mono">aura' in shown(browser, DRIFT)
    changes = DriftSeenByEvent.objects.filter(pgh_obj=found).order_by("pgh_id")
    assert [change.seen_by for change in changes] == [None, owner, None]


def test_a_word_of_another_workspace_cannot_be_hidden(browser: Browser) -> None:
    make_connection()
    found = word(make_connection(is_active=False), "aura")
    assert browser.post(reverse("drift_seen", args=[found.pk])).status_code == 404
