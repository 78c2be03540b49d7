"""Charts: gaps stay gaps, nothing is drawn as zero, and the figures stand beside the drawing."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from agency.charts import (
    BOTTOM,
    HEIGHT,
    MOST_POINTS,
    MOST_SERIES,
    TOP,
    WIDTH,
    bar_chart,
    largest,
    line_chart,
    sparkline,
)

DAY = date(2026, 11, 1)


def days(*figures: int | None) -> dict[date, int | None]:
    return {DAY + timedelta(days=number): figure for number, figure in enumerate(figures)}


def test_a_line_goes_through_every_day() -> None:
    chart = line_chart({"Views": days(0, 50, 100)})
    assert chart is not None
    assert chart.lines[0].path == "M6.0 204.0L320.0 118.0L634.0 32.0"
    assert (chart.lowest, chart.highest) == (0, 100)
    assert [level.value for level in chart.levels] == [0, 50, 100]


def test_a_missing_day_is_a_gap() -> None:
    chart = line_chart({"Views": days(1, 2, None, 4, 5)})
    assert chart is not None
    assert chart.lines[0].path.count("M") == 2
    assert chart.lines[0].bridges.count("M") == 1
    assert chart.has_gaps
    assert chart.rows[2] == (DAY + timedelta(days=2), [None])


def test_a_lone_day_is_a_dot() -> None:
    chart = line_chart({"Views": days(1, None, 3, None, 5, 6)})
    assert chart is not None
    assert chart.lines[0].dots.count("h0") == 2
    assert chart.lines[0].path.count("M") == 1


def test_a_line_needs_two_days() -> None:
    assert line_chart({"Views": {}}) is None
    assert line_chart({"Views": days(5)}) is None
    assert line_chart({"Views": days(5, None)}) is None
    assert sparkline(days(5, None)) is None


def test_a_flat_line_is_drawn_between_levels() -> None:
    chart = line_chart({"Views": days(7, 7)})
    assert chart is not None
    assert chart.lines[0].path == "M6.0 118.0L634.0 118.0"


def test_lines_beside_each_other_share_their_levels() -> None:
    chart = line_chart({"Acme": days(0, 10), "Nordlys": days(None, 100, 50)})
    assert chart is not None
    assert [line.number for line in chart.lines] == [1, 2]
    assert chart.levels[-1].value == 100
    assert chart.rows[0] == (DAY + timedelta(days=2), [None, 50])


def test_a_long_line_tells_the_figures_of_some_days_and_always_of_the_last() -> None:
    chart = line_chart({"Views": days(*range(1000))})
    assert chart is not None
    points = chart.lines[0].points
    assert len(points) <= MOST_POINTS
    assert points[-1].value == 999
    assert len(chart.rows) == 1000


@given(st.dictionaries(st.dates(), st.none() | st.integers(-(10**12), 10**12), max_size=40))
def test_every_point_is_inside_the_box(figures: dict[date, int | None]) -> None:
    chart = line_chart({"Views": figures})
    if chart is None:
        return
    drawn = chart.lines[0].path + chart.lines[0].bridges + chart.lines[0].dots
    for point in drawn.replace("h0", "").replace("M", " | ").replace("L", " | ").split("|")[1:]:
        x, y = map(float, point.split())
        assert 0 <= x <= WIDTH
        assert TOP <= y <= BOTTOM < HEIGHT
    assert 2 <= len(chart.levels) <= 6


@given(st.lists(st.none() | st.integers(-50, 10**9), min_size=1, max_size=12))
def test_a_column_is_as_high_as_its_parts(figures: list[int | None]) -> None:
    chart = bar_chart([str(n) for n in range(len(figures))], {"Acme": figures, "Nordlys": figures})
    if chart is None:
        assert all((figure or 0) <= 0 for figure in figures)
        return
    for column, figure in zip(chart.columns, figures, strict=True):
        assert column.total == (None if figure is None else 2 * max(figure, 0))
        for bar in column.bars:
            assert bar.y >= TOP - 0.2
            assert bar.y + bar.height <= BOTTOM + 0.2


def test_more_series_than_colours_are_the_others_together() -> None:
    series = {f"Client {n}": [n, None, None if n < 7 else 1] for n in range(1, 9)}
    shown = largest(series, "Others")
    assert list(shown) == ["Client 8", "Client 7", "Client 6", "Client 5", "Client 4", "Others"]
    assert shown["Others"] == [6, None, None]
    assert len(shown) == MOST_SERIES + 1


def test_a_drawing_is_valid_and_has_a_name_and_a_table() -> None:
    chart = line_chart({"Views": days(1204, None, 5310, 9000)})
    page = render_to_string("charts/line.html", {"chart": chart, "id": "views", "title": "Views & more"})
    assert "style=" not in page
    svg = ElementTree.fromstring(re.search(r"<svg viewBox=\"0 0 640.*?</svg>", page, re.S)[0])  # type: ignore[index]
    assert [child.text for child in svg if child.tag == "title"] == ["Views & more"]
    assert svg.get("role") == "img"
    says = [circle.get("data-says") for circle in svg.iter("circle")]
    assert says == ["1 Nov 2026: 1,204", "3 Nov 2026: 5,310", "4 Nov 2026: 9,000"]
    assert page.count("<tr>") == 5
    assert "not told" in page


def test_a_series_can_bring_its_own_colour() -> None:
    chart = bar_chart(["Nov"], {"Acme": [38], "Others": [2]}, {"Acme": "client-7"})
    assert chart is not None
    assert chart.keys == [("Acme", "client-7"), ("Others", "series-2")]
    assert [bar.tone for bar in chart.columns[0].bars] == ["client-7", "series-2"]


def test_columns_are_drawn_with_a_number_for_each_series() -> None:
    chart = bar_chart(["Oct", "Nov"], {"Acme": [38, 52], "Nordlys": [None, 40]})
    page = render_to_string(
        "charts/bars.html", {"chart": chart, "id": "credits", "title": "Credits", "unit": "Month"}
    )
    assert "style=" not in page
    svg = ElementTree.fromstring(re.search(r"<svg viewBox=\"0 0 640.*?</svg>", page, re.S)[0])  # type: ignore[index]
    assert [text.text for text in svg.iter("text") if text.get("class") == "inside"] == ["1", "1", "2"]
    assert "Nov · Nordlys: 40" in page
