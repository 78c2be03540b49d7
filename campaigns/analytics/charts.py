"""A line over days as SVG, drawn on the server. Pure: figures in, coordinates out.

The drawing is stretched to the width of its page, so it holds no text; labels are HTML around it, and the
table beside it says the same in figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WIDTH, HEIGHT, EDGE = 1000, 200, 6


@dataclass(frozen=True, slots=True)
class LineChart:
    """In a box of WIDTH × HEIGHT: `path`, the `d` of the line, has gaps where days have no figure.

    `bridges` spans these gaps, to be drawn as a guess; `dots` are days that stand alone.
    """

    path: str
    bridges: str
    dots: str
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

    def at(day: date) -> str:
        return f"{x(day):.1f} {y(told[day]):.1f}"

    runs = _runs(sorted(told))
    path = "".join("M" + "L".join(map(at, run)) for run in runs if len(run) > 1)
    bridges = "".join(f"M{at(run[-1])}L{at(following[0])}" for run, following in pairwise(runs))
    dots = "".join(f"M{at(run[0])}h0" for run in runs if len(run) == 1)  # round ends make these dots
    return LineChart(path, bridges, dots, lowest, highest, first_day, last_day)


def _runs(days: Iterable[date]) -> list[list[date]]:
    """Days that follow each other without a gap."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
