"""A line over days as SVG, drawn on the server. Pure: figures in, coordinates out.

The drawing is stretched to the width of its page, so it holds no text; labels are HTML around it, and the
table beside it says the same in figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT, EDGE = 1000, 200, 6


@dataclass(frozen=True, slots=True)
class LineChart:
    """`path` is the `d` of an SVG path in a box of WIDTH × HEIGHT. Days without a figure are gaps in it."""

    path: str
    lowest: int
    highest: int
    first_day: date
    last_day: date
    width: int = WIDTH
    height: int = HEIGHT


def line_chart(figures: Mapping[date, int | None]) -> LineChart | None:
    """The line through one figure a day; None where fewer than two days have one."""
    told = {day: figure for day, figure in figures.items() if figure is not None}
    if len(told) < 2:
        return None
    first_day, last_day = min(told), max(told)
    lowest, highest = min(told.values()), max(told.values())

    def x(day: date) -> float:
        return (day - first_day).days / ((last_day - first_day).days) * (WIDTH - 2 * EDGE) + EDGE

    def y(figure: int) -> float:
        share = (figure - lowest) / (highest - lowest) if highest > lowest else 0.5
        return HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)

    parts = []
    for run in _runs(sorted(told)):
        points = [f"{x(day):.1f} {y(told[day]):.1f}" for day in run]
        # A lone day is a line without length, which round ends draw as a dot.
        parts.append(f"M{points[0]}" + ("".join(f"L{point}" for point in points[1:]) or "h0"))
    return LineChart("".join(parts), lowest, highest, first_day, last_day)


def _runs(days: Iterable[date]) -> list[list[date]]:
    """Days that follow each other without a gap."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
