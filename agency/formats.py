"""Numbers and moments as the active language and time zone want them.

Templates have them as filters (`{% load formats %}`), hundreds of times on a page: what depends on the language alone
is worked out once. A moment that is missing is nothing (""), so that the page says the word for it.
"""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, to_locale

from agency.countries import main_zone

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Symbols:
    """How a language writes numbers."""

    table: dict[int, str]  # the signs that Python writes → the language's
    percent: str  # with the space before it, where there is one


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(to_locale(language))


@lru_cache
def _symbols(language: str) -> Symbols:
    locale = _locale(language)
    signs = locale.number_symbols["latn"]
    table = str.maketrans({",": signs["group"], ".": signs["decimal"], "-": signs["minusSign"]})
    return Symbols(table, locale.percent_formats[None].suffix[0])


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE  # None: translations are switched off


def number(value: Number | str | None, digits: int | None = None) -> str:
    """`1,234`, in French `1 234` with a narrow no-break space. DIGITS after the point: as many as there are.

    A word in a number's place is shown as it is.
    """
    if value is None or isinstance(value, str):
        return value or ""
    plain = f"{value:,}" if digits is None else f"{value:,.{digits}f}"
    return plain.translate(_symbols(_language()).table)


def signed(value: Number | None, digits: int | None = None) -> str:
    """A difference: `+1,234`, `-38`, `0`."""
    return f"+{number(value, digits)}" if value is not None and value > 0 else number(value, digits)


def percent(ratio: Number | None, digits: int = 0) -> str:
    """`12%`, in French `12 %`, for 0.12."""
    if ratio is None:
        return ""
    symbols = _symbols(_language())
    return f"{ratio * 100:,.{digits}f}".translate(symbols.table) + symbols.percent


def day(at: date | None) -> str:
    """`21 Nov 2026`. Like all that follow: of a datetime in the active zone, of a date as it is."""
    return _date(_here(at), "yMMMd", _language()) if at else ""


def day_short(at: date | None) -> str:
    """`21 Nov`"""
    return _date(_here(at), "MMMd", _language()) if at else ""


def weekday(at: date | None) -> str:
    """`Sat 21 Nov 2026`"""
    return _with_weekday(at, "yMMMd") if at else ""


def weekday_short(at: date | None) -> str:
    """`Sat 21 Nov`"""
    return _with_weekday(at, "MMMd") if at else ""


def day_long(at: date | None) -> str:
    """`Saturday 21 November`"""
    return _with_weekday(at, "MMMMd", "EEEE") if at else ""


def month(at: date | None) -> str:
    """`November 2026`"""
    return _date(_here(at), "yMMMM", _language()) if at else ""


def month_short(at: date | None) -> str:
    """`Nov 2026`"""
    return _date(_here(at), "yMMM", _language()) if at else ""


def month_name(at: date | None) -> str:
    """`November`"""
    return _date(_here(at), "LLLL", _language()) if at else ""


def month_name_short(at: date | None) -> str:
    """`Nov`"""
    return _date(_here(at), "LLL", _language()) if at else ""


def time(at: datetime | None) -> str:
    """`14:32`"""
    return _time(_local(at)) if at else ""


def moment(at: datetime | None) -> str:
    """`21 Nov 2026, 14:32 CET`: whole, with its zone. For titles and facts."""
    if at is None:
        return ""
    local = _local(at)
    return f"{_date(local.date(), 'yMMMd', _language())}, {_time(local)} {_zone_name(local)}"


def day_time(at: datetime | None) -> str:
    """`21 Nov 2026, 14:32`: where a title beside it names the zone."""
    if at is None:
        return ""
    local = _local(at)
    return f"{_date(local.date(), 'yMMMd', _language())}, {_time(local)}"


def moment_exact(at: datetime | None) -> str:
    """`Sat 21 Nov 2026, 14:32:07 CET`: to be held against other books."""
    if at is None:
        return ""
    local = _local(at)
    return f"{_with_weekday(local, 'yMMMd')}, {_time(local)}:{local.second:02} {_zone_name(local)}"


def moment_short(at: datetime | None) -> str:
    """`21 Nov 14:32`: in lists, whose head or title names the zone."""
    if at is None:
        return ""
    local = _local(at)
    return f"{_date(local.date(), 'MMMd', _language())} {_time(local)}"


def weekday_time(at: datetime | None) -> str:
    """`Sat 21 Nov 14:32`: until when something must be done."""
    return f"{_with_weekday(at, 'MMMd')} {_time(_local(at))}" if at else ""


def market_time(at: datetime | None, country: str) -> str:
    """`21 Nov 09:32 EST`: what the clocks of a market said. Nothing where that is the person's own time too."""
    zone = main_zone(country)
    if at is None or zone is None:
        return ""
    there = at.astimezone(zone)
    if there.utcoffset() == _local(at).utcoffset():
        return ""
    return f"{_date(there.date(), 'MMMd', _language())} {_time(there)} {_zone_name(there)}"


def zone_name() -> str:
    """What the zone of the page's times is called now: `CET`."""
    return _zone_name(timezone.localtime())


def _local(at: datetime) -> datetime:
    zone: tzinfo = timezone.get_current_timezone()
    return at.astimezone(zone)


def _here(at: date) -> date:
    return _local(at).date() if isinstance(at, datetime) else at


def _with_weekday(at: date, skeleton: str, name: str = "EEE") -> str:
    here, language = _here(at), _language()
    return f"{_date(here, name, language)} {_date(here, skeleton, language)}"


def _zone_name(at: datetime) -> str:
    name = at.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name  # many zones have no letters of their own


@lru_cache(maxsize=4096)
def _date(at: date, skeleton: str, language: str) -> str:
    """A date with the parts that SKELETON names (Unicode TR 35), in the order and spelling of the language."""
    locale = _locale(language)
    if skeleton in ("EEE", "EEEE", "LLL", "LLLL"):  # one name alone
        return dates.format_date(at, skeleton, locale=locale)
    return dates.format_skeleton(skeleton, datetime(at.year, at.month, at.day), locale=locale)  # noqa: DTZ001


def _time(at: datetime) -> str:
    return _minute(at.hour, at.minute, _language())


@lru_cache(maxsize=4096)
def _minute(hour: int, minute: int, language: str) -> str:
    return dates.format_time(datetime(2000, 1, 1, hour, minute), "short", locale=_locale(language))  # noqa: DTZ001
