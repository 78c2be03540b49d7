"""Dates of video slots: lead time, three a day, moving stale dates, and a slot's steps."""

from datetime import date, timedelta
from typing import Any

from . import assumed, webhooks
from .errors import ApiError
from .store import Row
from .work import Json, Work


def lead_days(bundle: Row) -> int:
    """Whole UTC days between today and the first day on which a video may be posted."""
    is_delivered = bundle["bundle_type"] == "videos_only" or bundle["account_status"] == "finalized"
    return assumed.LEAD_DAYS_DELIVERED_ACCOUNT if is_delivered else assumed.LEAD_DAYS_NEW_ACCOUNT


def earliest_day(work: Work, bundle: Row) -> date:
    return work.now.date() + timedelta(days=lead_days(bundle))


def check_day(work: Work, bundle: Row, slot: Row, day: date) -> None:
    """Raise INVALID_DATE or VIDEOS_PER_DAY_EXCEEDED when a slot may not have this first day."""
    earliest = earliest_day(work, bundle)
    if day < earliest:
        raise ApiError(
            assumed.INVALID_DATE_STATUS,
            "INVALID_DATE",
            f"The earliest day is {earliest}",
            min_days_ahead=lead_days(bundle),
            earliest_allowed=earliest.isoformat(),
        )
    count = work.store.value(
        "SELECT count(*) FROM videos "
        "WHERE bundle_id = ? AND start_date = ? AND status != 'cancelled' AND id != ?",
        bundle["id"],
        day.isoformat(),
        slot["id"],
    )
    if count >= assumed.VIDEOS_PER_DAY:
        raise ApiError(
            assumed.VIDEOS_PER_DAY_STATUS,
            "VIDEOS_PER_DAY_EXCEEDED",
            f"{day} already has {count} videos",
            date=day.isoformat(),
            current_count=count,
        )


def window(day: date) -> Json:
    """The stored two-day window of a first day."""
    return {"start_date": day.isoformat(), "end_date": (day + timedelta(days=1)).isoformat()}


def change_slot(work: Work, slot: Row, **columns: Any) -> None:
    """Change a slot's row and the caller's copy of it."""
    slot |= columns | {"updated_at": work.now}
    work.store.update("videos", slot["id"], updated_at=work.now, **columns)


def move_slot(work: Work, slot: Row, status: str, *, announce: bool = True, **columns: Any) -> None:
    """Bring a slot to a status and announce it."""
    previous = slot["status"]
    change_slot(work, slot, status=status, **columns)
    if announce:
        webhooks.emit(
            work,
            f"video.{status}",
            {
                "video_id": slot["id"],
                "bundle_id": slot["bundle_id"],
                "position": slot["position"],
                "status": status,
                "previous_status": previous,
                "platform_url": slot["platform_url"],
            },
        )


def move_stale_dates(work: Work, bundle: Row, slots: list[Row]) -> list[Json]:
    """Shift a batch together until its first day clears the lead time; returns what was moved."""
    days = [date.fromisoformat(slot["start_date"]) for slot in slots]
    shift = (earliest_day(work, bundle) - min(days)).days if days else 0
    if shift <= 0:
        return []
    moved = []
    for slot, day in zip(slots, days, strict=True):
        new_day = day + timedelta(days=shift)
        while _is_full(work, bundle, slots, new_day):
            new_day += timedelta(days=1)
        moved.append(
            {
                "video_id": slot["id"],
                "position": slot["position"],
                "previous_date": day.isoformat(),
                "new_date": new_day.isoformat(),
            }
        )
        change_slot(work, slot, **window(new_day))
    return moved


def _is_full(work: Work, bundle: Row, batch: list[Row], day: date) -> bool:
    """Whether slots outside the batch, with those already moved, fill the day."""
    rows = work.store.all(
        "SELECT id FROM videos WHERE bundle_id = ? AND start_date = ? AND status != 'cancelled'",
        bundle["id"],
        day.isoformat(),
    )
    batch_ids = {slot["id"] for slot in batch}
    return sum(row["id"] not in batch_ids for row in rows) >= assumed.VIDEOS_PER_DAY
