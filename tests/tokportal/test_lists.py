"""Lists that come in pages."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import pytest

from agency.tokportal import CreditEntryState, TokPortal, Unreachable

from .conftest import Scripted, answer

Start = Callable[..., tuple[TokPortal, Scripted]]


def test_pages_are_walked_until_the_last_one(scripted: Start) -> None:
    def page(number: int) -> httpx.Response:
        rows = [{"id": f"b{number}"}, {"no": "id"}]
        return answer(200, {"data": rows, "pagination": {"page": number, "per_page": 100, "total_pages": 3}})

    tokportal, script = scripted(page(1), page(2), page(3))
    found = tokportal.list_bundles(status=["published", "accepted"], external_ref=None)
    assert [bundle.id for bundle in found] == ["b1", "b2", "b3"]
    assert [request.url.query for request in script.asked] == [
        b"status=published&status=accepted&page=%d&per_page=100" % number for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "b"}]},
        {"data": {"bundles": [{"id": "b"}]}},
        [{"id": "b"}],
        {"data": [{"id": "b"}], "pagination": {"page": 1, "per_page": 100, "total": 1}},
    ],
)
def test_a_list_without_page_numbers_is_the_last_page(scripted: Start, body: object) -> None:
    tokportal, script = scripted(answer(200, body))
    assert [bundle.id for bundle in tokportal.list_bundles()] == ["b"]
    assert len(script.asked) == 1


def test_an_empty_page_ends_the_walk_whatever_the_numbers_say(scripted: Start) -> None:
    tokportal, script = scripted(answer(200, {"data": [], "pagination": {"total_pages": 9}}))
    assert list(tokportal.list_accounts()) == []
    assert len(script.asked) == 1


def test_filters_are_written_as_the_api_reads_them(scripted: Start) -> None:
    tokportal, script = scripted(answer(200, {"data": []}))
    list(tokportal.list_accounts(country="us", banned=False))
    list(tokportal.list_credit_entries(date_from=date(2026, 11, 1), per_page=50))
    list(tokportal.list_bans(since=datetime(2026, 11, 1, 9, tzinfo=UTC)))
    tokportal.get_analytics_dashboard(account=["a", "b"], from_=date(2026, 11, 1))
    assert [request.url.params.multi_items() for request in script.asked] == [
        [("country", "USA"), ("banned", "false"), ("page", "1"), ("per_page", "100")],
        [("date_from", "2026-11-01"), ("page", "1"), ("per_page", "50")],
        [("since", "2026-11-01T09:00:00Z"), ("page", "1"), ("per_page", "100")],
        [("account", "a"), ("account", "b"), ("from", "2026-11-01")],
    ]


def test_a_page_of_the_credit_history_tells_the_total(scripted: Start) -> None:
    row = {
        "id": "t",
        "amount": -52.0,
        "balance_after": 10,
        "created_at": "2026-11-20T14:30:00Z",
        "breakdown": None,
    }
    tokportal, _ = scripted(
        answer(200, {"data": [row], "pagination": {"page": 2, "total": 47, "total_pages": 3}})
    )
    page = tokportal.credit_page(page=2, per_page=20)
    assert (page.page, page.total, page.total_pages, page.has_more) == (2, 47, 3, True)
    assert page.items[0].amount == -52
    assert isinstance(page.items[0], CreditEntryState)


@pytest.mark.parametrize("missing", ["id", "amount", "created_at"])
def test_a_credit_row_that_cannot_be_booked_is_not_skipped_in_silence(scripted: Start, missing: str) -> None:
    row = {"id": "t", "amount": -52, "created_at": "2026-11-20T14:30:00Z"}
    del row[missing]
    tokportal, _ = scripted(answer(200, {"data": [row]}))
    with pytest.raises(Unreachable, match="credit history"):
        list(tokportal.list_credit_entries())
