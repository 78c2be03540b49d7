"""Months begin at the agency's midnight, not at Greenwich's."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from campaigns.ledger.months import Month, NotAMonth, months_between


def test_a_month_begins_where_the_agency_is(settings: Settings) -> None:
    settings.AGENCY_TIME_ZONE = "America/New_York"
    november = Month(2026, 11)
    assert november.begins_at == datetime(2026, 11, 1, 4, tzinfo=UTC)  # still summer time
    assert november.ends_at == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert Month.of(datetime(2026, 12, 1, 4, 59, tzinfo=UTC)) == november
    assert Month.of(datetime(2026, 12, 1, 5, tzinfo=UTC)) == november.next


@given(st.integers(2001, 2998), st.integers(1, 12), st.integers(-300, 300))
def test_months_are_counted_without_gaps(year: int, number: int, away: int) -> None:
    month = Month(year, number)
    assert Month.read(str(month)) == month
    assert month.next.previous == month
    assert month.ends_at == month.next.begins_at
    assert month.plus(away).plus(-away) == month


@pytest.mark.parametrize(
    "written", ["", "2026", "2026-13", "2026-1", "26-01", "2026-11-01", "0001-01", "x", "２０２６-１１"]
)
def test_what_is_no_month_is_said(written: str) -> None:
    with pytest.raises(NotAMonth, match="YYYY-MM"):
        Month.read(written)


def test_the_months_of_a_history_are_listed_newest_first() -> None:
    oldest, newest = datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert [str(month) for month in months_between(oldest, newest)] == [
        "2026-02",
        "2026-01",
        "2025-12",
        "2025-11",
    ]
    assert months_between(None, None) == []
