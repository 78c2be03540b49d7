"""The steps a client takes with configured slots: publish, patch, reset, finalize, corrections, new media."""

from . import assumed, coverage, schedule
from .bundles import PUBLISHED, complete_when_done, find_bundle, publish, slots_of
from .call import Call
from .clock import iso_millis
from .errors import ApiError, invalid, unknown_fields
from .fields import Fields
from .listing import read_corrections
from .paging import read_date
from .slots import find_slot, video_json, wrong_status
from .store import Row
from .work import Json, Work


def publish_configured(work: Work, bundle: Row) -> list[Json]:
    """`auto_publish`: the bundle if it is still in setup, else its configured slots."""
    if bundle["status"] == "pending_setup":
        bundle |= find_bundle(work, bundle["id"])
        return publish(work, bundle)
    return publish_slots(
        work, bundle, [s for s in slots_of(work, bundle["id"]) if s["status"] == "configured"]
    )


def publish_slots(work: Work, bundle: Row, slots: list[Row]) -> list[Json]:
    """Hand slots to the manager of an active bundle; returns those whose dates were moved."""
    if bundle["status"] not in (*PUBLISHED, "accepted"):
        raise ApiError(
            409, "BUNDLE_INVALID_STATUS", f"The bundle is {bundle['status']}", current_status=bundle["status"]
        )
    adjusted = schedule.move_stale_dates(work, bundle, slots)
    for slot in slots:
        schedule.move_slot(work, slot, "published")
    return adjusted


def patch_video(call: Call, bundle_id: str, position: str) -> Json:
    """PATCH: name and external_ref at any time, description and dates before posting."""
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    fields = Fields(call.body)
    dates = ("target_publish_date", "target_publish_start_date", "target_publish_end_date")
    if unknown := [n for n in fields.body if n not in ("external_ref", "name", "description", *dates)]:
        raise unknown_fields(unknown)
    if not fields.body:
        raise invalid(body="needs at least one field")
    coverage.gate_bundle(call, bundle)
    changes: Json = {name: fields.text(name) for name in ("name", "external_ref") if name in fields.body}
    if "description" in fields.body:
        text = fields.text("description", maximum=assumed.MAX_DESCRIPTION)
        changes["content"] = slot["content"] | {"description": text}
    fields.check()
    is_dated = any(name in fields.body for name in dates)
    if (is_dated or "content" in changes) and slot["status"] not in assumed.PATCHABLE_SLOT_STATUSES:
        raise wrong_status(slot)
    if is_dated:
        changes |= _patched_window(call, bundle, slot, fields.body)
    schedule.change_slot(call, slot, **changes)
    return {"data": video_json(slot)}


def _patched_window(work: Work, bundle: Row, slot: Row, body: Json) -> Json:
    if "target_publish_date" in body:
        if "target_publish_start_date" in body or "target_publish_end_date" in body:
            raise invalid(target_publish_date="cannot stand beside an explicit pair of dates")
        day = read_date("target_publish_date", body["target_publish_date"])
        window = schedule.window(day)
    else:
        day = read_date("target_publish_start_date", body.get("target_publish_start_date"))
        end = read_date("target_publish_end_date", body.get("target_publish_end_date"))
        if end < day:
            raise invalid(target_publish_end_date="must not be before the start date")
        window = {"start_date": day.isoformat(), "end_date": end.isoformat()}
    schedule.check_day(work, bundle, slot, day)
    return window


def _slot_for_step(call: Call, bundle_id: str, position: str, statuses: tuple[str, ...]) -> tuple[Row, Row]:
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if slot["status"] not in statuses:
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    return bundle, slot


def publish_video(call: Call, bundle_id: str, position: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if bundle["status"] in (*PUBLISHED, "accepted") and slot["status"] != "configured":
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    adjusted = publish_slots(call, bundle, [slot])
    data: Json = {
        "video_id": slot["id"],
        "position": slot["position"],
        "bundle_id": bundle_id,
        "status": slot["status"],
    }
    if adjusted:
        data |= {
            "date_adjusted": True,
            "original_date": adjusted[0]["previous_date"],
            "new_date": adjusted[0]["new_date"],
            "hint": "The date no longer cleared the lead time and was moved.",
        }
    return {"data": data}


def publish_all_videos(call: Call, bundle_id: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    coverage.gate_bundle(call, bundle)
    slots = [slot for slot in slots_of(call, bundle_id) if slot["status"] == "configured"]
    adjusted = publish_slots(call, bundle, slots)
    data: Json = {
        "bundle_id": bundle_id,
        "videos_published": len(slots),
        "video_ids": [slot["id"] for slot in slots],
    }
    if adjusted:
        data |= {
            "dates_adjusted": True,
            "adjusted_videos": adjusted,
            "hint": "Dates that no longer cleared the lead time were moved together.",
        }
    return {"data": data}


def reset_video(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/reset: the slot is empty again; options paid for it stay paid."""
    _, slot = _slot_for_step(call, bundle_id, position, assumed.RESETTABLE_SLOT_STATUSES)
    schedule.change_slot(
        call, slot, status="pending", content={}, name=None, external_ref=None, start_date=None, end_date=None
    )
    return {"data": video_json(slot)}


def unschedule_video(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/unschedule: taken back from the manager, content kept."""
    _, slot = _slot_for_step(call, bundle_id, position, assumed.UNSCHEDULABLE_SLOT_STATUSES)
    schedule.change_slot(call, slot, status="configured")
    return {"data": video_json(slot)}


def finalize_video(call: Call, bundle_id: str, position: str) -> Json:
    bundle, slot = _slot_for_step(call, bundle_id, position, ("accepted", "in_review"))
    finalize(call, bundle, slot)
    return {
        "data": {
            "position": slot["position"],
            "status": slot["status"],
            "finalized_at": iso_millis(slot["finalized_at"]),
        }
    }


def finalize(work: Work, bundle: Row, slot: Row) -> None:
    """Accept a posted video; the bundle may be complete with it."""
    schedule.move_slot(work, slot, "finalized", finalized_at=work.now)
    complete_when_done(work, bundle)


def request_video_corrections(call: Call, bundle_id: str, position: str) -> Json:
    _, slot = _slot_for_step(call, bundle_id, position, ("in_review",))
    corrections = read_corrections(call.body)
    schedule.move_slot(call, slot, "pending_corrections", corrections=corrections)
    return {"data": {"position": slot["position"], "status": slot["status"]}}


def fix_download(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/fix-download: new media for a slot that the manager could not fetch."""
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if not slot["download_issue"]:
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    fields = Fields(call.body)
    media = {
        "video_url": fields.url("video_url"),
        "carousel_images": fields.texts("carousel_images", minimum=1, maximum=20),
    }
    given = {name: value for name, value in media.items() if value}
    if not given:
        fields.refuse("video_url", "or carousel_images is required")
    fields.check()
    schedule.change_slot(
        call, slot, content=slot["content"] | given, download_issue=False, download_issue_comment=None
    )
    return {"data": video_json(slot)}
