"""What the log of calls says: the last hour, and when each operation last worked. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection as database

from agency.models import Connection

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


# The row without an operation is that of all together; it is there even where nothing was called.
RECENT = """
SELECT operation, count(*), count(*) FILTER (WHERE failure <> ''),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds)
FROM agency_apicall WHERE connection_id = %(connection)s AND at > %(since)s GROUP BY ROLLUP (operation)
"""


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


def traffic(connection: Connection, *, now: datetime) -> tuple[Traffic, list[Operation]]:
    """The last hour of all calls, and each operation of the last 90 days, by name."""
    with database.cursor() as cursor:
        cursor.execute(RECENT, {"connection": connection.pk, "since": now - LAST})
        recent = {
            name: Traffic(calls, failed, None if median is None else round(median))
            for name, calls, failed, median in cursor.fetchall()
        }
    operations = [
        Operation(name, worked_at, asked_at, recent.get(name, Traffic()))
        for name, worked_at, asked_at in _heard(connection)
    ]
    return recent[None], operations


def operation_names(connection: Connection) -> list[str]:
    return [name for name, _worked_at, _asked_at in _heard(connection)]


def _heard(connection: Connection) -> list[tuple[str, datetime | None, datetime]]:
    """Each operation that was asked: its name, when it last worked, when it was last asked."""
    with database.cursor() as cursor:
        cursor.execute(HEARD, {"connection": connection.pk})
        return [row for row in cursor.fetchall() if row[2]]
