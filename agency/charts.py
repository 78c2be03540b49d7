"""Charts as SVG, laid out on the server. Pure: figures in, places out; `templates/charts/` draws them.

The same drawing serves page, print and PDF: letters are part of it, and it is only ever scaled as a whole.
What is not known is not drawn: a day without a figure is a gap, never a zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, pairwise

# The box of a chart, and the part of it that figures are drawn in. Names of values stand over their lines,
# names of days below; on a narrow page they are drawn larger, so they get the room.
WIDTH, HEIGHT = 640, 240
TOP, BOTTOM, EDGE = 32, 204, 6
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 120, 28, 3

MOST_POINTS = 120  # of one line that tell their figure; more could not be told apart, and make the page heavy
MOST_SERIES = 5  # beside each other; tokens.css has no more colours
BAR_SHARE = 0.62  # of a column's width


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis. `anchor` is SVG's word for where its text stands."""

    at: float
    value: int | date | str
    anchor: str = "start"
    is_spare: bool = False  # left out where room is short

    @property
    def text_at(self) -> float:
        """Where the words of a level stand: just over its line."""
        return round(self.at - 5, 1)


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    day: date
    value: int


@dataclass(frozen=True, slots=True)
class Line:
    """`path` has gaps where days have no figure; `bridges` spans these gaps, to be drawn as a guess; `dots` are
    days that stand alone."""

    name: str
    number: int  # from 1: its colour and its dashes
    path: str
    bridges: str
    dots: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class LineChart:
    lines: list[Line]
    levels: list[Tick]  # lowest first
    days: list[Tick]
    lowest: int
    highest: int
    first_day: date
    last_day: date
    rows: list[tuple[date, list[int | None]]]  # the table twin, latest day first
    width: int = WIDTH
    height: int = HEIGHT
    label_at: int = HEIGHT - 10

    @property
    def has_gaps(self) -> bool:
        return any(line.bridges for line in self.lines)


def line_chart(series: Mapping[str, Mapping[date, int | None]]) -> LineChart | None:
    """A line for each name through its one figure a day; None where fewer than two days have one."""
    told = {name: {day: n for day, n in figures.items() if n is not None} for name, figures in series.items()}
    days = sorted({day for figures in told.values() for day in figures})
    if len(days) < 2:
        return None
    values = [value for figures in told.values() for value in figures.values()]
    lowest, highest = min(values), max(values)
    levels = _levels(lowest, highest)
    first_day, last_day = days[0], days[-1]

    def x(day: date) -> float:
        return round(EDGE + (day - first_day).days / (last_day - first_day).days * (WIDTH - 2 * EDGE), 1)

    def y(value: int) -> float:
        return round(BOTTOM - (value - levels[0]) / (levels[-1] - levels[0]) * (BOTTOM - TOP), 1)

    lines = [
        _line(name, number, {day: Point(x(day), y(value), day, value) for day, value in figures.items()})
        for number, (name, figures) in enumerate(told.items(), start=1)
    ]
    all_days = sorted({day for figures in series.values() for day in figures}, reverse=True)
    return LineChart(
        lines,
        [Tick(y(level), level) for level in levels],
        _days(first_day, last_day, x(first_day + (last_day - first_day) / 2)),
        lowest,
        highest,
        first_day,
        last_day,
        [(day, [figures.get(day) for figures in series.values()]) for day in all_days],
    )


def _line(name: str, number: int, points: Mapping[date, Point]) -> Line:
    path, bridges, dots = _drawn(points)
    days = sorted(points)
    step = -(-len(days) // MOST_POINTS)
    shown = days[::-1][:: step or 1][::-1]  # the latest is always among them
    return Line(name, number, path, bridges, dots, [points[day] for day in shown])


def _drawn(points: Mapping[date, Point]) -> tuple[str, str, str]:
    """The `d` of the line, of the bridges over its gaps, and of the days that stand alone."""

    def at(day: date) -> str:
        return f"{points[day].x:.1f} {points[day].y:.1f}"

    runs = _runs(sorted(points))
    path = "".join("M" + "L".join(map(at, run)) for run in runs if len(run) > 1)
    bridges = "".join(f"M{at(run[-1])}L{at(following[0])}" for run, following in pairwise(runs))
    dots = "".join(f"M{at(run[0])}h0" for run in runs if len(run) == 1)  # round ends make these dots
    return path, bridges, dots


def _runs(days: Iterable[date]) -> list[list[date]]:
    """Days that follow each other without a gap."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _levels(lowest: int, highest: int) -> list[int]:
    """Round numbers, evenly apart, that enclose the figures: two to six of them."""
    if lowest == highest:
        lowest, highest = (lowest - 1 if lowest else 0), highest + 1
    steps = (10**power * digit for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if (highest - lowest) / step <= 4)
    first = lowest // step * step
    levels = [first]
    while levels[-1] < highest:
        levels.append(levels[-1] + step)
    return levels


def _days(first: date, last: date, middle: float) -> list[Tick]:
    ticks = [Tick(EDGE, first), Tick(WIDTH - EDGE, last, "end")]
    if (last - first).days > 3:
        ticks.insert(1, Tick(middle, first + (last - first) / 2, "middle", is_spare=True))
    return ticks


@dataclass(frozen=True, slots=True)
class Spark:
    """A line as small as a word, without axes."""

    path: str
    bridges: str
    dots: str
    first_day: date
    last_day: date
    lowest: int
    highest: int
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


def sparkline(figures: Mapping[date, int | None]) -> Spark | None:
    """None where fewer than two days have a figure."""
    told = {day: figure for day, figure in figures.items() if figure is not None}
    if len(told) < 2:
        return None
    first, last, lowest, highest = min(told), max(told), min(told.values()), max(told.values())
    wide, high = SPARK_WIDTH - 2 * SPARK_EDGE, SPARK_HEIGHT - 2 * SPARK_EDGE

    def point(day: date, value: int) -> Point:
        share = (value - lowest) / (highest - lowest) if highest > lowest else 0.5
        x = SPARK_EDGE + (day - first).days / (last - first).days * wide
        return Point(x, SPARK_HEIGHT - SPARK_EDGE - share * high, day, value)

    drawn = _drawn({day: point(day, value) for day, value in told.items()})
    return Spark(*drawn, first, last, lowest, highest)


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a column. `number` is its series', from 1, and stands on it where there is room."""

    number: int
    tone: str
    name: str
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def has_room(self) -> bool:
        return self.height >= 18

    @property
    def number_at(self) -> tuple[float, float]:
        return round(self.x + self.width / 2, 1), round(self.y + self.height / 2 + 4, 1)


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    middle: float
    total: int | None
    bars: list[Bar]
    is_spare: bool  # its label is left out where room is short


@dataclass(frozen=True, slots=True)
class BarChart:
    keys: list[tuple[str, str]]  # name of each series and its tone, the CSS class that colours it
    columns: list[Column]
    levels: list[Tick]
    rows: list[tuple[str, list[int | None]]]  # the table twin
    width: int = WIDTH
    height: int = HEIGHT
    label_at: int = HEIGHT - 14


def bar_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[int | None]],
    tones: Mapping[str, str] | None = None,
) -> BarChart | None:
    """A column for each label, of one part for each series on top of each other.

    `tones`: the CSS classes of those series that bring a colour of their own.
    What is not known, and what is below zero, is not drawn; the table twin has it. None where nothing is above zero.
    """
    totals = [sum(max(values[n] or 0, 0) for values in series.values()) for n in range(len(labels))]
    if not any(totals):
        return None
    levels = _levels(0, max(totals))
    slot = (WIDTH - 2 * EDGE) / len(labels)
    scale = (BOTTOM - TOP) / levels[-1]
    keys = [(name, (tones or {}).get(name, f"series-{n}")) for n, name in enumerate(series, start=1)]
    columns = []
    for n, label in enumerate(labels):
        left, y, bars = EDGE + n * slot + slot * (1 - BAR_SHARE) / 2, float(BOTTOM), []
        for number, (name, tone) in enumerate(keys, start=1):
            value = series[name][n] or 0
            if value > 0:
                y -= value * scale
                places = (left, y, slot * BAR_SHARE, value * scale)
                bars.append(Bar(number, tone, name, value, *(round(place, 1) for place in places)))
        known = any(values[n] is not None for values in series.values())
        middle = round(left + slot * BAR_SHARE / 2, 1)
        columns.append(Column(label, middle, totals[n] if known else None, bars, bool(n % 2)))
    return BarChart(
        keys,
        columns,
        [Tick(round(BOTTOM - level * scale, 1), level) for level in levels],
        [(label, [values[n] for values in series.values()]) for n, label in enumerate(labels)],
    )


def largest(series: Mapping[str, Sequence[int | None]], others: str) -> dict[str, Sequence[int | None]]:
    """The series with the largest sums, as many as there are colours; the rest as one, by the name `others`."""
    ranked = sorted(series, key=lambda name: -sum(value or 0 for value in series[name]))
    if len(ranked) <= MOST_SERIES:
        return {name: series[name] for name in ranked}
    rest = [series[name] for name in ranked[MOST_SERIES:]]
    summed = [
        sum(told) if (told := [v for v in column if v is not None]) else None
        for column in zip(*rest, strict=True)
    ]
    return {name: series[name] for name in ranked[:MOST_SERIES]} | {others: summed}
