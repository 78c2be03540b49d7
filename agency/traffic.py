"""What the log of calls says: the last hour, and when each operation last worked. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection as database
from django.db.models import Aggregate, Count, FloatField, Q, QuerySet

from agency.models import ApiCall, Connection

LAST = timedelta(hours=1)

# Each operation is found by one step in its index: telling them apart row by row would read the whole log.
HEARD = """
WITH RECURSIVE heard (operation) AS (
  (SELECT operation FROM agency_apicall ORDER BY operation LIMIT 1)
  UNION ALL
  SELECT (SELECT operation FROM agency_apicall WHERE operation > heard.operation ORDER BY operation LIMIT 1)
  FROM heard WHERE heard.operation IS NOT NULL
)
SELECT operation,
       (SELECT at FROM agency_apicall AS call WHERE call.operation = heard.operation AND connection_id = %(connection)s
          AND failure = '' ORDER BY at DESC LIMIT 1),
       (SELECT at FROM agency_apicall AS call WHERE call.operation = heard.operation AND connection_id = %(connection)s
          ORDER BY at DESC LIMIT 1)
FROM heard WHERE operation IS NOT NULL ORDER BY operation
"""


class Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of a time. `median` is in milliseconds, None without calls."""

    calls: int = 0
    failed: int = 0
    median: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API: when it last worked, whether the last call did, and its last hour."""

    name: str
    worked_at: datetime | None
    asked_at: datetime
    traffic: Traffic

    @property
    def failed_last(self) -> bool:
        return self.asked_at != self.worked_at


def last_hour(connection: Connection, *, now: datetime) -> Traffic:
    found = _recent(connection, now).aggregate(**_FIGURES)
    return _traffic(found["calls"], found["failed"], found["median"])


def operations(connection: Connection, *, now: datetime) -> list[Operation]:
    """Those of the last 90 days, by name."""
    figures = _recent(connection, now).values("operation").annotate(**_FIGURES)
    recent = {
        name: _traffic(calls, failed, median)
        for name, calls, failed, median in figures.values_list("operation", *_FIGURES)
    }
    return [
        Operation(name, worked_at, asked_at, recent.get(name, Traffic()))
        for name, worked_at, asked_at in _heard(connection)
    ]


def operation_names(connection: Connection) -> list[str]:
    return [name for name, _worked_at, _asked_at in _heard(connection)]


_FIGURES = {
    "calls": Count("pk"),
    "failed": Count("pk", filter=~Q(failure="")),
    "median": Median("milliseconds"),
}


def _recent(connection: Connection, now: datetime) -> QuerySet[ApiCall]:
    return ApiCall.objects.filter(connection=connection, at__gt=now - LAST)


def _heard(connection: Connection) -> list[tuple[str, datetime | None, datetime]]:
    """Each operation that was asked: its name, when it last worked, when it was last asked."""
    with database.cursor() as cursor:
        cursor.execute(HEARD, {"connection": connection.pk})
        return [row for row in cursor.fetchall() if row[2]]


def _traffic(calls: int, failed: int, median: float | None) -> Traffic:
    return Traffic(calls, failed, None if median is None else round(median))
