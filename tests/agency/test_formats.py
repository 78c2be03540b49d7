"""Numbers and moments as a language and a zone want them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from agency import formats
from agency.environment import BASE_DIR

# A quarter to midnight in Paris, the day before in New York, the day after in Tokyo.
AT = datetime(2026, 11, 20, 22, 45, 7, tzinfo=UTC)


@contextmanager
def reading(language: str, zone: str) -> Iterator[None]:
    with translation.override(language), timezone.override(zone):
        yield


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0, "0", "0"),
        (1234567, "1,234,567", "1\u202f234\u202f567"),
        (-1234, "-1,234", "-1\u202f234"),
        (1234.5, "1,234.5", "1\u202f234,5"),
        (Decimal("0.25"), "0.25", "0,25"),
        (None, "", ""),
        ("", "", ""),
        ("none", "none", "none"),
    ],
)
def test_numbers_are_grouped_and_pointed(value: formats.Number | None, english: str, french: str) -> None:
    with reading("en-gb", "UTC"):
        assert formats.number(value) == english
    with reading("fr", "UTC"):
        assert formats.number(value) == french


def test_a_number_has_as_many_digits_as_are_asked_for() -> None:
    assert formats.number(2, 1) == "2.0"
    assert formats.number(1234.56, 1) == "1,234.6"


@pytest.mark.parametrize(("value", "shown"), [(1234, "+1,234"), (0, "0"), (-38, "-38"), (None, "")])
def test_a_difference_has_its_sign(value: int | None, shown: str) -> None:
    assert formats.signed(value) == shown


@pytest.mark.parametrize(
    ("language", "ratio", "digits", "shown"),
    [
        ("en-gb", 0.125, 1, "12.5%"),
        ("fr", 0.125, 1, "12,5\xa0%"),
        ("fr", 1, 0, "100\xa0%"),
        ("fr", None, 0, ""),
    ],
)
def test_a_share_is_told_in_percent(language: str, ratio: float | None, digits: int, shown: str) -> None:
    with reading(language, "UTC"):
        assert formats.percent(ratio, digits) == shown


@pytest.mark.parametrize(
    ("show", "english", "french"),
    [
        (formats.day, "20 Nov 2026", "20 nov. 2026"),
        (formats.day_short, "20 Nov", "20 nov."),
        (formats.weekday, "Fri 20 Nov 2026", "ven. 20 nov. 2026"),
        (formats.weekday_short, "Fri 20 Nov", "ven. 20 nov."),
        (formats.day_long, "Friday 20 November", "vendredi 20 novembre"),
        (formats.weekday_time, "Fri 20 Nov 23:45", "ven. 20 nov. 23:45"),
        (formats.month, "November 2026", "novembre 2026"),
        (formats.month_short, "Nov 2026", "nov. 2026"),
        (formats.month_name, "November", "novembre"),
        (formats.month_name_short, "Nov", "nov."),
        (formats.time, "23:45", "23:45"),
        (formats.day_time, "20 Nov 2026, 23:45", "20 nov. 2026, 23:45"),
        (formats.moment, "20 Nov 2026, 23:45 CET", "20 nov. 2026, 23:45 CET"),
        (formats.moment_exact, "Fri 20 Nov 2026, 23:45:07 CET", "ven. 20 nov. 2026, 23:45:07 CET"),
        (formats.moment_short, "20 Nov 23:45", "20 nov. 23:45"),
    ],
)
def test_a_moment_is_told_in_the_persons_language_and_zone(
    show: Callable[[datetime | None], str], english: str, french: str
) -> None:
    with reading("en-gb", "Europe/Paris"):
        assert show(AT) == english
        assert show(None) == ""
    with reading("fr", "Europe/Paris"):
        assert show(AT) == french


def test_a_moment_belongs_to_the_day_of_the_persons_zone_and_a_date_to_none() -> None:
    with reading("en-gb", "Asia/Tokyo"):
        assert formats.day(AT) == "21 Nov 2026"
        assert formats.day(date(2026, 11, 20)) == "20 Nov 2026"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "20 Nov 2026, 22:45 UTC"),
        ("America/New_York", "20 Nov 2026, 17:45 EST"),
        ("America/Sao_Paulo", "20 Nov 2026, 19:45 UTC-03"),
        ("Asia/Kathmandu", "21 Nov 2026, 04:30 UTC+0545"),
    ],
)
def test_the_zone_is_named_even_where_it_has_no_letters(zone: str, shown: str) -> None:
    with reading("en-gb", zone):
        assert formats.moment(AT) == shown


def test_a_markets_time_is_told_where_it_is_not_the_persons_own() -> None:
    with reading("en-gb", "Europe/Paris"):
        assert formats.market_time(AT, "USA") == "20 Nov 17:45 EST"
        assert formats.market_time(AT, "DE") == ""
        assert formats.market_time(AT, "") == ""
        assert formats.market_time(None, "USA") == ""


def test_templates_have_them_as_filters() -> None:
    template = Template(
        "{% load formats %}{{ n|number }} {{ n|signed }} {{ n|number:1 }} {{ at|day }}, {{ at|market_time:'JP' }},"
        " {{ 'FR'|country_name }}, {% zone_name %}"
    )
    with reading("fr", "UTC"):
        assert template.render(Context({"n": 1234, "at": AT})) == (
            "1\u202f234 +1\u202f234 1\u202f234,0 20 nov. 2026, 21 nov. 07:45 JST, France, UTC"
        )


def test_no_template_writes_numbers_or_moments_in_a_way_of_its_own() -> None:
    """Django's filters know no zone's name and cost more. `c` and `Y-m-d` are for machines."""
    own_way = re.compile(r"\|(?:intcomma|floatformat)|\|time:|\|date(?!:['\"](?:c|Y-m-d)['\"])|\bUTC\b")
    templates = (BASE_DIR / "templates").rglob("*.html")
    found = {path.name: own_way.findall(path.read_text()) for path in templates}
    assert {name: ways for name, ways in found.items() if ways} == {}
