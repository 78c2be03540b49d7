"""A line over days: gaps stay gaps, and nothing is drawn as zero."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.analytics.charts import HEIGHT, WIDTH, line_chart

DAY = date(2026, 11, 1)


def days(*figures: int | None) -> dict[date, int | None]:
    return {DAY + timedelta(days=number): figure for number, figure in enumerate(figures)}


def test_a_line_goes_through_every_day() -> None:
    chart = line_chart(days(0, 50, 100))
    assert chart is not None
    assert chart.path == "M6.0 194.0L500.0 100.0L994.0 6.0"
    assert (chart.lowest, chart.highest) == (0, 100)


def test_a_missing_day_is_a_gap() -> None:
    chart = line_chart(days(1, 2, None, 4, 5))
    assert chart is not None
    assert chart.path.count("M") == 2
    assert chart.bridges.count("M") == 1


def test_a_lone_day_is_a_dot() -> None:
    chart = line_chart(days(1, None, 3, None, 5, 6))
    assert chart is not None
    assert chart.dots.count("h0") == 2
    assert chart.path.count("M") == 1


def test_a_line_needs_two_days() -> None:
    assert line_chart({}) is None
    assert line_chart(days(5)) is None
    assert line_chart(days(5, None)) is None


def test_a_flat_line_is_drawn_in_the_middle() -> None:
    chart = line_chart(days(7, 7))
    assert chart is not None
    assert chart.path == "M6.0 100.0L994.0 100.0"


@given(st.dictionaries(st.dates(), st.none() | st.integers(0, 10**12), max_size=40))
def test_every_point_is_inside_the_box(figures: dict[date, int | None]) -> None:
    chart = line_chart(figures)
    if chart is None:
        return
    drawn = chart.path + chart.bridges + chart.dots
    for point in drawn.replace("h0", "").replace("M", " | ").replace("L", " | ").split("|")[1:]:
        x, y = map(float, point.split())
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
