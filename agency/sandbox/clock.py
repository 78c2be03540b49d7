"""TokPortal's clock: machine time plus an offset, so that it can be set and still runs on.

It stands in the Date header and in every row. Rate limits, signatures and webhook retries use machine time.
"""

from datetime import UTC, datetime, timedelta


def machine_now() -> datetime:
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso_millis(moment: datetime | None) -> str | None:
    """`2026-05-25T09:00:00.000Z`, the form of most of the API's times."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(moment: datetime | None) -> str | None:
    """`2026-05-25T09:00:00Z`, the form of the oldest documents."""
    if moment is None:
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class Clock:
    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return machine_now() + self.offset

    def set(self, moment: datetime) -> None:
        self.offset = moment - machine_now()
