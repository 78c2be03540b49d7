"""Months in the agency's zone: what reports and statements are made for."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def agency_zone() -> ZoneInfo:
    return ZoneInfo(settings.AGENCY_TIME_ZONE)


class NotAMonth(ValueError):
    """In words for the person who wrote it."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in the agency's zone. `str` gives 2026-11."""

    year: int
    number: int  # 1 = January

    @classmethod
    def read(cls, written: str) -> Self:
        """From `YYYY-MM`. Raises NotAMonth."""
        found = _WRITTEN.fullmatch(written)
        if found is None or not 2000 <= int(found[1]) <= 2999:
            sentence = _("%(written)r is not a month. Write it as YYYY-MM, such as 2026-11.")
            raise NotAMonth(sentence % {"written": written})
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: datetime) -> Self:
        """The month that an aware time falls into, at the agency's place."""
        there = at.astimezone(agency_zone())
        return cls(there.year, there.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def begins_at(self) -> datetime:
        """Its first moment, in UTC."""
        return datetime(self.year, self.number, 1, tzinfo=agency_zone()).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next month, in UTC."""
        return self.next.begins_at

    @property
    def next(self) -> "Month":
        return self.plus(1)

    @property
    def previous(self) -> "Month":
        return self.plus(-1)

    def plus(self, months: int) -> "Month":
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)

    @property
    def name(self) -> str:
        """For people: November 2026."""
        return format_date(self.first_day, "F Y")


def months_between(oldest: datetime | None, newest: datetime | None) -> list[Month]:
    """The months from the newest moment back to the oldest, both included."""
    if oldest is None or newest is None:
        return []
    month, first = Month.of(newest), Month.of(oldest)
    months = []
    while month >= first:
        months.append(month)
        month = month.previous
    return months
